// The kernel table of AVX-512, with VBMI or without; the including file says which (VBMI, TARGET) and how it is NAMED.
#define FUSED 1
#include <immintrin.h>

#include "sets.h"

#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#define MASKED 1
#include "vectors.h"

#define DECODE NAMED(ns_decode)

INLINE void widen_halves(const uint16_t *x, float *y, int64_t n) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + i))));
  }
  for (; i < n; i++) y[i] = ns_float_from_half(x[i]);
}

INLINE void narrow_floats(const float *x, uint16_t *y, int64_t n) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    __m128i h = _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128((__m128i *)(y + i), h);
  }
  for (; i < n; i++) y[i] = ns_half_from_float(x[i]);
}

#include "rowwise.body.h"
#define DOT_KEYS 16
#define MIX_VECTORS 4
#include "attention.body.h"
#include "measure.body.h"
#define PANEL_VECTORS 2
#define PANEL_HEIGHT 14
#include "transpose.h"
#include "panels_avx512.h"
#define FILL_COLUMNS fill_columns
#include "panels.body.h"

const ns_kernels NAMED(ns_kernels) = {
    .decode = DECODE,
    .product = NAMED(ns_product),
    .panels = product_by_panels,
    .panel_width = PANEL_WIDTH,
#include "rowwise.table.h"
};
#pragma clang attribute pop
