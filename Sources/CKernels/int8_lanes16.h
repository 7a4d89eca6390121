// Sixteen lanes for int8_panels.body.h.
#define LANES 16
#define HEIGHT 6
typedef __m512i whole;
typedef __m512 real;
#define whole_all _mm512_set1_epi32
#define whole_added _mm512_add_epi32
#define real_all _mm512_set1_ps
#define real_of _mm512_cvtepi32_ps
#define real_times _mm512_mul_ps
#define real_fma _mm512_fmadd_ps
#define real_load _mm512_load_ps
#define real_store _mm512_store_ps
INLINE whole whole_load(const uint32_t *p) { return _mm512_load_si512(p); }
#if !DOTS
INLINE whole pairs_added(whole sum, whole codes, whole x) {
  return _mm512_add_epi16(sum, _mm512_maddubs_epi16(codes, x));
}
INLINE whole pairs_joined(whole pairs) { return _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)); }
#endif
