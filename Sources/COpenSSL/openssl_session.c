#include "openssl_session.h"

#include <limits.h>
#include <stdlib.h>

openssl_session *openssl_session_make(openssl_context *context) {
  const openssl_library *library = context->library;
  openssl_session *session = malloc(sizeof *session);
  SSL *ssl = library->SSL_new(context->context);
  BIO *arrived = library->BIO_new(library->BIO_s_mem());
  BIO *waiting = library->BIO_new(library->BIO_s_mem());
  if (!session || !ssl || !arrived || !waiting) {
    library->BIO_free(arrived);
    library->BIO_free(waiting);
    library->SSL_free(ssl);
    free(session);
    library->ERR_clear_error();
    return NULL;
  }
  library->SSL_set_bio(ssl, arrived, waiting);
  library->SSL_set_accept_state(ssl);
  *session = (openssl_session){library, ssl, arrived, waiting};
  return session;
}

void openssl_session_free(openssl_session *session) {
  session->library->SSL_free(session->ssl);
  free(session);
}

static size_t take(const openssl_library *library, BIO *from, void *buffer, size_t size) {
  int taken = library->BIO_read(from, buffer, size > INT_MAX ? INT_MAX : (int)size);
  return taken > 0 ? (size_t)taken : 0;
}

bool openssl_session_receive(openssl_session *session, const void *bytes, size_t count) {
  if (count == 0) return true;
  return count <= INT_MAX && session->library->BIO_write(session->arrived, bytes, (int)count) == (int)count;
}

size_t openssl_session_return(openssl_session *session, void *buffer, size_t size) {
  return take(session->library, session->arrived, buffer, size);
}

// What a call that did not succeed means; the errors of a thread are in a queue, which is left empty.
static openssl_outcome judge(openssl_session *session, int result, openssl_reason *why) {
  const openssl_library *library = session->library;
  enum { want_read = 2, zero_return = 6 };
  switch (library->SSL_get_error(session->ssl, result)) {
  case want_read: return openssl_wait;
  case zero_return: return openssl_closed;
  default:
    openssl_explain(library, why);
    library->ERR_clear_error();
    return openssl_failed;
  }
}

openssl_outcome openssl_session_read(
    openssl_session *session, void *buffer, size_t size, size_t *count, openssl_reason *why) {
  session->library->ERR_clear_error();
  int result = session->library->SSL_read_ex(session->ssl, buffer, size, count);
  return result == 1 ? openssl_bytes : judge(session, result, why);
}

openssl_outcome openssl_session_write(
    openssl_session *session, const void *bytes, size_t count, openssl_reason *why) {
  size_t written = 0;
  session->library->ERR_clear_error();
  int result = session->library->SSL_write_ex(session->ssl, bytes, count, &written);
  if (result != 1) return judge(session, result, why);
  // Memory takes everything, and partial writes are not asked for.
  if (written == count) return openssl_bytes;
  openssl_tell(why, "a write was cut short");
  return openssl_failed;
}

size_t openssl_session_waiting(const openssl_session *session) {
  return session->library->BIO_ctrl_pending(session->waiting);
}

size_t openssl_session_take(openssl_session *session, void *buffer, size_t size) {
  return take(session->library, session->waiting, buffer, size);
}

bool openssl_session_established(const openssl_session *session) {
  return session->library->SSL_is_init_finished(session->ssl) == 1;
}

void openssl_session_finish(openssl_session *session) {
  session->library->ERR_clear_error();
  session->library->SSL_shutdown(session->ssl);
  session->library->ERR_clear_error();
}
