#include "attention.h"

extern const ns_kernels ns_kernels_scalar;

#if defined(__x86_64__)
#include <cpuid.h>

extern const ns_kernels ns_kernels_avx2, ns_kernels_avx512, ns_kernels_avx512vbmi;
extern const ns_fast ns_fast_bf16, ns_fast_int8_avx2, ns_fast_int8_avx2vnni, ns_fast_int8_avx512,
    ns_fast_int8_avx512vnni;

static int has_avx2(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
         && __builtin_cpu_supports("f16c");
}

static int has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
         && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

// CPUID leaf 7, subleaf 1, EAX bit 4.
static int has_avx_vnni(void) {
  unsigned a = 0, b, c, d;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

static int has_avx512vbmi(void) { return has_avx512() && __builtin_cpu_supports("avx512vbmi"); }
#endif

const ns_kernels *ns_kernels_for(int32_t set) {
  switch (set) {
    case NS_SCALAR: return &ns_kernels_scalar;
#if defined(__x86_64__)
    case NS_AVX2: return has_avx2() ? &ns_kernels_avx2 : NULL;
    case NS_AVX2_VNNI: return has_avx2() && has_avx_vnni() ? &ns_kernels_avx2 : NULL;
    case NS_AVX512: return has_avx512() ? &ns_kernels_avx512 : NULL;
    case NS_AVX512_VNNI:
      return has_avx512() && __builtin_cpu_supports("avx512vnni") ? &ns_kernels_avx512 : NULL;
    case NS_AVX512_VBMI: return has_avx512vbmi() ? &ns_kernels_avx512vbmi : NULL;
#endif
    default: return NULL;
  }
}

const ns_fast *ns_fast_for(int32_t set, int32_t rounding) {
#if defined(__x86_64__)
  if (!ns_kernels_for(set)) return NULL;
  const int is_wide = set != NS_SCALAR && set != NS_AVX2 && set != NS_AVX2_VNNI;
  if (rounding == NS_BFLOAT16) return is_wide && __builtin_cpu_supports("avx512bf16") ? &ns_fast_bf16 : NULL;
  switch (set) {
    case NS_AVX2: return &ns_fast_int8_avx2;
    case NS_AVX2_VNNI: return &ns_fast_int8_avx2vnni;
    case NS_AVX512: return &ns_fast_int8_avx512;
    case NS_AVX512_VNNI: return &ns_fast_int8_avx512vnni;
    case NS_AVX512_VBMI: return __builtin_cpu_supports("avx512vnni") ? &ns_fast_int8_avx512vnni : &ns_fast_int8_avx512;
    default: return NULL;
  }
#else
  (void)set, (void)rounding;
  return NULL;
#endif
}

int64_t ns_attention_scratch(const ns_attention *a, int64_t rows) {
  // The last tile sees the most keys; another may begin elsewhere in a block, and so touch one more.
  const span keys = keys_of(a, a->rows > rows ? a->rows - rows : 0, a->rows);
  const int64_t lines = a->heads / a->pages.kv_heads * rows, blocks = blocks_of(keys) + 1;
  return wide_floats(a->pages.head_dim) + lines * (a->pages.head_dim + 2 * blocks + stride_of(keys));
}

int64_t ns_attention_blocks(const ns_attention *a) { return blocks_of(keys_of(a, 0, a->rows)); }

int64_t ns_attention_shared(const ns_attention *a) {
  const span keys = keys_of(a, 0, a->rows);
  const int64_t lines = a->heads / a->pages.kv_heads * a->rows, blocks = blocks_of(keys);
  return lines * (stride_of(keys) + blocks * (2 + a->pages.head_dim));
}
