// AVX2 with FMA and F16C.
#if defined(__x86_64__)
#define FUSED 1
#include <immintrin.h>

#include "sets.h"

#pragma clang attribute push(__attribute__((target(NS_TARGET_AVX2))), apply_to = function)
#define MASKED 0
#include "vectors.h"

#define DECODE ns_decode_avx2

#include "halves_f16c.h"
#include "rowwise.body.h"
#define DOT_KEYS 4
#define MIX_VECTORS 2
#include "attention.body.h"
#include "measure.body.h"
#define PANEL_VECTORS 1
#define PANEL_HEIGHT 6
#include "panels.body.h"

const ns_kernels ns_kernels_avx2 = {
    .decode = DECODE,
    .arrangement = ns_arrangement_avx2,
    .arrange = ns_arrange_avx2,
    .product = ns_product_avx2,
    .panels = product_by_panels,
    .panel_width = PANEL_WIDTH,
#include "rowwise.table.h"
};
#pragma clang attribute pop
#endif
