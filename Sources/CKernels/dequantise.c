#include "dequantise.h"

const float ns_iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                 1,    13,   25,  38,  53,  69,  89,  113};
const float ns_fp4_values[16] = {0.f,  .5f,  1.f,  1.5f,  2.f,  3.f,  4.f,  6.f,
                                 -0.f, -.5f, -1.f, -1.5f, -2.f, -3.f, -4.f, -6.f};

// Blocks of 32 -------------------------------------------------------------------------------------------
// Where two elements share a byte, the low nibble is element i, the high nibble element i + 16.

static void q8_0(const uint8_t *b, float *out) {
  float d = ns_half_at(b);
  for (int i = 0; i < 32; i++) out[i] = d * (float)(int8_t)b[2 + i];
}

static void q4_0(const uint8_t *b, float *out) {
  float d = ns_half_at(b);
  for (int i = 0; i < 16; i++) {
    out[i] = d * (float)((b[2 + i] & 15) - 8);
    out[i + 16] = d * (float)((b[2 + i] >> 4) - 8);
  }
}

static void q4_1(const uint8_t *b, float *out) {
  float d = ns_half_at(b), m = ns_half_at(b + 2);
  for (int i = 0; i < 16; i++) {
    out[i] = d * (float)(b[4 + i] & 15) + m;
    out[i + 16] = d * (float)(b[4 + i] >> 4) + m;
  }
}

// The fifth bits of all 32 elements lie in one word, element i at bit i.
static void q5_0(const uint8_t *b, float *out) {
  float d = ns_half_at(b);
  uint32_t high = ns_load32(b + 2);
  for (int i = 0; i < 16; i++) {
    int low0 = b[6 + i] & 15, low1 = b[6 + i] >> 4;
    out[i] = d * (float)((low0 | (int)(high >> i & 1) << 4) - 16);
    out[i + 16] = d * (float)((low1 | (int)(high >> (i + 16) & 1) << 4) - 16);
  }
}

static void q5_1(const uint8_t *b, float *out) {
  float d = ns_half_at(b), m = ns_half_at(b + 2);
  uint32_t high = ns_load32(b + 4);
  for (int i = 0; i < 16; i++) {
    int low0 = b[8 + i] & 15, low1 = b[8 + i] >> 4;
    out[i] = d * (float)(low0 | (int)(high >> i & 1) << 4) + m;
    out[i + 16] = d * (float)(low1 | (int)(high >> (i + 16) & 1) << 4) + m;
  }
}

static void iq4_nl(const uint8_t *b, float *out) {
  float d = ns_half_at(b);
  for (int i = 0; i < 16; i++) {
    out[i] = d * ns_iq4_values[b[2 + i] & 15];
    out[i + 16] = d * ns_iq4_values[b[2 + i] >> 4];
  }
}

static void mxfp4(const uint8_t *b, float *out) {
  float d = ns_float_from_exponent(b[0]);
  for (int i = 0; i < 16; i++) {
    out[i] = d * ns_fp4_values[b[1 + i] & 15];
    out[i + 16] = d * ns_fp4_values[b[1 + i] >> 4];
  }
}

// Blocks of 256 ------------------------------------------------------------------------------------------

// 16 groups of 16: a byte holds scale (low) and minimum (high) of a group; 2-bit codes, 4 to a byte.
static void q2_k(const uint8_t *b, float *out) {
  const uint8_t *scales = b, *codes = b + 16;
  float d = ns_half_at(b + 80), m = ns_half_at(b + 82);
  for (int g = 0; g < 16; g++) {
    const uint8_t *q = codes + g / 8 * 32 + g % 2 * 16;
    int shift = g % 8 / 2 * 2;
    float scale = d * (float)(scales[g] & 15), minimum = m * (float)(scales[g] >> 4);
    for (int i = 0; i < 16; i++) out[16 * g + i] = scale * (float)(q[i] >> shift & 3) - minimum;
  }
}

// 16 groups of 16; 2 bits in `codes`, the third (inverted: unset means -4) in `mask`.
static void q3_k(const uint8_t *b, float *out) {
  const uint8_t *mask = b, *codes = b + 32, *scales = b + 96;
  float d = ns_half_at(b + 108);
  for (int g = 0; g < 16; g++) {
    const uint8_t *q = codes + g / 8 * 32 + g % 2 * 16, *h = mask + g % 2 * 16;
    int shift = g % 8 / 2 * 2, bit = g / 2;
    float scale = d * (float)ns_q3_scale(scales, g);
    for (int i = 0; i < 16; i++) {
      out[16 * g + i] = scale * (float)((q[i] >> shift & 3) - (h[i] >> bit & 1 ? 0 : 4));
    }
  }
}

// 8 groups of 32; two neighbouring groups share 32 bytes, low and high nibbles.
static void q4_k(const uint8_t *b, float *out) {
  float d = ns_half_at(b), m = ns_half_at(b + 2);
  for (int g = 0; g < 8; g++) {
    const uint8_t *q = b + 16 + g / 2 * 32;
    int s, mn;
    ns_scale_min(b + 4, g, &s, &mn);
    float scale = d * (float)s, minimum = m * (float)mn;
    for (int i = 0; i < 32; i++) {
      out[32 * g + i] = scale * (float)(q[i] >> g % 2 * 4 & 15) - minimum;
    }
  }
}

// As Q4_K, with the fifth bit of group g at bit g of 32 further bytes.
static void q5_k(const uint8_t *b, float *out) {
  const uint8_t *high = b + 16;
  float d = ns_half_at(b), m = ns_half_at(b + 2);
  for (int g = 0; g < 8; g++) {
    const uint8_t *q = b + 48 + g / 2 * 32;
    int s, mn;
    ns_scale_min(b + 4, g, &s, &mn);
    float scale = d * (float)s, minimum = m * (float)mn;
    for (int i = 0; i < 32; i++) {
      int code = (q[i] >> g % 2 * 4 & 15) | (high[i] >> g & 1) << 4;
      out[32 * g + i] = scale * (float)code - minimum;
    }
  }
}

// 16 groups of 16 with signed 8-bit scales; 4 bits in `low`, 2 in `high`, less 32.
static void q6_k(const uint8_t *b, float *out) {
  const uint8_t *low = b, *high = b + 128, *scales = b + 192;
  float d = ns_half_at(b + 208);
  for (int g = 0; g < 16; g++) {
    int half = g / 8, lane = g % 8;  // lane 0 ... 7: sixteens inside the half's 128
    const uint8_t *q = low + 64 * half + 16 * (lane % 4), *h = high + 32 * half + 16 * (lane % 2);
    float scale = d * (float)(int8_t)scales[g];
    for (int i = 0; i < 16; i++) {
      int code = (q[i] >> lane / 4 * 4 & 15) | (h[i] >> lane / 2 * 2 & 3) << 4;
      out[16 * g + i] = scale * (float)(code - 32);
    }
  }
}

// 8 groups of 32 with 6-bit scales less 32: low four bits in nibbles, high two in a 16-bit word.
static void iq4_xs(const uint8_t *b, float *out) {
  float d = ns_half_at(b);
  uint16_t high = ns_load16(b + 2);
  for (int g = 0; g < 8; g++) {
    int s = (b[4 + g / 2] >> g % 2 * 4 & 15) | (high >> 2 * g & 3) << 4;
    const uint8_t *q = b + 8 + 16 * g;
    float scale = d * (float)(s - 32);
    for (int i = 0; i < 16; i++) {
      out[32 * g + i] = scale * ns_iq4_values[q[i] & 15];
      out[32 * g + i + 16] = scale * ns_iq4_values[q[i] >> 4];
    }
  }
}

// Scales apart -------------------------------------------------------------------------------------------

// `bits` bits from a little-endian stream; a code may straddle two bytes, and is never wider than 8.
static int code_at(const uint8_t *stream, int64_t index, int bits) {
  int64_t first = index * bits;
  int shift = (int)(first & 7);
  int value = stream[first >> 3];
  if (shift + bits > 8) value |= stream[(first >> 3) + 1] << 8;
  return value >> shift & ((1 << bits) - 1);
}

static void affine(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out) {
  const uint8_t *codes = w->data + row * w->row_stride;
  const uint8_t *scales = w->scales + row * w->scale_stride;
  const uint8_t *biases = w->biases + row * w->scale_stride;
  for (int64_t i = 0; i < count; i++) {
    int64_t group = (column + i) / w->group;
    float scale = ns_plain_at(scales, w->scale_type, group);
    float bias = ns_plain_at(biases, w->scale_type, group);
    out[i] = scale * (float)code_at(codes, column + i, w->bits) + bias;
  }
}

// The even element is the low nibble.
static void mxfp4_split(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out) {
  const uint8_t *codes = w->data + row * w->row_stride;
  const uint8_t *scales = w->scales + row * w->scale_stride;
  for (int64_t i = column; i < column + count; i++) {
    int code = codes[i / 2] >> i % 2 * 4 & 15;
    out[i - column] = ns_float_from_exponent(scales[i / 32]) * ns_fp4_values[code];
  }
}

// ----------------------------------------------------------------------------------------------------------

typedef struct block_type {
  int items, bytes;
  void (*decode)(const uint8_t *block, float *out);
} block_type;

static const block_type block_types[] = {
    [NS_Q8_0] = {32, 34, q8_0},     [NS_Q4_0] = {32, 18, q4_0},     [NS_Q4_1] = {32, 20, q4_1},
    [NS_Q5_0] = {32, 22, q5_0},     [NS_Q5_1] = {32, 24, q5_1},     [NS_Q2_K] = {256, 84, q2_k},
    [NS_Q3_K] = {256, 110, q3_k},   [NS_Q4_K] = {256, 144, q4_k},   [NS_Q5_K] = {256, 176, q5_k},
    [NS_Q6_K] = {256, 210, q6_k},   [NS_IQ4_NL] = {32, 18, iq4_nl}, [NS_IQ4_XS] = {256, 136, iq4_xs},
    [NS_MXFP4] = {32, 17, mxfp4},
};

void ns_decode_scalar(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out) {
  switch (w->type) {
    case NS_F32:
    case NS_F16:
    case NS_BF16: {
      const uint8_t *numbers = w->data + row * w->row_stride;
      for (int64_t i = 0; i < count; i++) out[i] = ns_plain_at(numbers, w->type, column + i);
      return;
    }
    case NS_AFFINE: affine(w, row, column, count, out); return;
    case NS_MXFP4_SPLIT: mxfp4_split(w, row, column, count, out); return;
    default: {
      const block_type *type = &block_types[w->type];
      const uint8_t *block = w->data + row * w->row_stride + column / type->items * type->bytes;
      for (int64_t i = 0; i < count; i += type->items, block += type->bytes) {
        type->decode(block, out + i);
      }
    }
  }
}
