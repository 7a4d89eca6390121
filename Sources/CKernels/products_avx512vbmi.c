// Products for AVX-512 with VBMI besides (Ice Lake, Zen 4 and later): the types whose codes it spreads faster; the others
// are those of products_avx512.c.
#if defined(__x86_64__)
#include <immintrin.h>

#include "sets.h"

#pragma clang attribute push(__attribute__((target(NS_TARGET_AVX512_VBMI))), apply_to = function)
#define VBMI 1
#define BLOCK_TYPES(X) X(mxfp4, NS_MXFP4, 0) X(mxfp4_split, NS_MXFP4_SPLIT, 0)
#define AFFINE_WIDTHS(X) \
  X(affine2, NS_AFFINE, 2) X(affine3, NS_AFFINE, 3) X(affine4, NS_AFFINE, 4) X(affine5, NS_AFFINE, 5) X(affine6, NS_AFFINE, 6)
#include "products_avx512.body.h"

static int is_ours(const ns_matrix *w) {
  return w->type == NS_MXFP4 || w->type == NS_MXFP4_SPLIT || (w->type == NS_AFFINE && w->bits < 8);
}

void ns_product_avx512vbmi(const ns_product *p, int64_t row_begin, int64_t row_end) {
  if (!is_ours(&p->w)) return ns_product_avx512(p, row_begin, row_end);
  entry_of(&p->w).product(p, row_begin, row_end);
}

void ns_decode_avx512vbmi(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out) {
  if (!is_ours(w)) return ns_decode_avx512(w, row, column, count, out);
  entry_of(w).decode(w, row, column, count, out);
}
#pragma clang attribute pop
#endif
