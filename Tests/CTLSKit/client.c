#include <stdlib.h>

#include "library.h"

struct tlskit_client {
  const tlskit_library *library;
  SSL_CTX *context;
  SSL *ssl;
  BIO *arrived, *waiting;
  const char *failure;
};

static SSL_CTX *make_context(const tlskit_library *library, const tlskit_wishes *wishes) {
  enum { least_version = 123, most_version = 124, session_cache = 44, cache_client = 1 };
  SSL_CTX *context = library->SSL_CTX_new(library->TLS_client_method());
  if (!context) return NULL;
  library->SSL_CTX_ctrl(context, least_version, wishes->least, NULL);
  library->SSL_CTX_ctrl(context, most_version, wishes->most, NULL);
  library->SSL_CTX_ctrl(context, session_cache, cache_client, NULL);
  library->SSL_CTX_set_cipher_list(context, wishes->ciphers ? wishes->ciphers : "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
  if (wishes->authority) {
    library->X509_STORE_add_cert(library->SSL_CTX_get_cert_store(context), wishes->authority->certificate);
    library->SSL_CTX_set_verify(context, 1, NULL);
  }
  return context;
}

tlskit_client *tlskit_client_make(const tlskit_wishes *wishes, tlskit_session *resumed) {
  const tlskit_library *library = tlskit_open();
  if (!library) return NULL;
  tlskit_client *client = calloc(1, sizeof *client);
  SSL_CTX *context = make_context(library, wishes);
  SSL *ssl = context ? library->SSL_new(context) : NULL;
  if (!client || !ssl) return NULL;
  *client = (tlskit_client){
      library, context, ssl, library->BIO_new(library->BIO_s_mem()), library->BIO_new(library->BIO_s_mem()), ""};
  library->SSL_set_bio(ssl, client->arrived, client->waiting);
  library->SSL_set_connect_state(ssl);
  if (wishes->protocols_size) library->SSL_set_alpn_protos(ssl, wishes->protocols, wishes->protocols_size);
  if (wishes->name) {
    library->SSL_ctrl(ssl, 55, 0, (void *)wishes->name);
    library->SSL_set1_host(ssl, wishes->name);
  }
  if (resumed) library->SSL_set_session(ssl, (SSL_SESSION *)resumed);
  return client;
}

void tlskit_client_free(tlskit_client *client) {
  client->library->SSL_free(client->ssl);
  client->library->SSL_CTX_free(client->context);
  free(client);
}

bool tlskit_client_receive(tlskit_client *client, const void *bytes, size_t count) {
  return count == 0 || client->library->BIO_write(client->arrived, bytes, (int)count) == (int)count;
}

static long judge(tlskit_client *client, int result) {
  int error = client->library->SSL_get_error(client->ssl, result);
  if (error == 2) return 0;
  if (error == 6) return -1;
  const char *reason = client->library->ERR_reason_error_string(client->library->ERR_peek_error());
  client->failure = reason ? reason : "unknown";
  client->library->ERR_clear_error();
  return -2;
}

long tlskit_client_read(tlskit_client *client, void *buffer, size_t size) {
  size_t count = 0;
  client->library->ERR_clear_error();
  int result = client->library->SSL_read_ex(client->ssl, buffer, size, &count);
  return result == 1 ? (long)count : judge(client, result);
}

bool tlskit_client_write(tlskit_client *client, const void *bytes, size_t count) {
  size_t written = 0;
  client->library->ERR_clear_error();
  return client->library->SSL_write_ex(client->ssl, bytes, count, &written) == 1;
}

size_t tlskit_client_waiting(const tlskit_client *client) { return client->library->BIO_ctrl_pending(client->waiting); }

long tlskit_client_take(tlskit_client *client, void *buffer, size_t size) {
  return client->library->BIO_read(client->waiting, buffer, (int)size);
}

void tlskit_client_finish(tlskit_client *client) { client->library->SSL_shutdown(client->ssl); }

bool tlskit_client_established(const tlskit_client *client) {
  return client->library->SSL_is_init_finished(client->ssl) == 1;
}

const char *tlskit_client_version(const tlskit_client *client) { return client->library->SSL_get_version(client->ssl); }

const char *tlskit_client_cipher(const tlskit_client *client) {
  return client->library->SSL_CIPHER_get_name(client->library->SSL_get_current_cipher(client->ssl));
}

const char *tlskit_client_failure(const tlskit_client *client) { return client->failure; }

long tlskit_client_protocol(const tlskit_client *client, char *text, size_t size) {
  const unsigned char *chosen = NULL;
  unsigned int count = 0;
  client->library->SSL_get0_alpn_selected(client->ssl, &chosen, &count);
  if (count > size) return -1;
  for (unsigned int at = 0; at < count; at++) text[at] = (char)chosen[at];
  return count;
}

bool tlskit_client_was_resumed(const tlskit_client *client) {
  return client->library->SSL_session_reused(client->ssl) == 1;
}

int tlskit_client_chain_count(const tlskit_client *client) {
  STACK *chain = client->library->SSL_get_peer_cert_chain(client->ssl);
  return chain ? client->library->OPENSSL_sk_num(chain) : 0;
}

bool tlskit_client_renegotiate(tlskit_client *client) {
  if (client->library->SSL_renegotiate(client->ssl) != 1) return false;
  client->library->SSL_do_handshake(client->ssl);
  client->library->ERR_clear_error();
  return true;
}

bool tlskit_client_update_key(tlskit_client *client) {
  return client->library->SSL_key_update(client->ssl, 1) == 1 && client->library->SSL_do_handshake(client->ssl) == 1;
}

tlskit_session *tlskit_client_session(const tlskit_client *client) {
  return (tlskit_session *)client->library->SSL_get1_session(client->ssl);
}

void tlskit_session_free(tlskit_session *session) { tlskit_open()->SSL_SESSION_free((SSL_SESSION *)session); }
