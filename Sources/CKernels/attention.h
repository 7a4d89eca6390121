// How attention is cut into keys, blocks and lines: for the kernels, and to reckon the memory they need.
#pragma once
#include "kernels.h"

#define TILE_KEYS 16         // keys of one step
#define ATTENTION_BLOCK 256  // keys, from a multiple of it on, whose values are mixed before they join the others'

typedef struct span {
  int64_t first, end;  // keys first ..< end
} span;

// The keys that any row of row_begin ..< row_end sees.
static inline span keys_of(const ns_attention *a, int64_t row_begin, int64_t row_end) {
  const int64_t first = a->first_position + row_begin - a->window + 1;
  return (span){a->window > 0 && first > 0 ? first : 0, a->first_position + row_end};
}

static inline int64_t blocks_of(span keys) {
  return (keys.end - 1) / ATTENTION_BLOCK - keys.first / ATTENTION_BLOCK + 1;
}

// Floats of a line of scores.
static inline int64_t stride_of(span keys) { return (keys.end - keys.first + 15) / 16 * 16; }

// Floats that TILE_KEYS widened rows take.
static inline int64_t wide_floats(int64_t head_dim) { return TILE_KEYS * ((head_dim + 15) / 16 * 16); }
