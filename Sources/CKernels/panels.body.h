// Products of many rows of x (a prompt's chunk): a panel of weight rows is decoded and transposed once, then
// multiplied with all rows of x in tiles whose sums stay in registers. Compiled once for every instruction set.
//
// The including file sets PANEL_VECTORS (vectors of sixteen weight rows in a panel) and PANEL_HEIGHT (rows of x
// in a tile) so that a tile's sums, a column of the panel and one broadcast number fill the registers. It may set
// FILL_COLUMNS to what fills sixteen rows' part of a panel for some types by a shorter way.

#include "transpose.h"

#define PANEL_WIDTH (16 * PANEL_VECTORS)
#define PANEL_DEPTH 2048  // columns decoded at a time; the panel then stays in the second-level cache
#define SLICE 256         // columns transposed at a time: whole blocks of every type
#define FETCH 131072      // most bytes asked for ahead, for the same cache

_Static_assert(PANEL_WIDTH * PANEL_DEPTH <= NS_PANEL_SCRATCH, "the panel must fit its scratch");

// Columns column ..< column + depth of up to PANEL_WIDTH rows, as [depth, PANEL_WIDTH]; missing rows repeat the
// last.
static void fill_panel(
    const ns_matrix *w, int64_t row, int64_t rows, int64_t column, int64_t depth, float *panel) {
  _Alignas(64) float slice[16][SLICE];
  for (int64_t s = 0; s < PANEL_VECTORS; s++) {
    int64_t from[16];
    for (int64_t r = 0; r < 16; r++) from[r] = 16 * s + r < rows ? row + 16 * s + r : row + rows - 1;
#ifdef FILL_COLUMNS
    if (FILL_COLUMNS(w, from, column, depth, panel + 16 * s, PANEL_WIDTH)) continue;
#endif
    for (int64_t k = 0; k < depth; k += SLICE) {
      int64_t n = depth - k < SLICE ? depth - k : SLICE;
      for (int64_t r = 0; r < 16; r++) DECODE(w, from[r], column + k, n, slice[r]);
      for (int64_t i = 0; i < n; i += 16) {
        v16 v[16];
        EACH for (int r = 0; r < 16; r++) v[r] = v_load(slice[r] + i);
        transpose(v);
        float *to = panel + (k + i) * PANEL_WIDTH + 16 * s;
        if (n - i >= 16) {
          EACH for (int r = 0; r < 16; r++) v_store(to + r * PANEL_WIDTH, v[r]);
        } else {
          for (int r = 0; r < n - i; r++) v_store(to + r * PANEL_WIDTH, v[r]);
        }
      }
    }
  }
}

// `height` rows of x times a panel. `add`: y already holds the sums of the columns before.
INLINE void panel_tile(
    const int height, const float *x, int64_t x_stride, const float *panel, int64_t depth, float *y,
    int64_t y_stride, int64_t rows, const float *bias, int add) {
  v16 sums[PANEL_HEIGHT][PANEL_VECTORS];
  EACH for (int j = 0; j < height; j++) {
    EACH for (int s = 0; s < PANEL_VECTORS; s++) sums[j][s] = v_all(0.f);
  }
  for (int64_t k = 0; k < depth; k++, panel += PANEL_WIDTH) {
    v16 w[PANEL_VECTORS];
    EACH for (int s = 0; s < PANEL_VECTORS; s++) w[s] = v_load(panel + 16 * s);
    EACH for (int j = 0; j < height; j++) {
      v16 value = v_all(x[j * x_stride + k]);
      EACH for (int s = 0; s < PANEL_VECTORS; s++) sums[j][s] = v_fma(value, w[s], sums[j][s]);
    }
  }
  EACH for (int j = 0; j < height; j++) {
    EACH for (int s = 0; s < PANEL_VECTORS; s++) {
      const int64_t n = rows - 16 * s;
      float *to = y + j * y_stride + 16 * s;
      v16 v = sums[j][s];
      if (n >= 16) {
        if (add) v += v_load(to);
        if (bias) v += v_load(bias + 16 * s);
        v_store(to, v);
      } else if (n > 0) {
        if (add) v += v_load_some(to, n, 0.f);
        if (bias) v += v_load_some(bias + 16 * s, n, 0.f);
        v_store_some(to, v, n);
      }
    }
  }
}

#define TILE_OF(height)                                                                                    \
  static void panel_tile_##height(                                                                         \
      const float *x, int64_t x_stride, const float *panel, int64_t depth, float *y, int64_t y_stride,    \
      int64_t rows, const float *bias, int add) {                                                         \
    panel_tile(height, x, x_stride, panel, depth, y, y_stride, rows, bias, add);                           \
  }

TILE_OF(1) TILE_OF(2) TILE_OF(3) TILE_OF(4) TILE_OF(5) TILE_OF(6)
#if PANEL_HEIGHT == 14
TILE_OF(7) TILE_OF(8) TILE_OF(9) TILE_OF(10) TILE_OF(11) TILE_OF(12) TILE_OF(13) TILE_OF(14)
#endif

static void (*const panel_tiles[PANEL_HEIGHT + 1])(
    const float *, int64_t, const float *, int64_t, float *, int64_t, int64_t, const float *, int) = {
    0, panel_tile_1, panel_tile_2, panel_tile_3, panel_tile_4, panel_tile_5, panel_tile_6,
#if PANEL_HEIGHT == 14
    panel_tile_7, panel_tile_8, panel_tile_9, panel_tile_10, panel_tile_11, panel_tile_12, panel_tile_13,
    panel_tile_14,
#endif
};

// Asks for the weights of the next panel while this one is multiplied: decoding reads many short pieces, which the
// hardware's own prefetching does not follow.
static void fetch_panel(const ns_matrix *w, int64_t row) {
  if (row >= w->rows) return;
  const int64_t rows = w->rows - row < PANEL_WIDTH ? w->rows - row : PANEL_WIDTH;
  const uint8_t *from = w->data + row * w->row_stride;
  const int64_t bytes = rows * w->row_stride < FETCH ? rows * w->row_stride : FETCH;
  for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(from + i, 0, 2);
}

// Rows of x in a tile at most: where they lie a multiple of 4 KiB apart, all have one set of lines of the first-level
// cache, mostly eight, and more rows would push each other out. What a row's sums are does not depend on it.
static int64_t tile_height(const ns_product *p) {
  return PANEL_HEIGHT > 7 && p->x_stride % 1024 == 0 ? 7 : PANEL_HEIGHT;
}

static void product_by_panels(
    const ns_product *p, int64_t row_begin, int64_t row_end, int64_t m_begin, int64_t m_end, float *scratch) {
  const ns_matrix *w = &p->w;
  const int64_t count = m_end - m_begin, most = tile_height(p), tiles = (count + most - 1) / most;
  for (int64_t row = row_begin; row < row_end; row += PANEL_WIDTH) {
    const int64_t rows = row_end - row < PANEL_WIDTH ? row_end - row : PANEL_WIDTH;
    for (int64_t column = 0; column < w->columns; column += PANEL_DEPTH) {
      const int64_t left = w->columns - column, depth = left < PANEL_DEPTH ? left : PANEL_DEPTH;
      fill_panel(w, row, rows, column, depth, scratch);
      if (left == depth) fetch_panel(w, row + PANEL_WIDTH);
      const float *bias = p->bias && left == depth ? p->bias + row : NULL;
      for (int64_t t = 0; t < tiles; t++) {  // tiles of nearly equal height
        const int64_t m = m_begin + count * t / tiles, height = m_begin + count * (t + 1) / tiles - m;
        panel_tiles[height](
            p->x + m * p->x_stride + column, p->x_stride, scratch, depth, p->y + m * p->y_stride + row,
            p->y_stride, rows, bias, column > 0);
      }
    }
  }
}
