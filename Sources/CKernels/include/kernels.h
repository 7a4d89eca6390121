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

// Decoding and products ---------------------------------------------------------------------------------

// Floats of 32 arranged columns of x: the columns, and eight sums of them.
#define NS_ARRANGED 40

// One product y[m][r] = sum_c w[r][c] x[m][c] (+ bias[r]), borrowed for one run. Strides are in floats.
typedef struct ns_product {
  ns_matrix w;
  const float *x;  // [count, w.columns]
  int64_t x_stride;
  float *y;  // [count, w.rows]
  int64_t y_stride;
  const float *bias;  // [w.rows] or NULL
  int64_t count;
  const void *x_rounded;     // for `ns_fast`: x as its `round` makes it
  int64_t x_rounded_stride;  // in bytes
  const float *x_arranged;   // for `ns_kernels.product`: x as `arrange` makes it, where the set arranges this matrix
  int64_t x_arranged_stride; // in floats
} ns_product;

// Rotary position embedding of one row `[heads, head_dim]`, in place: pairs (i, i + rotary_dim / 2) turn.
typedef struct ns_rotation {
  int64_t heads, head_dim, rotary_dim;  // only the first rotary_dim of a head turn
  const float *cosines, *sines;         // [positions, rotary_dim / 2], attention factor included
} ns_rotation;

// One layer's keys and values of one session, in pages; inside a page `[kv_heads, page_length, head_dim]`.
typedef struct ns_pages {
  void *const *keys, *const *values;  // one pointer a page
  int64_t page_length, kv_heads, head_dim;
  int32_t type;  // NS_F32 or NS_F16
} ns_pages;

// Attention of one segment's rows over its pages. Row i stands at position first_position + i and sees the
// keys max(0, p - window + 1) ... p (window 0: all). Strides are in floats.
typedef struct ns_attention {
  ns_pages pages;
  const float *q;  // [rows, heads * head_dim]
  int64_t q_stride, rows, first_position, heads;
  float *z;  // [rows, heads * head_dim]
  int64_t z_stride;
  float scale;
  float softcap;       // 0: none; else score = softcap * tanh(score / softcap)
  int64_t window;      // 0: all earlier keys
  const float *sinks;  // [heads] or NULL: a logit that joins the soft maximum, its column then dropped
  float *scores;       // [heads, rows, keys_stride] or NULL
  float *pattern;      // [heads, rows, keys_stride] or NULL
  int64_t keys_stride;
  float *sink_shares;  // [rows, heads] or NULL: what of each row's soft maximum the sink took
} ns_attention;

// Which part of attention a call does; the fused form does all three with the same arithmetic.
// NS_GATHER ends the mix where the shared form does it in parts.
enum ns_stage { NS_SCORES = 1, NS_SOFTMAX = 2, NS_MIX = 4, NS_GATHER = 8 };

// Floats of scratch that a thread needs for `panels`.
#define NS_PANEL_SCRATCH (32 * 2048)

// The functions of a feed-forward part: x sigmoid(x), GELU by its error function, by tanh, by
// sigmoid(1.702 x), and the positive part.
typedef enum { NS_SILU, NS_GELU, NS_GELU_TANH, NS_QUICK_GELU, NS_RELU } ns_activation;

// One instruction set's implementation of everything. Every function works on rows it is told, in a fixed
// order of additions: a row's bits never depend on its neighbours or on how the work was split.
typedef struct ns_kernels {
  // out[0 ..< count] = numbers column ..< column + count of a row; both are whole blocks of the type.
  void (*decode)(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out);
  // How `product` wants rows of x for these weights: 0 as they are, else as `arrange` makes them. NULL: always as they
  // are.
  int32_t (*arrangement)(const ns_matrix *w);
  // One row of n columns, a multiple of 32, as an arrangement has it: NS_ARRANGED floats for each 32.
  void (*arrange)(int32_t arrangement, const float *x, float *out, int64_t n);
  // The weight rows row_begin ..< row_end of a product, for all rows of x.
  void (*product)(const ns_product *p, int64_t row_begin, int64_t row_end);
  // The same for rows m_begin ..< m_end of x only and many of them: tiles, in another order of additions.
  // row_begin is best a multiple of panel_width. `scratch` holds NS_PANEL_SCRATCH floats.
  void (*panels)(
      const ns_product *p, int64_t row_begin, int64_t row_end, int64_t m_begin, int64_t m_end,
      float *scratch);
  int64_t panel_width;  // weight rows that one panel decodes

  void (*rms_norm)(const float *x, const float *weight, float epsilon, float *y, int64_t n);
  void (*layer_norm)(
      const float *x, const float *weight, const float *bias, float epsilon, float *y, int64_t n);
  void (*add)(float *x, const float *y, int64_t n);               // x += y
  void (*scale)(float *x, float factor, int64_t n);               // x *= factor
  // y = f(x) * factor; factor may be NULL for ones.
  void (*activate)(
      ns_activation function, const float *x, const float *factor, float *y, int64_t n);
  void (*soft_cap)(float *x, float cap, int64_t n);               // x = cap tanh(x / cap)
  void (*clamped_gate)(
      const float *gate, const float *up, float limit, float alpha, float *y, int64_t n);
  void (*rotate)(const ns_rotation *r, float *x, int64_t position);
  // out[i] = sum of |whole - factors[i] * part i| for `count` parts of n numbers, `stride` apart.
  void (*distances)(
      const float *whole, const float *parts, int64_t stride, const float *factors, int64_t count,
      float *out, int64_t n);

  // The soft maximum of factor * x, the logarithm of its denominator, the first largest.
  void (*softmax)(const float *x, float factor, float *y, int64_t n);
  float (*log_sum_exp)(const float *x, float factor, int64_t n);
  int64_t (*argmax)(const float *x, int64_t n);
  // The k largest, falling, ties by index; returns how many (fewer than k where n is).
  int64_t (*largest)(const float *x, int64_t n, int64_t k, int32_t *indices, float *values);

  // Rows row_begin ..< row_end of a segment's keys or values into its pages, from `position` for row 0.
  void (*store)(
      const ns_pages *pages, void *const *part, const float *x, int64_t stride, int64_t row_begin,
      int64_t row_end, int64_t position);
  // The given stages for rows row_begin ..< row_end of one kv head's group of heads.
  // `scratch` holds ns_attention_scratch floats; stages left out read and write scores and pattern.
  void (*attend)(
      const ns_attention *a, int32_t stages, int64_t kv_head, int64_t row_begin, int64_t row_end,
      float *scratch);
  // The shared form, for few rows that see many keys: a stage for all rows of one kv head's group. Scores and mix go
  // by blocks, which may run side by side; softmax and gather join them and are called once, with any block. The
  // stages go in turn (scores, softmax, mix, gather) and hand on what lies in `shared`, ns_attention_shared floats
  // for each kv head. It takes no note of the buffers `scores` and `pattern`.
  void (*attend_part)(
      const ns_attention *a, int32_t stage, int64_t kv_head, int64_t block, float *shared, float *scratch);

  // Measures of the machine: reads n bytes (a multiple of 256), does rounds * 384 float operations.
  uint64_t (*read_bytes)(const uint8_t *p, int64_t n);
  float (*multiply_adds)(int64_t rounds);
} ns_kernels;

// Products of rounded activations with sums in float32. A row's bits never depend on its neighbours.
typedef struct ns_fast {
  // Whether these are the products to take for a matrix.
  int32_t (*takes)(const ns_matrix *w);
  // Bytes of a rounded row of n numbers, a multiple of 32.
  int64_t (*rounded_bytes)(int64_t n);
  // One row of n numbers to y, rounded.
  void (*round)(const float *x, void *y, int64_t n);
  // As those of `ns_kernels`, from x_rounded. `product` is NULL where rows being decoded stay exact.
  void (*product)(const ns_product *p, int64_t row_begin, int64_t row_end);
  void (*panels)(
      const ns_product *p, int64_t row_begin, int64_t row_end, int64_t m_begin, int64_t m_end,
      float *scratch);
} ns_fast;

// How activations are rounded: to bfloat16 (8 bits of mantissa, as weights are then), or in blocks of 32 to signed
// bytes with one scale.
enum ns_rounding { NS_BFLOAT16 = 0, NS_INT8 = 1 };

enum ns_set {
  NS_SCALAR = 0,
  NS_AVX2 = 1,
  NS_AVX512 = 2,
  NS_AVX512_VBMI = 3,
  NS_AVX2_VNNI = 4,   // as NS_AVX2, with dot products of bytes
  NS_AVX512_VNNI = 5, // as NS_AVX512, with them
};

// The kernels of an instruction set, or NULL where this processor or build lacks it.
const ns_kernels *ns_kernels_for(int32_t set);

// The products of rounded activations that go with a set, or NULL where this processor or build lacks them.
const ns_fast *ns_fast_for(int32_t set, int32_t rounding);

// Floats of scratch that `attend` and `attend_part` need for tiles of `rows` rows of this job.
int64_t ns_attention_scratch(const ns_attention *a, int64_t rows);

// The shared form: blocks of keys that one kv head has, and floats that its stages share.
int64_t ns_attention_blocks(const ns_attention *a);
int64_t ns_attention_shared(const ns_attention *a);

// Folds whole blocks of 64 bytes into SHA-256's state (FIPS 180-4); the same by every path.
void ns_sha256(uint32_t state[8], const uint8_t *data, size_t blocks);
void ns_sha256_plain(uint32_t state[8], const uint8_t *data, size_t blocks);
