// The server's side of TLS by OpenSSL 3, over memory: bytes in, bytes out, no descriptor.
//
// The library is opened when it is first asked for, and not linked. So building needs nothing of it (no headers, no libssl-dev), the program
// starts where it is missing, and whoever serves plain HTTP never has it in memory. The few functions that are used are declared by hand
// in openssl_library.h; the names and types of OpenSSL 3 are stable as long as its libraries are called libssl.so.3 and libcrypto.so.3.
#ifndef NEUROSCOPE_OPENSSL_H
#define NEUROSCOPE_OPENSSL_H

#include <stdbool.h>
#include <stddef.h>

// A certificate chain, its key and the rules of handshakes. Immutable once made, shared by sessions on any threads, which keep it alive.
typedef struct openssl_context openssl_context;

// One connection; used by one thread at a time.
typedef struct openssl_session openssl_session;

// Why something was refused, in OpenSSL's or the system's words.
typedef struct openssl_reason {
  char text[200];
} openssl_reason;

typedef enum openssl_fault {
  openssl_fine,
  openssl_no_library,
  openssl_no_memory,
  openssl_bad_certificate,
  openssl_bad_key,
  openssl_encrypted_key,
  openssl_other_key
} openssl_fault;

// Seconds from now; negative where it has passed.
typedef struct openssl_validity {
  long long begins;
  long long ends;
} openssl_validity;

// Makes a context of PEM texts: the certificate with those that vouch for it behind it, and its key.
openssl_fault openssl_context_make(
    const void *certificates, size_t certificates_size, const void *key, size_t key_size, openssl_context **made,
    openssl_validity *validity, openssl_reason *why);
void openssl_context_free(openssl_context *context);

// What a step of a session came to.
typedef enum openssl_outcome {
  openssl_bytes,
  // More has to arrive first.
  openssl_wait,
  // The peer has said close_notify.
  openssl_closed,
  openssl_failed
} openssl_outcome;

// Begins a session; NULL where there is no memory.
openssl_session *openssl_session_make(openssl_context *context);
void openssl_session_free(openssl_session *session);

// Stores what has arrived; false where there is no memory.
bool openssl_session_receive(openssl_session *session, const void *bytes, size_t count);
// Takes back what has arrived and was not looked at.
size_t openssl_session_return(openssl_session *session, void *buffer, size_t size);
// Shakes hands as far as what has arrived goes, and decrypts at most one record of it.
openssl_outcome openssl_session_read(
    openssl_session *session, void *buffer, size_t size, size_t *count, openssl_reason *why);
// Encrypts all of it.
openssl_outcome openssl_session_write(
    openssl_session *session, const void *bytes, size_t count, openssl_reason *why);
// Bytes that wait to be sent, and those bytes.
size_t openssl_session_waiting(const openssl_session *session);
size_t openssl_session_take(openssl_session *session, void *buffer, size_t size);
// Whether hands have been shaken.
bool openssl_session_established(const openssl_session *session);
// Says close_notify.
void openssl_session_finish(openssl_session *session);

#endif
