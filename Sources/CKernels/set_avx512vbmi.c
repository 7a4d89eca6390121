// AVX-512 with VBMI besides: Ice Lake, Zen 4 and later.
#if defined(__x86_64__)
#define VBMI 1
#define TARGET NS_TARGET_AVX512_VBMI
#define NAMED(name) name##_avx512vbmi
#include "set_avx512.body.h"
#endif
