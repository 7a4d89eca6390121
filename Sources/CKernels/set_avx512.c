// AVX-512 with F, BW, DQ and VL: Skylake-X, Cascade Lake and later.
#if defined(__x86_64__)
#define VBMI 0
#define TARGET NS_TARGET_AVX512
#define NAMED(name) name##_avx512
#include "set_avx512.body.h"
#endif
