// What is used of OpenBLAS and of the LAPACK in it, found at run time.
//
// The library is opened when it is first asked for, and not linked. Linked, it would be in the memory of every process, and the threads
// that it makes as it is loaded would spin for a tenth of a second beside the loading of a model. The few functions that are used are
// declared by hand: Debian's OpenBLAS has LAPACK without a header of it, and the interfaces of both are older than any header. Matrices of
// LAPACK are column-major; a length follows for each text argument.
#ifndef NEUROSCOPE_OPENBLAS_H
#define NEUROSCOPE_OPENBLAS_H

#include <stdbool.h>
#include <stddef.h>

// The constants of CBLAS.
enum { cblas_row_major = 101, cblas_as_it_is = 111, cblas_transposed = 112 };

typedef struct openblas_library {
  void (*set_threads)(int count);
  void (*sgemm)(
      int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
      float beta, float *c, int ldc);
  void (*dgemm)(
      int order, int transpose_a, int transpose_b, int m, int n, int k, double alpha, const double *a, int lda, const double *b, int ldb,
      double beta, double *c, int ldc);
  void (*dgeqrf)(const int *m, const int *n, double *a, const int *lda, double *tau, double *work, const int *lwork, int *info);
  void (*dorgqr)(
      const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau, double *work, const int *lwork, int *info);
  void (*dgesdd)(
      const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u, const int *ldu, double *vt,
      const int *ldvt, double *work, const int *lwork, int *iwork, int *info, size_t jobz_length);
  void (*dgeev)(
      const char *jobvl, const char *jobvr, const int *n, double *a, const int *lda, double *wr, double *wi, double *vl,
      const int *ldvl, double *vr, const int *ldvr, double *work, const int *lwork, int *info, size_t jobvl_length,
      size_t jobvr_length);
} openblas_library;

// Why the library can't be used, in the system's words.
typedef struct openblas_reason {
  char text[200];
} openblas_reason;

// Opens the library of a name, which stays open, and has it compute on the thread that calls; false with the reason where it can't.
bool openblas_open(const char *name, openblas_library *library, openblas_reason *why);

#endif
