#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "library.h"

static tlskit_library library;
static bool is_open;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_once(void) {
  void *handle = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
  if (!handle) return;
#define FIND(result, name, arguments) \
  if (!(*(void **)&library.name = dlsym(handle, #name))) return;
  ALL(FIND)
  is_open = true;
}

const tlskit_library *tlskit_open(void) {
  pthread_once(&once, open_once);
  return is_open ? &library : NULL;
}

static bool add(const tlskit_library *library, X509 *certificate, int kind, const char *text) {
  X509_EXTENSION *extension = library->X509V3_EXT_conf_nid(NULL, NULL, kind, text);
  if (!extension) return false;
  bool is_added = library->X509_add_ext(certificate, extension, -1) == 1;
  library->X509_EXTENSION_free(extension);
  return is_added;
}

static long serials = 1;

tlskit_identity *tlskit_issue(
    const char *name, const tlskit_identity *issuer, bool is_authority, long begins, long ends, unsigned rsa_bits) {
  enum { subject_alternative_name = 85, basic_constraints = 87, ascii = 0x1001 };
  const tlskit_library *library = tlskit_open();
  if (!library) return NULL;
  tlskit_identity *identity = calloc(1, sizeof *identity);
  if (!identity) return NULL;
  identity->key = rsa_bits ? library->EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)rsa_bits)
                           : library->EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
  X509 *made = identity->certificate = library->X509_new();
  char names[300];
  snprintf(names, sizeof names, "DNS:%s,IP:127.0.0.1", name);
  bool is_fine = identity->key && made && library->X509_set_version(made, 2) == 1;
  if (is_fine) {
    library->ASN1_INTEGER_set(library->X509_get_serialNumber(made), __atomic_fetch_add(&serials, 1, __ATOMIC_RELAXED));
    library->X509_gmtime_adj(library->X509_getm_notBefore(made), begins);
    library->X509_gmtime_adj(library->X509_getm_notAfter(made), ends);
    X509_NAME *subject = library->X509_get_subject_name(made);
    X509 *above = issuer ? issuer->certificate : made;
    is_fine = library->X509_set_pubkey(made, identity->key) == 1 &&
              library->X509_NAME_add_entry_by_txt(subject, "CN", ascii, (const unsigned char *)name, -1, -1, 0) == 1 &&
              library->X509_set_issuer_name(made, library->X509_get_subject_name(above)) == 1 &&
              add(library, made, basic_constraints, is_authority ? "critical,CA:TRUE" : "CA:FALSE") &&
              add(library, made, subject_alternative_name, names) &&
              library->X509_sign(made, issuer ? issuer->key : identity->key, library->EVP_sha256()) > 0;
  }
  library->ERR_clear_error();
  if (is_fine) return identity;
  tlskit_identity_free(identity);
  return NULL;
}

void tlskit_identity_free(tlskit_identity *identity) {
  const tlskit_library *library = tlskit_open();
  library->X509_free(identity->certificate);
  library->EVP_PKEY_free(identity->key);
  free(identity);
}

// What a writer leaves in memory.
static long taken(const tlskit_library *library, BIO *from, bool is_written, char *text, size_t size) {
  long count = is_written ? library->BIO_read(from, text, (int)size) : -1;
  library->BIO_free(from);
  library->ERR_clear_error();
  return count;
}

long tlskit_certificate(const tlskit_identity *identity, char *text, size_t size) {
  const tlskit_library *library = tlskit_open();
  BIO *to = library->BIO_new(library->BIO_s_mem());
  return taken(library, to, library->PEM_write_bio_X509(to, identity->certificate) == 1, text, size);
}

long tlskit_key(const tlskit_identity *identity, const char *passphrase, char *text, size_t size) {
  const tlskit_library *library = tlskit_open();
  BIO *to = library->BIO_new(library->BIO_s_mem());
  bool is_written =
      library->PEM_write_bio_PKCS8PrivateKey(
          to, identity->key, passphrase ? library->EVP_aes_256_cbc() : NULL, passphrase,
          passphrase ? (int)strlen(passphrase) : 0, NULL, NULL) == 1;
  return taken(library, to, is_written, text, size);
}
