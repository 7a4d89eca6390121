// The product that works for every type: decode a stretch of a row, then multiply it with rows of x.
// Compiled for every instruction set that has no product of its own.
//
// Two vectors of sums a row of x, for even and odd vectors of columns: the order of additions is fixed by the
// column alone, never by how many rows there are.

#define STRETCH 256  // columns decoded at a time: whole blocks of every type

// One stretch times M rows of x; sums go through memory between stretches only.
INLINE void multiply_stretch(
    const int M, const float *w, const float *const *x, int64_t column, int64_t n, v16 (*sums)[2]) {
  v16 even[4], odd[4];
  for (int j = 0; j < M; j++) {
    even[j] = sums[j][0];
    odd[j] = sums[j][1];
  }
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    v16 a = v_load(w + i), b = v_load(w + i + 16);
    for (int j = 0; j < M; j++) {
      even[j] = v_fma(a, v_load(x[j] + column + i), even[j]);
      odd[j] = v_fma(b, v_load(x[j] + column + i + 16), odd[j]);
    }
  }
  if (i < n) {  // only plain types end inside a block
    int64_t first = n - i < 16 ? n - i : 16, second = n - i - first;
    for (int j = 0; j < M; j++) {
      const float *from = x[j] + column + i;
      even[j] = v_fma(v_load_some(w + i, first, 0.f), v_load_some(from, first, 0.f), even[j]);
      odd[j] = v_fma(v_load_some(w + i + first, second, 0.f), v_load_some(from + first, second, 0.f), odd[j]);
    }
  }
  for (int j = 0; j < M; j++) {
    sums[j][0] = even[j];
    sums[j][1] = odd[j];
  }
}

static void multiply_one(const float *w, const float *const *x, int64_t column, int64_t n, v16 (*sums)[2]) {
  multiply_stretch(1, w, x, column, n, sums);
}
static void multiply_two(const float *w, const float *const *x, int64_t column, int64_t n, v16 (*sums)[2]) {
  multiply_stretch(2, w, x, column, n, sums);
}
static void multiply_four(const float *w, const float *const *x, int64_t column, int64_t n, v16 (*sums)[2]) {
  multiply_stretch(4, w, x, column, n, sums);
}

#define TOGETHER 8  // rows of x that share one decoding

static void product_by_decoding(const ns_product *p, int64_t row_begin, int64_t row_end) {
  _Alignas(64) float stretch[STRETCH];
  for (int64_t row = row_begin; row < row_end; row++) {
    for (int64_t m = 0; m < p->count; m += TOGETHER) {
      const int64_t rows = p->count - m < TOGETHER ? p->count - m : TOGETHER;
      v16 sums[TOGETHER][2];
      const float *x[TOGETHER];
      for (int64_t j = 0; j < rows; j++) {
        sums[j][0] = sums[j][1] = v_all(0.f);
        x[j] = p->x + (m + j) * p->x_stride;
      }
      for (int64_t column = 0; column < p->w.columns; column += STRETCH) {
        const int64_t n = p->w.columns - column < STRETCH ? p->w.columns - column : STRETCH;
        DECODE(&p->w, row, column, n, stretch);
        int64_t j = 0;
        for (; j + 4 <= rows; j += 4) multiply_four(stretch, x + j, column, n, sums + j);
        for (; j + 2 <= rows; j += 2) multiply_two(stretch, x + j, column, n, sums + j);
        if (j < rows) multiply_one(stretch, x + j, column, n, sums + j);
      }
      for (int64_t j = 0; j < rows; j++) {
        float sum = v_sum(sums[j][0] + sums[j][1]);
        p->y[(m + j) * p->y_stride + row] = p->bias ? sum + p->bias[row] : sum;
      }
    }
  }
}
