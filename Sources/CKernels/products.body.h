// The product that works for every type: decode a stretch of a row, then multiply it with every row of x.
// Compiled once for every instruction set; the fast kernels of a set take over the types they know.

#define STRETCH 256  // columns decoded at a time: whole blocks of every type
#define GROUP 8      // rows of x that share one decoding

// Two accumulators a row, for even and odd vectors: the order of additions is fixed by the column alone.
INLINE void accumulate(const float *w, const float *x, int64_t n, v16 *even, v16 *odd) {
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    *even = v_fma(v_load(w + i), v_load(x + i), *even);
    *odd = v_fma(v_load(w + i + 16), v_load(x + i + 16), *odd);
  }
  if (i + 16 <= n) {
    *even = v_fma(v_load(w + i), v_load(x + i), *even);
    i += 16;
    if (i < n) *odd = v_fma(v_load_some(w + i, n - i, 0.f), v_load_some(x + i, n - i, 0.f), *odd);
  } else if (i < n) {
    *even = v_fma(v_load_some(w + i, n - i, 0.f), v_load_some(x + i, n - i, 0.f), *even);
  }
}

static void product_by_decoding(const ns_product *p, int64_t row_begin, int64_t row_end) {
  float stretch[STRETCH];
  for (int64_t row = row_begin; row < row_end; row++) {
    for (int64_t m = 0; m < p->count; m += GROUP) {
      int64_t rows = p->count - m < GROUP ? p->count - m : GROUP;
      v16 even[GROUP], odd[GROUP];
      for (int64_t j = 0; j < rows; j++) even[j] = odd[j] = v_all(0.f);
      for (int64_t column = 0; column < p->w.columns; column += STRETCH) {
        int64_t n = p->w.columns - column < STRETCH ? p->w.columns - column : STRETCH;
        DECODE(&p->w, row, column, n, stretch);
        for (int64_t j = 0; j < rows; j++) {
          accumulate(stretch, p->x + (m + j) * p->x_stride + column, n, &even[j], &odd[j]);
        }
      }
      for (int64_t j = 0; j < rows; j++) {
        float sum = v_sum(even[j] + odd[j]);
        p->y[(m + j) * p->y_stride + row] = p->bias ? sum + p->bias[row] : sum;
      }
    }
  }
}
