// Row-wise operations, compiled once for every instruction set. Tails shorter than a vector are filled with
// numbers that do not count, so a row's result depends on its own numbers only.

#define FOR_VECTORS(n) for (int64_t i = 0, left = (n); left > 0; i += 16, left -= 16)
#define LOAD(p, fill) (left >= 16 ? v_load((p) + i) : v_load_some((p) + i, left, (fill)))
#define STORE(p, v) (left >= 16 ? v_store((p) + i, (v)) : v_store_some((p) + i, (v), left))

static void rms_norm(const float *x, const float *weight, float epsilon, float *y, int64_t n) {
  v16 sum = v_all(0.f);
  FOR_VECTORS(n) {
    v16 v = LOAD(x, 0.f);
    sum = v_fma(v, v, sum);
  }
  v16 factor = v_all(1.f / sqrtf(v_sum(sum) / (float)n + epsilon));
  FOR_VECTORS(n) {
    v16 v = LOAD(x, 0.f) * factor;
    if (weight) v *= LOAD(weight, 0.f);
    STORE(y, v);
  }
}

static void layer_norm(
    const float *x, const float *weight, const float *bias, float epsilon, float *y, int64_t n) {
  v16 sum = v_all(0.f), squares = v_all(0.f);
  FOR_VECTORS(n) sum += LOAD(x, 0.f);
  v16 mean = v_all(v_sum(sum) / (float)n);
  FOR_VECTORS(n) {
    v16 v = LOAD(x, mean[0]) - mean;
    squares = v_fma(v, v, squares);
  }
  v16 factor = v_all(1.f / sqrtf(v_sum(squares) / (float)n + epsilon));
  FOR_VECTORS(n) {
    v16 v = (LOAD(x, 0.f) - mean) * factor;
    if (weight) v *= LOAD(weight, 0.f);
    if (bias) v += LOAD(bias, 0.f);
    STORE(y, v);
  }
}

static void add(float *x, const float *y, int64_t n) {
  FOR_VECTORS(n) STORE(x, LOAD(x, 0.f) + LOAD(y, 0.f));
}

static void scale(float *x, float factor, int64_t n) {
  FOR_VECTORS(n) STORE(x, LOAD(x, 0.f) * v_all(factor));
}

// x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
INLINE v16 gelu_tanh_of(v16 x) {
  v16 inner = v_all(0.7978845608f) * v_fma(v_all(0.044715f) * x, x * x, x);
  return v_all(0.5f) * x * (v_all(1.f) + v_tanh(inner));
}

// x/2 (1 + erf(x / sqrt(2)))
INLINE v16 gelu_of(v16 x) {
  return v_all(0.5f) * x * (v_all(1.f) + v_erf(x * v_all(0.70710678f)));
}

// y = f(x), times factor where there is one.
#define ACTIVATE(value)                           \
  FOR_VECTORS(n) {                                \
    v16 v = LOAD(x, 0.f);                         \
    v = (value);                                  \
    STORE(y, factor ? v * LOAD(factor, 0.f) : v); \
  }                                               \
  break

static void activate(
    ns_activation function, const float *x, const float *factor, float *y, int64_t n) {
  switch (function) {
    case NS_SILU: ACTIVATE(v * v_sigmoid(v));
    case NS_GELU: ACTIVATE(gelu_of(v));
    case NS_GELU_TANH: ACTIVATE(gelu_tanh_of(v));
    case NS_QUICK_GELU: ACTIVATE(v * v_sigmoid(v_all(1.702f) * v));
    case NS_RELU: ACTIVATE(v_select(v < v_all(0.f), v_all(0.f), v));
  }
}

// x = cap tanh(x / cap)
static void soft_cap(float *x, float cap, int64_t n) {
  FOR_VECTORS(n) STORE(x, v_all(cap) * v_tanh(LOAD(x, 0.f) / v_all(cap)));
}

// gate at most `limit`, up within its two signs: (up + 1) * gate * sigmoid(alpha * gate)
static void clamped_gate(
    const float *gate, const float *up, float limit, float alpha, float *y, int64_t n) {
  v16 top = v_all(limit), bottom = v_all(-limit);
  FOR_VECTORS(n) {
    v16 g = v_min(LOAD(gate, 0.f), top), u = v_min(v_max(LOAD(up, 0.f), bottom), top);
    STORE(y, (u + v_all(1.f)) * (g * v_sigmoid(v_all(alpha) * g)));
  }
}

static void rotate(const ns_rotation *r, float *x, int64_t position) {
  int64_t half = r->rotary_dim / 2;
  const float *cosines = r->cosines + position * half, *sines = r->sines + position * half;
  for (int64_t h = 0; h < r->heads; h++, x += r->head_dim) {
    float *y = x + half;
    FOR_VECTORS(half) {
      v16 a = LOAD(x, 0.f), b = LOAD(y, 0.f), c = LOAD(cosines, 0.f), s = LOAD(sines, 0.f);
      STORE(x, a * c - b * s);
      STORE(y, b * c + a * s);
    }
  }
}

INLINE v16 v_size(v16 x) { return v_max(x, -x); }

static void distances(
    const float *whole, const float *parts, int64_t stride, const float *factors, int64_t count,
    float *out, int64_t n) {
  v16 norm = v_all(0.f);
  FOR_VECTORS(n) norm += v_size(LOAD(whole, 0.f));
  for (int64_t part = 0; part < count; part++, parts += stride) {
    v16 sum = norm, factor = v_all(-factors[part]);
    if (factors[part] != 0.f) {  // nothing is read of a part that counts for nothing
      sum = v_all(0.f);
      FOR_VECTORS(n) sum += v_size(v_fma(factor, LOAD(parts, 0.f), LOAD(whole, 0.f)));
    }
    out[part] = v_sum(sum);
  }
}

static float largest_of(const float *x, int64_t n) {
  v16 top = v_all(-INFINITY);
  FOR_VECTORS(n) top = v_max(LOAD(x, -INFINITY), top);
  return v_largest(top);
}

// y = e^(factor (x - top)) and its sum. y may be NULL.
static float exponentials(const float *x, float factor, float top, float *y, int64_t n) {
  v16 sum = v_all(0.f);
  FOR_VECTORS(n) {
    v16 e = v_exp((LOAD(x, -INFINITY) - v_all(top)) * v_all(factor));
    if (left < 16) {
      float lanes[16] = {0};
      v_store_some(lanes, e, left);
      e = v_load(lanes);
    }
    sum += e;
    if (y) STORE(y, e);
  }
  return v_sum(sum);
}

static void divide(float *x, float divisor, int64_t n) {
  FOR_VECTORS(n) STORE(x, LOAD(x, 0.f) / v_all(divisor));
}

static void softmax(const float *x, float factor, float *y, int64_t n) {
  divide(y, exponentials(x, factor, largest_of(x, n), y, n), n);
}

static float log_sum_exp(const float *x, float factor, int64_t n) {
  float top = largest_of(x, n);
  return top * factor + logf(exponentials(x, factor, top, NULL, n));
}

static int64_t argmax(const float *x, int64_t n) {
  float top = largest_of(x, n);
  for (int64_t i = 0; i < n; i++) {
    if (x[i] == top) return i;
  }
  return 0;  // only where every number is NaN
}

// Whether (a, i) ranks below (b, j): smaller, or equal and later.
INLINE int ranks_below(float a, int32_t i, float b, int32_t j) { return a < b || (a == b && i > j); }

// Lets the entry at `at` sink in a heap whose root ranks lowest.
static void sink_entry(float *values, int32_t *indices, int64_t at, int64_t n) {
  float value = values[at];
  int32_t index = indices[at];
  for (int64_t child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n
        && ranks_below(values[child + 1], indices[child + 1], values[child], indices[child])) {
      child++;
    }
    if (!ranks_below(values[child], indices[child], value, index)) break;
    values[at] = values[child];
    indices[at] = indices[child];
  }
  values[at] = value;
  indices[at] = index;
}

// Whether any of 16 numbers is at least the bound.
INLINE int any_from(const float *x, float bound) {
  return __builtin_reduce_or((i16)(v_load(x) >= v_all(bound))) != 0;
}

// A heap of k entries whose root ranks lowest; NaN ranks lowest of all.
typedef struct best {
  float *values;
  int32_t *indices;
  int64_t count, k;
} best;

static void offer(best *best, float value, int32_t index) {
  if (best->count < best->k) {
    best->values[best->count] = value != value ? -INFINITY : value;
    best->indices[best->count++] = index;
    if (best->count < best->k) return;
    for (int64_t i = best->k / 2; i-- > 0;) sink_entry(best->values, best->indices, i, best->k);
  } else if (value > best->values[0]) {
    best->values[0] = value;
    best->indices[0] = index;
    sink_entry(best->values, best->indices, 0, best->k);
  }
}

// A number that at least k of the n are not below: the k-th largest of the largest of 2 k runs. Ruins the heap.
static float floor_of_largest(const float *x, int64_t n, best best) {
  int64_t run = n / (2 * best.k) / 16 * 16;
  if (run == 0) return -INFINITY;
  for (int64_t i = 0; i + run <= n; i += run) offer(&best, largest_of(x + i, run), 0);
  return best.values[0];
}

static int64_t largest(const float *x, int64_t n, int64_t k, int32_t *indices, float *values) {
  if (k > n) k = n;
  if (k <= 0) return 0;
  best best = {values, indices, 0, k};
  const float floor = floor_of_largest(x, n, best);
  for (int64_t i = 0; i < n;) {
    const float bound = best.count < k ? floor : values[0];
    if (bound > -INFINITY && i + 16 <= n && !any_from(x + i, bound)) {  // nearly always
      i += 16;
      continue;
    }
    for (int64_t end = i + 16 < n ? i + 16 : n; i < end; i++) {
      if (bound == -INFINITY || x[i] >= bound) offer(&best, x[i], (int32_t)i);
    }
  }
  for (int64_t end = k - 1; end > 0; end--) {
    float value = values[0];
    int32_t index = indices[0];
    values[0] = values[end];
    indices[0] = indices[end];
    values[end] = value;
    indices[end] = index;
    sink_entry(values, indices, 0, end);
  }
  return k;
}
