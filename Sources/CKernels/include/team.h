// A team of threads that shares out numbered parts of one piece of work and spins briefly between pieces.
#pragma once
#include <stdint.h>

typedef struct ns_team ns_team;

// Called once for every part, by any thread of the team; `thread` is 0 for the caller.
typedef void (*ns_part)(void *context, int64_t part, int64_t thread);

// A team of `threads` including the caller's, or NULL where no thread can be made. Owned by the caller.
ns_team *ns_team_create(int32_t threads);
void ns_team_destroy(ns_team *team);
int32_t ns_team_threads(const ns_team *team);

// Runs parts 0 ..< parts and returns when all are done. One caller at a time. At most 2^31 - 1 parts.
void ns_team_run(ns_team *team, int64_t parts, ns_part body, void *context);
