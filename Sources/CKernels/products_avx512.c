// Products for rows that are being decoded, with AVX-512: weights are expanded in registers, once for up to
// eight rows of x, and multiplied in float32.
//
// Every (weight row, x row) pair has two accumulators, one for columns 0 ... 15 and one for 16 ... 31 of each
// block of 32, taken in order and summed in one tree. That is all that decides its bits: how many rows share a
// tile never does.
#if defined(__x86_64__)
#include <immintrin.h>

#include "sets.h"

#pragma clang attribute push(__attribute__((target(NS_TARGET_AVX512))), apply_to = function)
#include "weights_avx512.h"

#define UNROLL _Pragma("clang loop unroll(full)")

// The sums of four vectors, each in the same tree.
INLINE __m128 sums_of_four(const __m512 *v) {
  __m128 q[4];
  UNROLL for (int i = 0; i < 4; i++) {
    __m256 h = _mm256_add_ps(_mm512_castps512_ps256(v[i]), _mm512_extractf32x8_ps(v[i], 1));
    q[i] = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  }
  __m128 ab = _mm_add_ps(_mm_unpacklo_ps(q[0], q[1]), _mm_unpackhi_ps(q[0], q[1]));
  __m128 cd = _mm_add_ps(_mm_unpacklo_ps(q[2], q[3]), _mm_unpackhi_ps(q[2], q[3]));
  return _mm_add_ps(_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab));
}

// R weight rows from `row` (those at or past row_end repeat the last and are not stored) times M rows of x
// (those at or past `count` likewise).
INLINE void tile(
    const int type, const int bits, const int R, const int M, const ns_product *p, int64_t row,
    int64_t row_end, int64_t m) {
  const ns_matrix *w = &p->w;
  stored rows[4];
  const float *x[8];
  __m512 even[8], odd[8];
  prepared chunk[4];
  UNROLL for (int r = 0; r < R; r++) rows[r] = stored_row(w, row + r < row_end ? row + r : row_end - 1);
  UNROLL for (int j = 0; j < M; j++) x[j] = p->x + (m + j < p->count ? m + j : p->count - 1) * p->x_stride;
  UNROLL for (int k = 0; k < R * M; k++) even[k] = odd[k] = _mm512_setzero_ps();

  const int plain = type == NS_F32 || type == NS_F16 || type == NS_BF16;
  const int step = is_super(type) ? 8 : 1;
  const int64_t blocks = w->columns / 32;
  for (int64_t first = 0; first < blocks; first += CHUNK) {
    int64_t count = blocks - first < CHUNK ? blocks - first : CHUNK;
    if (!plain) {
      UNROLL for (int r = 0; r < R; r++) prepare(type, w, rows[r], first, count, &chunk[r]);
    }
    for (int64_t i = 0; i < count; i += step) {
      UNROLL for (int g = 0; g < step; g++) {
        const int64_t at = 32 * (first + i + g);
        UNROLL for (int r = 0; r < R; r++) {
          pair v = expand(type, bits, w, rows[r], first, i + g, g, &chunk[r]);
          UNROLL for (int j = 0; j < M; j++) {
            even[r * M + j] = _mm512_fmadd_ps(v.a, _mm512_loadu_ps(x[j] + at), even[r * M + j]);
            odd[r * M + j] = _mm512_fmadd_ps(v.b, _mm512_loadu_ps(x[j] + at + 16), odd[r * M + j]);
          }
        }
      }
    }
  }
  const int64_t done = 32 * blocks;
  if (plain && done < w->columns) {  // only plain types end inside a block
    const int64_t left = w->columns - done;
    const __mmask16 low = left >= 16 ? 0xffff : (__mmask16)((1 << left) - 1);
    const __mmask16 high = left > 16 ? (__mmask16)((1 << (left - 16)) - 1) : 0;
    _Alignas(64) float tail[32];
    UNROLL for (int r = 0; r < R; r++) {
      prepare_plain(rows[r].data + done * (type == NS_F32 ? 4 : 2), type, left, tail);
      UNROLL for (int j = 0; j < M; j++) {
        __m512 a = _mm512_maskz_loadu_ps(low, x[j] + done), b = _mm512_maskz_loadu_ps(high, x[j] + done + 16);
        even[r * M + j] = _mm512_fmadd_ps(_mm512_maskz_load_ps(low, tail), a, even[r * M + j]);
        odd[r * M + j] = _mm512_fmadd_ps(_mm512_maskz_load_ps(high, tail + 16), b, odd[r * M + j]);
      }
    }
  }

  _Alignas(16) float sums[8];
  UNROLL for (int k = 0; k < R * M; k++) even[k] = _mm512_add_ps(even[k], odd[k]);
  UNROLL for (int k = 0; k < R * M; k += 4) _mm_store_ps(sums + k, sums_of_four(even + k));
  UNROLL for (int r = 0; r < R; r++) {
    if (row + r >= row_end) break;
    const float offset = p->bias ? p->bias[row + r] : 0.f;
    UNROLL for (int j = 0; j < M; j++) {
      if (m + j < p->count) p->y[(m + j) * p->y_stride + row + r] = sums[r * M + j] + offset;
    }
  }
}

// All rows of x in groups of eight, four, two, one, each group over all weight rows.
INLINE void product_of(
    const int type, const int bits, const ns_product *p, int64_t row_begin, int64_t row_end) {
  for (int64_t m = 0; m < p->count;) {
    const int64_t left = p->count - m;
    if (left > 4) {
      for (int64_t r = row_begin; r < row_end; r += 1) tile(type, bits, 1, 8, p, r, row_end, m);
      m += 8;
    } else if (left > 2) {
      for (int64_t r = row_begin; r < row_end; r += 2) tile(type, bits, 2, 4, p, r, row_end, m);
      m += 4;
    } else if (left > 1) {
      for (int64_t r = row_begin; r < row_end; r += 2) tile(type, bits, 2, 2, p, r, row_end, m);
      m += 2;
    } else {
      for (int64_t r = row_begin; r < row_end; r += 4) tile(type, bits, 4, 1, p, r, row_end, m);
      m += 1;
    }
  }
}

#define PRODUCT(name, type, bits)                                                          \
  static void product_##name(const ns_product *p, int64_t row_begin, int64_t row_end) { \
    product_of(type, bits, p, row_begin, row_end);                                       \
  }                                                                                        \
  static void decode_##name(                                                               \
      const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out) {        \
    decode_of(type, bits, w, row, column, count, out);                                     \
  }

INLINE void decode_of(
    const int type, const int bits, const ns_matrix *w, int64_t row, int64_t column, int64_t count,
    float *out) {
  const stored from = stored_row(w, row);
  const int step = is_super(type) ? 8 : 1;
  const int plain = type == NS_F32 || type == NS_F16 || type == NS_BF16;
  if (plain) {
    const int size = type == NS_F32 ? 4 : 2;
    for (int64_t i = 0; i < count; i += 16) {
      const int64_t n = count - i < 16 ? count - i : 16;
      _Alignas(64) float lanes[16];
      prepare_plain(from.data + (column + i) * size, type, n, lanes);
      _mm512_mask_storeu_ps(out + i, (__mmask16)((1 << n) - 1), _mm512_load_ps(lanes));
    }
    return;
  }
  prepared chunk;
  for (int64_t first = column / 32; first < (column + count) / 32; first += CHUNK) {
    int64_t blocks = (column + count) / 32 - first;
    if (blocks > CHUNK) blocks = CHUNK;
    prepare(type, w, from, first, blocks, &chunk);
    for (int64_t i = 0; i < blocks; i += step) {
      UNROLL for (int g = 0; g < step; g++, out += 32) {
        pair v = expand(type, bits, w, from, first, i + g, g, &chunk);
        _mm512_storeu_ps(out, v.a);
        _mm512_storeu_ps(out + 16, v.b);
      }
    }
  }
}

#define BLOCK_TYPES(X)                                                                         \
  X(f32, NS_F32, 0) X(f16, NS_F16, 0) X(bf16, NS_BF16, 0) X(q8_0, NS_Q8_0, 0)                  \
  X(q4_0, NS_Q4_0, 0) X(q4_1, NS_Q4_1, 0) X(q5_0, NS_Q5_0, 0) X(q5_1, NS_Q5_1, 0)              \
  X(q2_k, NS_Q2_K, 0) X(q3_k, NS_Q3_K, 0) X(q4_k, NS_Q4_K, 0) X(q5_k, NS_Q5_K, 0)              \
  X(q6_k, NS_Q6_K, 0) X(iq4_nl, NS_IQ4_NL, 0) X(iq4_xs, NS_IQ4_XS, 0) X(mxfp4, NS_MXFP4, 0)    \
  X(mxfp4_split, NS_MXFP4_SPLIT, 0)
#define AFFINE_WIDTHS(X)                                                                       \
  X(affine2, NS_AFFINE, 2) X(affine3, NS_AFFINE, 3) X(affine4, NS_AFFINE, 4)                   \
  X(affine5, NS_AFFINE, 5) X(affine6, NS_AFFINE, 6) X(affine8, NS_AFFINE, 8)

BLOCK_TYPES(PRODUCT)
AFFINE_WIDTHS(PRODUCT)

typedef struct entry {
  void (*product)(const ns_product *, int64_t, int64_t);
  void (*decode)(const ns_matrix *, int64_t, int64_t, int64_t, float *);
} entry;

static entry entry_of(const ns_matrix *w) {
  static const entry by_type[] = {
#define ENTRY(name, type, bits) [type] = {product_##name, decode_##name},
      BLOCK_TYPES(ENTRY)
  };
  static const entry by_bits[] = {
#undef ENTRY
#define ENTRY(name, type, bits) [bits] = {product_##name, decode_##name},
      AFFINE_WIDTHS(ENTRY)
  };
  return w->type == NS_AFFINE ? by_bits[w->bits] : by_type[w->type];
}

void ns_product_avx512(const ns_product *p, int64_t row_begin, int64_t row_end) {
  entry_of(&p->w).product(p, row_begin, row_end);
}

void ns_decode_avx512(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out) {
  entry_of(w).decode(w, row, column, count, out);
}
#pragma clang attribute pop
#endif
