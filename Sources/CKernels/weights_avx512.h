// How AVX-512 code turns 32 stored numbers into two vectors of float32, for every weight type.
//
// Work goes in two steps. `prepare` turns the scales (and minima) of up to CHUNK blocks of 32 columns into
// floats side by side; `expand` then makes the weights of one such block.
//
// Four-bit codes are looked up in a table of sixteen finished weights (`vpermps` reads the low four bits of each
// lane, so they need no mask). Other codes q of b bits that stand for scale * q + minimum are slid into the top
// of a mantissa under the exponent of one, which reads as v = 1 + q / 2^b; one fused multiply-add with 2^b *
// scale and minimum - 2^b * scale then gives the weight, without conversion or shuffle. Which is better was
// measured: it depends on how many columns share a table.
// Included with the AVX-512 target switched on and VBMI said to be there or not; `type` and `bits` are constants
// wherever these are inlined. With VBMI or without, the weights are the same to the bit.
#pragma once
#include <immintrin.h>

#include "weights.h"

// Blocks of 32 columns of a row prepared at a time: 1,024 columns, four blocks of 256. And most rows side by side.
#define CHUNK 32
#define ROWS 8

// The factor `s` and offset `m` of each block of up to ROWS rows; row r begins at r * stride. Types whose scale
// covers 16 columns use two entries a block; types with scale and minimum side by side in the file have them side
// by side in `s`.
typedef struct prepared {
  _Alignas(64) float s[ROWS * 2 * CHUNK];
  _Alignas(64) float m[ROWS * 2 * CHUNK];
  int64_t stride;
} prepared;

INLINE __m128i load16(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }
INLINE __m256i load32(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE uint64_t word64(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return v; }
INLINE uint32_t word32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }
INLINE uint16_t word16(const uint8_t *p) { uint16_t v; memcpy(&v, p, 2); return v; }
INLINE float half_of(uint16_t h) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(h))); }
INLINE __m512 all(float x) { return _mm512_set1_ps(x); }
INLINE __m512i bytes_wide(__m128i b) { return _mm512_cvtepu8_epi32(b); }
INLINE __m512 signed_wide(__m128i b) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(b)); }
INLINE __m512 bfloats(__m256i h) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
}

// 0, 1, ... 15, plus `offset`.
INLINE __m512 ramp(int offset) {
  const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  return _mm512_cvtepi32_ps(_mm512_add_epi32(lane, _mm512_set1_epi32(offset)));
}

INLINE __m512 look_up(__m512i codes, __m512 table) { return _mm512_permutexvar_ps(codes, table); }

// 1 + q / 2^bits, for codes already slid up to end at bit 22; what lies around them does not matter.
INLINE __m512 ones(__m512i slid, const int bits) {
  const __m512i mask = _mm512_set1_epi32(((1 << bits) - 1) << (23 - bits));
  const __m512i one = _mm512_set1_epi32(0x3f800000);
  return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(slid, mask, one, 0xea));  // slid & mask | one
}

// The same for one more bit on top, which comes from a mask.
INLINE __m512 ones_and_bit(__m512i slid, const int bits, __mmask16 top) {
  const __m512i half = _mm512_set1_epi32(0x00400000);
  const __m512i mask = _mm512_set1_epi32(((1 << bits) - 1) << (22 - bits));
  const __m512i one = _mm512_set1_epi32(0x3f800000);
  __m512i v = _mm512_ternarylogic_epi32(slid, mask, one, 0xea);
  return _mm512_castsi512_ps(_mm512_mask_or_epi32(v, top, v, half));
}

// prepare --------------------------------------------------------------------------------------------------

// The scales that lie in front of blocks, gathered into one line.
typedef union gathered {
  _Alignas(64) uint32_t pairs[ROWS * CHUNK];
  uint16_t halves[ROWS * CHUNK];
  uint8_t bytes[ROWS * CHUNK];
} gathered;

// Whether a type's scales lie in front of its blocks, one or two halves or a byte: those are gathered.
INLINE int is_gathered(int type) {
  switch (type) {
    case NS_Q8_0: case NS_Q4_0: case NS_Q4_1: case NS_Q5_0: case NS_Q5_1: case NS_IQ4_NL: case NS_MXFP4: return 1;
    default: return 0;
  }
}

// The first 64 of `left` bytes; what is not there reads as 0 and is not touched.
INLINE __m512i load_some(const uint8_t *p, int64_t left) {
  if (left >= 64) return _mm512_loadu_si512(p);
  return _mm512_maskz_loadu_epi8(left > 0 ? ((__mmask64)1 << left) - 1 : 0, p);
}

// Sixteen numbers that lie `stride` of their own sizes apart, the first at p, picked out of whole vectors. Of a row
// that ends sooner only `left` bytes are read.
INLINE __m512i pick_words32(const uint8_t *p, const int stride, int64_t left) {
  const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i at = _mm512_mullo_epi32(lane, _mm512_set1_epi32(stride));
  __m512i found = _mm512_setzero_si512();
  UNROLL for (int j = 0; 32 * j <= 15 * stride; j++) {
    __m512i low = load_some(p + 128 * j, left - 128 * j), high = low;
    if (32 * j + 16 <= 15 * stride) high = load_some(p + 128 * j + 64, left - 128 * j - 64);
    unsigned here = 0;
    UNROLL for (int k = 0; k < 16; k++) here |= (unsigned)(stride * k / 32 == j) << k;
    found = _mm512_mask_mov_epi32(found, (__mmask16)here, _mm512_permutex2var_epi32(low, at, high));
  }
  return found;
}

INLINE __m256i pick_words16(const uint8_t *p, const int stride, int64_t left) {
  const __m256i lane = _mm256_set_epi16(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i at = _mm512_castsi256_si512(_mm256_mullo_epi16(lane, _mm256_set1_epi16((short)stride)));
  __m256i found = _mm256_setzero_si256();
  UNROLL for (int j = 0; 64 * j <= 15 * stride; j++) {
    __m512i low = load_some(p + 128 * j, left - 128 * j), high = low;
    if (64 * j + 32 <= 15 * stride) high = load_some(p + 128 * j + 64, left - 128 * j - 64);
    unsigned here = 0;
    UNROLL for (int k = 0; k < 16; k++) here |= (unsigned)(stride * k / 64 == j) << k;
    found = _mm256_mask_mov_epi16(
        found, (__mmask16)here, _mm512_castsi512_si256(_mm512_permutex2var_epi16(low, at, high)));
  }
  return found;
}

// The first byte of each of sixteen blocks of 17.
INLINE __m128i pick_bytes17(const uint8_t *p, int64_t left) {
#if VBMI
#define AT(k) ((char)(17 * (k) % 128))
  const __m512i at = _mm512_castsi128_si512(_mm_set_epi8(
      AT(15), AT(14), AT(13), AT(12), AT(11), AT(10), AT(9), AT(8), AT(7), AT(6), AT(5), AT(4), AT(3), AT(2),
      AT(1), AT(0)));
#undef AT
  __m512i v[4];
  UNROLL for (int i = 0; i < 4; i++) v[i] = load_some(p + 64 * i, left - 64 * i);
  return _mm_mask_mov_epi8(
      _mm512_castsi512_si128(_mm512_permutex2var_epi8(v[0], at, v[1])), 0xff00,
      _mm512_castsi512_si128(_mm512_permutex2var_epi8(v[2], at, v[3])));
#else
  _Alignas(16) uint8_t bytes[16];
  UNROLL for (int k = 0; k < 16; k++) bytes[k] = 17 * k < left ? p[17 * k] : 0;
  return _mm_load_si128((const __m128i *)bytes);
#endif
}

// Sixteen blocks' scales to their place in the line.
INLINE void gather_sixteen(const int type, const uint8_t *p, int64_t left, int64_t i, gathered *out) {
  const int size = bytes_of_block(type);
  switch (type) {
    case NS_Q8_0: case NS_Q4_0: case NS_Q5_0: case NS_IQ4_NL:
      _mm256_store_si256((__m256i *)(out->halves + i), pick_words16(p, size / 2, left));
      break;
    case NS_Q4_1: case NS_Q5_1:
      _mm512_store_si512(out->pairs + i, pick_words32(p, size / 4, left));
      break;
    case NS_MXFP4:
      _mm_store_si128((__m128i *)(out->bytes + i), pick_bytes17(p, left));
      break;
    default: break;
  }
}

// First half of preparing: gathers what lies scattered. It is apart from the second, which would wait for these
// writes.
INLINE void gather(const int type, stored row, int64_t first, int64_t count, gathered *out) {
  if (!is_gathered(type)) return;
  const int size = bytes_of_block(type);
  const uint8_t *block = row.data + first * size;
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) gather_sixteen(type, block + i * size, 16 * size, i, out);
  if (i < count) gather_sixteen(type, block + i * size, (count - i) * size, i, out);
}

// Halves as factor and offset, sixteen blocks at a time.
INLINE void prepare_halves(
    const gathered *in, int64_t count, float factor, float offset, float *s, float *m) {
  for (int64_t i = 0; i < count; i += 16) {
    __m512 d = _mm512_cvtph_ps(_mm256_load_si256((const __m256i *)(in->halves + i)));
    _mm512_store_ps(s + i, factor == 1.f ? d : _mm512_mul_ps(d, all(factor)));
    if (offset != 0.f) _mm512_store_ps(m + i, _mm512_mul_ps(d, all(offset)));
  }
}

// Scales and minima as they are, eight blocks at a time; or as factor * scale and minimum - factor * scale.
INLINE void prepare_pairs(const gathered *in, int64_t count, float factor, float *s) {
  for (int64_t i = 0; i < count; i += 8) {
    __m512 both = _mm512_cvtph_ps(_mm256_load_si256((const __m256i *)(in->pairs + i)));
    if (factor != 1.f) {
      both = _mm512_mask_mul_ps(both, 0x5555, both, all(factor));
      both = _mm512_mask_sub_ps(both, 0xaaaa, both, _mm512_moveldup_ps(both));
    }
    _mm512_store_ps(s + 2 * i, both);
  }
}

// Powers of two from exponent bytes; exponent 0 is 2^-127, a subnormal.
INLINE __m512 powers(__m128i exponents) {
  __m512i bits = _mm512_slli_epi32(bytes_wide(exponents), 23);
  return _mm512_castsi512_ps(_mm512_max_epi32(bits, _mm512_set1_epi32(0x00400000)));
}

// Eight 6-bit scales and minima of Q4_K and Q5_K: as they are, or as factor * scale and -minimum - factor *
// scale.
INLINE void prepare_scale_min(const uint8_t *b, float factor, float *s, float *m) {
  uint32_t u0 = word32(b + 4), u1 = word32(b + 8), u2 = word32(b + 12);
  uint64_t scales = (u0 & 0x3f3f3f3f)
                    | (uint64_t)((u2 & 0x0f0f0f0f) | (u0 >> 6 & 0x03030303) << 4) << 32;
  uint64_t minima = (u1 & 0x3f3f3f3f)
                    | (uint64_t)((u2 >> 4 & 0x0f0f0f0f) | (u1 >> 6 & 0x03030303) << 4) << 32;
  __m256 d = _mm256_set1_ps(half_of(word16(b)) * factor);
  __m256 dm = _mm256_set1_ps(half_of(word16(b + 2)));
  __m256i si = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)scales));
  __m256i mi = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)minima));
  __m256 scaled = _mm256_mul_ps(d, _mm256_cvtepi32_ps(si)), minus = _mm256_cvtepi32_ps(mi);
  _mm256_store_ps(s, scaled);
  if (factor == 1.f) {
    _mm256_store_ps(m, _mm256_mul_ps(minus, dm));
  } else {
    _mm256_store_ps(m, _mm256_fnmsub_ps(dm, minus, scaled));
  }
}

// Sixteen 6-bit scales of Q3_K, less 32.
INLINE __m128i q3_scales(const uint8_t *packed) {
  __m128i low = _mm_set_epi64x((long long)(word64(packed) >> 4), (long long)word64(packed));
  __m128i high = _mm_srlv_epi32(
      _mm_set1_epi32((int)word32(packed + 8)), _mm_set_epi32(6, 4, 2, 0));
  low = _mm_and_si128(low, _mm_set1_epi8(15));
  high = _mm_slli_epi16(_mm_and_si128(high, _mm_set1_epi8(3)), 4);
  return _mm_sub_epi8(_mm_or_si128(low, high), _mm_set1_epi8(32));
}

INLINE void prepare_super(const int type, const uint8_t *b, float *s, float *m) {
  switch (type) {
    case NS_Q4_K: prepare_scale_min(b, 1.f, s, m); break;
    case NS_Q5_K: prepare_scale_min(b, 32.f, s, m); break;
    case NS_Q6_K:
      _mm512_store_ps(s, _mm512_mul_ps(all(half_of(word16(b + 208))), signed_wide(load16(b + 192))));
      break;
    case NS_Q3_K: {
      __m512 scales = _mm512_mul_ps(all(half_of(word16(b + 108))), signed_wide(q3_scales(b + 96)));
      _mm512_store_ps(s, _mm512_mul_ps(scales, all(8.f)));
      _mm512_store_ps(m, _mm512_mul_ps(scales, all(-12.f)));  // -8 for the leading one, -4 of the format
      break;
    }
    case NS_Q2_K: {
      __m512i both = bytes_wide(load16(b));
      __m512i low = _mm512_and_si512(both, _mm512_set1_epi32(15)), high = _mm512_srli_epi32(both, 4);
      __m512 scaled = _mm512_mul_ps(all(half_of(word16(b + 80)) * 4.f), _mm512_cvtepi32_ps(low));
      _mm512_store_ps(s, scaled);
      _mm512_store_ps(
          m, _mm512_fnmsub_ps(all(half_of(word16(b + 82))), _mm512_cvtepi32_ps(high), scaled));
      break;
    }
    case NS_IQ4_XS: {
      float d = half_of(word16(b));
      uint32_t low = word32(b + 4), high = word16(b + 2);
      for (int g = 0; g < 8; g++) {
        s[g] = d * (float)((int)((low >> 4 * g & 15) | (high >> 2 * g & 3) << 4) - 32);
      }
      break;
    }
    default: break;
  }
}

// `count` plain numbers to floats.
INLINE void prepare_plain(const uint8_t *p, int type, int64_t count, float *out) {
  for (int64_t i = 0; i < count; i += 16) {
    __mmask16 some = count - i >= 16 ? 0xffff : (__mmask16)((1 << (count - i)) - 1);
    __m512 v;
    if (type == NS_F32) {
      v = _mm512_maskz_loadu_ps(some, (const float *)p + i);
    } else {
      __m256i h = _mm256_maskz_loadu_epi16(some, (const uint16_t *)p + i);
      v = type == NS_F16 ? _mm512_cvtph_ps(h) : bfloats(h);
    }
    _mm512_store_ps(out + i, v);
  }
}

// Second half of preparing blocks `first ..< first + count` (of 32 columns) of a row.
INLINE void prepare(
    const int type, const int bits, const ns_matrix *w, stored row, int64_t first, int64_t count,
    const gathered *in, float *s, float *m) {
  const int size = bytes_of_block(type);
  switch (type) {
    case NS_Q8_0: case NS_IQ4_NL: case NS_Q4_0: prepare_halves(in, count, 1.f, 0.f, s, m); break;
    case NS_Q5_0: prepare_halves(in, count, 32.f, -48.f, s, m); break;
    case NS_Q4_1: prepare_pairs(in, count, 1.f, s); break;
    case NS_Q5_1: prepare_pairs(in, count, 32.f, s); break;
    case NS_MXFP4:
      for (int64_t i = 0; i < count; i += 16) _mm512_store_ps(s + i, powers(load16(in->bytes + i)));
      break;
    case NS_MXFP4_SPLIT:
      for (int64_t i = 0; i < count; i += 16) {
        __mmask16 some = count - i >= 16 ? 0xffff : (__mmask16)((1 << (count - i)) - 1);
        _mm512_store_ps(s + i, powers(_mm_maskz_loadu_epi8(some, row.scales + first + i)));
      }
      break;
    case NS_AFFINE: {
      int64_t group = first * 32 / w->group, groups = ((first + count) * 32 - 1) / w->group + 1 - group;
      int64_t at = group * (w->scale_type == NS_F32 ? 4 : 2);
      prepare_plain(row.scales + at, w->scale_type, groups, s);
      prepare_plain(row.biases + at, w->scale_type, groups, m);
      for (int64_t i = 0; i < groups && bits < 8; i += 16) {
        __m512 scaled = _mm512_mul_ps(_mm512_load_ps(s + i), all((float)(1 << bits)));
        _mm512_store_ps(s + i, scaled);
        _mm512_store_ps(m + i, _mm512_sub_ps(_mm512_load_ps(m + i), scaled));
      }
      break;
    }
    default:
      for (int64_t i = 0; i < count; i += 8) {
        const int64_t at = type == NS_Q2_K || type == NS_Q3_K || type == NS_Q6_K ? 2 * i : i;
        prepare_super(type, row.data + (first + i) / 8 * size, s + at, m + at);
      }
  }
}

// expand ---------------------------------------------------------------------------------------------------

typedef struct pair {
  __m512 a, b;  // columns 0 ... 15 and 16 ... 31 of a block
} pair;

// Sixteen codes of `bits` bits, the first eight from bit `first` of `low` and the others from bit `second` of `high`,
// each alone in its lane and slid so that it ends at bit `end`; other bits of a lane hold anything.
INLINE __m512i spread_two(
    uint64_t low, uint64_t high, const int bits, const int first, const int second, const int end) {
#if VBMI
  // The third byte of a lane (bits 16 ... 23) is read from the stream at the bit that puts the code's end there.
#define FIELD(position) ((uint64_t)(((position) + bits + 15 - end) & 63) << 16)
#define TWO(position) (long long)(FIELD(position) | FIELD((position) + bits) << 32)
#define LOW(i) TWO(first + 2 * (i) * bits)
#define HIGH(i) TWO(second + 2 * (i) * bits)
  const __m512i control = _mm512_set_epi64(HIGH(3), HIGH(2), HIGH(1), HIGH(0), LOW(3), LOW(2), LOW(1), LOW(0));
  const __m512i words = _mm512_mask_set1_epi64(_mm512_set1_epi64((long long)low), 0xf0, (long long)high);
  return _mm512_multishift_epi64_epi8(control, words);
#undef HIGH
#undef LOW
#undef TWO
#undef FIELD
#else
  // A code touches at most two bytes of the sixteen; they come to the bottom of its lane and are shifted up.
#define AT(i) ((i) < 8 ? first + (i) * bits : 64 + second + ((i) - 8) * bits)
#define PAIR(i) (AT(i) / 8 | (AT(i) / 8 < 15 ? AT(i) / 8 + 1 : 15) << 8 | (int)0x80800000)
#define UP(i) (end + 1 - bits - AT(i) % 8)
#define LANES(X) _mm512_set_epi32( \
    X(15), X(14), X(13), X(12), X(11), X(10), X(9), X(8), X(7), X(6), X(5), X(4), X(3), X(2), X(1), X(0))
  const __m512i words = _mm512_broadcast_i64x2(_mm_set_epi64x((long long)high, (long long)low));
  return _mm512_sllv_epi32(_mm512_shuffle_epi8(words, LANES(PAIR)), LANES(UP));
#undef LANES
#undef UP
#undef PAIR
#undef AT
#endif
}

// The same of codes that all lie in one word, from bit `skip` on.
INLINE __m512i spread(uint64_t stream, const int bits, const int skip, const int end) {
  return spread_two(stream, stream, bits, skip, skip + 8 * bits, end);
}

// Where a block's last code ends with its last byte, the word before is read instead and more is skipped, so
// that nothing past the block is touched.
INLINE pair expand_affine(const int bits, const uint8_t *p, __m512 s, __m512 m) {
  __m512 a, b;
  switch (bits) {
    case 2:
      a = ones(spread(word64(p), 2, 0, 22), 2);
      b = ones(spread(word64(p), 2, 32, 22), 2);
      break;
    case 3:
      a = ones(spread(word64(p), 3, 0, 22), 3);
      b = ones(spread(word64(p + 4), 3, 16, 22), 3);
      break;
    case 4:
      a = ones(spread(word64(p), 4, 0, 22), 4);
      b = ones(spread(word64(p + 8), 4, 0, 22), 4);
      break;
    case 5:
      a = ones(spread_two(word64(p), word64(p + 5), 5, 0, 0, 22), 5);
      b = ones(spread_two(word64(p + 10), word64(p + 12), 5, 0, 24, 22), 5);
      break;
    case 6:
      a = ones(spread_two(word64(p), word64(p + 6), 6, 0, 0, 22), 6);
      b = ones(spread_two(word64(p + 12), word64(p + 16), 6, 0, 16, 22), 6);
      break;
    default:
      a = _mm512_cvtepi32_ps(bytes_wide(load16(p)));
      b = _mm512_cvtepi32_ps(bytes_wide(load16(p + 16)));
  }
  return (pair){_mm512_fmadd_ps(a, s, m), _mm512_fmadd_ps(b, s, m)};
}

INLINE pair nibbles(const uint8_t *p, __m512 table) {
  __m512i both = bytes_wide(load16(p));
  return (pair){look_up(both, table), look_up(_mm512_srli_epi32(both, 4), table)};
}

// Nibbles of 16 bytes with a fifth bit each from `high`, times s plus m.
INLINE pair scaled_nibbles_and_bit(const uint8_t *p, uint32_t high, __m512 s, __m512 m) {
  __m512i both = bytes_wide(load16(p));
  __m512 a = ones_and_bit(_mm512_slli_epi32(both, 18), 4, (__mmask16)high);
  __m512 b = ones_and_bit(_mm512_slli_epi32(both, 14), 4, (__mmask16)(high >> 16));
  return (pair){_mm512_fmadd_ps(a, s, m), _mm512_fmadd_ps(b, s, m)};
}

// Block `g` (of 32 columns, constant) of a block of 256 at b; s and m are its prepared scales.
INLINE pair expand_super(const int type, const uint8_t *b, const int g, const float *s, const float *m) {
  switch (type) {
    case NS_Q4_K: {
      const uint8_t *p = b + 16 + g / 2 * 32;
      __m512 table = _mm512_fmsub_ps(ramp(0), all(s[g]), all(m[g]));
      __m512i x = bytes_wide(load16(p)), y = bytes_wide(load16(p + 16));
      if (g % 2) {
        x = _mm512_srli_epi32(x, 4);
        y = _mm512_srli_epi32(y, 4);
      }
      return (pair){look_up(x, table), look_up(y, table)};
    }
    case NS_Q5_K: {
      const uint8_t *p = b + 48 + g / 2 * 32;
      const int slide = g % 2 ? 14 : 18;
      uint32_t high = _mm256_test_epi8_mask(load32(b + 16), _mm256_set1_epi8((char)(1 << g)));
      __m512i low = bytes_wide(load16(p)), next = bytes_wide(load16(p + 16));
      __m512 x = ones_and_bit(_mm512_slli_epi32(low, slide), 4, (__mmask16)high);
      __m512 y = ones_and_bit(_mm512_slli_epi32(next, slide), 4, (__mmask16)(high >> 16));
      return (pair){_mm512_fmadd_ps(x, all(s[g]), all(m[g])), _mm512_fmadd_ps(y, all(s[g]), all(m[g]))};
    }
    case NS_Q6_K: {
      const int half = g / 4, t = g % 4;
      __m256i low = load32(b + 64 * half + 32 * (t % 2)), high = load32(b + 128 + 32 * half);
      if (t >= 2) low = _mm256_srli_epi16(low, 4);
      low = _mm256_and_si256(low, _mm256_set1_epi8(15));
      high = t < 2 ? _mm256_slli_epi16(high, 4 - 2 * t) : _mm256_srli_epi16(high, 2 * t - 4);
      high = _mm256_and_si256(high, _mm256_set1_epi8(0x30));
      __m256i codes = _mm256_sub_epi8(_mm256_or_si256(low, high), _mm256_set1_epi8(32));
      return (pair){
          _mm512_mul_ps(signed_wide(_mm256_castsi256_si128(codes)), all(s[2 * g])),
          _mm512_mul_ps(signed_wide(_mm256_extracti128_si256(codes, 1)), all(s[2 * g + 1]))};
    }
    case NS_Q2_K: {
      const uint8_t *p = b + 16 + g / 4 * 32;
      const int slide = 21 - 2 * (g % 4);
      __m512 x = ones(_mm512_slli_epi32(bytes_wide(load16(p)), slide), 2);
      __m512 y = ones(_mm512_slli_epi32(bytes_wide(load16(p + 16)), slide), 2);
      return (pair){_mm512_fmadd_ps(x, all(s[2 * g]), all(m[2 * g])),
                    _mm512_fmadd_ps(y, all(s[2 * g + 1]), all(m[2 * g + 1]))};
    }
    case NS_Q3_K: {
      const uint8_t *p = b + 32 + g / 4 * 32;
      const int slide = 20 - 2 * (g % 4);
      uint32_t high = _mm256_test_epi8_mask(load32(b), _mm256_set1_epi8((char)(1 << g)));
      __m512 x = ones_and_bit(_mm512_slli_epi32(bytes_wide(load16(p)), slide), 2, (__mmask16)high);
      __m512 y = ones_and_bit(
          _mm512_slli_epi32(bytes_wide(load16(p + 16)), slide), 2, (__mmask16)(high >> 16));
      return (pair){_mm512_fmadd_ps(x, all(s[2 * g]), all(m[2 * g])),
                    _mm512_fmadd_ps(y, all(s[2 * g + 1]), all(m[2 * g + 1]))};
    }
    default:  // NS_IQ4_XS
      return nibbles(b + 8 + 16 * g, _mm512_mul_ps(_mm512_loadu_ps(ns_iq4_values), all(s[g])));
  }
}

// Block `first + i` of a row, whose prepared factors and offsets s and m start at block `first`. For blocks of 256
// `g` is `(first + i) % 8`, a constant.
INLINE pair expand(
    const int type, const int bits, const ns_matrix *w, stored row, int64_t first, int64_t i,
    const int g, const float *s, const float *m) {
  const int size = bytes_of_block(type);
  const int64_t block = first + i;
  const uint8_t *b = row.data + block * size;
  switch (type) {
    case NS_F32: {
      const float *p = (const float *)row.data + 32 * block;
      return (pair){_mm512_loadu_ps(p), _mm512_loadu_ps(p + 16)};
    }
    case NS_F16:
      return (pair){_mm512_cvtph_ps(load32(row.data + 64 * block)),
                    _mm512_cvtph_ps(load32(row.data + 64 * block + 32))};
    case NS_BF16:
      return (pair){bfloats(load32(row.data + 64 * block)), bfloats(load32(row.data + 64 * block + 32))};
    case NS_Q8_0: {
      __m512 scale = all(s[i]);
      return (pair){_mm512_mul_ps(signed_wide(load16(b + 2)), scale),
                    _mm512_mul_ps(signed_wide(load16(b + 18)), scale)};
    }
    case NS_Q4_0: return nibbles(b + 2, _mm512_mul_ps(ramp(-8), all(s[i])));
    case NS_Q4_1: return nibbles(b + 4, _mm512_fmadd_ps(ramp(0), all(s[2 * i]), all(s[2 * i + 1])));
    case NS_Q5_0: return scaled_nibbles_and_bit(b + 6, word32(b + 2), all(s[i]), all(m[i]));
    case NS_Q5_1:
      return scaled_nibbles_and_bit(b + 8, word32(b + 4), all(s[2 * i]), all(s[2 * i + 1]));
    case NS_IQ4_NL: return nibbles(b + 2, _mm512_mul_ps(_mm512_loadu_ps(ns_iq4_values), all(s[i])));
    case NS_MXFP4: return nibbles(b + 1, _mm512_mul_ps(_mm512_loadu_ps(ns_fp4_values), all(s[i])));
    case NS_MXFP4_SPLIT: {
      __m512 table = _mm512_mul_ps(_mm512_loadu_ps(ns_fp4_values), all(s[i]));
      const uint8_t *p = row.data + 16 * block;
      __m512i x = spread(word64(p), 4, 0, 19), y = spread(word64(p + 8), 4, 0, 19);
      x = _mm512_srli_epi32(x, 16);
      y = _mm512_srli_epi32(y, 16);
      return (pair){look_up(x, table), look_up(y, table)};
    }
    case NS_AFFINE: {
      int64_t at = block * 32 / w->group - first * 32 / w->group;
      return expand_affine(bits, row.data + 4 * bits * block, all(s[at]), all(m[at]));
    }
    default: {
      const int64_t at = (type == NS_Q2_K || type == NS_Q3_K || type == NS_Q6_K ? 2 : 1) * (i - g);
      return expand_super(type, row.data + block / 8 * size, g, s + at, m + at);
    }
  }
}
