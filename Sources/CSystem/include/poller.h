// Readiness of many descriptors at once, and what else of the system Swift does not see.
//
// The C library's module leaves out `sys/epoll.h` and `accept4`. What stands here is a small face that says nothing
// of epoll: poller_epoll.c is Linux's, and kqueue would be a second file behind the same face.
//
// A token is the caller's: it comes back with each event of the descriptor it was given for, and means nothing here.
// No call waits; none keeps state of its own beside the kernel's. Numbers below zero are errors, negated (`-ENOMEM`).
#ifndef NEUROSCOPE_POLLER_H
#define NEUROSCOPE_POLLER_H

#include <stdint.h>
#include <sys/socket.h>

// What is wished of a descriptor, and what it is ready for; ended comes unasked, with whatever else was wished.
enum {
  POLLER_READABLE = 1,
  POLLER_WRITABLE = 2,
  POLLER_ENDED = 4,
};

struct poller_event {
  uint64_t token;
  uint32_t ready;
};

// A new poller's descriptor, which is readable while any watched descriptor is ready.
int poller_make(void);

// Frees a poller; what it still watches is forgotten.
void poller_close(int poller);

// Begins to watch a descriptor, level-triggered.
int poller_add(int poller, int descriptor, uint32_t interest, uint64_t token);

// Changes what is wished of a watched descriptor.
int poller_change(int poller, int descriptor, uint32_t interest, uint64_t token);

// Watches a descriptor no more; call it before the descriptor is closed.
int poller_remove(int poller, int descriptor);

// What is ready now, at most so many events, in turn; how many.
int poller_take(int poller, struct poller_event *events, int capacity);

// Accepts a connection that does not block and that no child process inherits, both from its first moment.
int accept_connection(int listener, struct sockaddr *address, socklen_t *size);

#endif
