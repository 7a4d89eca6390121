// What the files of one instruction set share: the compiler targets and the kernels of other files.
#pragma once
#include "kernels.h"

#define NS_TARGET_AVX2 "avx2,fma,f16c"
#define NS_TARGET_AVX512 "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"
#define NS_TARGET_AVX2_VNNI NS_TARGET_AVX2 ",avxvnni"
#define NS_TARGET_AVX512_VNNI NS_TARGET_AVX512 ",avx512vnni"
#define NS_TARGET_AVX512_VBMI NS_TARGET_AVX512 ",avx512vbmi"

void ns_product_avx2(const ns_product *p, int64_t row_begin, int64_t row_end);
void ns_decode_avx2(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out);
int32_t ns_arrangement_avx2(const ns_matrix *w);
void ns_arrange_avx2(int32_t arrangement, const float *x, float *out, int64_t n);
void ns_product_avx512(const ns_product *p, int64_t row_begin, int64_t row_end);
void ns_decode_avx512(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out);
void ns_product_avx512vbmi(const ns_product *p, int64_t row_begin, int64_t row_end);
void ns_decode_avx512vbmi(const ns_matrix *w, int64_t row, int64_t column, int64_t count, float *out);
