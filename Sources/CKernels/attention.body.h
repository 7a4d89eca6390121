// Attention over pages, compiled once for every instruction set.
//
// A tile is `rows` rows of one segment times the heads that share one kv head; all its vectors look at the
// same keys, so keys and values are read (and widened) once a tile. Scores lie in scratch, one line a vector,
// column 0 at the first key that any row of the tile sees. A dot product, a soft maximum and a mix each go in
// one fixed order, whatever the tile: the staged form and the fused form give the same bits.

#define TILE_KEYS 16

typedef struct span {
  int64_t first, end;  // keys first ..< end
} span;

// The keys that row r of the segment sees.
INLINE span keys_of(const ns_attention *a, int64_t row) {
  int64_t position = a->first_position + row;
  int64_t first = a->window > 0 && position - a->window + 1 > 0 ? position - a->window + 1 : 0;
  return (span){first, position + 1};
}

// Where up to TILE_KEYS keys from `key` lie as float32 rows of head_dim, within one page.
INLINE const float *widened(
    const ns_pages *p, void *const *part, int64_t kv_head, int64_t key, int64_t count, float *tile) {
  int64_t offset = (kv_head * p->page_length + key % p->page_length) * p->head_dim;
  const void *page = part[key / p->page_length];
  if (p->type == NS_F32) return (const float *)page + offset;
  widen_halves((const uint16_t *)page + offset, tile, count * p->head_dim);
  return tile;
}

// Sums the lanes of sixteen vectors: lane j of the result is the sum of v[j].
INLINE v16 sum_lanes(v16 *v) {
  for (int i = 0; i < 8; i++) {
    v16 a = v[2 * i], b = v[2 * i + 1];
    v[i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
           + __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  }
  for (int i = 0; i < 4; i++) {
    v16 a = v[2 * i], b = v[2 * i + 1];
    v[i] = __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
           + __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  }
  for (int i = 0; i < 2; i++) {
    v16 a = v[2 * i], b = v[2 * i + 1];
    v[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
           + __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  }
  return __builtin_shufflevector(
             v[0], v[1], 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
         + __builtin_shufflevector(
             v[0], v[1], 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

// Dot products of one query with `count` keys; keys past the count are read as the last one.
INLINE v16 dots(const float *q, const float *keys, int64_t count, int64_t d) {
  v16 sums[TILE_KEYS];
  const float *row[TILE_KEYS];
  for (int j = 0; j < TILE_KEYS; j++) {
    sums[j] = v_all(0.f);
    row[j] = keys + (j < count ? j : count - 1) * d;
  }
  int64_t i = 0;
  for (; i + 16 <= d; i += 16) {
    v16 x = v_load(q + i);
    for (int j = 0; j < TILE_KEYS; j++) sums[j] = v_fma(x, v_load(row[j] + i), sums[j]);
  }
  if (i < d) {
    v16 x = v_load_some(q + i, d - i, 0.f);
    for (int j = 0; j < TILE_KEYS; j++) {
      sums[j] = v_fma(x, v_load_some(row[j] + i, d - i, 0.f), sums[j]);
    }
  }
  return sum_lanes(sums);
}

// The same for a full tile of a usual width: with constant distances every key is an operand in memory.
INLINE v16 dots_of(const int64_t d, const float *q, const float *keys) {
  v16 sums[TILE_KEYS];
  for (int j = 0; j < TILE_KEYS; j++) sums[j] = v_all(0.f);
  for (int64_t i = 0; i < d; i += 16) {
    v16 x = v_load(q + i);
    for (int j = 0; j < TILE_KEYS; j++) sums[j] = v_fma(x, v_load(keys + j * d + i), sums[j]);
  }
  return sum_lanes(sums);
}

INLINE v16 tile_dots(const float *q, const float *keys, int64_t count, int64_t d) {
  if (count == TILE_KEYS && d == 64) return dots_of(64, q, keys);
  if (count == TILE_KEYS && d == 128) return dots_of(128, q, keys);
  return dots(q, keys, count, d);
}

// What one call works on, worked out once.
typedef struct tile {
  const ns_attention *a;
  int64_t kv_head, row_begin, rows, group;
  span keys;       // that any row sees
  int64_t stride;  // of a line of scores
  float *lines;    // [group * rows, stride]
  float *wide;     // [TILE_KEYS, head_dim]
} tile;

INLINE float *line_of(const tile *t, int64_t g, int64_t r) {
  return t->lines + (g * t->rows + r) * t->stride;
}

// A row of one of the materialised buffers [heads, rows, keys_stride].
INLINE float *shown(const tile *t, float *buffer, int64_t g, int64_t r) {
  int64_t head = t->kv_head * t->group + g;
  return buffer + (head * t->a->rows + t->row_begin + r) * t->a->keys_stride;
}

static void score_keys(const tile *t) {
  const ns_attention *a = t->a;
  int64_t d = a->pages.head_dim, page = a->pages.page_length;
  for (int64_t key = t->keys.first, count; key < t->keys.end; key += count) {
    count = t->keys.end - key < TILE_KEYS ? t->keys.end - key : TILE_KEYS;
    if (count > page - key % page) count = page - key % page;
    const float *keys = widened(&a->pages, a->pages.keys, t->kv_head, key, count, t->wide);
    for (int64_t g = 0; g < t->group; g++) {
      const float *q = a->q + t->row_begin * a->q_stride + (t->kv_head * t->group + g) * d;
      for (int64_t r = 0; r < t->rows; r++, q += a->q_stride) {
        v16 s = tile_dots(q, keys, count, d) * v_all(a->scale);
        if (a->softcap > 0.f) s = v_all(a->softcap) * v_tanh(s / v_all(a->softcap));
        float *to = line_of(t, g, r) + (key - t->keys.first);
        if (count == TILE_KEYS) v_store(to, s);
        else v_store_some(to, s, count);
      }
    }
  }
}

INLINE void fill(float *x, float value, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = value;
}

// Lays a line's visible part into a materialised row, `unseen` elsewhere.
static void show(const tile *t, float *buffer, float unseen, int64_t g, int64_t r) {
  span seen = keys_of(t->a, t->row_begin + r);
  float *row = shown(t, buffer, g, r);
  fill(row, unseen, seen.first);
  memcpy(row + seen.first, line_of(t, g, r) + (seen.first - t->keys.first),
         (size_t)(seen.end - seen.first) * sizeof(float));
  fill(row + seen.end, unseen, t->a->keys_stride - seen.end);
}

static void take_shown(const tile *t, float *buffer, int64_t g, int64_t r) {
  span seen = keys_of(t->a, t->row_begin + r);
  float *line = line_of(t, g, r);
  fill(line, 0.f, t->keys.end - t->keys.first);
  memcpy(line + (seen.first - t->keys.first), shown(t, buffer, g, r) + seen.first,
         (size_t)(seen.end - seen.first) * sizeof(float));
}

// Scores to probabilities in place; what the row does not see becomes 0.
static void soften(const tile *t, int64_t g, int64_t r) {
  const ns_attention *a = t->a;
  span seen = keys_of(a, t->row_begin + r);
  int64_t n = seen.end - seen.first, before = seen.first - t->keys.first;
  float *line = line_of(t, g, r), *x = line + before;
  int64_t head = t->kv_head * t->group + g;
  float top = largest_of(x, n), sink = 0.f;
  if (a->sinks) {
    sink = a->sinks[head];
    if (sink > top) top = sink;
  }
  float sum = exponentials(x, 1.f, top, x, n);
  if (a->sinks) {
    float taken = expf(sink - top);
    sum += taken;
    if (a->sink_shares) a->sink_shares[(t->row_begin + r) * a->heads + head] = taken / sum;
  }
  divide(x, sum, n);
  fill(line, 0.f, before);
  fill(x + n, 0.f, t->keys.end - seen.end);
}

// z[0 ..< d] += sum over keys of p[key] * values[key] for L lines at once, keys in order. A block of columns is
// MIX_VECTORS vectors wide, so that the sums of four lines stay in registers.
INLINE void mix_lines(
    const int L, float *const *z, const float *const *p, const float *values, int64_t count, int64_t d) {
  int64_t i = 0;
  for (; i + 16 * MIX_VECTORS <= d; i += 16 * MIX_VECTORS) {
    v16 sums[4][MIX_VECTORS];
    for (int l = 0; l < L; l++) {
      for (int v = 0; v < MIX_VECTORS; v++) sums[l][v] = v_load(z[l] + i + 16 * v);
    }
    for (int64_t k = 0; k < count; k++) {
      const float *from = values + k * d + i;
      for (int l = 0; l < L; l++) {
        v16 weight = v_all(p[l][k]);
        for (int v = 0; v < MIX_VECTORS; v++) sums[l][v] = v_fma(weight, v_load(from + 16 * v), sums[l][v]);
      }
    }
    for (int l = 0; l < L; l++) {
      for (int v = 0; v < MIX_VECTORS; v++) v_store(z[l] + i + 16 * v, sums[l][v]);
    }
  }
  for (; i < d; i += 16) {
    int64_t n = d - i < 16 ? d - i : 16;
    for (int l = 0; l < L; l++) {
      v16 sum = v_load_some(z[l] + i, n, 0.f);
      for (int64_t k = 0; k < count; k++) {
        sum = v_fma(v_all(p[l][k]), v_load_some(values + k * d + i, n, 0.f), sum);
      }
      v_store_some(z[l] + i, sum, n);
    }
  }
}

static void mix_values(const tile *t) {
  const ns_attention *a = t->a;
  int64_t d = a->pages.head_dim, page = a->pages.page_length, first_head = t->kv_head * t->group;
  for (int64_t r = 0; r < t->rows; r++) {
    fill(a->z + (t->row_begin + r) * a->z_stride + first_head * d, 0.f, t->group * d);
  }
  for (int64_t key = t->keys.first, count; key < t->keys.end; key += count) {
    count = t->keys.end - key < TILE_KEYS ? t->keys.end - key : TILE_KEYS;
    if (count > page - key % page) count = page - key % page;
    const float *values = widened(&a->pages, a->pages.values, t->kv_head, key, count, t->wide);
    const int64_t lines = t->group * t->rows, at = key - t->keys.first;
    for (int64_t line = 0, step; line < lines; line += step) {
      step = lines - line >= 4 ? 4 : lines - line >= 2 ? 2 : 1;
      float *z[4];
      const float *p[4];
      for (int64_t l = 0; l < step; l++) {
        const int64_t g = (line + l) / t->rows, r = (line + l) % t->rows;
        z[l] = a->z + (t->row_begin + r) * a->z_stride + (first_head + g) * d;
        p[l] = line_of(t, g, r) + at;
      }
      switch (step) {
        case 4: mix_lines(4, z, p, values, count, d); break;
        case 2: mix_lines(2, z, p, values, count, d); break;
        default: mix_lines(1, z, p, values, count, d);
      }
    }
  }
}

static void attend(
    const ns_attention *a, int32_t stages, int64_t kv_head, int64_t row_begin, int64_t row_end,
    float *scratch) {
  span keys = {keys_of(a, row_begin).first, keys_of(a, row_end - 1).end};
  tile t = {
      .a = a, .kv_head = kv_head, .row_begin = row_begin, .rows = row_end - row_begin,
      .group = a->heads / a->pages.kv_heads, .keys = keys,
      .stride = (keys.end - keys.first + 15) / 16 * 16,
      .lines = scratch + TILE_KEYS * ((a->pages.head_dim + 15) / 16 * 16), .wide = scratch,
  };
  if (stages & NS_SCORES) score_keys(&t);
  for (int64_t g = 0; g < t.group; g++) {
    for (int64_t r = 0; r < t.rows; r++) {
      if (stages & NS_SCORES) {
        if (a->scores) show(&t, a->scores, -INFINITY, g, r);
      } else {
        take_shown(&t, stages & NS_SOFTMAX ? a->scores : a->pattern, g, r);
      }
      if (!(stages & NS_SOFTMAX)) continue;
      soften(&t, g, r);
      if (a->pattern) show(&t, a->pattern, 0.f, g, r);
    }
  }
  if (stages & NS_MIX) mix_values(&t);
}

static void store(
    const ns_pages *p, void *const *part, const float *x, int64_t stride, int64_t row_begin,
    int64_t row_end, int64_t position) {
  for (int64_t r = row_begin; r < row_end; r++) {
    int64_t key = position + r;
    void *page = part[key / p->page_length];
    for (int64_t h = 0; h < p->kv_heads; h++) {
      int64_t offset = (h * p->page_length + key % p->page_length) * p->head_dim;
      const float *from = x + r * stride + h * p->head_dim;
      if (p->type == NS_F32) {
        memcpy((float *)page + offset, from, (size_t)p->head_dim * sizeof(float));
      } else {
        narrow_floats(from, (uint16_t *)page + offset, p->head_dim);
      }
    }
  }
}
