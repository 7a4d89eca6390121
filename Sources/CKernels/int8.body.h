// Products of rows being decoded, from activations rounded to int8 blocks: 32 codes times 32 bytes are summed as
// integers, exactly, and the sum times both scales is added in float32.
//
// Every (weight row, x row) pair takes the blocks in order into its own sums and adds these in one tree at the end, so a
// row's bits depend neither on its neighbours nor on whether the processor has dot products of bytes.
//
// The including file switches the target on and defines `dots`: the sums of four neighbouring products of unsigned
// with signed bytes, none of which passes 16 bits in pairs.
#include "int8.h"
#include "weights_avx2.h"

#define FETCH_AHEAD 6144  // bytes ahead of their reading that rows are fetched

INLINE int32_t sum_of(__m256i eight) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  s = _mm_add_epi32(s, _mm_unpackhi_epi64(s, s));
  return _mm_cvtsi128_si32(s) + _mm_extract_epi32(s, 1);
}

// One row of x. A number that is not finite leaves a scale that is no number, so that it is not lost.
static void round_row(const float *x, void *y, int64_t n) {
  const rounded to = rounded_row(y, n);
  int8_t *bytes = (int8_t *)to.bytes;
  float *scales = (float *)to.scales, *products = (float *)to.products;
  int32_t *sums = (int32_t *)to.sums;
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  for (int64_t b = 0; b < n / 32; b++) {
    __m256 v[4], most = _mm256_setzero_ps(), nothing = _mm256_setzero_ps();
    UNROLL for (int i = 0; i < 4; i++) {
      v[i] = _mm256_loadu_ps(x + 32 * b + 8 * i);
      most = _mm256_max_ps(most, _mm256_and_ps(v[i], magnitude));
      nothing = _mm256_fmadd_ps(v[i], _mm256_setzero_ps(), nothing);
    }
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(most), _mm256_extractf128_ps(most, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    const float largest = _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
    const __m128 none = _mm_add_ps(_mm256_castps256_ps128(nothing), _mm256_extractf128_ps(nothing, 1));
    const float lost = none[0] + none[1] + none[2] + none[3];
    if (lost != 0.f) {
      memset(bytes + 32 * b, 0, 32);
      scales[b] = products[b] = lost;
      sums[2 * b] = sums[2 * b + 1] = 0;
      continue;
    }
    const __m256 factor = all(largest > 0x1p-100f ? 127.f / largest : 0.f);  // of less than that a float has no inverse
    __m256i words[4];
    UNROLL for (int i = 0; i < 4; i++) words[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], factor));
    const __m256i packed = _mm256_packs_epi16(
        _mm256_packs_epi32(words[0], words[1]), _mm256_packs_epi32(words[2], words[3]));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_storeu_si256((__m256i *)(bytes + 32 * b), _mm256_permutevar8x32_epi32(packed, order));
    UNROLL for (int i = 0; i < 2; i++) sums[2 * b + i] = sum_of(_mm256_add_epi32(words[2 * i], words[2 * i + 1]));
    scales[b] = largest / 127.f;
    products[b] = scales[b] * (float)(sums[2 * b] + sums[2 * b + 1]);
  }
  for (int64_t b = n / 32; b < room_of_blocks(n); b++) {
    scales[b] = products[b] = 0.f;
    sums[2 * b] = sums[2 * b + 1] = 0;
  }
}

// The 32 codes of block `block` of a row, the g-th of its 256, in the order of their columns.
INLINE __m256i bytes_of(const int type, const uint8_t *row, int64_t block, const int64_t g) {
  if (type == NS_Q8_0) return _mm256_loadu_si256((const __m256i *)(row + 34 * block + 2));
  const __m256i codes = codes_of(type, 0, row, block, (int)g);
  return largest_code(type) == 15 ? _mm256_and_si256(codes, byte_all(15)) : codes;  // the others are masked there
}

// The factors of the eight words of block g of 256 columns.
INLINE __m256 factors_of(const int type, const float *s, const int64_t g) {
  if (columns_of_scale(type) == 32) return all(s[g]);
  const __m256 pairs = _mm256_castpd_ps(_mm256_broadcast_sd((const double *)(s + 2 * g)));
  return _mm256_permutevar_ps(pairs, _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1));
}

INLINE __m256i products_of_block(const int type, __m256i codes, const int8_t *x) {
  const __m256i bytes = _mm256_loadu_si256((const __m256i *)x);
  if (type == NS_Q8_0) return dots(_mm256_abs_epi8(codes), _mm256_sign_epi8(bytes, codes));
  return dots(codes, bytes);
}

INLINE float total_of(__m256 eight) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// The first `count` of eight lanes, the rest zero.
INLINE __m256 first_of(__m256 v, int64_t count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_and_ps(v, _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lane)));
}

#define MOST_PAIRS 4

// Weight rows and rows of x, and the sums of their pairs.
typedef struct rounded_tile {
  stored rows[MOST_PAIRS];
  rounded x[MOST_PAIRS];
  // Sums of words, and what is added for the codes that are not zero at zero.
  __m256 sums[MOST_PAIRS], offsets[MOST_PAIRS];
  const char *later;
} rounded_tile;

// The scales of pair k, of weights with factors (and offsets) `w` times those of row j of x, for `count` blocks from
// block `first`; what is added to their sums goes to the pair's offsets.
INLINE void scale_pair(
    const int type, rounded_tile *t, const int k, const int j, const prepared *w, int64_t first, int64_t count,
    float *scales) {
  const rounded *x = t->x + j;
  if (columns_of_scale(type) == 16) {  // in blocks of 256, so there are eight
    UNROLL for (int i = 0; i < 2; i++) {
      const __m256i twice = _mm256_add_epi32(_mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3), _mm256_set1_epi32(4 * i));
      const __m256 of_x = _mm256_permutevar8x32_ps(_mm256_loadu_ps(x->scales + first), twice);
      const __m256i sums = _mm256_loadu_si256((const __m256i *)(x->sums + 2 * first + 8 * i));
      const __m256 both_scales = _mm256_mul_ps(_mm256_load_ps(w->s + 8 * i), of_x);
      _mm256_store_ps(scales + 8 * i, both_scales);
      t->offsets[k] = _mm256_fmadd_ps(both_scales, _mm256_cvtepi32_ps(sums), t->offsets[k]);
    }
    return;
  }
  const __m256 s = first_of(_mm256_load_ps(w->s), count), products = _mm256_loadu_ps(x->products + first);
  _mm256_store_ps(scales, _mm256_mul_ps(s, _mm256_loadu_ps(x->scales + first)));
  if (has_offset(type)) {
    t->offsets[k] = _mm256_fmadd_ps(first_of(_mm256_load_ps(w->m), count), products, t->offsets[k]);
  } else if (zero_of(type) > 0.f) {
    t->offsets[k] = _mm256_fmadd_ps(s, products, t->offsets[k]);
  }
}

// Block `block`, the g-th of its 256 columns, of R weight rows times M rows of x.
INLINE void multiply_bytes(
    const int type, const int R, const int M, rounded_tile *t, float (*scales)[16], int64_t block, const int64_t g) {
  UNROLL for (int k = 0; k < R * bytes_of_32(type, 0); k += 64) _mm_prefetch(t->later + k, _MM_HINT_T0);
  t->later += R * bytes_of_32(type, 0);
  UNROLL for (int r = 0; r < R; r++) {
    const __m256i codes = bytes_of(type, t->rows[r].data, block, g);
    UNROLL for (int j = 0; j < M; j++) {
      const int k = r * M + j;
      const __m256 whole = _mm256_cvtepi32_ps(products_of_block(type, codes, t->x[j].bytes + 32 * block));
      t->sums[k] = _mm256_fmadd_ps(whole, factors_of(type, scales[k], g), t->sums[k]);
    }
  }
}

// Weight rows row_begin ..< row_end times M rows of x from m, R weight rows at a time; the last row is repeated
// where there are fewer.
INLINE void multiply_rounded(
    const int type, const int R, const int M, const ns_product *p, int64_t row_begin, int64_t row_end, int64_t m) {
  const ns_matrix *w = &p->w;
  const int64_t blocks = w->columns / 32;
  rounded_tile t;
  UNROLL for (int j = 0; j < M; j++) {
    t.x[j] = rounded_row((const char *)p->x_rounded + (m + j) * p->x_rounded_stride, w->columns);
  }
  for (int64_t row = row_begin; row < row_end; row += R) {
    int64_t left[MOST_PAIRS];
    UNROLL for (int r = 0; r < R; r++) {
      const int64_t at = row + r < row_end ? row + r : row_end - 1;
      t.rows[r] = stored_row(w, at);
      left[r] = (w->rows - 1 - at) * w->row_stride + blocks * bytes_of_32(type, 0);
    }
    UNROLL for (int k = 0; k < R * M; k++) t.sums[k] = t.offsets[k] = _mm256_setzero_ps();
    t.later = (const char *)t.rows[0].data + (FETCH_AHEAD / w->row_stride + R) * w->row_stride;
    for (int64_t first = 0; first < blocks; first += 8) {
      const int64_t count = blocks - first < 8 ? blocks - first : 8;
      _Alignas(32) float scales[MOST_PAIRS][16];
      UNROLL for (int r = 0; r < R; r++) {
        prepared own;
        prepare(type, w, t.rows[r], first, count, left[r], &own);
        UNROLL for (int j = 0; j < M; j++) {
          scale_pair(type, &t, r * M + j, j, &own, first, count, scales[r * M + j]);
        }
      }
      if (is_super(type) || count == 8) {
        UNROLL for (int g = 0; g < 8; g++) multiply_bytes(type, R, M, &t, scales, first + g, g);
      } else {
        for (int64_t g = 0; g < count; g++) multiply_bytes(type, R, M, &t, scales, first + g, g);
      }
    }
    UNROLL for (int r = 0; r < R; r++) {
      if (row + r >= row_end) break;
      UNROLL for (int j = 0; j < M; j++) {
        const __m256 offset = t.offsets[r * M + j], words = t.sums[r * M + j];
        const __m256 eight = has_offset(type)       ? _mm256_add_ps(words, offset)
                             : zero_of(type) > 0.f ? _mm256_fnmadd_ps(offset, all(zero_of(type)), words)
                                                    : words;
        const float sum = total_of(eight);
        p->y[(m + j) * p->y_stride + row + r] = p->bias ? sum + p->bias[row + r] : sum;
      }
    }
  }
}

#define ROUNDED_PRODUCT(name, type)                                                              \
  static void rounded_##name(const ns_product *p, int64_t row_begin, int64_t row_end) {         \
    int64_t m = 0;                                                                              \
    for (; m + 4 <= p->count; m += 4) multiply_rounded(type, 1, 4, p, row_begin, row_end, m);   \
    for (; m + 2 <= p->count; m += 2) multiply_rounded(type, 2, 2, p, row_begin, row_end, m);   \
    if (m < p->count) multiply_rounded(type, 4, 1, p, row_begin, row_end, m);                   \
  }
INT8_TYPES(ROUNDED_PRODUCT)

static void rounded_product(const ns_product *p, int64_t row_begin, int64_t row_end) {
  switch (p->w.type) {
#define CASE(name, type) case type: return rounded_##name(p, row_begin, row_end);
    INT8_TYPES(CASE)
#undef CASE
    default: return;
  }
}
