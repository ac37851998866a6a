/* The CPU's matrix products come from one library, chosen at build time (make
 * BLAS=onednn|openblas|cblas): oneDNN, which selects kernels by what the processor can do; else
 * OpenBLAS, which selects them by the processor's model number; else any CBLAS. */
#ifndef NN_BLAS_H
#define NN_BLAS_H

#include <stdbool.h>

/* c [m, n] = op(a) op(b) + beta c, row-major; op transposes where ta, tb are true; lda, ldb, ldc
 * are row strides.  Runs in the calling thread, after blas_run_alone.  m, n and k are above 0. */
void blas_sgemm(bool ta, bool tb, int m, int n, int k, const float *a, int lda, const float *b,
                int ldb, float beta, float *c, int ldc);

/* Makes the library use no threads of its own, whatever its settings are: parallel loops here use
 * OpenMP, and threads that the library starts inside them would compete for the same cores. */
void blas_run_alone(void);

/* The library and the kernels in use: "oneDNN 2.6.3 (AVX2)", "OpenBLAS 0.3.21 (Haswell)". */
enum { BLAS_NAME = 64 };
void blas_name(char to[BLAS_NAME]);

/* Advice for a user whose library is slow, as one line of text; NULL where none is needed. */
const char *blas_advice(void);

/* OpenBLAS treats a processor whose model number it does not know as an old one.  Where its kernels
 * are older than what the processor can do, this sets OPENBLAS_CORETYPE to the newest kernels that
 * fit and returns true: OpenBLAS reads the variable before main, so the program must start itself
 * again (base/threads.h).  Returns false where nothing has to change or the variable is set
 * already. */
bool blas_fit_processor(void);

#endif
