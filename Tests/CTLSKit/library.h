#ifndef NEUROSCOPE_TLSKIT_LIBRARY_H
#define NEUROSCOPE_TLSKIT_LIBRARY_H

#include <stdint.h>

#include "tlskit.h"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;
typedef struct ssl_session_st SSL_SESSION;
typedef struct bio_st BIO;
typedef struct x509_st X509;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct asn1_string_st ASN1_STRING;
typedef struct x509_name_st X509_NAME;
typedef struct x509_extension_st X509_EXTENSION;
typedef struct x509_store_st X509_STORE;
typedef struct stack_st STACK;

// name, result, arguments; found by name in libssl.so.3, which brings libcrypto.so.3 with it.
#define ALL(FUNCTION)                                                                                              \
  FUNCTION(const void *, TLS_client_method, (void))                                                                \
  FUNCTION(SSL_CTX *, SSL_CTX_new, (const void *))                                                                 \
  FUNCTION(void, SSL_CTX_free, (SSL_CTX *))                                                                        \
  FUNCTION(long, SSL_CTX_ctrl, (SSL_CTX *, int, long, void *))                                                     \
  FUNCTION(int, SSL_CTX_set_cipher_list, (SSL_CTX *, const char *))                                                \
  FUNCTION(void, SSL_CTX_set_verify, (SSL_CTX *, int, void *))                                                     \
  FUNCTION(X509_STORE *, SSL_CTX_get_cert_store, (const SSL_CTX *))                                                \
  FUNCTION(int, X509_STORE_add_cert, (X509_STORE *, X509 *))                                                       \
  FUNCTION(SSL *, SSL_new, (SSL_CTX *))                                                                            \
  FUNCTION(void, SSL_free, (SSL *))                                                                                \
  FUNCTION(long, SSL_ctrl, (SSL *, int, long, void *))                                                             \
  FUNCTION(void, SSL_set_bio, (SSL *, BIO *, BIO *))                                                               \
  FUNCTION(void, SSL_set_connect_state, (SSL *))                                                                   \
  FUNCTION(int, SSL_set1_host, (SSL *, const char *))                                                              \
  FUNCTION(int, SSL_set_alpn_protos, (SSL *, const unsigned char *, unsigned int))                                 \
  FUNCTION(void, SSL_get0_alpn_selected, (const SSL *, const unsigned char **, unsigned int *))                    \
  FUNCTION(int, SSL_do_handshake, (SSL *))                                                                         \
  FUNCTION(int, SSL_read_ex, (SSL *, void *, size_t, size_t *))                                                    \
  FUNCTION(int, SSL_write_ex, (SSL *, const void *, size_t, size_t *))                                             \
  FUNCTION(int, SSL_get_error, (const SSL *, int))                                                                 \
  FUNCTION(int, SSL_is_init_finished, (const SSL *))                                                               \
  FUNCTION(int, SSL_shutdown, (SSL *))                                                                             \
  FUNCTION(int, SSL_renegotiate, (SSL *))                                                                          \
  FUNCTION(int, SSL_key_update, (SSL *, int))                                                                      \
  FUNCTION(const char *, SSL_get_version, (const SSL *))                                                           \
  FUNCTION(const void *, SSL_get_current_cipher, (const SSL *))                                                    \
  FUNCTION(const char *, SSL_CIPHER_get_name, (const void *))                                                      \
  FUNCTION(int, SSL_session_reused, (const SSL *))                                                                 \
  FUNCTION(SSL_SESSION *, SSL_get1_session, (SSL *))                                                               \
  FUNCTION(int, SSL_set_session, (SSL *, SSL_SESSION *))                                                           \
  FUNCTION(void, SSL_SESSION_free, (SSL_SESSION *))                                                                \
  FUNCTION(STACK *, SSL_get_peer_cert_chain, (const SSL *))                                                        \
  FUNCTION(int, OPENSSL_sk_num, (const STACK *))                                                                   \
  FUNCTION(const void *, BIO_s_mem, (void))                                                                        \
  FUNCTION(BIO *, BIO_new, (const void *))                                                                         \
  FUNCTION(int, BIO_free, (BIO *))                                                                                 \
  FUNCTION(int, BIO_read, (BIO *, void *, int))                                                                    \
  FUNCTION(int, BIO_write, (BIO *, const void *, int))                                                             \
  FUNCTION(size_t, BIO_ctrl_pending, (BIO *))                                                                      \
  FUNCTION(EVP_PKEY *, EVP_PKEY_Q_keygen, (void *, const char *, const char *, ...))                               \
  FUNCTION(void, EVP_PKEY_free, (EVP_PKEY *))                                                                      \
  FUNCTION(const void *, EVP_sha256, (void))                                                                       \
  FUNCTION(const void *, EVP_aes_256_cbc, (void))                                                                  \
  FUNCTION(X509 *, X509_new, (void))                                                                               \
  FUNCTION(void, X509_free, (X509 *))                                                                              \
  FUNCTION(int, X509_set_version, (X509 *, long))                                                                  \
  FUNCTION(ASN1_STRING *, X509_get_serialNumber, (X509 *))                                                         \
  FUNCTION(int, ASN1_INTEGER_set, (ASN1_STRING *, long))                                                           \
  FUNCTION(ASN1_STRING *, X509_getm_notBefore, (const X509 *))                                                     \
  FUNCTION(ASN1_STRING *, X509_getm_notAfter, (const X509 *))                                                      \
  FUNCTION(ASN1_STRING *, X509_gmtime_adj, (ASN1_STRING *, long))                                                  \
  FUNCTION(int, X509_set_pubkey, (X509 *, EVP_PKEY *))                                                             \
  FUNCTION(X509_NAME *, X509_get_subject_name, (const X509 *))                                                     \
  FUNCTION(int, X509_set_issuer_name, (X509 *, const X509_NAME *))                                                 \
  FUNCTION(int, X509_NAME_add_entry_by_txt, (X509_NAME *, const char *, int, const unsigned char *, int, int, int)) \
  FUNCTION(X509_EXTENSION *, X509V3_EXT_conf_nid, (void *, void *, int, const char *))                             \
  FUNCTION(int, X509_add_ext, (X509 *, X509_EXTENSION *, int))                                                     \
  FUNCTION(void, X509_EXTENSION_free, (X509_EXTENSION *))                                                          \
  FUNCTION(int, X509_sign, (X509 *, EVP_PKEY *, const void *))                                                     \
  FUNCTION(int, PEM_write_bio_X509, (BIO *, X509 *))                                                               \
  FUNCTION(int, PEM_write_bio_PKCS8PrivateKey, (BIO *, const EVP_PKEY *, const void *, const char *, int, void *, void *)) \
  FUNCTION(void, ERR_clear_error, (void))                                                                          \
  FUNCTION(unsigned long, ERR_peek_error, (void))                                                                  \
  FUNCTION(const char *, ERR_reason_error_string, (unsigned long))

typedef struct tlskit_library {
#define MEMBER(result, name, arguments) result(*name) arguments;
  ALL(MEMBER)
#undef MEMBER
} tlskit_library;

// NULL where OpenSSL 3 is missing.
const tlskit_library *tlskit_open(void);

struct tlskit_identity {
  X509 *certificate;
  EVP_PKEY *key;
};

#endif
