// How AVX2 code turns 32 stored numbers into four vectors of float32, for every weight type.
//
// Quantised numbers become 32 bytes, one code each, and a weight is scale * code + offset, where the offset of a type
// without offsets is its zero. Codes are taken out of their bytes where they lie: masked in words of 32 bits, those of
// byte i read as 2^8i times themselves. So x is arranged to match once for all rows of weights: what is multiplied with
// byte i of word l stands in lane l of vector i, times 2^-8i, and behind each 32 columns the sums of their lanes, which
// the offsets are multiplied with. All of it is exact; nothing is rounded but products and sums.
// The scales and offsets of 256 columns are prepared side by side first.
// Included with the AVX2 target switched on; `type`, `bits` and `g` are constants wherever these are inlined.
#pragma once
#include <immintrin.h>

#include "weights.h"

// 32 numbers: weights in the order of columns, or codes as x is arranged for them.
typedef struct numbers {
  __m256 v[4];
} numbers;

// The factors and offsets of 256 columns: one for each 32 of them, or 16 where the type has so many.
typedef struct prepared {
  _Alignas(32) float s[16], m[16];
} prepared;

INLINE int is_plain(int type) { return type == NS_F32 || type == NS_F16 || type == NS_BF16; }

// Whether a weight is scale * code + offset, not scale * code.
INLINE int has_offset(int type) {
  return type == NS_Q4_1 || type == NS_Q5_1 || type == NS_Q2_K || type == NS_Q4_K || type == NS_Q5_K
         || type == NS_AFFINE;
}

// Columns that share a scale.
INLINE int columns_of_scale(int type) { return type == NS_Q6_K || type == NS_Q3_K || type == NS_Q2_K ? 16 : 32; }

// How a type wants x: as it is; its words of 32 bits in the order of their columns, codes of up to 7 bits or of 8; or
// words whose low nibbles are the even columns.
enum arrangement { AS_IT_IS, BY_BYTES, BY_WIDE_BYTES, BY_PAIRS };

INLINE int arrangement_of(int type, int bits) {
  switch (type) {
    case NS_F32: case NS_F16: case NS_BF16: case NS_Q8_0: return AS_IT_IS;
    case NS_IQ4_NL: case NS_IQ4_XS: return BY_WIDE_BYTES;
    case NS_MXFP4_SPLIT: return BY_PAIRS;
    case NS_AFFINE: return bits == 4 ? BY_PAIRS : bits == 8 ? BY_WIDE_BYTES : AS_IT_IS;
    default: return BY_BYTES;
  }
}

// The bits of each byte that are its code; the others may be anything.
INLINE int mask_of(int type, int bits) {
  switch (type) {
    case NS_Q4_0: case NS_Q4_1: case NS_Q4_K: return 15;
    case NS_Q2_K: return 3;
    case NS_IQ4_NL: case NS_IQ4_XS: return 255;
    case NS_AFFINE: return bits == 4 ? 15 : 255;
    default: return 127;
  }
}

// The code that stands for zero in types without offsets. The steps of E2M1 are doubled.
INLINE float zero_of(int type) {
  switch (type) {
    case NS_Q4_0: return 8;
    case NS_Q5_0: return 16;
    case NS_Q3_K: return 4;
    case NS_Q6_K: return 32;
    case NS_IQ4_NL: case NS_IQ4_XS: return 128;
    case NS_MXFP4: case NS_MXFP4_SPLIT: return 12;
    default: return 0;
  }
}

INLINE __m256i byte_all(int x) { return _mm256_set1_epi8((char)x); }
INLINE __m256i both(const uint8_t *p) { return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)p)); }
INLINE __m256 all(float x) { return _mm256_set1_ps(x); }

// The half at p in every lane, as float32.
INLINE __m256 half_all(const uint8_t *p) { return _mm256_cvtph_ps(_mm_set1_epi16((short)ns_load16(p))); }

// Bits of each byte, moved down: (b >> shift) & mask.
INLINE __m256i cut(__m256i b, const int shift, const int mask) {
  return _mm256_and_si256(shift > 0 ? _mm256_srli_epi16(b, shift) : b, byte_all(mask));
}

// Bits of each byte, moved up (or down, by less than none): (b << shift) & mask.
INLINE __m256i moved(__m256i b, const int shift, const int mask) {
  if (shift > 0) b = _mm256_slli_epi16(b, shift);
  if (shift < 0) b = _mm256_srli_epi16(b, -shift);
  return _mm256_and_si256(b, byte_all(mask));
}

// The low nibbles of sixteen bytes, then the high ones; the other half of each byte may be anything.
INLINE __m256i halves(const uint8_t *p) {
  return _mm256_srlv_epi32(both(p), _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4));
}

// `value` in each byte whose bit of a word is set.
INLINE __m256i bits_of(uint32_t word, const int value) {
  const __m256i spread = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2,
                                          3, 3, 3, 3, 3, 3, 3, 3);
  const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
  __m256i v = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32((int)word), spread), bit);
  return _mm256_and_si256(_mm256_cmpeq_epi8(v, bit), byte_all(value));
}

// Nibbles looked up among sixteen bytes: the steps of their type, more by its zero.
INLINE __m256i looked_up(__m256i nibbles, const int type) {
  const __m128i fp4 = _mm_setr_epi8(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0);
  const __m128i iq4 = _mm_setr_epi8(1, 24, 45, 63, 79, 93, 106, 118, (char)129, (char)141, (char)153, (char)166,
                                    (char)181, (char)197, (char)217, (char)241);
  const __m128i table = type == NS_IQ4_NL || type == NS_IQ4_XS ? iq4 : fp4;
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), _mm256_and_si256(nibbles, byte_all(15)));
}

// prepare --------------------------------------------------------------------------------------------------

// Eight words that lie `stride` bytes apart.
INLINE __m256i words_apart(const uint8_t *p, const int stride) {
  return _mm256_setr_epi32(
      (int)ns_load32(p), (int)ns_load32(p + stride), (int)ns_load32(p + 2 * stride), (int)ns_load32(p + 3 * stride),
      (int)ns_load32(p + 4 * stride), (int)ns_load32(p + 5 * stride), (int)ns_load32(p + 6 * stride),
      (int)ns_load32(p + 7 * stride));
}

// Eight halves that lie `stride` bytes apart, as float32.
INLINE __m256 halves_apart(const uint8_t *p, const int stride) {
#define AT(k) (short)ns_load16(p + (k) * stride)
  return _mm256_cvtph_ps(_mm_setr_epi16(AT(0), AT(1), AT(2), AT(3), AT(4), AT(5), AT(6), AT(7)));
#undef AT
}

// The low or the high halves of eight words, as float32.
INLINE __m256 halves_of_words(__m256i words, const int high) {
  const __m256i low = high ? _mm256_srli_epi32(words, 16) : _mm256_and_si256(words, _mm256_set1_epi32(0xffff));
  return _mm256_cvtph_ps(_mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1)));
}

// Powers of two from eight exponent bytes; exponent 0 is 2^-127, a subnormal.
INLINE __m256 powers(uint64_t exponents) {
  const __m256i bits = _mm256_slli_epi32(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)exponents)), 23);
  return _mm256_castsi256_ps(_mm256_max_epi32(bits, _mm256_set1_epi32(0x00400000)));
}

// The scales of a block of 256. Q4_K and Q5_K pack eight scales and minima of six bits into three words.
INLINE void prepare_super(const int type, const uint8_t *b, prepared *p) {
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
        _mm256_store_ps(p->s + i, _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)), d));
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
    case NS_Q3_K: {  // scale j: four low bits of byte j (then high ones of byte j - 8), two of byte 8 + j % 4
      const __m128i nibbles = _mm_loadl_epi64((const __m128i *)(b + 96));
      const __m128i tops = _mm_set1_epi32((int)ns_load32(b + 104));
      const __m128i low = _mm_unpacklo_epi64(nibbles, _mm_srli_epi16(nibbles, 4));
      const __m128i top = _mm_and_si128(_mm_srlv_epi32(tops, _mm_setr_epi32(0, 2, 4, 6)), _mm_set1_epi8(3));
      __m128i scales = _mm_or_si128(_mm_and_si128(low, _mm_set1_epi8(15)), _mm_slli_epi16(top, 4));
      scales = _mm_sub_epi8(scales, _mm_set1_epi8(32));
      const __m256 d = half_all(b + 108);
      _mm256_store_ps(p->s, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(scales)) * d);
      _mm256_store_ps(p->s + 8, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(scales, 8))) * d);
      return;
    }
    default: {  // NS_IQ4_XS
      const __m256i low = _mm256_srlv_epi32(
          _mm256_set1_epi32((int)ns_load32(b + 4)), _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28));
      const __m256i top = _mm256_srlv_epi32(
          _mm256_set1_epi32(ns_load16(b + 2) << 4), _mm256_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14));
      const __m256i scales = _mm256_or_si256(
          _mm256_and_si256(low, _mm256_set1_epi32(15)), _mm256_and_si256(top, _mm256_set1_epi32(48)));
      const __m256i less = _mm256_sub_epi32(scales, _mm256_set1_epi32(32));
      _mm256_store_ps(p->s, _mm256_cvtepi32_ps(less) * half_all(b));
    }
  }
}

// The factor and offset of one block of 32 columns of a type in blocks of 32.
INLINE void prepare_one(const int type, const uint8_t *b, int64_t i, prepared *p) {
  if (type == NS_MXFP4) {
    p->s[i] = ns_float_from_exponent(b[0]) * 0.5f;
  } else {
    p->s[i] = _mm256_cvtss_f32(half_all(b));
    if (has_offset(type)) p->m[i] = _mm256_cvtss_f32(half_all(b + 2));
  }
}

// Those of eight blocks.
INLINE void prepare_eight(const int type, const uint8_t *b, prepared *p) {
  const int size = bytes_of_block(type);
  if (type == NS_MXFP4) {
    uint64_t exponents = 0;
    UNROLL for (int i = 0; i < 8; i++) exponents |= (uint64_t)b[i * size] << 8 * i;
    _mm256_store_ps(p->s, powers(exponents) * all(0.5f));
  } else if (has_offset(type)) {
    const __m256i words = words_apart(b, size);
    _mm256_store_ps(p->s, halves_of_words(words, 0));
    _mm256_store_ps(p->m, halves_of_words(words, 1));
  } else {
    _mm256_store_ps(p->s, halves_apart(b, size));
  }
}

// The plain numbers of the groups of 256 columns, one for each 32 columns.
INLINE __m256 plain_apart(const uint8_t *p, int type, int64_t group) {
  __m256 v;
  if (type == NS_F32) {
    v = group == 32   ? _mm256_loadu_ps((const float *)p)
        : group == 64 ? _mm256_castps128_ps256(_mm_loadu_ps((const float *)p))
                      : _mm256_castpd_ps(_mm256_broadcast_sd((const double *)p));
  } else {
    __m128i h;
    if (group == 32) h = _mm_loadu_si128((const __m128i *)p);
    else if (group == 64) h = _mm_loadl_epi64((const __m128i *)p);
    else h = _mm_cvtsi32_si128((int)ns_load32(p));
    v = type == NS_F16 ? _mm256_cvtph_ps(h)
                       : _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16));
  }
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return group == 32   ? v
         : group == 64 ? _mm256_permutevar8x32_ps(v, _mm256_srli_epi32(lane, 1))
                       : _mm256_permutevar8x32_ps(v, _mm256_srli_epi32(lane, 2));
}

// Those of up to eight blocks whose scales lie apart.
INLINE void prepare_apart(const int type, const ns_matrix *w, stored row, int64_t first, int64_t count, prepared *p) {
  if (count == 8 && type == NS_MXFP4_SPLIT) {
    uint64_t exponents;
    memcpy(&exponents, row.scales + first, 8);
    _mm256_store_ps(p->s, powers(exponents) * all(0.5f));
    return;
  }
  if (count == 8 && (w->group == 32 || w->group == 64 || w->group == 128)) {
    const int64_t at = 32 * first / w->group * (w->scale_type == NS_F32 ? 4 : 2);
    _mm256_store_ps(p->s, plain_apart(row.scales + at, w->scale_type, w->group));
    _mm256_store_ps(p->m, plain_apart(row.biases + at, w->scale_type, w->group));
    return;
  }
  for (int64_t i = 0; i < count; i++) {
    if (type == NS_MXFP4_SPLIT) {
      p->s[i] = ns_float_from_exponent(row.scales[first + i]) * 0.5f;
    } else {
      const int64_t group = 32 * (first + i) / w->group;
      p->s[i] = ns_plain_at(row.scales, w->scale_type, group);
      p->m[i] = ns_plain_at(row.biases, w->scale_type, group);
    }
  }
}

// Factors and offsets of `count` blocks of 32 columns, at most eight, from block `first` of a row that has `left` bytes
// before the matrix ends.
INLINE void prepare(
    const int type, const ns_matrix *w, stored row, int64_t first, int64_t count, int64_t left, prepared *p) {
  const int size = bytes_of_block(type);
  if (is_plain(type)) return;
  if (type == NS_AFFINE || type == NS_MXFP4_SPLIT) {
    prepare_apart(type, w, row, first, count, p);
  } else if (is_super(type)) {
    prepare_super(type, row.data + first / 8 * size, p);
  } else if ((first + 8) * size <= left) {  // what lies behind the row is prepared with it and not used
    prepare_eight(type, row.data + first * size, p);
  } else {
    for (int64_t i = 0; i < count; i++) prepare_one(type, row.data + (first + i) * size, i, p);
  }
}

// codes ----------------------------------------------------------------------------------------------------

// Columns 32 * g ..< 32 * g + 32 of a block of 256.
INLINE __m256i codes_of_super(const int type, const uint8_t *b, const int g) {
  const int half = g / 4, t = g % 4;
#define LOAD32(at) _mm256_loadu_si256((const __m256i *)(b + (at)))
  switch (type) {
    case NS_Q4_K: return g % 2 ? _mm256_srli_epi16(LOAD32(16 + g / 2 * 32), 4) : LOAD32(16 + g / 2 * 32);
    case NS_Q5_K:
      return _mm256_or_si256(moved(LOAD32(48 + g / 2 * 32), g % 2 ? -4 : 0, 15), moved(LOAD32(16), 4 - g, 16));
    case NS_Q6_K:
      return _mm256_or_si256(
          moved(LOAD32(64 * half + 32 * (t % 2)), t < 2 ? 0 : -4, 15), moved(LOAD32(128 + 32 * half), 4 - 2 * t, 48));
    case NS_Q2_K: return t ? _mm256_srli_epi16(LOAD32(16 + 32 * half), 2 * t) : LOAD32(16 + 32 * half);
    case NS_Q3_K: return _mm256_or_si256(moved(LOAD32(32 + 32 * half), -2 * t, 3), moved(LOAD32(0), 2 - g, 4));
    default: return looked_up(halves(b + 8 + 16 * g), type);  // NS_IQ4_XS
  }
#undef LOAD32
}

// A block of a type in blocks of 32.
INLINE __m256i codes_of_small(const int type, const uint8_t *b) {
  switch (type) {
    case NS_Q4_0: return halves(b + 2);
    case NS_Q4_1: return halves(b + 4);
    case NS_Q5_0: return _mm256_or_si256(moved(halves(b + 6), 0, 15), bits_of(ns_load32(b + 2), 16));
    case NS_Q5_1: return _mm256_or_si256(moved(halves(b + 8), 0, 15), bits_of(ns_load32(b + 4), 16));
    default: return looked_up(halves(b + (type == NS_MXFP4 ? 1 : 2)), type);
  }
}

// Columns 32 * block ..< 32 * block + 32 of a row as bytes, ordered as the type's arrangement says; `g` is the block's
// place in its 256.
INLINE __m256i codes_of(const int type, const int bits, const uint8_t *row, int64_t block, const int g) {
  if (is_super(type)) return codes_of_super(type, row + block / 8 * bytes_of_block(type), g);
  if (type == NS_MXFP4_SPLIT) return looked_up(halves(row + 16 * block), type);
  if (type == NS_AFFINE && bits == 4) return halves(row + 16 * block);
  if (type == NS_AFFINE) return _mm256_loadu_si256((const __m256i *)(row + 32 * block));
  return codes_of_small(type, row + block * bytes_of_block(type));
}

// numbers --------------------------------------------------------------------------------------------------

// Codes in the order in which x is arranged for them.
INLINE numbers arranged_numbers(const int type, const int bits, const uint8_t *row, int64_t block, const int g) {
  const __m256i codes = codes_of(type, bits, row, block, g);
  const unsigned mask = (unsigned)mask_of(type, bits);
  numbers w;
  UNROLL for (int i = 0; i < 4; i++) {
    const __m256i of_byte = arrangement_of(type, bits) == BY_WIDE_BYTES && i == 3
                                ? _mm256_srli_epi32(codes, 24)
                                : _mm256_and_si256(codes, _mm256_set1_epi32((int)(mask << 8 * i)));
    w.v[i] = _mm256_cvtepi32_ps(of_byte);
  }
  return w;
}

// The same in the order of columns.
INLINE numbers ordered_numbers(const int type, const int bits, const uint8_t *row, int64_t block, const int g) {
  const __m256i codes = _mm256_and_si256(codes_of(type, bits, row, block, g), byte_all(mask_of(type, bits)));
  __m128i low = _mm256_castsi256_si128(codes), high = _mm256_extracti128_si256(codes, 1);
  if (arrangement_of(type, bits) == BY_PAIRS) {
    const __m128i even = low, odd = high;
    low = _mm_unpacklo_epi8(even, odd);
    high = _mm_unpackhi_epi8(even, odd);
  }
  numbers w;
  w.v[0] = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(low));
  w.v[1] = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(low, 8)));
  w.v[2] = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(high));
  w.v[3] = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(high, 8)));
  return w;
}

// Codes of a bit stream, in order. Eight of them lie in as many bytes as a code has bits, so in one word of 64, read
// where it does not pass the stream's end.
INLINE numbers stream_numbers(const int bits, const uint8_t *stream) {
  const __m256i mask = _mm256_set1_epi32((1 << bits) - 1);
  numbers w;
  UNROLL for (int i = 0; i < 4; i++) {
    const int from = i * bits < 4 * bits - 8 ? i * bits : 4 * bits - 8, skip = 8 * (i * bits - from);
    uint64_t word;
    memcpy(&word, stream + from, 8);
    const __m256i eight = _mm256_set1_epi64x((long long)word);
#define AT(k) (skip + (k) * bits)
    const __m256i a = _mm256_srlv_epi64(eight, _mm256_setr_epi64x(AT(0), AT(1), AT(4), AT(5)));
    const __m256i b = _mm256_srlv_epi64(eight, _mm256_setr_epi64x(AT(2), AT(3), AT(6), AT(7)));
#undef AT
    const __m256 low = _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88);
    w.v[i] = _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_castps_si256(low), mask));
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

// What is multiplied with x as it is: plain numbers and signed bytes, and the codes of bit streams.
INLINE numbers plain_numbers(const int type, const int bits, const uint8_t *row, int64_t block) {
  if (type == NS_AFFINE) return stream_numbers(bits, row + 4 * bits * block);
  numbers w;
  UNROLL for (int i = 0; i < 4; i++) {
    if (type == NS_Q8_0) {
      const __m128i eight = _mm_loadl_epi64((const __m128i *)(row + 34 * block + 2 + 8 * i));
      w.v[i] = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(eight));
    } else {
      w.v[i] = plain_eight(type, row, 32 * block + 8 * i);
    }
  }
  return w;
}

// Columns 32 * block ..< 32 * block + 32 of a row as weights, in order.
INLINE numbers weights_of(
    const int type, const int bits, const uint8_t *row, int64_t block, const int g, int64_t at, const prepared *p) {
  const int is_arranged = arrangement_of(type, bits) != AS_IT_IS;
  numbers w = is_arranged ? ordered_numbers(type, bits, row, block, g) : plain_numbers(type, bits, row, block);
  if (is_plain(type)) return w;
  UNROLL for (int i = 0; i < 4; i++) {
    const int64_t k = columns_of_scale(type) == 16 ? 2 * at + i / 2 : at;
    const __m256 s = all(p->s[k]);
    w.v[i] = has_offset(type)        ? _mm256_fmadd_ps(w.v[i], s, all(p->m[k]))
             : zero_of(type) == 0.f ? _mm256_mul_ps(w.v[i], s)
                                    : _mm256_fmsub_ps(w.v[i], s, _mm256_mul_ps(s, all(zero_of(type))));
  }
  return w;
}

// arrange --------------------------------------------------------------------------------------------------

// 32 columns of x, from as they are to as `how` says.
INLINE void arrange_block(const enum arrangement how, const float *x, float *out) {
  __m256 v[4];
  __m128 first[4], second[4];
  UNROLL for (int r = 0; r < 4; r++) {
    first[r] = _mm_loadu_ps(x + (how == BY_PAIRS ? 8 * r : 4 * r));
    second[r] = _mm_loadu_ps(x + (how == BY_PAIRS ? 8 * r + 4 : 4 * r + 16));
  }
  _MM_TRANSPOSE4_PS(first[0], first[1], first[2], first[3]);
  _MM_TRANSPOSE4_PS(second[0], second[1], second[2], second[3]);
  UNROLL for (int i = 0; i < 4; i++) {
    v[i] = how != BY_PAIRS ? _mm256_set_m128(second[i], first[i])
           : i < 2         ? _mm256_set_m128(first[2 * i + 1], first[2 * i])
                           : _mm256_set_m128(second[2 * i - 3], second[2 * i - 4]);
  }
  _mm256_storeu_ps(out + 32, _mm256_add_ps(_mm256_add_ps(v[0], v[1]), _mm256_add_ps(v[2], v[3])));
  _mm256_storeu_ps(out, v[0]);
  _mm256_storeu_ps(out + 8, _mm256_mul_ps(v[1], all(0x1p-8f)));
  _mm256_storeu_ps(out + 16, _mm256_mul_ps(v[2], all(0x1p-16f)));
  _mm256_storeu_ps(out + 24, how == BY_WIDE_BYTES ? v[3] : _mm256_mul_ps(v[3], all(0x1p-24f)));
}
