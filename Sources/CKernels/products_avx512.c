// Products for AVX-512 with F, BW, DQ and VL: Skylake-X, Cascade Lake and later.
#if defined(__x86_64__)
#include <immintrin.h>

#include "sets.h"

#pragma clang attribute push(__attribute__((target(NS_TARGET_AVX512))), apply_to = function)
#define VBMI 0
#include "products_avx512.body.h"

void ns_product_avx512(const ns_product *p, int64_t row_begin, int64_t row_end) {
  entry_of(&p->w).product(p, row_begin, row_end);
}

void ns_decode_avx512(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out) {
  entry_of(w).decode(w, row, column, count, out);
}
#pragma clang attribute pop
#endif
