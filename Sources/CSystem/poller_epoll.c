// Linux: a poller is an epoll instance.
#if defined(__linux__)
#define _GNU_SOURCE
#include "poller.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BATCH = 64 };

int poller_make(void) {
  int poller = epoll_create1(EPOLL_CLOEXEC);
  return poller < 0 ? -errno : poller;
}

void poller_close(int poller) { close(poller); }

static int control(int poller, int operation, int descriptor, uint32_t interest, uint64_t token) {
  struct epoll_event event = {.data.u64 = token};
  if (interest & POLLER_READABLE) event.events |= EPOLLIN;
  if (interest & POLLER_WRITABLE) event.events |= EPOLLOUT;
  return epoll_ctl(poller, operation, descriptor, &event) == 0 ? 0 : -errno;
}

int poller_add(int poller, int descriptor, uint32_t interest, uint64_t token) {
  return control(poller, EPOLL_CTL_ADD, descriptor, interest, token);
}

int poller_change(int poller, int descriptor, uint32_t interest, uint64_t token) {
  return control(poller, EPOLL_CTL_MOD, descriptor, interest, token);
}

int poller_remove(int poller, int descriptor) {
  return control(poller, EPOLL_CTL_DEL, descriptor, 0, 0);
}

int poller_take(int poller, struct poller_event *events, int capacity) {
  struct epoll_event found[BATCH];
  int count;
  do {
    count = epoll_wait(poller, found, capacity < BATCH ? capacity : BATCH, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return -errno;
  for (int i = 0; i < count; i++) {
    uint32_t ready = 0;
    if (found[i].events & EPOLLIN) ready |= POLLER_READABLE;
    if (found[i].events & EPOLLOUT) ready |= POLLER_WRITABLE;
    // Both are told whether wished or not: an error, or the end in both directions.
    if (found[i].events & (EPOLLERR | EPOLLHUP)) ready |= POLLER_ENDED;
    events[i] = (struct poller_event){.token = found[i].data.u64, .ready = ready};
  }
  return count;
}

int accept_connection(int listener, struct sockaddr *address, socklen_t *size) {
  int accepted = accept4(listener, address, size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return accepted < 0 ? -errno : accepted;
}
#endif
