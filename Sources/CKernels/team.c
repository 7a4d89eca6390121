// The worker team. Each thread owns a run of consecutive parts and takes them in order, so that what it reads
// ahead of itself is its own; a thread that is through takes parts from the far end of another's. A thread that
// comes late, or that the system has put aside, so never holds up the parts it has not taken.
#define _GNU_SOURCE
#include "team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
#define PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define PAUSE() __asm__ volatile("isb")
#else
#define PAUSE() ((void)0)
#endif

// How long a thread without work looks out for more before it sleeps.
#define SPIN_NANOSECONDS 60000

typedef struct worker {
  ns_team *team;
  int32_t thread;
  pthread_t handle;
} worker;

// A thread's parts that nobody has taken, `first ..< end` in the halves of one word (first above).
typedef struct share {
  _Alignas(128) atomic_uint_fast64_t left;
} share;

struct ns_team {
  // Apart, so that taking parts, finishing them and looking out for more do not fight over one cache line.
  _Alignas(128) atomic_uint_fast64_t round;  // counts runs
  ns_part body;
  void *context;
  _Alignas(128) atomic_int_fast64_t remaining;
  _Alignas(128) atomic_int sleepers;  // workers that sleep on `wake`
  atomic_int caller_sleeps;
  atomic_bool stopping;
  pthread_mutex_t lock;
  pthread_cond_t wake, finished;
  int32_t threads;  // the caller's included
  share *shares;    // threads
  atomic_int *places;  // threads: the processor each was last seen on, -1 before; rarely written
  worker *workers;  // threads - 1
  cpu_set_t allowed;
};

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// Takes a thread's next part (or, for another, its last) and returns it; -1 where none is left.
static int64_t take(share *from, int own) {
  uint64_t left = atomic_load_explicit(&from->left, memory_order_acquire);
  for (;;) {
    const uint64_t first = left >> 32, end = (uint32_t)left;
    if (first >= end) return -1;
    const uint64_t rest = own ? (first + 1) << 32 | end : first << 32 | (end - 1);
    if (atomic_compare_exchange_weak_explicit(
            &from->left, &left, rest, memory_order_acq_rel, memory_order_acquire)) {
      return (int64_t)(own ? first : end - 1);
    }
  }
}

static void do_part(ns_team *team, int64_t part, int32_t thread) {
  team->body(team->context, part, thread);
  if (atomic_fetch_sub_explicit(&team->remaining, 1, memory_order_seq_cst) == 1
      && thread != 0 && atomic_load(&team->caller_sleeps)) {
    pthread_mutex_lock(&team->lock);
    pthread_cond_signal(&team->finished);
    pthread_mutex_unlock(&team->lock);
  }
}

// Takes parts until none is left: first the thread's own, then the others'.
static void take_parts(ns_team *team, int32_t thread) {
  int64_t part;
  for (int32_t i = 0; i < team->threads; i++) {
    const int32_t owner = thread + i < team->threads ? thread + i : thread + i - team->threads;
    while ((part = take(&team->shares[owner], i == 0)) >= 0) do_part(team, part, thread);
  }
}

// Notes where a thread runs; written only when it moved, so that reading the others' places costs nothing.
static int note_place(ns_team *team, int32_t thread) {
  const int here = sched_getcpu();
  if (atomic_load_explicit(&team->places[thread], memory_order_relaxed) != here) {
    atomic_store_explicit(&team->places[thread], here, memory_order_relaxed);
  }
  return here;
}

// Moves a worker off the processor of the caller or of an earlier worker. The system's scheduler may leave two
// spinning threads on one processor for long, next to an idle one; nothing is gained there by a team.
static void keep_apart(ns_team *team, int32_t thread) {
  const int here = note_place(team, thread);
  int32_t other = 0;
  while (other < thread && atomic_load_explicit(&team->places[other], memory_order_relaxed) != here) other++;
  if (other == thread) return;
  cpu_set_t free_places = team->allowed;
  for (other = 0; other < team->threads; other++) {
    const int place = atomic_load_explicit(&team->places[other], memory_order_relaxed);
    if (place >= 0 && place < CPU_SETSIZE) CPU_CLR(place, &free_places);
  }
  if (CPU_COUNT(&free_places) == 0) return;
  sched_setaffinity(0, sizeof free_places, &free_places);
  // Moved, but not bound: where something else takes its processor, the system may find it another.
  sched_setaffinity(0, sizeof team->allowed, &team->allowed);
}

static int has_work(ns_team *team, uint64_t seen) {
  return atomic_load(&team->round) != seen || atomic_load(&team->stopping);
}

// Looks out for `condition` for a while; false where it never held.
#define SPIN_UNTIL(condition)                                     \
  ({                                                              \
    int held = 0;                                                 \
    for (int64_t start = 0, turn = 0;; turn++) {                  \
      if (condition) { held = 1; break; }                         \
      PAUSE();                                                    \
      if ((turn & 63) == 63) {                                    \
        int64_t time = now();                                     \
        if (start == 0) start = time;                             \
        if (time - start > SPIN_NANOSECONDS) break;               \
      }                                                           \
    }                                                             \
    held;                                                         \
  })

static void *work(void *argument) {
  worker *self = argument;
  ns_team *team = self->team;
  for (uint64_t seen = 0; !atomic_load(&team->stopping);) {
    if (!SPIN_UNTIL(has_work(team, seen))) {
      pthread_mutex_lock(&team->lock);
      atomic_fetch_add(&team->sleepers, 1);
      while (!has_work(team, seen)) pthread_cond_wait(&team->wake, &team->lock);
      atomic_fetch_sub(&team->sleepers, 1);
      pthread_mutex_unlock(&team->lock);
    }
    seen = atomic_load(&team->round);
    keep_apart(team, self->thread);
    take_parts(team, self->thread);
  }
  return NULL;
}

ns_team *ns_team_create(int32_t threads) {
  if (threads < 1) threads = 1;
  ns_team *team = aligned_alloc(128, (sizeof(ns_team) + 127) / 128 * 128);
  worker *workers = calloc((size_t)threads, sizeof(worker));
  share *shares = aligned_alloc(128, (size_t)threads * sizeof(share));
  atomic_int *places = aligned_alloc(128, ((size_t)threads * sizeof(atomic_int) + 127) / 128 * 128);
  if (!team || !workers || !shares || !places) {
    free(team);
    free(workers);
    free(shares);
    free(places);
    return NULL;
  }
  for (int32_t i = 0; i < threads; i++) {
    atomic_init(&shares[i].left, 0);
    atomic_init(&places[i], -1);
  }
  CPU_ZERO(&team->allowed);
  sched_getaffinity(0, sizeof team->allowed, &team->allowed);
  atomic_init(&team->round, 0);
  atomic_init(&team->remaining, 0);
  atomic_init(&team->sleepers, 0);
  atomic_init(&team->caller_sleeps, 0);
  atomic_init(&team->stopping, 0);
  pthread_mutex_init(&team->lock, NULL);
  pthread_cond_init(&team->wake, NULL);
  pthread_cond_init(&team->finished, NULL);
  team->body = NULL;
  team->context = NULL;
  team->threads = 1;
  team->workers = workers;
  team->shares = shares;
  team->places = places;
  for (int32_t i = 1; i < threads; i++) {
    worker *w = &workers[team->threads - 1];
    *w = (worker){.team = team, .thread = team->threads};
    // A team with fewer threads than asked for is slower, never wrong.
    if (pthread_create(&w->handle, NULL, work, w) != 0) break;
    team->threads++;
  }
  return team;
}

void ns_team_destroy(ns_team *team) {
  if (!team) return;
  pthread_mutex_lock(&team->lock);
  atomic_store(&team->stopping, 1);
  pthread_cond_broadcast(&team->wake);
  pthread_mutex_unlock(&team->lock);
  for (int32_t i = 0; i < team->threads - 1; i++) pthread_join(team->workers[i].handle, NULL);
  pthread_cond_destroy(&team->wake);
  pthread_cond_destroy(&team->finished);
  pthread_mutex_destroy(&team->lock);
  free(team->workers);
  free(team->shares);
  free(team->places);
  free(team);
}

int32_t ns_team_threads(const ns_team *team) { return team->threads; }

void ns_team_run(ns_team *team, int64_t parts, ns_part body, void *context) {
  if (parts <= 0) return;
  if (parts == 1 || team->threads == 1) {
    for (int64_t part = 0; part < parts; part++) body(context, part, 0);
    return;
  }
  team->body = body;
  team->context = context;
  atomic_store_explicit(&team->remaining, parts, memory_order_relaxed);
  note_place(team, 0);
  for (int32_t i = 0; i < team->threads; i++) {
    const uint64_t first = (uint64_t)(parts * i / team->threads);
    const uint64_t end = (uint64_t)(parts * (i + 1) / team->threads);
    atomic_store_explicit(&team->shares[i].left, first << 32 | end, memory_order_release);
  }
  atomic_fetch_add(&team->round, 1);
  if (atomic_load(&team->sleepers) > 0) {
    pthread_mutex_lock(&team->lock);
    pthread_cond_broadcast(&team->wake);
    pthread_mutex_unlock(&team->lock);
  }
  take_parts(team, 0);
  if (SPIN_UNTIL(atomic_load_explicit(&team->remaining, memory_order_acquire) == 0)) return;
  // A worker holds the last part and the system has put it aside: give it this processor.
  pthread_mutex_lock(&team->lock);
  atomic_store(&team->caller_sleeps, 1);
  while (atomic_load(&team->remaining) != 0) pthread_cond_wait(&team->finished, &team->lock);
  atomic_store(&team->caller_sleeps, 0);
  pthread_mutex_unlock(&team->lock);
}
