#include "kernels.h"

extern const ns_kernels ns_kernels_scalar;

#if defined(__x86_64__)
extern const ns_kernels ns_kernels_avx2, ns_kernels_avx512;
extern const ns_fast ns_fast_bf16;

static int has_avx2(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
         && __builtin_cpu_supports("f16c");
}

static int has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
         && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
         && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni");
}
#endif

const ns_kernels *ns_kernels_for(int32_t set) {
  switch (set) {
    case NS_SCALAR: return &ns_kernels_scalar;
#if defined(__x86_64__)
    case NS_AVX2: return has_avx2() ? &ns_kernels_avx2 : NULL;
    case NS_AVX512: return has_avx512() ? &ns_kernels_avx512 : NULL;
#endif
    default: return NULL;
  }
}

const ns_fast *ns_fast_for(int32_t set) {
#if defined(__x86_64__)
  if (set == NS_AVX512 && has_avx512() && __builtin_cpu_supports("avx512bf16")) return &ns_fast_bf16;
#endif
  (void)set;
  return NULL;
}

int64_t ns_attention_scratch(const ns_attention *a, int64_t rows) {
  int64_t keys = a->first_position + a->rows;
  // A windowed tile sees the window of its first row up to its last row.
  if (a->window > 0 && keys > a->window + rows) keys = a->window + rows;
  int64_t group = a->heads / a->pages.kv_heads;
  return 16 * ((a->pages.head_dim + 15) / 16 * 16) + group * rows * ((keys + 15) / 16 * 16);
}
