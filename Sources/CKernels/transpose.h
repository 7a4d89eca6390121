// Sixteen rows of sixteen floats to columns, in portable vectors.
#pragma once
#include "vectors.h"

#define EACH _Pragma("clang loop unroll(full)")

// Sixteen vectors of sixteen, rows to columns.
INLINE void transpose(v16 *v) {
  v16 t[16];
  EACH for (int i = 0; i < 8; i++) {
    v16 a = v[2 * i], b = v[2 * i + 1];
    t[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
    t[2 * i + 1] = __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  }
  EACH for (int i = 0; i < 16; i += 4) {
    EACH for (int j = 0; j < 2; j++) {
      v16 a = t[i + j], b = t[i + j + 2];
      v[i + 2 * j] = __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
      v[i + 2 * j + 1] = __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    }
  }
  // v[4 g + c] now holds, in its four quarters, columns c, 4 + c, 8 + c, 12 + c of rows 4 g ... 4 g + 3.
  EACH for (int c = 0; c < 4; c++) {
    v16 a = v[c], b = v[4 + c], d = v[8 + c], e = v[12 + c];
    t[c] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
    t[4 + c] = __builtin_shufflevector(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
    t[8 + c] = __builtin_shufflevector(d, e, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
    t[12 + c] = __builtin_shufflevector(d, e, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  }
  EACH for (int c = 0; c < 4; c++) {
    v[c] = __builtin_shufflevector(t[c], t[8 + c], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    v[4 + c] = __builtin_shufflevector(t[c], t[8 + c], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    v[8 + c] = __builtin_shufflevector(t[4 + c], t[12 + c], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    v[12 + c] = __builtin_shufflevector(
        t[4 + c], t[12 + c], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  }
}
