// OpenSSL 3's functions that are used, found at run time; see the manual page of each name.
#ifndef NEUROSCOPE_OPENSSL_LIBRARY_H
#define NEUROSCOPE_OPENSSL_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "COpenSSL.h"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;
typedef struct ssl_method_st SSL_METHOD;
typedef struct bio_st BIO;
typedef struct bio_method_st BIO_METHOD;
typedef struct x509_st X509;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct asn1_string_st ASN1_TIME;
typedef int pem_password_cb(char *, int, int, void *);
typedef int alpn_cb(SSL *, const unsigned char **, unsigned char *, const unsigned char *, unsigned int, void *);

#define OF_LIBSSL(FUNCTION)                                                                          \
  FUNCTION(int, OPENSSL_init_ssl, (uint64_t, const void *))                                          \
  FUNCTION(const SSL_METHOD *, TLS_server_method, (void))                                            \
  FUNCTION(SSL_CTX *, SSL_CTX_new, (const SSL_METHOD *))                                             \
  FUNCTION(void, SSL_CTX_free, (SSL_CTX *))                                                          \
  FUNCTION(long, SSL_CTX_ctrl, (SSL_CTX *, int, long, void *))                                       \
  FUNCTION(uint64_t, SSL_CTX_set_options, (SSL_CTX *, uint64_t))                                     \
  FUNCTION(int, SSL_CTX_set_cipher_list, (SSL_CTX *, const char *))                                  \
  FUNCTION(void, SSL_CTX_set_alpn_select_cb, (SSL_CTX *, alpn_cb *, void *))                         \
  FUNCTION(int, SSL_CTX_use_certificate, (SSL_CTX *, X509 *))                                        \
  FUNCTION(int, SSL_CTX_use_PrivateKey, (SSL_CTX *, EVP_PKEY *))                                     \
  FUNCTION(SSL *, SSL_new, (SSL_CTX *))                                                              \
  FUNCTION(void, SSL_free, (SSL *))                                                                  \
  FUNCTION(void, SSL_set_bio, (SSL *, BIO *, BIO *))                                                 \
  FUNCTION(void, SSL_set_accept_state, (SSL *))                                                      \
  FUNCTION(int, SSL_read_ex, (SSL *, void *, size_t, size_t *))                                      \
  FUNCTION(int, SSL_write_ex, (SSL *, const void *, size_t, size_t *))                               \
  FUNCTION(int, SSL_get_error, (const SSL *, int))                                                   \
  FUNCTION(int, SSL_is_init_finished, (const SSL *))                                                 \
  FUNCTION(int, SSL_shutdown, (SSL *))

#define OF_LIBCRYPTO(FUNCTION)                                                                       \
  FUNCTION(const BIO_METHOD *, BIO_s_mem, (void))                                                    \
  FUNCTION(BIO *, BIO_new, (const BIO_METHOD *))                                                     \
  FUNCTION(BIO *, BIO_new_mem_buf, (const void *, int))                                              \
  FUNCTION(int, BIO_free, (BIO *))                                                                   \
  FUNCTION(int, BIO_read, (BIO *, void *, int))                                                      \
  FUNCTION(int, BIO_write, (BIO *, const void *, int))                                               \
  FUNCTION(size_t, BIO_ctrl_pending, (BIO *))                                                        \
  FUNCTION(X509 *, PEM_read_bio_X509, (BIO *, X509 **, pem_password_cb *, void *))                   \
  FUNCTION(EVP_PKEY *, PEM_read_bio_PrivateKey, (BIO *, EVP_PKEY **, pem_password_cb *, void *))     \
  FUNCTION(void, X509_free, (X509 *))                                                                \
  FUNCTION(void, EVP_PKEY_free, (EVP_PKEY *))                                                        \
  FUNCTION(int, X509_check_private_key, (const X509 *, const EVP_PKEY *))                            \
  FUNCTION(const ASN1_TIME *, X509_get0_notBefore, (const X509 *))                                   \
  FUNCTION(const ASN1_TIME *, X509_get0_notAfter, (const X509 *))                                    \
  FUNCTION(int, ASN1_TIME_diff, (int *, int *, const ASN1_TIME *, const ASN1_TIME *))                \
  FUNCTION(void, ERR_clear_error, (void))                                                            \
  FUNCTION(unsigned long, ERR_peek_error, (void))                                                    \
  FUNCTION(unsigned long, ERR_peek_last_error, (void))                                               \
  FUNCTION(const char *, ERR_reason_error_string, (unsigned long))

// Where each function is.
typedef struct openssl_library {
#define MEMBER(result, name, arguments) result(*name) arguments;
  OF_LIBSSL(MEMBER)
  OF_LIBCRYPTO(MEMBER)
#undef MEMBER
} openssl_library;

// The library, opened at the first call; NULL, and why, where that can't be. From any thread.
const openssl_library *openssl_open(openssl_reason *why);

// Writes a reason down, as much of it as has room.
void openssl_tell(openssl_reason *why, const char *text);

#endif
