// Products of int8 blocks with AVX2 and the dot products of AVX-VNNI: Alder Lake, Zen 5 and later.
#if defined(__x86_64__)
#include <immintrin.h>

#include "sets.h"

#pragma clang attribute push(__attribute__((target(NS_TARGET_AVX2_VNNI))), apply_to = function)
#define DOTS 1
#define SIGNED_BYTES 1
#include "int8.h"

INLINE __m256i dots(__m256i codes, __m256i x) {
  return _mm256_dpbusd_avx_epi32(_mm256_setzero_si256(), codes, x);
}
#define dots_added _mm256_dpbusd_avx_epi32

#include "int8.body.h"
#include "int8_lanes8.h"
#include "int8_panels.body.h"

const ns_fast ns_fast_int8_avx2vnni = INT8_TABLE;
#pragma clang attribute pop
#endif
