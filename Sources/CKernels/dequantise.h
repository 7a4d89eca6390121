// The plain decoding of every weight type: what the fast kernels must reproduce, and their slow path.
#pragma once
#include <string.h>

#include "kernels.h"

static inline float ns_float_from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static inline uint32_t ns_bits_from_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

// IEEE 754 binary16. A subnormal half is a whole number of 2^-24.
static inline float ns_float_from_half(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = half & 0x7fff;
  if (rest >= 0x7c00) return ns_float_from_bits(sign | 0x7f800000 | (rest & 0x3ff) << 13);
  if (rest >= 0x0400) return ns_float_from_bits(sign | ((rest << 13) + (112u << 23)));
  float magnitude = (float)rest * 0x1p-24f;
  return sign ? -magnitude : magnitude;
}

// Round to nearest, ties to even; too large becomes infinity.
static inline uint16_t ns_half_from_float(float value) {
  uint32_t bits = ns_bits_from_float(value), rest = bits & 0x7fffffff;
  uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
  if (rest > 0x7f800000) return sign | 0x7e00;
  if (rest >= 0x47800000) return sign | 0x7c00;
  if (rest < 0x38800000) {  // below 2^-14: count units of 2^-24 by letting the adder round
    float units = ns_float_from_bits(rest) + 0.5f;
    return sign | (uint16_t)(ns_bits_from_float(units) - 0x3f000000);
  }
  uint32_t odd = rest >> 13 & 1;
  return sign | (uint16_t)((rest - (112u << 23) + 0xfff + odd) >> 13);
}

static inline float ns_float_from_bfloat(uint16_t half) {
  return ns_float_from_bits((uint32_t)half << 16);
}

// 2^(exponent - 127), the shared scale of MXFP4.
static inline float ns_float_from_exponent(uint8_t exponent) {
  return ns_float_from_bits(exponent == 0 ? 0x00400000u : (uint32_t)exponent << 23);
}

static inline uint16_t ns_load16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t ns_load32(const uint8_t *p) {
  return (uint32_t)ns_load16(p) | (uint32_t)ns_load16(p + 2) << 16;
}
static inline float ns_half_at(const uint8_t *p) { return ns_float_from_half(ns_load16(p)); }

// A plain number of type f32, f16 or bf16 at index i.
static inline float ns_plain_at(const uint8_t *p, int32_t type, int64_t i) {
  if (type == NS_F32) return ns_float_from_bits(ns_load32(p + 4 * i));
  if (type == NS_F16) return ns_half_at(p + 2 * i);
  return ns_float_from_bfloat(ns_load16(p + 2 * i));
}

// Steps of the non-linear 4-bit types, and the eight magnitudes of E2M1 with their negatives.
extern const float ns_iq4_values[16];
extern const float ns_fp4_values[16];

// Scale and minimum j of the eight of a Q4_K or Q5_K block: 6 bits each, packed in 12 bytes.
static inline void ns_scale_min(const uint8_t *packed, int j, int *scale, int *minimum) {
  if (j < 4) {
    *scale = packed[j] & 63;
    *minimum = packed[j + 4] & 63;
  } else {
    *scale = (packed[j + 4] & 15) | (packed[j - 4] >> 6) << 4;
    *minimum = packed[j + 4] >> 4 | (packed[j] >> 6) << 4;
  }
}

// Scale j of the sixteen of a Q3_K block: 6 bits, less 32.
static inline int ns_q3_scale(const uint8_t *packed, int j) {
  int low = j < 8 ? packed[j] & 15 : packed[j - 8] >> 4;
  int high = packed[8 + j % 4] >> 2 * (j / 4) & 3;
  return (low | high << 4) - 32;
}

// The scalar `decode` of the kernel table.
void ns_decode_scalar(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out);
