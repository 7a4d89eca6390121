// Products of many rows of x in int8 blocks: the codes of a panel of weight rows lie as bytes, four columns to a lane,
// and are multiplied with all rows of x in tiles whose sums stay in registers. Blocks are added in order.
//
// The including file defines LANES (weight rows of a vector: 8 or 16), HEIGHT (rows of x in a tile), DOTS (whether
// there are dot products of bytes, which add to words of 32 bits; else products are added in pairs to 16 bits), and the
// vectors of so many lanes: `whole` and `real`, with the operations below.

#define VECTORS 2  // of weight rows in a panel
#define WIDTH (LANES * VECTORS)
#define DEPTH 1024  // columns of a panel: with its scales it then stays in the first-level cache, or nearly

// 32 columns of a panel: bytes 4 g ..< 4 g + 4 of row r at codes[g][r].
typedef struct block_of_rows {
  _Alignas(64) uint32_t codes[8][WIDTH];
  float scales[WIDTH];  // of all columns, or of the first sixteen
  float others[WIDTH];  // the offsets, or the scales of the other sixteen
} block_of_rows;

_Static_assert(sizeof(block_of_rows) * (DEPTH / 32) + 64 <= sizeof(float) * NS_PANEL_SCRATCH, "the panel must fit");

// What is added to the codes, as bytes, so that they are unsigned where they must be.
INLINE int zero_of_bytes(const int type) { return type != NS_Q8_0 ? (int)zero_of(type) : DOTS ? 128 : 0; }

// Sixteen bytes of each of four rows, as four words of each.
INLINE void turn_four(const uint8_t *const *rows, int64_t offset, __m128i *words) {
  __m128 v[4];
  UNROLL for (int i = 0; i < 4; i++) v[i] = _mm_loadu_ps((const float *)(rows[i] + offset));
  _MM_TRANSPOSE4_PS(v[0], v[1], v[2], v[3]);
  UNROLL for (int i = 0; i < 4; i++) words[i] = _mm_castps_si128(v[i]);
}

// The scales (or minima) at `offset` of four rows.
INLINE __m128 four_halves(const uint8_t *const *rows, int64_t offset) {
#define AT(i) (short)ns_load16(rows[i] + offset)
  return _mm_cvtph_ps(_mm_setr_epi16(AT(0), AT(1), AT(2), AT(3), 0, 0, 0, 0));
#undef AT
}

// The 32 codes of each of four rows, as eight words of each.
INLINE void turn_codes(const __m256i *codes, __m128i *words) {
  const __m256i a = _mm256_unpacklo_epi32(codes[0], codes[1]), b = _mm256_unpackhi_epi32(codes[0], codes[1]);
  const __m256i c = _mm256_unpacklo_epi32(codes[2], codes[3]), d = _mm256_unpackhi_epi32(codes[2], codes[3]);
  const __m256i turned[4] = {_mm256_unpacklo_epi64(a, c), _mm256_unpackhi_epi64(a, c), _mm256_unpacklo_epi64(b, d),
                             _mm256_unpackhi_epi64(b, d)};
  UNROLL for (int i = 0; i < 4; i++) {
    words[i] = _mm256_castsi256_si128(turned[i]);
    words[4 + i] = _mm256_extracti128_si256(turned[i], 1);
  }
}

// Block `block` of four rows as eight words of each, of a type in blocks of 32.
INLINE void words_of_small(const int type, const uint8_t *const *from, int64_t block, __m128i *words) {
  const int64_t offset = block * bytes_of_block(type);
  const int head = type == NS_Q4_1 ? 4 : 2;
  if (type == NS_Q4_0 || type == NS_Q4_1) {
    turn_four(from, offset + head, words);
    UNROLL for (int g = 0; g < 4; g++) {
      words[4 + g] = _mm_and_si128(_mm_srli_epi16(words[g], 4), _mm_set1_epi8(15));
      words[g] = _mm_and_si128(words[g], _mm_set1_epi8(15));
    }
  } else if (type == NS_Q8_0) {
    turn_four(from, offset + head, words);
    turn_four(from, offset + head + 16, words + 4);
    if (DOTS) UNROLL for (int g = 0; g < 8; g++) words[g] = _mm_xor_si128(words[g], _mm_set1_epi8((char)0x80));
  } else {
    __m256i codes[4];
    UNROLL for (int i = 0; i < 4; i++) codes[i] = codes_of_small(type, from[i] + offset);
    turn_codes(codes, words);
  }
}

// Eight blocks of four rows of a type in blocks of 256, to row r of a panel.
INLINE void fill_super(const int type, const uint8_t *const *from, int64_t r, block_of_rows *to) {
  prepared own[4];
  UNROLL for (int i = 0; i < 4; i++) prepare_super(type, from[i], own + i);
#define AT(part, k) _mm_setr_ps(own[0].part[k], own[1].part[k], own[2].part[k], own[3].part[k])
  UNROLL for (int g = 0; g < 8; g++) {
    const int is_halved = columns_of_scale(type) == 16;
    _mm_store_ps(to[g].scales + r, is_halved ? AT(s, 2 * g) : AT(s, g));
    _mm_store_ps(to[g].others + r, is_halved ? AT(s, 2 * g + 1) : AT(m, g));
    __m256i codes[4];
    __m128i words[8];
    UNROLL for (int i = 0; i < 4; i++) codes[i] = bytes_of(type, from[i], g, g);
    turn_codes(codes, words);
    UNROLL for (int k = 0; k < 8; k++) _mm_store_si128((__m128i *)(to[g].codes[k] + r), words[k]);
  }
#undef AT
}

// Blocks first ..< first + count of up to WIDTH rows; missing rows repeat the last.
INLINE void fill_bytes(
    const int type, const ns_matrix *w, int64_t row, int64_t rows, int64_t first, int64_t count, block_of_rows *panel) {
  const int size = bytes_of_block(type);
  _Pragma("clang loop unroll(disable)") for (int64_t r = 0; r < WIDTH; r += 4) {
    const uint8_t *from[4];
    for (int i = 0; i < 4; i++) from[i] = w->data + (row + (r + i < rows ? r + i : rows - 1)) * w->row_stride;
    if (is_super(type)) {
      UNROLL for (int i = 0; i < 4; i++) from[i] += first / 8 * size;
      for (int64_t b = 0; b < count; b += 8) {
        fill_super(type, from, r, panel + b);
        UNROLL for (int i = 0; i < 4; i++) from[i] += size;
      }
      continue;
    }
    for (int64_t b = 0; b < count; b++) {
      const int64_t offset = (first + b) * size;
      block_of_rows *to = panel + b;
      _mm_store_ps(to->scales + r, four_halves(from, offset));
      if (has_offset(type)) _mm_store_ps(to->others + r, four_halves(from, offset + 2));
      __m128i words[8];
      words_of_small(type, from, first + b, words);
      UNROLL for (int g = 0; g < 8; g++) _mm_store_si128((__m128i *)(to->codes[g] + r), words[g]);
    }
  }
}

// Groups of four columns whose products may be added up in pairs of 16 bits: a pair is of two products of a code with
// at most 127.
INLINE int groups_in_pairs(const int type) {
  return largest_code(type) <= 15 ? 8 : largest_code(type) <= 31 ? 4 : largest_code(type) <= 63 ? 2 : 1;
}

_Static_assert(8 * 2 * 15 * 127 < 1 << 15 && 4 * 2 * 31 * 127 < 1 << 15 && 2 * 2 * 63 * 127 < 1 << 15, "no pair wraps");

// Rows of x at `at` times codes of a panel, in a tile of sums.
typedef struct whole_tile {
  whole v[HEIGHT][VECTORS];
} whole_tile;

// Adds the products of groups begin ..< end of four columns of block `b` of a panel with `height` rows of x.
INLINE void add_groups(
    const int type, const int height, const rounded *x, int64_t at, const block_of_rows *panel, const int begin,
    const int end, whole_tile *found) {
#if DOTS
  (void)type;
#else
  const int joined = groups_in_pairs(type);
  whole_tile pairs;
#endif
  UNROLL for (int g = begin; g < end; g++) {
    whole codes[VECTORS];
    UNROLL for (int s = 0; s < VECTORS; s++) codes[s] = whole_load(panel->codes[g] + LANES * s);
    UNROLL for (int j = 0; j < height; j++) {
      int32_t four;
      memcpy(&four, x[j].bytes + 32 * at + 4 * g, 4);
      const whole value = whole_all(four);
      UNROLL for (int s = 0; s < VECTORS; s++) {
        whole *to = &found->v[j][s];
#if DOTS
        *to = dots_added(*to, codes[s], value);
#else
#if SIGNED_BYTES
        if (type == NS_Q8_0) {
          *to = whole_added(*to, pairs_joined(pairs_signed(codes[s], value)));
          continue;
        }
#endif
        whole *sum = &pairs.v[j][s];
        *sum = pairs_added(g % joined == 0 ? whole_all(0) : *sum, codes[s], value);
        if (g % joined == joined - 1 || g == end - 1) *to = whole_added(*to, pairs_joined(*sum));
#endif
      }
    }
  }
}

// The sums of `rows` weight rows to y.
static __attribute__((noinline)) void put_sums(
    const float *done, int64_t rows, const float *bias, int add, float *to) {
  for (int64_t r = 0; r < rows; r++) {
    const float sum = add ? to[r] + done[r] : done[r];
    to[r] = bias ? sum + bias[r] : sum;
  }
}

// `height` rows of x times a panel of `blocks` blocks from block `first` on. `add`: y holds the sums of those before.
INLINE void tile_of_bytes(
    const int type, const int height, const ns_product *p, int64_t m, int64_t first, int64_t blocks,
    const block_of_rows *panel, int64_t row, int64_t rows, int add) {
  real sums[HEIGHT][VECTORS];
  rounded x[HEIGHT];
  UNROLL for (int j = 0; j < height; j++) {
    x[j] = rounded_row((const char *)p->x_rounded + (m + j) * p->x_rounded_stride, p->w.columns);
    UNROLL for (int s = 0; s < VECTORS; s++) sums[j][s] = real_all(0.f);
  }
  const int parts = columns_of_scale(type) == 16 ? 2 : 1;
  for (int64_t b = 0; b < blocks; b++) {
    const int64_t at = first + b;
    UNROLL for (int part = 0; part < parts; part++) {
      whole_tile found;
      UNROLL for (int j = 0; j < height; j++) {
        const int32_t *sum = x[j].sums + 2 * at;
        const int zero = zero_of_bytes(type) > 0 ? -zero_of_bytes(type) * (parts == 2 ? sum[part] : sum[0] + sum[1]) : 0;
        UNROLL for (int s = 0; s < VECTORS; s++) found.v[j][s] = whole_all(zero);
      }
      add_groups(type, height, x, at, panel + b, part * 8 / parts, (part + 1) * 8 / parts, &found);
      UNROLL for (int s = 0; s < VECTORS; s++) {
        const real scales = real_load((part == 0 ? panel[b].scales : panel[b].others) + LANES * s);
        UNROLL for (int j = 0; j < height; j++) {
          const real scale = real_times(scales, real_all(x[j].scales[at]));
          sums[j][s] = real_fma(real_of(found.v[j][s]), scale, sums[j][s]);
          if (has_offset(type)) {
            sums[j][s] = real_fma(real_load(panel[b].others + LANES * s), real_all(x[j].products[at]), sums[j][s]);
          }
        }
      }
    }
  }
  const float *bias = p->bias && first + blocks == p->w.columns / 32 ? p->bias + row : NULL;
  UNROLL for (int j = 0; j < height; j++) {
    _Alignas(64) float done[WIDTH];
    UNROLL for (int s = 0; s < VECTORS; s++) real_store(done + LANES * s, sums[j][s]);
    put_sums(done, rows, bias, add, p->y + (m + j) * p->y_stride + row);
  }
}

#define TILE_OF_BYTES(name, type, height)                                                                      \
  static void tile_##name##_##height(                                                                          \
      const ns_product *p, int64_t m, int64_t first, int64_t blocks, const block_of_rows *panel, int64_t row, \
      int64_t rows, int add) {                                                                                 \
    tile_of_bytes(type, height, p, m, first, blocks, panel, row, rows, add);                                   \
  }

typedef void (*byte_tile)(
    const ns_product *, int64_t, int64_t, int64_t, const block_of_rows *, int64_t, int64_t, int);

#if HEIGHT == 6
#define TILES_OF(name, type)                                                                        \
  TILE_OF_BYTES(name, type, 1) TILE_OF_BYTES(name, type, 2) TILE_OF_BYTES(name, type, 3)            \
  TILE_OF_BYTES(name, type, 4) TILE_OF_BYTES(name, type, 5) TILE_OF_BYTES(name, type, 6)            \
  static const byte_tile tiles_##name[] = {                                                         \
      0, tile_##name##_1, tile_##name##_2, tile_##name##_3, tile_##name##_4, tile_##name##_5, tile_##name##_6};
#else
#define TILES_OF(name, type)                                                                        \
  TILE_OF_BYTES(name, type, 1) TILE_OF_BYTES(name, type, 2) TILE_OF_BYTES(name, type, 3)            \
  static const byte_tile tiles_##name[] = {0, tile_##name##_1, tile_##name##_2, tile_##name##_3};
#endif
INT8_TYPES(TILES_OF)

// The rows of weights in panels, for rows m_begin ..< m_end of x in tiles of nearly equal height.
INLINE void panels_of(
    const int type, const byte_tile *tiles, const ns_product *p, int64_t row_begin, int64_t row_end, int64_t m_begin,
    int64_t m_end, float *scratch) {
  const int64_t blocks = p->w.columns / 32, count = m_end - m_begin, parts = (count + HEIGHT - 1) / HEIGHT;
  block_of_rows *panel = (block_of_rows *)(((uintptr_t)scratch + 63) / 64 * 64);
  for (int64_t row = row_begin; row < row_end; row += WIDTH) {
    const int64_t rows = row_end - row < WIDTH ? row_end - row : WIDTH;
    for (int64_t first = 0; first < blocks; first += DEPTH / 32) {
      const int64_t depth = blocks - first < DEPTH / 32 ? blocks - first : DEPTH / 32;
      fill_bytes(type, &p->w, row, rows, first, depth, panel);
      for (int64_t t = 0; t < parts; t++) {
        const int64_t m = m_begin + count * t / parts, height = m_begin + count * (t + 1) / parts - m;
        tiles[height](p, m, first, depth, panel, row, rows, first > 0);
      }
    }
  }
}

static void rounded_panels(
    const ns_product *p, int64_t row_begin, int64_t row_end, int64_t m_begin, int64_t m_end, float *scratch) {
  switch (p->w.type) {
#define CASE(name, type) \
  case type: return panels_of(type, tiles_##name, p, row_begin, row_end, m_begin, m_end, scratch);
    INT8_TYPES(CASE)
#undef CASE
    default: return;
  }
}

// What an including file makes of these bodies.
#define INT8_TABLE \
  { \
    .takes = takes_bytes, .rounded_bytes = rounded_bytes, .round = round_row, .product = rounded_product, \
    .panels = rounded_panels, \
  }
