// Sixteen floats at a time in the compiler's portable vectors: one register with AVX-512, two with AVX2,
// four with SSE or NEON. The bodies that use them are compiled once for every instruction set, so all sets
// add in the same order; they differ only where a set has a fused multiply-add (`FMA`).
//
// The including file defines FUSED (1 where fused multiply-add is an instruction) and MASKED (1 where AVX-512's
// masked loads and stores are) before this header.
#pragma once
#include <math.h>
#include <string.h>

#include "dequantise.h"

// Vectors are only ever passed to functions that are always inlined: no calling convention is involved.
#pragma GCC diagnostic ignored "-Wpsabi"

typedef float v16 __attribute__((vector_size(64)));
typedef int32_t i16 __attribute__((vector_size(64)));
typedef float v8 __attribute__((vector_size(32)));
typedef float v4 __attribute__((vector_size(16)));

#define INLINE static inline __attribute__((always_inline))

INLINE v16 v_all(float x) { return (v16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
INLINE i16 i_all(int32_t x) { return (i16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }

INLINE v16 v_load(const float *p) {
  v16 v;
  memcpy(&v, p, sizeof v);
  return v;
}
INLINE void v_store(float *p, v16 v) { memcpy(p, &v, sizeof v); }

// n < 16 floats, the rest `fill`.
#if MASKED
INLINE __mmask16 v_first(int64_t n) { return (__mmask16)((1 << n) - 1); }
INLINE v16 v_load_some(const float *p, int64_t n, float fill) {
  return _mm512_mask_loadu_ps(v_all(fill), v_first(n), p);
}
INLINE void v_store_some(float *p, v16 v, int64_t n) { _mm512_mask_storeu_ps(p, v_first(n), v); }
#else
INLINE v16 v_load_some(const float *p, int64_t n, float fill) {
  v16 v = v_all(fill);
  memcpy(&v, p, (size_t)n * sizeof(float));
  return v;
}
INLINE void v_store_some(float *p, v16 v, int64_t n) { memcpy(p, &v, (size_t)n * sizeof(float)); }
#endif

#if FUSED
INLINE v16 v_fma(v16 a, v16 b, v16 c) { return __builtin_elementwise_fma(a, b, c); }
#else
INLINE v16 v_fma(v16 a, v16 b, v16 c) { return a * b + c; }
#endif

INLINE v16 v_select(i16 mask, v16 yes, v16 no) { return (v16)((mask & (i16)yes) | (~mask & (i16)no)); }
INLINE v16 v_max(v16 a, v16 b) { return v_select(a > b, a, b); }
INLINE v16 v_min(v16 a, v16 b) { return v_select(a < b, a, b); }

INLINE float v_sum(v16 v) {
  v8 a = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7)
         + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  v4 b = __builtin_shufflevector(a, a, 0, 1, 2, 3) + __builtin_shufflevector(a, a, 4, 5, 6, 7);
  return (b[0] + b[2]) + (b[1] + b[3]);
}

INLINE float v_largest(v16 v) {
  float largest = v[0];
  for (int i = 1; i < 16; i++) largest = v[i] > largest ? v[i] : largest;
  return largest;
}

// e^x to about 1 ulp: a polynomial (Chebyshev fit) for e^r - 1 with |r| <= ln 2 / 2, times 2^n. Below -87.3 (where the result would be subnormal) the answer is 0, above 88.7 infinity.
INLINE v16 v_exp(v16 x) {
  const v16 shift = v_all(0x1.8p23f);
  v16 clamped = v_min(v_max(x, v_all(-88.f)), v_all(89.f));
  v16 n = v_fma(clamped, v_all(0x1.715476p0f), shift) - shift;  // round(x / ln 2)
  v16 r = v_fma(n, v_all(-0x1.62e4p-1f), clamped);                 // ln 2 in two parts
  r = v_fma(n, v_all(-0x1.7f7d1cp-20f), r);
  v16 p = v_all(0x1.a15192p-13f);
  p = v_fma(p, r, v_all(0x1.6d433cp-10f));
  p = v_fma(p, r, v_all(0x1.1110c6p-7f));
  p = v_fma(p, r, v_all(0x1.5554e8p-5f));
  p = v_fma(p, r, v_all(0x1.555556p-3f));
  p = v_fma(p, r, v_all(0.5f));
  p = v_fma(p, r * r, r);
  // 2^n in two factors, so that n = 128 (just below overflow) still fits the exponent field.
  i16 whole = __builtin_convertvector(n, i16);
  i16 half = whole >> 1;
  v16 scale = (v16)((half + 127) << 23), rest = (v16)((whole - half + 127) << 23);
  v16 y = (v_all(1.f) + p) * scale * rest;
  y = v_select(x > v_all(88.722839f), v_all(INFINITY), y);
  y = v_select(x < v_all(-87.336544f), v_all(0.f), y);
  return v_select(x != x, x, y);
}

// 1 / (1 + e^-x)
INLINE v16 v_sigmoid(v16 x) { return v_all(1.f) / (v_all(1.f) + v_exp(-x)); }

// tanh to about 2 ulp: an odd polynomial near zero, (1 - e^-2|x|) / (1 + e^-2|x|) beyond.
INLINE v16 v_tanh(v16 x) {
  v16 magnitude = v_max(x, -x), square = x * x;
  v16 p = v_all(0x1.2cebaep-9f);
  p = v_fma(p, square, v_all(-0x1.11838ep-7f));
  p = v_fma(p, square, v_all(0x1.64add6p-6f));
  p = v_fma(p, square, v_all(-0x1.ba0914p-5f));
  p = v_fma(p, square, v_all(0x1.1110eap-3f));
  p = v_fma(p, square, v_all(-0x1.555556p-2f));
  v16 near = v_fma(p * square, x, x);
  v16 e = v_exp(v_all(-2.f) * magnitude);
  v16 far = (v_all(1.f) - e) / (v_all(1.f) + e);
  far = v_select(x < v_all(0.f), -far, far);
  return v_select(magnitude < v_all(0.625f), near, v_select(x != x, x, far));
}

// erf to about 2e-7: an odd polynomial up to 1, 1 - e^-x^2 / x * (a polynomial in 1 / x) beyond; both Chebyshev fits.
INLINE v16 v_erf(v16 x) {
  v16 magnitude = v_max(x, -x), square = x * x;
  v16 p = v_all(-0x1.44978p-17f);
  p = v_fma(p, square, v_all(0x1.d89ff4p-14f));
  p = v_fma(p, square, v_all(-0x1.bcd3a4p-11f));
  p = v_fma(p, square, v_all(0x1.562abep-8f));
  p = v_fma(p, square, v_all(-0x1.b829d0p-6f));
  p = v_fma(p, square, v_all(0x1.ce2f0ap-4f));
  p = v_fma(p, square, v_all(-0x1.812746p-2f));
  p = v_fma(p, square, v_all(0x1.20dd76p0f));
  v16 near = x * p;
  v16 t = v_all(1.f) / v_max(magnitude, v_all(1.f));
  v16 q = v_all(0x1.3c0f4ep-4f);
  q = v_fma(q, t, v_all(-0x1.b3bac2p-2f));
  q = v_fma(q, t, v_all(0x1.fff640p-1f));
  q = v_fma(q, t, v_all(-0x1.434ad4p0f));
  q = v_fma(q, t, v_all(0x1.a4d432p-1f));
  q = v_fma(q, t, v_all(-0x1.26084ap-4f));
  q = v_fma(q, t, v_all(-0x1.19cddcp-2f));
  q = v_fma(q, t, v_all(-0x1.1316eap-12f));
  q = v_fma(q, t, v_all(0x1.20dd46p-1f));
  v16 far = v_all(1.f) - v_exp(-square) * t * q;
  far = v_select(x < v_all(0.f), -far, far);
  return v_select(magnitude < v_all(1.f), near, v_select(x != x, x, far));
}
