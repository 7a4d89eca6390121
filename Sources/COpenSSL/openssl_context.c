#define _GNU_SOURCE
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "openssl_session.h"

// Constants of OpenSSL 3's headers, which are part of its stable interface.
enum {
  ctrl_mode = 33,
  ctrl_session_cache = 44,
  ctrl_chain_certificate = 89,
  ctrl_least_version = 123,
  cache_off = 0,
  mode_release_buffers = 0x10,
  tls_1_2 = 0x0303,
  pem_library = 9,
  pem_no_start_line = 108,
  alert_fatal = 2
};

static const uint64_t option_no_compression = 1 << 17, option_prioritize_chacha = 1 << 21, option_server_preference = 1 << 22,
                      option_no_renegotiation = 1 << 30;

void openssl_explain(const openssl_library *library, openssl_reason *why) {
  const char *reason = library->ERR_reason_error_string(library->ERR_peek_error());
  openssl_tell(why, reason ? reason : "no reason is given");
}

// A key that wants a passphrase is refused: nobody is there to be asked.
static int no_passphrase(char *buffer, int size, int is_writing, void *was_asked) {
  (void)buffer, (void)size, (void)is_writing;
  *(bool *)was_asked = true;
  return -1;
}

// RFC 7301: http/1.1 where it is offered; a client that offers only others is told so.
static int choose_protocol(
    SSL *ssl, const unsigned char **chosen, unsigned char *chosen_size, const unsigned char *offered, unsigned int size,
    void *nothing) {
  static const unsigned char http[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  (void)ssl, (void)nothing;
  for (unsigned int at = 0; at < size; at += 1u + offered[at]) {
    if (size - at < 1u + offered[at]) break;
    if (offered[at] == http[0] && memcmp(offered + at, http, sizeof http) == 0) {
      *chosen = offered + at + 1;
      *chosen_size = http[0];
      return 0;
    }
  }
  return alert_fatal;
}

static bool set_rules(const openssl_library *library, SSL_CTX *context) {
  library->SSL_CTX_set_options(
      context, option_no_compression | option_prioritize_chacha | option_server_preference | option_no_renegotiation);
  library->SSL_CTX_ctrl(context, ctrl_mode, mode_release_buffers, NULL);
  // Sessions are taken up by tickets, which the clients keep; a cache would grow with strangers.
  library->SSL_CTX_ctrl(context, ctrl_session_cache, cache_off, NULL);
  library->SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
  // Of TLS 1.2 what keeps old conversations shut and is authenticated; those of 1.3 all are.
  return library->SSL_CTX_ctrl(context, ctrl_least_version, tls_1_2, NULL) == 1 &&
         library->SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
}

static bool is_end_of_text(const openssl_library *library) {
  unsigned long error = library->ERR_peek_last_error();
  return (error >> 23 & 0xff) == pem_library && (error & 0x7fffff) == pem_no_start_line;
}

static long long seconds_until(const openssl_library *library, const ASN1_TIME *time) {
  int days = 0, seconds = 0;
  library->ASN1_TIME_diff(&days, &seconds, NULL, time);
  return days * 86400ll + seconds;
}

// Reads the chain; `leaf` is freed by the caller.
static openssl_fault read_chain(
    const openssl_library *library, SSL_CTX *context, const void *text, int size, X509 **leaf, openssl_reason *why) {
  BIO *reader = library->BIO_new_mem_buf(text, size);
  if (!reader) return openssl_no_memory;
  openssl_fault fault = openssl_bad_certificate;
  *leaf = library->PEM_read_bio_X509(reader, NULL, NULL, NULL);
  if (!*leaf) {
    if (is_end_of_text(library)) {
      openssl_tell(why, "it has no -----BEGIN CERTIFICATE-----");
    } else {
      openssl_explain(library, why);
    }
  } else if (library->SSL_CTX_use_certificate(context, *leaf) != 1) {
    openssl_explain(library, why);
  } else {
    fault = openssl_fine;
  }
  while (fault == openssl_fine) {
    X509 *next = library->PEM_read_bio_X509(reader, NULL, NULL, NULL);
    if (!next) {
      if (!is_end_of_text(library)) {
        openssl_explain(library, why);
        fault = openssl_bad_certificate;
      }
      break;
    }
    // The context takes it over, unless it refuses.
    if (library->SSL_CTX_ctrl(context, ctrl_chain_certificate, 0, next) != 1) {
      openssl_explain(library, why);
      library->X509_free(next);
      fault = openssl_bad_certificate;
    }
  }
  library->BIO_free(reader);
  return fault;
}

static openssl_fault read_key(
    const openssl_library *library, SSL_CTX *context, const void *text, int size, const X509 *leaf, openssl_reason *why) {
  BIO *reader = library->BIO_new_mem_buf(text, size);
  if (!reader) return openssl_no_memory;
  bool was_asked = false;
  EVP_PKEY *key = library->PEM_read_bio_PrivateKey(reader, NULL, no_passphrase, &was_asked);
  openssl_fault fault = openssl_fine;
  if (!key) {
    fault = was_asked ? openssl_encrypted_key : openssl_bad_key;
    // OpenSSL's decoders only say that they know nothing of it. Older forms have more words: BEGIN EC PRIVATE KEY.
    static const char end_of_line[] = "PRIVATE KEY-----";
    if (memmem(text, (size_t)size, end_of_line, sizeof end_of_line - 1)) {
      openssl_explain(library, why);
    } else {
      openssl_tell(why, "it has no -----BEGIN PRIVATE KEY-----");
    }
  } else if (library->X509_check_private_key(leaf, key) != 1) {
    fault = openssl_other_key;
  } else if (library->SSL_CTX_use_PrivateKey(context, key) != 1) {
    openssl_explain(library, why);
    fault = openssl_bad_key;
  }
  library->EVP_PKEY_free(key);
  library->BIO_free(reader);
  return fault;
}

openssl_fault openssl_context_make(
    const void *certificates, size_t certificates_size, const void *key, size_t key_size, openssl_context **made,
    openssl_validity *validity, openssl_reason *why) {
  *made = NULL;
  openssl_tell(why, "");
  const openssl_library *library = openssl_open(why);
  if (!library) return openssl_no_library;
  if (certificates_size > INT_MAX || key_size > INT_MAX) return openssl_no_memory;
  library->ERR_clear_error();
  openssl_context *result = malloc(sizeof *result);
  SSL_CTX *context = library->SSL_CTX_new(library->TLS_server_method());
  X509 *leaf = NULL;
  openssl_fault fault = openssl_no_memory;
  if (result && context && set_rules(library, context)) {
    fault = read_chain(library, context, certificates, (int)certificates_size, &leaf, why);
    library->ERR_clear_error();
    if (fault == openssl_fine) fault = read_key(library, context, key, (int)key_size, leaf, why);
  }
  if (fault == openssl_fine) {
    validity->begins = seconds_until(library, library->X509_get0_notBefore(leaf));
    validity->ends = seconds_until(library, library->X509_get0_notAfter(leaf));
    result->library = library;
    result->context = context;
    *made = result;
  } else {
    if (context) library->SSL_CTX_free(context);
    free(result);
  }
  if (leaf) library->X509_free(leaf);
  library->ERR_clear_error();
  return fault;
}

void openssl_context_free(openssl_context *context) {
  context->library->SSL_CTX_free(context->context);
  free(context);
}
