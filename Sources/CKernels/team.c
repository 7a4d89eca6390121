// The worker team. Work is published in one 64-bit ticket: high half the number of parts, low half the next
// part to take. Whoever increments the low half below the high half owns that part, so a thread that comes
// late, or that the system has put aside, never holds up the parts it has not taken.
#include "team.h"

#include <pthread.h>
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

struct ns_team {
  // Apart, so that taking parts and finishing them do not fight over one cache line.
  _Alignas(128) atomic_uint_fast64_t ticket;
  _Alignas(128) atomic_int_fast64_t remaining;
  _Alignas(128) ns_part body;
  void *context;
  _Alignas(128) atomic_int sleepers;  // workers that sleep on `wake`
  atomic_int caller_sleeps;
  atomic_bool stopping;
  pthread_mutex_t lock;
  pthread_cond_t wake, finished;
  int32_t threads;  // the caller's included
  worker *workers;  // threads - 1
};

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int available(uint64_t ticket) { return (uint32_t)ticket < (uint32_t)(ticket >> 32); }

// Takes parts until none is left.
static void take_parts(ns_team *team, int32_t thread) {
  while (available(atomic_load_explicit(&team->ticket, memory_order_acquire))) {
    uint64_t ticket = atomic_fetch_add_explicit(&team->ticket, 1, memory_order_acq_rel);
    if (!available(ticket)) return;
    team->body(team->context, (int64_t)(uint32_t)ticket, thread);
    if (atomic_fetch_sub_explicit(&team->remaining, 1, memory_order_seq_cst) == 1
        && thread != 0 && atomic_load(&team->caller_sleeps)) {
      pthread_mutex_lock(&team->lock);
      pthread_cond_signal(&team->finished);
      pthread_mutex_unlock(&team->lock);
    }
  }
}

static int has_work(ns_team *team) {
  return available(atomic_load(&team->ticket)) || atomic_load(&team->stopping);
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
  while (!atomic_load(&team->stopping)) {
    take_parts(team, self->thread);
    if (SPIN_UNTIL(has_work(team))) continue;
    pthread_mutex_lock(&team->lock);
    atomic_fetch_add(&team->sleepers, 1);
    while (!has_work(team)) pthread_cond_wait(&team->wake, &team->lock);
    atomic_fetch_sub(&team->sleepers, 1);
    pthread_mutex_unlock(&team->lock);
  }
  return NULL;
}

ns_team *ns_team_create(int32_t threads) {
  if (threads < 1) threads = 1;
  ns_team *team = aligned_alloc(128, (sizeof(ns_team) + 127) / 128 * 128);
  worker *workers = calloc((size_t)threads, sizeof(worker));
  if (!team || !workers) {
    free(team);
    free(workers);
    return NULL;
  }
  atomic_init(&team->ticket, 0);
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
  atomic_store(&team->ticket, (uint64_t)parts << 32);
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
