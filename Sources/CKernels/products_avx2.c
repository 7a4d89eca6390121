// Products for rows that are being decoded, with AVX2: weights are expanded in registers, once for up to four rows
// of x, and multiplied in float32.
//
// Every (weight row, x row) pair has sixteen sums, in two vectors, that take the columns in order, sixteen at a
// time, and are summed in one tree at the end. That alone decides its bits; how many rows share a tile never does.
#if defined(__x86_64__)
#include <immintrin.h>

#include "sets.h"

#pragma clang attribute push(__attribute__((target(NS_TARGET_AVX2))), apply_to = function)
#include "weights_avx2.h"

#define AHEAD 6144  // bytes ahead of their reading that rows are fetched
#define MOST 4      // (weight row, x row) pairs of a tile whose sums stay in registers

// Sums of one pair.
typedef struct sums {
  __m256 a, b;
} sums;

INLINE float total(sums s) {
  const __m256 eight = _mm256_add_ps(s.a, s.b);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

INLINE sums add_products(sums s, weights w, const float *x) {
  s.a = _mm256_fmadd_ps(w.v[0], _mm256_loadu_ps(x), s.a);
  s.b = _mm256_fmadd_ps(w.v[1], _mm256_loadu_ps(x + 8), s.b);
  s.a = _mm256_fmadd_ps(w.v[2], _mm256_loadu_ps(x + 16), s.a);
  s.b = _mm256_fmadd_ps(w.v[3], _mm256_loadu_ps(x + 24), s.b);
  return s;
}

// What is left of a row of plain numbers after its whole blocks, padded with zeros; at most 32 columns.
INLINE weights padded(const int type, const uint8_t *row, int64_t column, int64_t count) {
  _Alignas(32) float numbers[32] = {0};
  weights w;
  for (int64_t i = 0; i < count; i++) numbers[i] = ns_plain_at(row, type, column + i);
  UNROLL for (int i = 0; i < 4; i++) w.v[i] = _mm256_load_ps(numbers + 8 * i);
  return w;
}

// Weight rows row_begin ..< row_end times M rows of x from m, R weight rows at a time; the last row is repeated
// where there are fewer.
INLINE void multiply(
    const int type, const int bits, const int R, const int M, const ns_product *p, int64_t row_begin,
    int64_t row_end, int64_t m) {
  const ns_matrix *w = &p->w;
  const int step = is_super(type) ? 8 : 1;
  const int64_t blocks = w->columns / 32, left = w->columns - 32 * blocks;
  const int64_t ahead = (AHEAD / w->row_stride + R) * w->row_stride;
  for (int64_t row = row_begin; row < row_end; row += R) {
    stored rows[MOST];
    sums s[MOST];
    UNROLL for (int r = 0; r < R; r++) rows[r] = stored_row(w, row + r < row_end ? row + r : row_end - 1);
    UNROLL for (int k = 0; k < R * M; k++) s[k] = (sums){_mm256_setzero_ps(), _mm256_setzero_ps()};
    const float *x = p->x + m * p->x_stride;
    const char *later = (const char *)rows[0].data + ahead;
    for (int64_t block = 0; block < blocks; block += step, x += 32 * step) {
      prepared scales[MOST];
      if (is_super(type)) {
        UNROLL for (int r = 0; r < R; r++) prepare(type, rows[r].data + block / 8 * bytes_of_block(type), scales + r);
      }
      UNROLL for (int g = 0; g < step; g++) {
        UNROLL for (int k = 0; k < R * bytes_of_32(type, bits); k += 64) _mm_prefetch(later + k, _MM_HINT_T0);
        later += R * bytes_of_32(type, bits);
        UNROLL for (int r = 0; r < R; r++) {
          const weights v = expand(type, bits, w, rows[r], block + g, g, scales + r);
          UNROLL for (int j = 0; j < M; j++) {
            s[r * M + j] = add_products(s[r * M + j], v, x + j * p->x_stride + 32 * g);
          }
        }
      }
    }
    if (is_plain(type) && left > 0) {
      UNROLL for (int j = 0; j < M; j++) {
        const weights tail = padded(NS_F32, (const uint8_t *)(x + j * p->x_stride), 0, left);
        UNROLL for (int r = 0; r < R; r++) {
          _Alignas(32) float numbers[32];
          const weights v = padded(type, rows[r].data, 32 * blocks, left);
          UNROLL for (int i = 0; i < 4; i++) _mm256_store_ps(numbers + 8 * i, tail.v[i]);
          s[r * M + j] = add_products(s[r * M + j], v, numbers);
        }
      }
    }
    UNROLL for (int r = 0; r < R; r++) {
      if (row + r >= row_end) break;
      UNROLL for (int j = 0; j < M; j++) {
        const float sum = total(s[r * M + j]);
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
  for (int64_t block = column / 32; block < end;) {
    prepared scales;
    if (is_super(type)) prepare(type, from.data + block / 8 * bytes_of_block(type), &scales);
    UNROLL for (int g = 0; g < (is_super(type) ? 8 : 1); g++, block++, out += 32) {
      const weights v = expand(type, bits, w, from, block, g, &scales);
      UNROLL for (int i = 0; i < 4; i++) _mm256_storeu_ps(out + 8 * i, v.v[i]);
    }
  }
}

#include "products.table.h"

void ns_product_avx2(const ns_product *p, int64_t row_begin, int64_t row_end) {
  entry_of(&p->w).product(p, row_begin, row_end);
}

void ns_decode_avx2(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out) {
  entry_of(w).decode(w, row, column, count, out);
}
#pragma clang attribute pop
#endif
