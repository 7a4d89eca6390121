// Attention over pages, compiled once for every instruction set.
//
// A tile is `rows` rows of one segment times the heads that share one kv head; all its vectors look at the
// same keys, so keys and values are read (and widened) once a tile. Scores lie in scratch, one line a vector,
// column 0 at the first key that any row of the tile sees. Soft maximum and mix go by blocks of ATTENTION_BLOCK
// keys, each in order, then over the blocks in order. That depends on positions alone, whatever the tile: the staged
// form, the fused form and the shared form give the same bits.
//
// The including file defines MIX_VECTORS: the vectors of a value row whose sums are kept in registers together.

#include "attention_keys.body.h"

// What one call works on, worked out once.
typedef struct tile {
  const ns_attention *a;
  int64_t kv_head, row_begin, rows, group;
  span keys;       // that any row sees
  int64_t stride;  // of a line of scores
  int64_t blocks;  // that these keys lie in
  float *wide;     // [TILE_KEYS, head_dim]
  float *lines;    // [group * rows, stride]: scores, then exponentials, then probabilities
  float *tops;     // [group * rows, blocks]: the largest score of each block, then the block's factor
  float *shares;   // [group * rows, blocks]: the sum of each block's exponentials, the first then that of all
  float *mixed;    // [group * rows, head_dim] for each block whose mix is made before it is added
} tile;

INLINE tile tile_of(const ns_attention *a, int64_t kv_head, int64_t row_begin, int64_t row_end) {
  const span keys = keys_of(a, row_begin, row_end);
  return (tile){
      .a = a, .kv_head = kv_head, .row_begin = row_begin, .rows = row_end - row_begin,
      .group = a->heads / a->pages.kv_heads, .keys = keys, .stride = stride_of(keys),
      .blocks = blocks_of(keys),
  };
}

// The keys of a block, counted from the first one that the tile sees.
INLINE span keys_of_block(const tile *t, int64_t block) {
  const int64_t begin = (t->keys.first / ATTENTION_BLOCK + block) * ATTENTION_BLOCK;
  const int64_t end = begin + ATTENTION_BLOCK;
  return (span){begin > t->keys.first ? begin : t->keys.first, end < t->keys.end ? end : t->keys.end};
}

INLINE span seen_by(const tile *t, int64_t r) { return keys_of(t->a, t->row_begin + r, t->row_begin + r + 1); }

INLINE float *line_of(const tile *t, int64_t g, int64_t r) {
  return t->lines + (g * t->rows + r) * t->stride;
}

// A row of one of the materialised buffers [heads, rows, keys_stride].
INLINE float *materialised(const tile *t, float *buffer, int64_t g, int64_t r) {
  int64_t head = t->kv_head * t->group + g;
  return buffer + (head * t->a->rows + t->row_begin + r) * t->a->keys_stride;
}

static void score_keys(const tile *t, span keys) {
  const ns_attention *a = t->a;
  const ns_pages *p = &a->pages;
  const int64_t d = p->head_dim, fetchers = t->group * t->rows < 2 ? 1 : 2;
  for (int64_t key = keys.first, count; key < keys.end; key += count) {
    count = step_of(p, key, keys.end);
    const float *rows = widened(p, row_of(p, p->keys, t->kv_head, key), count, t->wide);
    const char *next = later(p, p->keys, t->kv_head, key, t->keys.end);
    int64_t bytes = count * bytes_of_row(p) / fetchers, fetches = fetchers;
    for (int64_t g = 0; g < t->group; g++) {
      const float *q = a->q + t->row_begin * a->q_stride + (t->kv_head * t->group + g) * d;
      for (int64_t r = 0; r < t->rows; r++, q += a->q_stride) {
        v16 s = tile_dots(q, rows, count, d, next, bytes) * v_all(a->scale);
        if (--fetches > 0) next += bytes;
        else bytes = 0;
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
static void materialise(const tile *t, float *buffer, float unseen, int64_t g, int64_t r) {
  span seen = seen_by(t, r);
  float *row = materialised(t, buffer, g, r);
  fill(row, unseen, seen.first);
  memcpy(row + seen.first, line_of(t, g, r) + (seen.first - t->keys.first),
         (size_t)(seen.end - seen.first) * sizeof(float));
  fill(row + seen.end, unseen, t->a->keys_stride - seen.end);
}

// Takes back what a materialised row holds, which an intervention may have changed.
static void dematerialise(const tile *t, float *buffer, int64_t g, int64_t r) {
  span seen = seen_by(t, r);
  float *line = line_of(t, g, r);
  fill(line, 0.f, t->keys.end - t->keys.first);
  memcpy(line + (seen.first - t->keys.first), materialised(t, buffer, g, r) + seen.first,
         (size_t)(seen.end - seen.first) * sizeof(float));
}

// The scores of one block, in place, to exponentials that are at most 1; what the row does not see becomes 0.
static void softmax_block(const tile *t, int64_t block, int64_t g, int64_t r) {
  const span keys = keys_of_block(t, block), row = seen_by(t, r);
  const span seen = {row.first > keys.first ? row.first : keys.first, row.end < keys.end ? row.end : keys.end};
  const int64_t at = (g * t->rows + r) * t->blocks + block, n = seen.end - seen.first;
  float *line = line_of(t, g, r) - t->keys.first, *x = line + seen.first;
  t->tops[at] = n > 0 ? largest_of(x, n) : -INFINITY;
  t->shares[at] = 0.f;
  if (t->tops[at] == -INFINITY) return fill(line + keys.first, 0.f, keys.end - keys.first);
  t->shares[at] = exponentials(x, 1.f, t->tops[at], x, n);
  fill(line + keys.first, 0.f, seen.first - keys.first);
  fill(line + seen.end, 0.f, keys.end - seen.end);
}

// What the exponentials of each block are to be multiplied with, and what they are to be divided by.
static void combine_blocks(const tile *t, int64_t g, int64_t r) {
  const ns_attention *a = t->a;
  const int64_t line = g * t->rows + r, head = t->kv_head * t->group + g;
  float *tops = t->tops + line * t->blocks, *shares = t->shares + line * t->blocks;
  float top = largest_of(tops, t->blocks), sum = 0.f;
  if (a->sinks && a->sinks[head] > top) top = a->sinks[head];
  exponentials(tops, 1.f, top, tops, t->blocks);
  for (int64_t block = 0; block < t->blocks; block++) sum += tops[block] * shares[block];
  if (a->sinks) {
    const float taken = expf(a->sinks[head] - top);
    sum += taken;
    if (a->sink_shares) a->sink_shares[(t->row_begin + r) * a->heads + head] = taken / sum;
  }
  shares[0] = sum;
}

// The exponentials of one block, in place, to probabilities.
static void normalise(const tile *t, int64_t block, int64_t g, int64_t r) {
  const span keys = keys_of_block(t, block);
  const int64_t line = g * t->rows + r;
  float *x = line_of(t, g, r) + (keys.first - t->keys.first);
  const v16 factor = v_all(t->tops[line * t->blocks + block]), sum = v_all(t->shares[line * t->blocks]);
  FOR_VECTORS(keys.end - keys.first) STORE(x, LOAD(x, 0.f) * factor / sum);
}

// z[l][0 ..< d] += sum over keys of p[l][key] * values[key] for L lines at once, keys in order. A block of columns
// is MIX_VECTORS vectors wide, so that the sums of four lines stay in registers. On the way rows of `bytes` from
// `next` are fetched, one for each key.
INLINE void mix_lines(
    const int L, float *z, const float *p, int64_t stride, const float *values, int64_t count, int64_t d,
    const char *next, int64_t bytes) {
  int64_t i = 0;
  for (; i + 16 * MIX_VECTORS <= d; i += 16 * MIX_VECTORS) {
    v16 sums[4][MIX_VECTORS];
    EACH for (int l = 0; l < L; l++) {
      EACH for (int v = 0; v < MIX_VECTORS; v++) sums[l][v] = v_load(z + l * d + i + 16 * v);
    }
    for (int64_t k = 0; k < count; k++, next += bytes) {
      const float *from = values + k * d + i;
      fetch(next, bytes);
      EACH for (int l = 0; l < L; l++) {
        v16 weight = v_all(p[l * stride + k]);
        EACH for (int v = 0; v < MIX_VECTORS; v++) sums[l][v] = v_fma(weight, v_load(from + 16 * v), sums[l][v]);
      }
    }
    bytes = 0;
    EACH for (int l = 0; l < L; l++) {
      EACH for (int v = 0; v < MIX_VECTORS; v++) v_store(z + l * d + i + 16 * v, sums[l][v]);
    }
  }
  for (; i < d; i += 16) {
    int64_t n = d - i < 16 ? d - i : 16;
    for (int l = 0; l < L; l++) {
      v16 sum = v_load_some(z + l * d + i, n, 0.f);
      for (int64_t k = 0; k < count; k++) {
        sum = v_fma(v_all(p[l * stride + k]), v_load_some(values + k * d + i, n, 0.f), sum);
      }
      v_store_some(z + l * d + i, sum, n);
    }
  }
}

// The part of the mix that the keys of one block make.
static void mix_block(const tile *t, int64_t block, float *mixed) {
  const span keys = keys_of_block(t, block);
  const ns_pages *p = &t->a->pages;
  const int64_t d = p->head_dim, lines = t->group * t->rows;
  fill(mixed, 0.f, lines * d);
  for (int64_t key = keys.first, count; key < keys.end; key += count) {
    count = step_of(p, key, keys.end);
    const float *values = widened(p, row_of(p, p->values, t->kv_head, key), count, t->wide);
    const char *next = later(p, p->values, t->kv_head, key, t->keys.end);
    int64_t bytes = bytes_of_row(p);
    for (int64_t line = 0; line < lines; line += 4, bytes = 0) {
      const float *weights = t->lines + line * t->stride + (key - t->keys.first);
      float *z = mixed + line * d;
      switch (lines - line) {
        case 1: mix_lines(1, z, weights, t->stride, values, count, d, next, bytes); break;
        case 2: mix_lines(2, z, weights, t->stride, values, count, d, next, bytes); break;
        case 3: mix_lines(3, z, weights, t->stride, values, count, d, next, bytes); break;
        default: mix_lines(4, z, weights, t->stride, values, count, d, next, bytes);
      }
    }
  }
}

// Adds what `blocks` blocks made to the rows of z.
static void add_blocks(const tile *t, const float *mixed, int64_t blocks) {
  const ns_attention *a = t->a;
  const int64_t d = a->pages.head_dim;
  for (int64_t block = 0; block < blocks; block++) {
    for (int64_t g = 0; g < t->group; g++) {
      float *z = a->z + t->row_begin * a->z_stride + (t->kv_head * t->group + g) * d;
      for (int64_t r = 0; r < t->rows; r++, z += a->z_stride, mixed += d) add(z, mixed, d);
    }
  }
}

static void clear(const tile *t) {
  const ns_attention *a = t->a;
  const int64_t width = t->group * a->pages.head_dim;
  for (int64_t r = 0; r < t->rows; r++) fill(a->z + (t->row_begin + r) * a->z_stride + t->kv_head * width, 0.f, width);
}

#define EACH_LINE(t) \
  for (int64_t g = 0; g < (t)->group; g++) for (int64_t r = 0; r < (t)->rows; r++)
#define EACH_BLOCK(t) for (int64_t block = 0; block < (t)->blocks; block++)

static void attend(
    const ns_attention *a, int32_t stages, int64_t kv_head, int64_t row_begin, int64_t row_end,
    float *scratch) {
  tile t = tile_of(a, kv_head, row_begin, row_end);
  const int64_t lines = t.group * t.rows;
  t.wide = scratch;
  t.lines = t.wide + wide_floats(a->pages.head_dim);
  t.mixed = t.lines + lines * t.stride;
  t.tops = t.mixed + lines * a->pages.head_dim;
  t.shares = t.tops + lines * t.blocks;
  if (stages & NS_SCORES) {
    score_keys(&t, t.keys);
    if (a->scores) EACH_LINE(&t) materialise(&t, a->scores, -INFINITY, g, r);
  } else {
    EACH_LINE(&t) dematerialise(&t, stages & NS_SOFTMAX ? a->scores : a->pattern, g, r);
  }
  if (stages & NS_SOFTMAX) EACH_LINE(&t) {
    EACH_BLOCK(&t) softmax_block(&t, block, g, r);
    combine_blocks(&t, g, r);
    EACH_BLOCK(&t) normalise(&t, block, g, r);
    if (a->pattern) materialise(&t, a->pattern, 0.f, g, r);
  }
  if (stages & NS_MIX) {
    clear(&t);
    EACH_BLOCK(&t) {
      mix_block(&t, block, t.mixed);
      add_blocks(&t, t.mixed, 1);
    }
  }
}

static void attend_part(
    const ns_attention *a, int32_t stage, int64_t kv_head, int64_t block, float *shared, float *scratch) {
  tile t = tile_of(a, kv_head, 0, a->rows);
  const int64_t lines = t.group * t.rows;
  t.wide = scratch;
  t.lines = shared;
  t.mixed = t.lines + lines * t.stride;
  t.tops = t.mixed + t.blocks * lines * a->pages.head_dim;
  t.shares = t.tops + lines * t.blocks;
  switch (stage) {
    case NS_SCORES:
      score_keys(&t, keys_of_block(&t, block));
      EACH_LINE(&t) softmax_block(&t, block, g, r);
      return;
    case NS_SOFTMAX:
      EACH_LINE(&t) combine_blocks(&t, g, r);
      return;
    case NS_MIX:
      EACH_LINE(&t) normalise(&t, block, g, r);
      mix_block(&t, block, t.mixed + block * lines * a->pages.head_dim);
      return;
    default:
      clear(&t);
      add_blocks(&t, t.mixed, t.blocks);
  }
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
