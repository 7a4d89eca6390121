// How AVX2 code turns 32 stored numbers into four vectors of float32, for every weight type.
//
// Codes become bytes, sixteen of them in both halves of a register; a shuffle then lays eight bytes into eight
// lanes, which are converted, scaled and moved by one fused multiply-add. Every weight is rounded once, as in the
// scalar decoding. Types in blocks of 256 prepare the scales of their eight or sixteen groups first.
// Included with the AVX2 target switched on; `type`, `bits` and `g` are constants wherever these are inlined.
#pragma once
#include <immintrin.h>

#include "weights.h"

// 32 finished weights.
typedef struct weights {
  __m256 v[4];
} weights;

// The factors and offsets of a block of 256: one for each 32 columns, or 16 where the type has so many.
typedef struct prepared {
  _Alignas(32) float s[16], m[16];
} prepared;

INLINE int is_plain(int type) { return type == NS_F32 || type == NS_F16 || type == NS_BF16; }

INLINE __m256i byte_all(int x) { return _mm256_set1_epi8((char)x); }
INLINE __m256i both(const uint8_t *p) { return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)p)); }
INLINE __m256 all(float x) { return _mm256_set1_ps(x); }

// The half at p in every lane, as float32.
INLINE __m256 half_all(const uint8_t *p) { return _mm256_cvtph_ps(_mm_set1_epi16((short)ns_load16(p))); }

// Bits of each byte, moved down: (b >> shift) & mask.
INLINE __m256i cut(__m256i b, const int shift, const int mask) {
  return _mm256_and_si256(shift > 0 ? _mm256_srli_epi16(b, shift) : b, byte_all(mask));
}

// `value` in each byte whose bit of sixteen (from bit `first` of a word) is set.
INLINE __m256i bits_of(uint32_t word, const int first, const int value) {
  const int a = first / 8, b = a + 1;
  const __m256i spread = _mm256_setr_epi8(a, a, a, a, a, a, a, a, b, b, b, b, b, b, b, b, a, a, a, a, a, a, a, a,
                                          b, b, b, b, b, b, b, b);
  const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
  __m256i v = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32((int)word), spread), bit);
  return _mm256_and_si256(_mm256_cmpeq_epi8(v, bit), byte_all(value));
}

// Codes 8 * part ..< 8 * part + 8 of sixteen, as float32.
INLINE __m256 floats_of(__m256i codes, const int part) {
  const __m256i first = _mm256_setr_epi32(
      (int)0x80808000, (int)0x80808001, (int)0x80808002, (int)0x80808003, (int)0x80808004, (int)0x80808005,
      (int)0x80808006, (int)0x80808007);
  const __m256i place = part ? _mm256_add_epi8(first, _mm256_set1_epi32(8)) : first;
  return _mm256_cvtepi32_ps(_mm256_shuffle_epi8(codes, place));
}

// Sixteen codes q to weights s * q + m, two vectors from `to`.
INLINE void scaled(__m256i codes, __m256 s, __m256 m, __m256 *to) {
  to[0] = _mm256_fmadd_ps(floats_of(codes, 0), s, m);
  to[1] = _mm256_fmadd_ps(floats_of(codes, 1), s, m);
}

// Sixteen signed bytes times d.
INLINE void signed_scaled(__m128i b, __m256 d, __m256 *to) {
  to[0] = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(b)), d);
  to[1] = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(b, 8))), d);
}

// Sixteen codes looked up among sixteen signed bytes, times d.
INLINE void looked_up(__m256i codes, const int type, __m256 d, __m256 *to) {
  const __m128i fp4 = _mm_setr_epi8(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);  // doubled
  const __m128i iq4 = _mm_setr_epi8(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
  const int is_iq4 = type == NS_IQ4_NL || type == NS_IQ4_XS;
  signed_scaled(_mm_shuffle_epi8(is_iq4 ? iq4 : fp4, _mm256_castsi256_si128(codes)), is_iq4 ? d : all(0.5f) * d, to);
}

// The scales of a block of 256. Q4_K and Q5_K pack eight scales and minima of six bits into three words.
INLINE void prepare(const int type, const uint8_t *b, prepared *p) {
  switch (type) {
    case NS_Q4_K: case NS_Q5_K: {
      const uint32_t a = ns_load32(b + 4), c = ns_load32(b + 8), e = ns_load32(b + 12);
      const uint64_t low = 0x3f3f3f3f, top = 0x0f0f0f0f, pair = 0x03030303;
      const uint64_t s = (a & low) | (uint64_t)((e & top) | (a >> 6 & pair) << 4) << 32;
      const uint64_t m = (c & low) | (uint64_t)((e >> 4 & top) | (c >> 6 & pair) << 4) << 32;
      const __m256 scales = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)s)));
      const __m256 minima = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)m)));
      _mm256_store_ps(p->s, _mm256_mul_ps(scales, half_all(b)));
      _mm256_store_ps(p->m, _mm256_mul_ps(minima, -half_all(b + 2)));
      return;
    }
    case NS_Q6_K: {
      const __m256 d = half_all(b + 208);
      UNROLL for (int i = 0; i < 16; i += 8) {
        const __m128i bytes = _mm_loadl_epi64((const __m128i *)(b + 192 + i));
        const __m256 s = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)), d);
        _mm256_store_ps(p->s + i, s);
        _mm256_store_ps(p->m + i, _mm256_mul_ps(s, all(-32.f)));
      }
      return;
    }
    case NS_Q2_K: {
      const __m256 d = half_all(b + 80), m = -half_all(b + 82);
      UNROLL for (int i = 0; i < 16; i += 8) {
        const __m256i pairs = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(b + i)));
        const __m256i low = _mm256_and_si256(pairs, _mm256_set1_epi32(15)), high = _mm256_srli_epi32(pairs, 4);
        _mm256_store_ps(p->s + i, _mm256_mul_ps(_mm256_cvtepi32_ps(low), d));
        _mm256_store_ps(p->m + i, _mm256_mul_ps(_mm256_cvtepi32_ps(high), m));
      }
      return;
    }
    case NS_Q3_K: {
      const float d = _mm256_cvtss_f32(half_all(b + 108));
      UNROLL for (int i = 0; i < 16; i++) {
        p->s[i] = d * (float)ns_q3_scale(b + 96, i);
        p->m[i] = -4.f * p->s[i];
      }
      return;
    }
    case NS_IQ4_XS: {
      const float d = _mm256_cvtss_f32(half_all(b));
      UNROLL for (int g = 0; g < 8; g++) {
        const int scale = (b[4 + g / 2] >> g % 2 * 4 & 15) | (ns_load16(b + 2) >> 2 * g & 3) << 4;
        p->s[g] = d * (float)(scale - 32);
      }
      return;
    }
    default: return;
  }
}

// Columns 32 * g ..< 32 * g + 32 of a block of 256.
INLINE weights expand_super(const int type, const uint8_t *b, const int g, const prepared *p) {
  weights w;
  UNROLL for (int i = 0; i < 2; i++) {
    __m256 *to = w.v + 2 * i;
    const int fine = 2 * g + i;
    switch (type) {
      case NS_Q4_K: {
        const __m256i codes = cut(both(b + 16 + g / 2 * 32 + 16 * i), g % 2 * 4, 15);
        scaled(codes, all(p->s[g]), all(p->m[g]), to);
        break;
      }
      case NS_Q5_K: {
        const __m256i low = cut(both(b + 48 + g / 2 * 32 + 16 * i), g % 2 * 4, 15);
        const __m256i high = _mm256_slli_epi16(cut(both(b + 16 + 16 * i), g, 1), 4);
        scaled(_mm256_or_si256(low, high), all(p->s[g]), all(p->m[g]), to);
        break;
      }
      case NS_Q6_K: {
        const int half = g / 4, t = g % 4;
        const __m256i low = cut(both(b + 64 * half + 32 * (t % 2) + 16 * i), t < 2 ? 0 : 4, 15);
        const __m256i high = _mm256_slli_epi16(cut(both(b + 128 + 32 * half + 16 * i), 2 * t, 3), 4);
        scaled(_mm256_or_si256(low, high), all(p->s[fine]), all(p->m[fine]), to);
        break;
      }
      case NS_Q2_K: {
        const __m256i codes = cut(both(b + 16 + g / 4 * 32 + 16 * i), 2 * (g % 4), 3);
        scaled(codes, all(p->s[fine]), all(p->m[fine]), to);
        break;
      }
      case NS_Q3_K: {
        const __m256i low = cut(both(b + 32 + g / 4 * 32 + 16 * i), 2 * (g % 4), 3);
        const __m256i high = _mm256_slli_epi16(cut(both(b + 16 * i), g, 1), 2);
        scaled(_mm256_or_si256(low, high), all(p->s[fine]), all(p->m[fine]), to);
        break;
      }
      default: looked_up(cut(both(b + 8 + 16 * g), 4 * i, 15), type, all(p->s[g]), to);  // NS_IQ4_XS
    }
  }
  return w;
}

// Block `block` of 32 columns of a row of a type in blocks of 32.
INLINE weights expand_small(const int type, const uint8_t *row, int64_t block) {
  const uint8_t *b = row + block * bytes_of_block(type);
  weights w;
  UNROLL for (int i = 0; i < 2; i++) {
    __m256 *to = w.v + 2 * i;
    const __m256 d = type == NS_MXFP4 ? all(ns_float_from_exponent(b[0])) : half_all(b);
    switch (type) {
      case NS_Q8_0: scaled(_mm256_xor_si256(both(b + 2 + 16 * i), byte_all(128)), d, all(-128.f) * d, to); break;
      case NS_Q4_0: scaled(cut(both(b + 2), 4 * i, 15), d, all(-8.f) * d, to); break;
      case NS_Q4_1: scaled(cut(both(b + 4), 4 * i, 15), d, half_all(b + 2), to); break;
      case NS_Q5_0: {
        const __m256i high = bits_of(ns_load32(b + 2), 16 * i, 16);
        scaled(_mm256_or_si256(cut(both(b + 6), 4 * i, 15), high), d, all(-16.f) * d, to);
        break;
      }
      case NS_Q5_1: {
        const __m256i high = bits_of(ns_load32(b + 4), 16 * i, 16);
        scaled(_mm256_or_si256(cut(both(b + 8), 4 * i, 15), high), d, half_all(b + 2), to);
        break;
      }
      default: looked_up(cut(both(b + (type == NS_MXFP4 ? 1 : 2)), 4 * i, 15), type, d, to);
    }
  }
  return w;
}

// The same for types whose scales lie apart. Codes of 2, 3, 5 and 6 bits take the scalar way.
INLINE weights expand_apart(const int type, const int bits, const ns_matrix *m, stored row, int64_t block) {
  weights w;
  if (type == NS_AFFINE && bits != 4 && bits != 8) {
    ns_matrix one = *m;
    _Alignas(32) float numbers[32];
    one.data = row.data;
    one.scales = row.scales;
    one.biases = row.biases;
    ns_decode_scalar(&one, 0, 32 * block, 32, numbers);
    UNROLL for (int i = 0; i < 4; i++) w.v[i] = _mm256_load_ps(numbers + 8 * i);
    return w;
  }
  __m256i first, second;
  if (bits == 8) {
    first = both(row.data + 32 * block);
    second = both(row.data + 32 * block + 16);
  } else {  // nibbles in order, low ones first
    const __m256i b = both(row.data + 16 * block), low = cut(b, 0, 15), high = cut(b, 4, 15);
    first = _mm256_unpacklo_epi8(low, high);
    second = _mm256_unpackhi_epi8(low, high);
  }
  if (type == NS_MXFP4_SPLIT) {
    const __m256 d = all(ns_float_from_exponent(row.scales[block]));
    looked_up(first, type, d, w.v);
    looked_up(second, type, d, w.v + 2);
  } else {
    const int64_t group = 32 * block / m->group;
    const __m256 factor = all(ns_plain_at(row.scales, m->scale_type, group));
    const __m256 offset = all(ns_plain_at(row.biases, m->scale_type, group));
    scaled(first, factor, offset, w.v);
    scaled(second, factor, offset, w.v + 2);
  }
  return w;
}

// Eight plain numbers from column `column`.
INLINE __m256 plain_eight(const int type, const uint8_t *row, int64_t column) {
  if (type == NS_F32) return _mm256_loadu_ps((const float *)row + column);
  const __m128i h = _mm_loadu_si128((const __m128i *)(row + 2 * column));
  if (type == NS_F16) return _mm256_cvtph_ps(h);
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16));
}

// Columns 32 * block ..< 32 * block + 32 of a row; `g` is the block's place in its 256.
INLINE weights expand(
    const int type, const int bits, const ns_matrix *m, stored row, int64_t block, const int g, const prepared *p) {
  if (is_super(type)) return expand_super(type, row.data + block / 8 * bytes_of_block(type), g, p);
  if (type == NS_AFFINE || type == NS_MXFP4_SPLIT) return expand_apart(type, bits, m, row, block);
  if (!is_plain(type)) return expand_small(type, row.data, block);
  weights w;
  UNROLL for (int i = 0; i < 4; i++) w.v[i] = plain_eight(type, row.data, 32 * block + 8 * i);
  return w;
}
