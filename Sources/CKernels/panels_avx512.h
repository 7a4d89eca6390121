// Panels of four-bit weights for AVX-512: sixteen rows become columns while their numbers are still bytes, which takes
// a quarter of the shuffles that decoded numbers take. The numbers are those of decoding, to the bit.
#pragma once
#include <immintrin.h>

#include "weights.h"

typedef uint8_t b64 __attribute__((vector_size(64)));

static const b64 EACH_BYTE = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

// Sixteen bytes of each of sixteen rows, as four columns of sixteen bytes in each of `columns`.
INLINE void turn_bytes(const uint8_t *const *rows, int64_t offset, __m512i *columns) {
#define ROW(r) _mm_loadu_si128((const __m128i *)(rows[r] + offset))
#define LINE(a, b, c, d)                                                                          \
  _mm512_inserti32x4(                                                                             \
      _mm512_inserti32x4(_mm512_inserti32x4(_mm512_castsi128_si512(ROW(a)), ROW(b), 1), ROW(c), 2), ROW(d), 3)
#if VBMI
  __m512i z[4];
  EACH for (int i = 0; i < 4; i++) z[i] = LINE(4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3);
  // Byte c of row r of eight rows comes to place 8 c + r.
  const b64 from = (EACH_BYTE & 7) << 4 | EACH_BYTE >> 3;
  EACH for (int half = 0; half < 2; half++) {
    const __m512i first = (__m512i)(from + (uint8_t)(8 * half));
    const __m512i upper = _mm512_permutex2var_epi8(z[0], first, z[1]);
    const __m512i lower = _mm512_permutex2var_epi8(z[2], first, z[3]);
    const __m512i low = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
    const __m512i high = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
    columns[2 * half] = _mm512_permutex2var_epi64(upper, low, lower);
    columns[2 * half + 1] = _mm512_permutex2var_epi64(upper, high, lower);
  }
#else
  // Every lane holds one of four neighbouring rows, so that unpacking puts four rows of a column side by side.
  __m512i z[4];
  EACH for (int i = 0; i < 4; i++) z[i] = LINE(i, 4 + i, 8 + i, 12 + i);
  const __m512i a = _mm512_unpacklo_epi8(z[0], z[1]), b = _mm512_unpacklo_epi8(z[2], z[3]);
  const __m512i c = _mm512_unpackhi_epi8(z[0], z[1]), d = _mm512_unpackhi_epi8(z[2], z[3]);
  const __m512i turned = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
  columns[0] = _mm512_permutexvar_epi32(turned, _mm512_unpacklo_epi16(a, b));
  columns[1] = _mm512_permutexvar_epi32(turned, _mm512_unpackhi_epi16(a, b));
  columns[2] = _mm512_permutexvar_epi32(turned, _mm512_unpacklo_epi16(c, d));
  columns[3] = _mm512_permutexvar_epi32(turned, _mm512_unpackhi_epi16(c, d));
#endif
#undef LINE
#undef ROW
}

// Column `place` of four, as numbers.
INLINE __m512 column_of(__m512i columns, const int place) {
#if VBMI
  const __m512i from = (__m512i)((EACH_BYTE >> 2) + (uint8_t)(16 * place));
  return _mm512_cvtepi32_ps(_mm512_maskz_permutexvar_epi8(0x1111111111111111, from, columns));
#else
  __m128i bytes[4];
  memcpy(bytes, &columns, 64);
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes[place]));
#endif
}

// Columns column ..< column + depth of sixteen rows, `stride` floats apart; 0 for types that are decoded row by row.
static int fill_columns(
    const ns_matrix *w, const int64_t *rows, int64_t column, int64_t depth, float *panel, int64_t stride) {
  if (w->type != NS_Q4_0 && w->type != NS_Q4_1) return 0;
  const int has_least = w->type == NS_Q4_1;
  const int64_t block = bytes_of_block(w->type), head = block - 16;
  const uint8_t *from[16];
  for (int r = 0; r < 16; r++) from[r] = w->data + rows[r] * w->row_stride + column / 32 * block;
  for (int64_t k = 0; k < depth; k += 32, panel += 32 * stride) {
    const int64_t offset = k / 32 * block;
    _Alignas(32) uint16_t scales[16], least[16];
    for (int r = 0; r < 16; r++) {
      __builtin_memcpy(&scales[r], from[r] + offset, 2);
      if (has_least) __builtin_memcpy(&least[r], from[r] + offset + 2, 2);
    }
    const __m512 d = _mm512_cvtph_ps(_mm256_load_si256((const __m256i *)scales));
    const __m512 m = has_least ? _mm512_cvtph_ps(_mm256_load_si256((const __m256i *)least)) : _mm512_setzero_ps();
    __m512i columns[4];
    turn_bytes(from, offset + head, columns);
    EACH for (int i = 0; i < 8; i++) {
      const __m512i nibbles = _mm512_and_si512(
          i < 4 ? columns[i] : _mm512_srli_epi16(columns[i - 4], 4), _mm512_set1_epi8(15));
      EACH for (int place = 0; place < 4; place++) {
        const __m512 number = column_of(nibbles, place);
        _mm512_storeu_ps(
            panel + (4 * i + place) * stride,
            has_least ? _mm512_fmadd_ps(number, d, m)
                      : _mm512_mul_ps(_mm512_sub_ps(number, _mm512_set1_ps(8.f)), d));
      }
    }
  }
  return 1;
}
