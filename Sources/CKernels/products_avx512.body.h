// Products for rows that are being decoded, with AVX-512: weights are expanded in registers, once for up to
// eight rows of x, and multiplied in float32.
//
// Every (weight row, x row) pair has one vector of sixteen sums that takes the columns in order, sixteen at a
// time, and is summed in one tree at the end. That alone decides its bits; how many rows share a tile never
// does.
//
// The including file says whether there is VBMI (0 or 1) and switches the target on.
#include <immintrin.h>

#include "weights_avx512.h"

// How many bytes ahead of its reading a row is fetched: the hardware's own prefetching does not follow
// several short rows at once.
#define AHEAD 12288

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

// One row's finished sum goes where it belongs.
INLINE void put(const ns_product *p, int64_t row, int64_t m, float sum) {
  p->y[m * p->y_stride + row] = p->bias ? sum + p->bias[row] : sum;
}

// Rows row ... row + R - 1 of the weights; those at or past row_end repeat the last and are not stored.
INLINE void rows_of(const int R, const ns_matrix *w, int64_t row, int64_t row_end, stored *rows) {
  UNROLL for (int r = 0; r < R; r++) rows[r] = stored_row(w, row + r < row_end ? row + r : row_end - 1);
}

// Prepares `count` blocks of R rows from block `first`. Whole rows that lie one behind the other are one long row.
INLINE void prepare_rows(
    const int type, const int bits, const int R, const ns_matrix *w, const stored *rows, int64_t first,
    int64_t count, gathered *line, prepared *out) {
  const int64_t size = bytes_of_block(type);
  if (is_gathered(type) && count * 32 == w->columns && rows[R - 1].data - rows[0].data == (R - 1) * count * size) {
    gather(type, rows[0], 0, R * count, line);
    prepare(type, bits, w, rows[0], 0, R * count, line, out->s, out->m);
    out->stride = (type == NS_Q4_1 || type == NS_Q5_1 ? 2 : 1) * count;
    return;
  }
  out->stride = 2 * CHUNK;
  UNROLL for (int r = 0; r < R; r++) {
    gather(type, rows[r], first, count, line);
    prepare(type, bits, w, rows[r], first, count, line, out->s + r * 2 * CHUNK, out->m + r * 2 * CHUNK);
  }
}

// Asks for the scales (and biases) of the rows two turns later, of the columns of a chunk: they lie apart from the
// numbers, a short piece for each row.
INLINE void fetch_scales(const int type, const int R, const ns_matrix *w, const stored *rows, int64_t first) {
  if (type != NS_AFFINE && type != NS_MXFP4_SPLIT) return;
  const int size = type == NS_MXFP4_SPLIT ? 1 : w->scale_type == NS_F32 ? 4 : 2;
  const int64_t later = 2 * R * w->scale_stride + first * 32 / w->group * size;
  UNROLL for (int r = 0; r < R; r++) {
    _mm_prefetch((const char *)rows[r].scales + later, _MM_HINT_T0);
    if (type == NS_AFFINE) _mm_prefetch((const char *)rows[r].biases + later, _MM_HINT_T0);
  }
}

// What is left of a row of plain numbers after its whole blocks.
INLINE void multiply_tail(
    const int type, const int R, const int M, const ns_matrix *w, const stored *rows,
    const float *const *x, __m512 *sums) {
  const int64_t done = w->columns / 32 * 32, size = type == NS_F32 ? 4 : 2;
  for (int64_t at = done; at < w->columns; at += 16) {
    const int64_t left = w->columns - at;
    const __mmask16 some = left >= 16 ? 0xffff : (__mmask16)((1 << left) - 1);
    _Alignas(64) float tail[16];
    UNROLL for (int r = 0; r < R; r++) {
      prepare_plain(rows[r].data + at * size, type, left < 16 ? left : 16, tail);
      UNROLL for (int j = 0; j < M; j++) {
        __m512 v = _mm512_maskz_loadu_ps(some, x[j] + at);
        sums[r * M + j] = _mm512_fmadd_ps(_mm512_load_ps(tail), v, sums[r * M + j]);
      }
    }
  }
}

// Weight rows row_begin ..< row_end times M rows of x from m (those at or past `count` repeat the last and
// are not stored), R weight rows at a time.
INLINE void multiply(
    const int type, const int bits, const int R, const int M, const ns_product *p, int64_t row_begin,
    int64_t row_end, int64_t m) {
  const ns_matrix *w = &p->w;
  const int plain = type == NS_F32 || type == NS_F16 || type == NS_BF16;
  const int step = is_super(type) ? 8 : 1;
  const int64_t blocks = w->columns / 32, ahead = (AHEAD / w->row_stride + R) * w->row_stride;
  const float *x[8];
  UNROLL for (int j = 0; j < M; j++) x[j] = p->x + (m + j < p->count ? m + j : p->count - 1) * p->x_stride;

  // Scales are prepared one chunk ahead: they pass through memory, and must not hold up the sums.
  gathered line;
  prepared chunks[2];
  int turn = 0;
  stored rows[ROWS], next[ROWS];
  rows_of(R, w, row_begin, row_end, next);
  if (!plain) {
    prepare_rows(type, bits, R, w, next, 0, blocks < CHUNK ? blocks : CHUNK, &line, &chunks[0]);
  }
  for (int64_t row = row_begin; row < row_end; row += R) {
    __m512 sums[16];
    UNROLL for (int k = 0; k < R * M; k++) sums[k] = _mm512_setzero_ps();
    UNROLL for (int r = 0; r < R; r++) rows[r] = next[r];
    if (row + R < row_end) rows_of(R, w, row + R, row_end, next);
    for (int64_t first = 0; first < blocks; first += CHUNK) {
      const int64_t count = blocks - first < CHUNK ? blocks - first : CHUNK;
      const prepared *chunk = &chunks[turn];
      fetch_scales(type, R, w, rows, first);
      if (!plain) {
        const int last = first + CHUNK >= blocks;
        const int64_t then = last ? 0 : first + CHUNK;
        const int64_t size = blocks - then < CHUNK ? blocks - then : CHUNK;
        if (!last || row + R < row_end) {
          turn ^= 1;
          prepare_rows(type, bits, R, w, last ? next : rows, then, size, &line, &chunks[turn]);
        }
      }
      for (int64_t i = 0; i < count; i += step) {
        UNROLL for (int g = 0; g < step; g++) {
          const int64_t at = 32 * (first + i + g);
          const char *later = (const char *)rows[0].data + ahead + (first + i + g) * R * bytes_of_32(type, bits);
          UNROLL for (int k = 0; k < R * bytes_of_32(type, bits); k += 64) {
            _mm_prefetch(later + k, _MM_HINT_T0);
          }
          UNROLL for (int r = 0; r < R; r++) {
            const int64_t from = plain ? 0 : r * chunk->stride;
            pair v = expand(type, bits, w, rows[r], first, i + g, g, chunk->s + from, chunk->m + from);
            UNROLL for (int j = 0; j < M; j++) {
              sums[r * M + j] = _mm512_fmadd_ps(v.a, _mm512_loadu_ps(x[j] + at), sums[r * M + j]);
            }
            UNROLL for (int j = 0; j < M; j++) {
              sums[r * M + j] = _mm512_fmadd_ps(v.b, _mm512_loadu_ps(x[j] + at + 16), sums[r * M + j]);
            }
          }
        }
      }
    }
    if (plain) multiply_tail(type, R, M, w, rows, x, sums);

    _Alignas(16) float done[16];
    UNROLL for (int k = 0; k < R * M; k += 4) _mm_store_ps(done + k, sums_of_four(sums + k));
    UNROLL for (int r = 0; r < R; r++) {
      if (row + r >= row_end) break;
      UNROLL for (int j = 0; j < M; j++) {
        if (m + j < p->count) put(p, row + r, m + j, done[r * M + j]);
      }
    }
  }
}

// All rows of x in groups of eight, four, two or one, each group times all weight rows. Blocks of 256 are
// unrolled eightfold as they are, so fewer rows go side by side; so they do where a row is wide, since memory follows
// four streams better than eight.
INLINE void product_of(
    const int type, const int bits, const ns_product *p, int64_t row_begin, int64_t row_end) {
  const int less = is_super(type) ? 2 : 1;
  const int is_wide = type == NS_F32 || type == NS_F16 || type == NS_BF16 || type == NS_Q8_0;
  for (int64_t m = 0; m < p->count;) {
    const int64_t left = p->count - m;
    if (left > 4) {
      multiply(type, bits, 2 / less, 8, p, row_begin, row_end, m);
      m += 8;
    } else if (left > 2) {
      multiply(type, bits, 4 / less, 4, p, row_begin, row_end, m);
      m += 4;
    } else if (left > 1) {
      multiply(type, bits, 4 / less, 2, p, row_begin, row_end, m);
      m += 2;
    } else {
      multiply(type, bits, is_wide ? 4 : 8 / less, 1, p, row_begin, row_end, m);
      m += 1;
    }
  }
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
  gathered line;
  prepared chunk;
  for (int64_t first = column / 32; first < (column + count) / 32; first += CHUNK) {
    int64_t blocks = (column + count) / 32 - first;
    if (blocks > CHUNK) blocks = CHUNK;
    gather(type, from, first, blocks, &line);
    prepare(type, bits, w, from, first, blocks, &line, chunk.s, chunk.m);
    for (int64_t i = 0; i < blocks; i += step) {
      UNROLL for (int g = 0; g < step; g++, out += 32) {
        pair v = expand(type, bits, w, from, first, i + g, g, chunk.s, chunk.m);
        _mm512_storeu_ps(out, v.a);
        _mm512_storeu_ps(out + 16, v.b);
      }
    }
  }
}

#include "products.table.h"
