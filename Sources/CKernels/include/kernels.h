// The C kernels: they allocate nothing, keep no state, and never see a shape they were not told.
// Every pointer is borrowed for the call. Rows are outputs, columns inputs: y[r] = sum_c w[r][c] x[c].
#pragma once
#include <stddef.h>
#include <stdint.h>

// How the numbers of a weight matrix are stored. The values are ours; `ElementType.swift` mirrors them.
enum ns_type {
  NS_F32 = 0,
  NS_F16 = 1,
  NS_BF16 = 2,
  NS_Q8_0 = 3,    // ggml blocks: the scale (and minimum) lies in front of the block's numbers
  NS_Q4_0 = 4,
  NS_Q4_1 = 5,
  NS_Q5_0 = 6,
  NS_Q5_1 = 7,
  NS_Q2_K = 8,
  NS_Q3_K = 9,
  NS_Q4_K = 10,
  NS_Q5_K = 11,
  NS_Q6_K = 12,
  NS_IQ4_NL = 13,
  NS_IQ4_XS = 14,
  NS_MXFP4 = 15,  // ggml: 17 bytes a block, low nibbles are elements 0 to 15
  NS_AFFINE = 16, // MLX: a row's codes are one little-endian bit stream; value = scale * code + bias
  NS_MXFP4_SPLIT = 17, // OpenAI and MLX: blocks and scales apart, low nibble is the even element
};

// A weight matrix as it lies in its file. Lengths were checked when it was made (`WeightMatrix`).
typedef struct ns_matrix {
  int32_t type;        // enum ns_type
  int32_t bits;        // NS_AFFINE: 2, 3, 4, 5, 6 or 8
  int32_t group;       // NS_AFFINE: columns that share a scale; NS_MXFP4_SPLIT: 32
  int32_t scale_type;  // NS_AFFINE: NS_F32, NS_F16 or NS_BF16
  int64_t rows, columns;
  int64_t row_stride;    // bytes from one row's numbers to the next row's
  int64_t scale_stride;  // bytes from one row's scales to the next row's
  const uint8_t *data;
  const uint8_t *scales;  // NS_AFFINE, NS_MXFP4_SPLIT
  const uint8_t *biases;  // NS_AFFINE: the quantiser's, not the layer's
} ns_matrix;
