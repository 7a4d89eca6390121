// The kernel table of AVX-512, with VBMI or without; the including file says which (VBMI, TARGET) and how it is NAMED.
#define FUSED 1
#include <immintrin.h>

#include "sets.h"

#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#define MASKED 1
#include "vectors.h"

#define DECODE NAMED(ns_decode)

#include "halves_f16c.h"
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
