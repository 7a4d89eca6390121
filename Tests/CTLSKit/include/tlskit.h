// For tests only: certificates that are made on the spot, and the client's side of TLS, by the same OpenSSL that the server finds at
// run time. Errors are a test's: whatever fails gives NULL, false or a negative number.
#ifndef NEUROSCOPE_TLSKIT_H
#define NEUROSCOPE_TLSKIT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct tlskit_identity tlskit_identity;

// A fresh key (P-256, or RSA of so many bits) and a certificate for it, of `name` as a DNS name, signed by the issuer or by itself.
tlskit_identity *tlskit_issue(
    const char *name, const tlskit_identity *issuer, bool is_authority, long begins, long ends, unsigned rsa_bits);
void tlskit_identity_free(tlskit_identity *identity);
// PEM, its length; the key with a passphrase where one is given.
long tlskit_certificate(const tlskit_identity *identity, char *text, size_t size);
long tlskit_key(const tlskit_identity *identity, const char *passphrase, char *text, size_t size);

typedef struct tlskit_wishes {
  // 0x0301 (TLS 1.0) to 0x0304 (TLS 1.3).
  int least, most;
  // Of TLS 1.2 and before; NULL for all that OpenSSL has, also those that it holds weak.
  const char *ciphers;
  // As RFC 7301 writes them down; none where there are no bytes.
  const unsigned char *protocols;
  unsigned int protocols_size;
  // Who vouches for servers; NULL trusts everybody.
  const tlskit_identity *authority;
  const char *name;
} tlskit_wishes;

typedef struct tlskit_client tlskit_client;
typedef struct tlskit_session tlskit_session;

tlskit_client *tlskit_client_make(const tlskit_wishes *wishes, tlskit_session *resumed);
void tlskit_client_free(tlskit_client *client);
bool tlskit_client_receive(tlskit_client *client, const void *bytes, size_t count);
// A number of bytes, 0 to wait, -1 after close_notify, -2 where it failed.
long tlskit_client_read(tlskit_client *client, void *buffer, size_t size);
bool tlskit_client_write(tlskit_client *client, const void *bytes, size_t count);
size_t tlskit_client_waiting(const tlskit_client *client);
long tlskit_client_take(tlskit_client *client, void *buffer, size_t size);
void tlskit_client_finish(tlskit_client *client);
bool tlskit_client_established(const tlskit_client *client);
// The version and the cipher that were agreed on, and why something failed.
const char *tlskit_client_version(const tlskit_client *client);
const char *tlskit_client_cipher(const tlskit_client *client);
const char *tlskit_client_failure(const tlskit_client *client);
long tlskit_client_protocol(const tlskit_client *client, char *text, size_t size);
bool tlskit_client_was_resumed(const tlskit_client *client);
// Certificates that the server has sent.
int tlskit_client_chain_count(const tlskit_client *client);
bool tlskit_client_renegotiate(tlskit_client *client);
bool tlskit_client_update_key(tlskit_client *client);
tlskit_session *tlskit_client_session(const tlskit_client *client);
void tlskit_session_free(tlskit_session *session);

#endif
