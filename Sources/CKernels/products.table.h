// One product and one decoding for every weight type, from the including file's product_of and decode_of, and the
// table that finds them.

#define PRODUCT(name, type, bits)                                                          \
  static void product_##name(const ns_product *p, int64_t row_begin, int64_t row_end) { \
    product_of(type, bits, p, row_begin, row_end);                                       \
  }                                                                                        \
  static void decode_##name(                                                               \
      const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out) {        \
    decode_of(type, bits, w, row, column, count, out);                                     \
  }

#ifndef BLOCK_TYPES  // a file may have fewer
#define BLOCK_TYPES(X)                                                                         \
  X(f32, NS_F32, 0) X(f16, NS_F16, 0) X(bf16, NS_BF16, 0) X(q8_0, NS_Q8_0, 0)                  \
  X(q4_0, NS_Q4_0, 0) X(q4_1, NS_Q4_1, 0) X(q5_0, NS_Q5_0, 0) X(q5_1, NS_Q5_1, 0)              \
  X(q2_k, NS_Q2_K, 0) X(q3_k, NS_Q3_K, 0) X(q4_k, NS_Q4_K, 0) X(q5_k, NS_Q5_K, 0)              \
  X(q6_k, NS_Q6_K, 0) X(iq4_nl, NS_IQ4_NL, 0) X(iq4_xs, NS_IQ4_XS, 0) X(mxfp4, NS_MXFP4, 0)    \
  X(mxfp4_split, NS_MXFP4_SPLIT, 0)
#define AFFINE_WIDTHS(X)                                                                       \
  X(affine2, NS_AFFINE, 2) X(affine3, NS_AFFINE, 3) X(affine4, NS_AFFINE, 4)                   \
  X(affine5, NS_AFFINE, 5) X(affine6, NS_AFFINE, 6) X(affine8, NS_AFFINE, 8)
#endif

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
