// Products of int8 blocks with AVX-512 without dot products: Skylake-X.
#if defined(__x86_64__)
#include <immintrin.h>

#include "sets.h"

#pragma clang attribute push(__attribute__((target(NS_TARGET_AVX512))), apply_to = function)
#define DOTS 0
#define SIGNED_BYTES 0  // of Q8_0: in pairs of 16 bits they are no faster than exact products in sixteen lanes
#include "int8.h"

INLINE __m256i dots(__m256i codes, __m256i x) {
  return _mm256_madd_epi16(_mm256_maddubs_epi16(codes, x), _mm256_set1_epi16(1));
}

#include "int8.body.h"
#include "int8_lanes16.h"
#include "int8_panels.body.h"

const ns_fast ns_fast_int8_avx512 = INT8_TABLE;
#pragma clang attribute pop
#endif
