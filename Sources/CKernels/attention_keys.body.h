// How attention reads keys and values out of their pages, and multiplies queries with keys. Compiled once for every
// instruction set.
//
// The including file defines DOT_KEYS: the keys whose sums are kept in registers together.

#include "attention.h"
#include "transpose.h"

#define AHEAD_KEYS (2 * TILE_KEYS)  // how far ahead of their reading keys and values are fetched

INLINE int64_t bytes_of_row(const ns_pages *p) { return p->head_dim * (p->type == NS_F32 ? 4 : 2); }

// Where a key's (or value's) row of head_dim numbers lies.
INLINE const char *row_of(const ns_pages *p, void *const *part, int64_t kv_head, int64_t key) {
  const int64_t page = key / p->page_length, row = kv_head * p->page_length + (key - page * p->page_length);
  return (const char *)part[page] + row * bytes_of_row(p);
}

// How many keys from `key` on make one step: at most TILE_KEYS, of one page.
INLINE int64_t step_of(const ns_pages *p, int64_t key, int64_t end) {
  const int64_t left = end - key, in_page = p->page_length - key % p->page_length;
  const int64_t most = left < TILE_KEYS ? left : TILE_KEYS;
  return most < in_page ? most : in_page;
}

// `count` rows of one page as float32.
INLINE const float *widened(const ns_pages *p, const char *rows, int64_t count, float *wide) {
  if (p->type == NS_F32) return (const float *)rows;
  widen_halves((const uint16_t *)rows, wide, count * p->head_dim);
  return wide;
}

// What is read AHEAD_KEYS later, to be fetched little by little while this step is worked on: the hardware's own
// prefetching follows neither pages nor a read that pauses to compute. Near the end it is the last row again.
INLINE const char *later(const ns_pages *p, void *const *part, int64_t kv_head, int64_t key, int64_t end) {
  return row_of(p, part, kv_head, key + AHEAD_KEYS < end ? key + AHEAD_KEYS : end - 1);
}

INLINE void fetch(const char *p, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(p + i);
}

// Sums the lanes of sixteen vectors: lane j of the result is the sum of v[j].
INLINE v16 sum_lanes(v16 *v) {
  for (int i = 0; i < 8; i++) {
    v16 a = v[2 * i], b = v[2 * i + 1];
    v[i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
           + __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  }
  for (int i = 0; i < 4; i++) {
    v16 a = v[2 * i], b = v[2 * i + 1];
    v[i] = __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
           + __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  }
  for (int i = 0; i < 2; i++) {
    v16 a = v[2 * i], b = v[2 * i + 1];
    v[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
           + __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  }
  return __builtin_shufflevector(
             v[0], v[1], 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
         + __builtin_shufflevector(
             v[0], v[1], 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

// Dot products of one query with `count` keys; keys past the count are read as the last one.
INLINE v16 dots(const float *q, const float *keys, int64_t count, int64_t d) {
  v16 sums[TILE_KEYS];
  const float *row[TILE_KEYS];
  for (int j = 0; j < TILE_KEYS; j++) {
    sums[j] = v_all(0.f);
    row[j] = keys + (j < count ? j : count - 1) * d;
  }
  int64_t i = 0;
  for (; i + 16 <= d; i += 16) {
    v16 x = v_load(q + i);
    for (int j = 0; j < TILE_KEYS; j++) sums[j] = v_fma(x, v_load(row[j] + i), sums[j]);
  }
  if (i < d) {
    v16 x = v_load_some(q + i, d - i, 0.f);
    for (int j = 0; j < TILE_KEYS; j++) {
      sums[j] = v_fma(x, v_load_some(row[j] + i, d - i, 0.f), sums[j]);
    }
  }
  return sum_lanes(sums);
}

// The same for a full tile of a usual width: with constant distances every key is an operand in memory. On the way
// `bytes` from `next` are fetched for each vector of columns.
INLINE v16 dots_of(const int64_t d, const float *q, const float *keys, const char *next, int64_t bytes) {
  v16 sums[TILE_KEYS];
  EACH for (int first = 0; first < TILE_KEYS; first += DOT_KEYS) {
    v16 *some = sums + first;
    EACH for (int j = 0; j < DOT_KEYS; j++) some[j] = v_all(0.f);
    EACH for (int64_t i = 0; i < d; i += 16) {
      v16 x = v_load(q + i);
      fetch(next, bytes);
      next += bytes;
      EACH for (int j = 0; j < DOT_KEYS; j++) some[j] = v_fma(x, v_load(keys + (first + j) * d + i), some[j]);
    }
  }
  return sum_lanes(sums);
}

INLINE v16 tile_dots(
    const float *q, const float *keys, int64_t count, int64_t d, const char *next, int64_t bytes) {
  const int64_t pieces = d / 16 * (TILE_KEYS / DOT_KEYS);
  if (count == TILE_KEYS && d == 64) return dots_of(64, q, keys, next, bytes / pieces);
  if (count == TILE_KEYS && d == 128) return dots_of(128, q, keys, next, bytes / pieces);
  fetch(next, bytes);
  return dots(q, keys, count, d);
}
