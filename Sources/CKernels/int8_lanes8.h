// Eight lanes for int8_panels.body.h.
#define LANES 8
#define HEIGHT 3
typedef __m256i whole;
typedef __m256 real;
#define whole_all _mm256_set1_epi32
#define whole_added _mm256_add_epi32
#define real_all _mm256_set1_ps
#define real_of _mm256_cvtepi32_ps
#define real_times _mm256_mul_ps
#define real_fma _mm256_fmadd_ps
#define real_load _mm256_load_ps
#define real_store _mm256_store_ps
INLINE whole whole_load(const uint32_t *p) { return _mm256_load_si256((const __m256i *)p); }
#if !DOTS
INLINE whole pairs_added(whole sum, whole codes, whole x) {
  return _mm256_add_epi16(sum, _mm256_maddubs_epi16(codes, x));
}
INLINE whole pairs_signed(whole codes, whole x) {
  return _mm256_maddubs_epi16(_mm256_abs_epi8(codes), _mm256_sign_epi8(x, codes));
}
INLINE whole pairs_joined(whole pairs) { return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)); }
#endif
