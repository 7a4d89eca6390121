// How rows of each weight type lie in memory: what the kernels that expand them in registers share.
#pragma once
#include "dequantise.h"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

// A row as it lies in memory.
typedef struct stored {
  const uint8_t *data, *scales, *biases;
} stored;

INLINE stored stored_row(const ns_matrix *w, int64_t row) {
  return (stored){w->data + row * w->row_stride, w->scales + row * w->scale_stride,
                  w->biases ? w->biases + row * w->scale_stride : NULL};
}

INLINE int bytes_of_block(int type) {
  switch (type) {
    case NS_Q8_0: return 34;
    case NS_Q4_0: case NS_IQ4_NL: return 18;
    case NS_Q4_1: return 20;
    case NS_Q5_0: return 22;
    case NS_Q5_1: return 24;
    case NS_MXFP4: return 17;
    case NS_Q2_K: return 84;
    case NS_Q3_K: return 110;
    case NS_Q4_K: return 144;
    case NS_Q5_K: return 176;
    case NS_Q6_K: return 210;
    case NS_IQ4_XS: return 136;
    default: return 0;
  }
}

// Types in blocks of 256, which expand eight blocks of 32 at a time.
INLINE int is_super(int type) {
  return type == NS_Q2_K || type == NS_Q3_K || type == NS_Q4_K || type == NS_Q5_K || type == NS_Q6_K
         || type == NS_IQ4_XS;
}

// Bytes (rounded down) of 32 columns, for reckoning where to prefetch.
INLINE int bytes_of_32(int type, int bits) {
  switch (type) {
    case NS_F32: return 128;
    case NS_F16: case NS_BF16: return 64;
    case NS_MXFP4_SPLIT: return 16;
    case NS_AFFINE: return 4 * bits;
    default: return is_super(type) ? bytes_of_block(type) / 8 : bytes_of_block(type);
  }
}
