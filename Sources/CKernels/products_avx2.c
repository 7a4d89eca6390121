// Products for rows that are being decoded, with AVX2: weights are expanded in registers, once for up to four rows
// of x, and multiplied in float32.
//
// Every (weight row, x row) pair takes the columns in order, 32 at a time, into its own sums, and adds these in one tree
// at the end. That alone decides its bits; how many rows share a tile never does.
#if defined(__x86_64__)
#include <immintrin.h>

#include "sets.h"

#pragma clang attribute push(__attribute__((target(NS_TARGET_AVX2))), apply_to = function)
#include "weights_avx2.h"

#define AHEAD 6144  // bytes ahead of their reading that rows are fetched
#define MOST 4      // (weight row, x row) pairs of a tile whose sums stay in registers

// Where registers are few, a block's loads stay behind those of the block before: drawn forward they would push the
// sums out to memory.
#define KEEP_ORDER __asm__ volatile("" ::: "memory")
#define ROLLED _Pragma("clang loop unroll(disable)")

// Sums of one pair. Arranged columns have one sum for each lane, others two, for every other eight of them.
typedef struct sums {
  __m256 a, b;
} sums;

INLINE float total(sums s) {
  const __m256 eight = _mm256_add_ps(s.a, s.b);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// The scales of 32 columns, over the lanes of their words.
INLINE __m256 scales_of(const int type, const float *s, int64_t g) {
  return columns_of_scale(type) == 16 ? _mm256_blend_ps(all(s[2 * g]), all(s[2 * g + 1]), 0xf0) : all(s[g]);
}

// Adds the products of 32 arranged columns: of codes first with one another, then once with their scale.
INLINE sums add_arranged(const int type, sums s, numbers w, const float *x, int64_t g, const prepared *p) {
  const __m256 lanes = _mm256_loadu_ps(x + 32);
  __m256 sum;
  if (has_offset(type)) {
    sum = _mm256_mul_ps(w.v[0], _mm256_loadu_ps(x));
    s.a = _mm256_fmadd_ps(lanes, scales_of(type, p->m, g), s.a);
  } else {
    sum = _mm256_fmadd_ps(w.v[0], _mm256_loadu_ps(x), _mm256_mul_ps(lanes, all(-zero_of(type))));
  }
  UNROLL for (int i = 1; i < 4; i++) sum = _mm256_fmadd_ps(w.v[i], _mm256_loadu_ps(x + 8 * i), sum);
  s.a = _mm256_fmadd_ps(sum, scales_of(type, p->s, g), s.a);
  return s;
}

// The same of columns as they are: weights, or signed bytes with one scale.
INLINE sums add_plain(const int type, sums s, numbers w, const float *x, int64_t g, const prepared *p) {
  if (type == NS_Q8_0) {
    __m256 sum = _mm256_mul_ps(w.v[0], _mm256_loadu_ps(x));
    UNROLL for (int i = 1; i < 4; i++) sum = _mm256_fmadd_ps(w.v[i], _mm256_loadu_ps(x + 8 * i), sum);
    s.a = _mm256_fmadd_ps(sum, all(p->s[g]), s.a);
    return s;
  }
  s.a = _mm256_fmadd_ps(w.v[0], _mm256_loadu_ps(x), s.a);
  s.b = _mm256_fmadd_ps(w.v[1], _mm256_loadu_ps(x + 8), s.b);
  s.a = _mm256_fmadd_ps(w.v[2], _mm256_loadu_ps(x + 16), s.a);
  s.b = _mm256_fmadd_ps(w.v[3], _mm256_loadu_ps(x + 24), s.b);
  return s;
}

// What is left of a row of plain numbers after its whole blocks, padded with zeros; at most 32 columns.
INLINE numbers padded(const int type, const uint8_t *row, int64_t column, int64_t count) {
  _Alignas(32) float floats[32] = {0};
  numbers w;
  for (int64_t i = 0; i < count; i++) floats[i] = ns_plain_at(row, type, column + i);
  UNROLL for (int i = 0; i < 4; i++) w.v[i] = _mm256_load_ps(floats + 8 * i);
  return w;
}

// Rows of weights and of x, and the sums of their pairs, which stay in registers.
typedef struct tile {
  const float *x;  // as the type wants it, from the 256 columns at hand
  int64_t x_stride;
  stored rows[MOST];
  int64_t left[MOST];  // bytes from a row's begin to the end of the matrix
  sums s[MOST];
  const char *later;
} tile;

// Block `block` + g of 32 columns, the g-th of its 256, of R weight rows times M rows of x.
INLINE void multiply_block(
    const int type, const int bits, const int R, const int M, int64_t block, const int64_t g,
    const prepared *scales, tile *t) {
  UNROLL for (int k = 0; k < R * bytes_of_32(type, bits); k += 64) _mm_prefetch(t->later + k, _MM_HINT_T0);
  t->later += R * bytes_of_32(type, bits);
  if (R * M > 2) KEEP_ORDER;
  UNROLL for (int r = 0; r < R; r++) {
    const uint8_t *row = t->rows[r].data;
    sums *s = t->s + r * M;
    if (arrangement_of(type, bits) != AS_IT_IS) {
      const numbers w = arranged_numbers(type, bits, row, block + g, (int)g);
      UNROLL for (int j = 0; j < M; j++) {
        s[j] = add_arranged(type, s[j], w, t->x + j * t->x_stride + NS_ARRANGED * g, g, scales + r);
      }
    } else {
      const numbers w = type == NS_Q8_0 ? plain_numbers(type, bits, row, block + g)
                                        : weights_of(type, bits, row, block + g, (int)g, g, scales + r);
      UNROLL for (int j = 0; j < M; j++) {
        s[j] = add_plain(type, s[j], w, t->x + j * t->x_stride + 32 * g, g, scales + r);
      }
    }
  }
}

// Columns past the last whole block of 32, of plain numbers.
INLINE void multiply_tail(
    const int type, const int R, const int M, const ns_product *p, int64_t m, int64_t done, tile *t) {
  const int64_t left = p->w.columns - done;
  UNROLL for (int j = 0; j < M; j++) {
    const numbers tail = padded(NS_F32, (const uint8_t *)(p->x + (m + j) * p->x_stride), done, left);
    _Alignas(32) float floats[32];
    UNROLL for (int i = 0; i < 4; i++) _mm256_store_ps(floats + 8 * i, tail.v[i]);
    UNROLL for (int r = 0; r < R; r++) {
      sums *s = t->s + r * M + j;
      *s = add_plain(type, *s, padded(type, t->rows[r].data, done, left), floats, 0, NULL);
    }
  }
}

// Rows row ..< row + R of the weights, of which those at or past row_end repeat the last, and M rows of x from m.
INLINE tile tile_at(
    const int type, const int bits, const int R, const int M, const ns_product *p, int64_t row, int64_t row_end,
    int64_t m) {
  const ns_matrix *w = &p->w;
  const int is_arranged = arrangement_of(type, bits) != AS_IT_IS;
  tile t;
  t.x_stride = is_arranged ? p->x_arranged_stride : p->x_stride;
  t.x = (is_arranged ? p->x_arranged : p->x) + m * t.x_stride;
  UNROLL for (int r = 0; r < R; r++) {
    const int64_t at = row + r < row_end ? row + r : row_end - 1;
    t.rows[r] = stored_row(w, at);
    t.left[r] = (w->rows - 1 - at) * w->row_stride + w->columns / 32 * bytes_of_32(type, bits);
  }
  UNROLL for (int k = 0; k < R * M; k++) t.s[k] = (sums){_mm256_setzero_ps(), _mm256_setzero_ps()};
  t.later = (const char *)t.rows[0].data + (AHEAD / w->row_stride + R) * w->row_stride;
  return t;
}

// Weight rows row_begin ..< row_end times M rows of x from m, R weight rows at a time; the last row is repeated
// where there are fewer.
INLINE void multiply(
    const int type, const int bits, const int R, const int M, const ns_product *p, int64_t row_begin,
    int64_t row_end, int64_t m) {
  const ns_matrix *w = &p->w;
  const int64_t blocks = w->columns / 32;
  for (int64_t row = row_begin; row < row_end; row += R) {
    tile t = tile_at(type, bits, R, M, p, row, row_end, m);
    for (int64_t block = 0; block < blocks; block += 8) {
      const int64_t count = blocks - block < 8 ? blocks - block : 8;
      prepared scales[MOST];
      UNROLL for (int r = 0; r < R; r++) prepare(type, w, t.rows[r], block, count, t.left[r], scales + r);
      if (is_super(type) || (R * M <= 2 && !is_plain(type) && count == 8)) {
        UNROLL for (int g = 0; g < 8; g++) multiply_block(type, bits, R, M, block, g, scales, &t);
      } else {
        ROLLED for (int64_t g = 0; g < count; g++) multiply_block(type, bits, R, M, block, g, scales, &t);
      }
      t.x += 8 * (arrangement_of(type, bits) != AS_IT_IS ? NS_ARRANGED : 32);
    }
    if (is_plain(type) && w->columns % 32 > 0) multiply_tail(type, R, M, p, m, 32 * blocks, &t);
    UNROLL for (int r = 0; r < R; r++) {
      if (row + r >= row_end) break;
      UNROLL for (int j = 0; j < M; j++) {
        const float sum = total(t.s[r * M + j]);
        p->y[(m + j) * p->y_stride + row + r] = p->bias ? sum + p->bias[row + r] : sum;
      }
    }
  }
}

// All rows of x in groups of four, two or one, each group times all weight rows.
INLINE void product_of(const int type, const int bits, const ns_product *p, int64_t row_begin, int64_t row_end) {
  int64_t m = 0;
  for (; m + 4 <= p->count; m += 4) multiply(type, bits, 1, 4, p, row_begin, row_end, m);
  for (; m + 2 <= p->count; m += 2) multiply(type, bits, 2, 2, p, row_begin, row_end, m);
  if (m < p->count) multiply(type, bits, 2, 1, p, row_begin, row_end, m);
}

INLINE void store(numbers v, float *to) {
  UNROLL for (int i = 0; i < 4; i++) _mm256_storeu_ps(to + 8 * i, v.v[i]);
}

INLINE void decode_of(
    const int type, const int bits, const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out) {
  const stored from = stored_row(w, row);
  const int64_t end = (column + count) / 32;
  if (is_plain(type)) {
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) _mm256_storeu_ps(out + i, plain_eight(type, from.data, column + i));
    for (; i < count; i++) out[i] = ns_plain_at(from.data, type, column + i);
    return;
  }
  const int64_t left = (w->rows - 1 - row) * w->row_stride + w->columns / 32 * bytes_of_32(type, bits);
  for (int64_t block = column / 32; block < end; block += 8) {
    const int64_t rest = end - block < 8 ? end - block : 8;
    prepared scales;
    prepare(type, w, from, block, rest, left, &scales);
    if (rest == 8) {
      UNROLL for (int g = 0; g < 8; g++) {
        store(weights_of(type, bits, from.data, block + g, g, g, &scales), out + 32 * g);
      }
    } else if (!is_super(type)) {
      for (int64_t g = 0; g < rest; g++) {
        store(weights_of(type, bits, from.data, block + g, 0, g, &scales), out + 32 * g);
      }
    }
    out += 32 * rest;
  }
}

#include "products.table.h"

void ns_product_avx2(const ns_product *p, int64_t row_begin, int64_t row_end) {
  entry_of(&p->w).product(p, row_begin, row_end);
}

void ns_decode_avx2(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out) {
  entry_of(w).decode(w, row, column, count, out);
}

int32_t ns_arrangement_avx2(const ns_matrix *w) { return arrangement_of(w->type, w->bits); }

void ns_arrange_avx2(int32_t arrangement, const float *x, float *out, int64_t n) {
  for (int64_t i = 0; i + 32 <= n; i += 32, out += NS_ARRANGED) {
    switch (arrangement) {
      case BY_PAIRS: arrange_block(BY_PAIRS, x + i, out); break;
      case BY_WIDE_BYTES: arrange_block(BY_WIDE_BYTES, x + i, out); break;
      default: arrange_block(BY_BYTES, x + i, out);
    }
  }
}
#pragma clang attribute pop
#endif
