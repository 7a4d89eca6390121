#include "openssl_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static openssl_library library;
static bool is_open;
static openssl_reason refusal;
static pthread_once_t once = PTHREAD_ONCE_INIT;

void openssl_tell(openssl_reason *why, const char *text) { snprintf(why->text, sizeof why->text, "%s", text); }

static bool find(void *handle, const char *name, void **place) {
  *place = dlsym(handle, name);
  if (*place) return true;
  snprintf(refusal.text, sizeof refusal.text, "OpenSSL's library has no %s", name);
  return false;
}

static bool find_all(void *ssl, void *crypto) {
#define FIND(handle, name) \
  if (!find(handle, #name, (void **)&library.name)) return false;
#define FIND_SSL(result, name, arguments) FIND(ssl, name)
#define FIND_CRYPTO(result, name, arguments) FIND(crypto, name)
  OF_LIBSSL(FIND_SSL)
  OF_LIBCRYPTO(FIND_CRYPTO)
  return true;
}

static void open_once(void) {
  void *crypto = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
  void *ssl = crypto ? dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!ssl) {
    const char *reason = dlerror();
    openssl_tell(&refusal, reason ? reason : "libssl.so.3 can't be opened");
    return;
  }
  if (!find_all(ssl, crypto)) return;
  // Nothing is torn down when the process ends: other threads may still be at work.
  const uint64_t no_atexit = 0x00080000;
  if (library.OPENSSL_init_ssl(no_atexit, NULL) != 1) {
    openssl_tell(&refusal, "OpenSSL can't begin, perhaps for its configuration file");
    return;
  }
  is_open = true;
}

const openssl_library *openssl_open(openssl_reason *why) {
  pthread_once(&once, open_once);
  if (is_open) return &library;
  *why = refusal;
  return NULL;
}
