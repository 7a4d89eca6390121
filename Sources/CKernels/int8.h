// Activations rounded to blocks of 32 signed bytes with one scale each, as `ns_fast.round` makes them for weights of
// four to eight bits: x is about scale * byte, the byte of a block's largest is 127 or -127.
#pragma once
#include "weights.h"

// A row of n columns: the bytes, then of each block its scale, the sums of its halves, and the product of its scale with
// their sum. Each of these has room for a multiple of eight blocks; what is behind the last block is zero.
typedef struct rounded {
  const int8_t *bytes;   // [n]
  const float *scales;   // [n / 32]
  const float *products; // [n / 32]: scale * sum of the bytes
  const int32_t *sums;   // [n / 16]
} rounded;

INLINE int64_t room_of_blocks(int64_t n) { return (n / 32 + 7) / 8 * 8; }

static inline int64_t rounded_bytes(int64_t n) { return n + 16 * room_of_blocks(n); }

INLINE rounded rounded_row(const void *row, int64_t n) {
  const int8_t *bytes = row;
  const float *scales = (const float *)(bytes + n);
  const int64_t room = room_of_blocks(n);
  return (rounded){bytes, scales, scales + room, (const int32_t *)(scales + 2 * room)};
}

// The types whose codes are multiplied as bytes: unsigned ones of at most 63, and signed bytes.
#define UNSIGNED_TYPES(X)                                                                                   \
  X(q4_0, NS_Q4_0) X(q4_1, NS_Q4_1) X(q5_0, NS_Q5_0) X(q5_1, NS_Q5_1) X(q4_k, NS_Q4_K) X(q5_k, NS_Q5_K) \
  X(q6_k, NS_Q6_K)
#if SIGNED_BYTES
#define INT8_TYPES(X) UNSIGNED_TYPES(X) X(q8_0, NS_Q8_0)
#else
#define INT8_TYPES(X) UNSIGNED_TYPES(X)
#endif

static inline int32_t takes_bytes(const ns_matrix *w) {
#define IS(name, known) || w->type == known
  return 0 INT8_TYPES(IS);
#undef IS
}

// The largest of a type's codes as they are multiplied.
INLINE int largest_code(int type) {
  switch (type) {
    case NS_Q4_0: case NS_Q4_1: case NS_Q4_K: return 15;
    case NS_Q5_0: case NS_Q5_1: case NS_Q5_K: return 31;
    case NS_Q6_K: return 63;
    default: return 255;
  }
}
