// Panels in bfloat16: as panels.body.h, with two columns to a lane, for processors with AVX512-BF16.
#if defined(__x86_64__)
#include <immintrin.h>

#include "sets.h"

#pragma clang attribute push(__attribute__((target(NS_TARGET_AVX512 ",avx512bf16"))), apply_to = function)
#define FUSED 1
#define MASKED 1
#include "transpose.h"

#define WIDTH 32     // weight rows in a panel, two vectors
#define HEIGHT 14    // rows of x in a tile
#define DEPTH 2048   // columns decoded at a time
#define SLICE 256    // columns transposed at a time

_Static_assert(WIDTH * DEPTH / 2 <= NS_PANEL_SCRATCH, "the panel must fit its scratch");

INLINE __m512i narrowed(v16 v) {
  return _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)v));
}

static int32_t takes(const ns_matrix *w) {
  (void)w;
  return 1;
}

static int64_t rounded_bytes(int64_t n) { return (n + 31) / 32 * 64; }

// One zero behind where n is odd.
static void narrow(const float *x, void *to, int64_t n) {
  uint16_t *y = to;
  for (int64_t i = 0; i < n; i += 16) {
    const int64_t left = n - i < 16 ? n - i : 16;
    const __mmask16 read = (__mmask16)((1 << left) - 1), write = (__mmask16)((1 << (left + left % 2)) - 1);
    _mm256_mask_storeu_epi16(y + i, write, (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(read, x + i)));
  }
}

// Columns column ..< column + depth of up to WIDTH rows, as [depth / 2, WIDTH, 2]; missing rows repeat the last,
// a missing last column is zero.
static void fill_panel(
    const ns_matrix *w, int64_t row, int64_t rows, int64_t column, int64_t depth, int32_t *panel) {
  _Alignas(64) float slice[16][SLICE];
  for (int64_t s = 0; s < WIDTH; s += 16) {
    for (int64_t k = 0; k < depth; k += SLICE) {
      const int64_t n = depth - k < SLICE ? depth - k : SLICE;
      for (int64_t r = 0; r < 16; r++) {
        ns_decode_avx512(w, s + r < rows ? row + s + r : row + rows - 1, column + k, n, slice[r]);
        if (n % 2) slice[r][n] = 0.f;
      }
      for (int64_t i = 0; i < n; i += 16) {
        v16 v[16];
        EACH for (int r = 0; r < 16; r++) v[r] = v_load(slice[r] + i);
        transpose(v);
        int32_t *to = panel + (k + i) / 2 * WIDTH + s;
        const int64_t pairs = n - i < 16 ? (n - i + 1) / 2 : 8;
        __m512i joined[8];
        EACH for (int c = 0; c < 8; c++) {
          joined[c] = _mm512_or_si512(narrowed(v[2 * c]), _mm512_slli_epi32(narrowed(v[2 * c + 1]), 16));
        }
        for (int64_t c = 0; c < pairs; c++) _mm512_storeu_si512(to + c * WIDTH, joined[c]);
      }
    }
  }
}

INLINE void tile(
    const int height, const uint16_t *x, int64_t x_stride, const int32_t *panel, int64_t pairs, float *y,
    int64_t y_stride, int64_t rows, const float *bias, int add) {
  __m512 sums[HEIGHT][2];
  EACH for (int j = 0; j < height; j++) sums[j][0] = sums[j][1] = _mm512_setzero_ps();
  for (int64_t k = 0; k < pairs; k++, panel += WIDTH) {
    const __m512bh a = (__m512bh)_mm512_loadu_si512(panel), b = (__m512bh)_mm512_loadu_si512(panel + 16);
    EACH for (int j = 0; j < height; j++) {
      int32_t two;
      memcpy(&two, x + j * x_stride + 2 * k, 4);
      const __m512bh value = (__m512bh)_mm512_set1_epi32(two);
      sums[j][0] = _mm512_dpbf16_ps(sums[j][0], value, a);
      sums[j][1] = _mm512_dpbf16_ps(sums[j][1], value, b);
    }
  }
  EACH for (int j = 0; j < height; j++) {
    EACH for (int s = 0; s < 2; s++) {
      const int64_t n = rows - 16 * s;
      if (n <= 0) continue;
      const __mmask16 some = n >= 16 ? 0xffff : (__mmask16)((1 << n) - 1);
      float *to = y + j * y_stride + 16 * s;
      __m512 v = sums[j][s];
      if (add) v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(some, to));
      if (bias) v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(some, bias + 16 * s));
      _mm512_mask_storeu_ps(to, some, v);
    }
  }
}

#define TILE_OF(height)                                                                                  \
  static void tile_##height(                                                                             \
      const uint16_t *x, int64_t x_stride, const int32_t *panel, int64_t pairs, float *y,                \
      int64_t y_stride, int64_t rows, const float *bias, int add) {                                      \
    tile(height, x, x_stride, panel, pairs, y, y_stride, rows, bias, add);                               \
  }

TILE_OF(1) TILE_OF(2) TILE_OF(3) TILE_OF(4) TILE_OF(5) TILE_OF(6) TILE_OF(7)
TILE_OF(8) TILE_OF(9) TILE_OF(10) TILE_OF(11) TILE_OF(12) TILE_OF(13) TILE_OF(14)

static void (*const tiles[HEIGHT + 1])(
    const uint16_t *, int64_t, const int32_t *, int64_t, float *, int64_t, int64_t, const float *, int) = {
    0, tile_1, tile_2, tile_3, tile_4, tile_5, tile_6, tile_7,
    tile_8, tile_9, tile_10, tile_11, tile_12, tile_13, tile_14,
};

static void panels(
    const ns_product *p, int64_t row_begin, int64_t row_end, int64_t m_begin, int64_t m_end, float *scratch) {
  const ns_matrix *w = &p->w;
  const uint16_t *x = p->x_rounded;
  const int64_t x_stride = p->x_rounded_stride / 2;
  int32_t *panel = (int32_t *)scratch;
  const int64_t count = m_end - m_begin, parts = (count + HEIGHT - 1) / HEIGHT;
  for (int64_t row = row_begin; row < row_end; row += WIDTH) {
    const int64_t rows = row_end - row < WIDTH ? row_end - row : WIDTH;
    for (int64_t column = 0; column < w->columns; column += DEPTH) {
      const int64_t left = w->columns - column, depth = left < DEPTH ? left : DEPTH;
      fill_panel(w, row, rows, column, depth, panel);
      const float *bias = p->bias && left == depth ? p->bias + row : NULL;
      for (int64_t t = 0; t < parts; t++) {  // tiles of nearly equal height
        const int64_t m = m_begin + count * t / parts, height = m_begin + count * (t + 1) / parts - m;
        tiles[height](
            x + m * x_stride + column, x_stride, panel, (depth + 1) / 2,
            p->y + m * p->y_stride + row, p->y_stride, rows, bias, column > 0);
      }
    }
  }
}

const ns_fast ns_fast_bf16 = {
    .takes = takes, .rounded_bytes = rounded_bytes, .round = narrow, .panels = panels};
#pragma clang attribute pop
#endif
