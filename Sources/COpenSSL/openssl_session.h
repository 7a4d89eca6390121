// What contexts and sessions are made of.
#ifndef NEUROSCOPE_OPENSSL_SESSION_H
#define NEUROSCOPE_OPENSSL_SESSION_H

#include "openssl_library.h"

struct openssl_context {
  const openssl_library *library;
  SSL_CTX *context;
};

struct openssl_session {
  const openssl_library *library;
  SSL *ssl;
  // What has arrived, and what has to be sent; both belong to `ssl`.
  BIO *arrived, *waiting;
};

// Writes down the first error of this thread's queue.
void openssl_explain(const openssl_library *library, openssl_reason *why);

#endif
