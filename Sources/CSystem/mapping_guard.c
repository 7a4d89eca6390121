#define _GNU_SOURCE
#include "mapping_guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PLACES = 4096 };

// A range whose length is 0 is not guarded; the start is written before the length and read after it.
static struct {
  _Atomic uintptr_t start;
  _Atomic size_t length;
  atomic_bool is_lost;
} places[PLACES];

static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER;
static atomic_int highest;  // one more than the last place that was ever taken
static bool is_installed;
static uintptr_t page_size;
static struct sigaction before;

// Puts zeros in the place of what is lost; false if the address is not guarded.
static bool mend(uintptr_t address) {
  int count = atomic_load(&highest);
  for (int i = 0; i < count; i++) {
    size_t length = atomic_load(&places[i].length);
    uintptr_t start = atomic_load(&places[i].start);
    if (length == 0 || address < start || address - start >= length) continue;
    // Marked first: no thread may read a zero before the mark can be seen.
    atomic_store(&places[i].is_lost, true);
    uintptr_t page = address & ~(page_size - 1);
    size_t rest = start + length - page;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
    return mmap((void *)page, rest, PROT_READ, flags, -1, 0) != MAP_FAILED;
  }
  return false;
}

static void handle(int number, siginfo_t *info, void *context) {
  (void)context;
  int saved = errno;
  bool is_fault = info->si_code == BUS_ADRERR;
  if (!is_fault || !mend((uintptr_t)info->si_addr)) {
    // Not ours. A fault comes again at once and finds the handler of before; what was sent is sent again.
    sigaction(SIGBUS, &before, NULL);
    if (info->si_code <= 0) raise(number);
  }
  errno = saved;
}

static void install(void) {
  page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  is_installed = sigaction(SIGBUS, &action, &before) == 0;
}

int mapping_guard_add(const void *start, size_t length) {
  if (length == 0) return -1;
  int place = -1;
  pthread_mutex_lock(&changing);
  if (!is_installed) install();
  for (int i = 0; i < PLACES && place < 0; i++) {
    if (atomic_load(&places[i].length) == 0) place = i;
  }
  if (place >= 0) {
    atomic_store(&places[place].is_lost, false);
    atomic_store(&places[place].start, (uintptr_t)start);
    atomic_store(&places[place].length, length);
    if (place >= atomic_load(&highest)) atomic_store(&highest, place + 1);
  }
  pthread_mutex_unlock(&changing);
  return place;
}

bool mapping_guard_is_lost(int place) {
  return place >= 0 && place < PLACES && atomic_load(&places[place].is_lost);
}

void mapping_guard_remove(int place) {
  if (place < 0 || place >= PLACES) return;
  pthread_mutex_lock(&changing);
  atomic_store(&places[place].length, 0);
  pthread_mutex_unlock(&changing);
}
