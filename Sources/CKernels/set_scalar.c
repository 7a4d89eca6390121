// Portable C: the slow twin of every other set, and what NEON machines run (the compiler turns the
// portable vectors into their instructions).
#if defined(__aarch64__)
#define FUSED 1
#else
#define FUSED 0
#endif
#define MASKED 0
#include "vectors.h"

#define DECODE ns_decode_scalar

INLINE void widen_halves(const uint16_t *x, float *y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = ns_float_from_half(x[i]);
}

INLINE void narrow_floats(const float *x, uint16_t *y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = ns_half_from_float(x[i]);
}

#include "rowwise.body.h"
#define DOT_KEYS 4
#define MIX_VECTORS 1
#include "attention.body.h"
#include "measure.body.h"
#define PANEL_VECTORS 1
#define PANEL_HEIGHT 6
#include "panels.body.h"
#include "products.body.h"

const ns_kernels ns_kernels_scalar = {
    .decode = DECODE,
    .product = product_by_decoding,
    .panels = product_by_panels,
    .panel_width = PANEL_WIDTH,
#include "rowwise.table.h"
};
