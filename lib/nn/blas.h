/* The CPU's matrix products come from one library, chosen when the programs are built
 * (make BLAS=onednn|openblas|cblas): oneDNN, which picks its kernels by what the processor can do;
 * else OpenBLAS, which picks them by the processor's model number; else any CBLAS. */
#ifndef NN_BLAS_H
#define NN_BLAS_H

#include <stdbool.h>

/* c [m, n] = op(a) op(b) + beta c, row-major, op transposes where ta, tb; ld = row stride.  Runs in
 * the calling thread, whatever the library's own settings are.  m, n and k are above 0. */
void blas_sgemm(bool ta, bool tb, int m, int n, int k, const float *a, int lda, const float *b,
                int ldb, float beta, float *c, int ldc);

/* The library and the kernels that run: "oneDNN 2.6.3 (AVX2)", "OpenBLAS 0.3.21 (Haswell)". */
const char *blas_name(void);

/* What to tell a user whose library is a slow one; NULL where it is not. */
const char *blas_advice(void);

/* OpenBLAS takes a processor that it does not know by number for an old one.  Where its kernels are
 * older than what the processor can do, puts the newest that fit into the environment, which
 * OpenBLAS reads before main: true, and the program has to start itself again (base/threads.h).
 * False where there is nothing to mend, or the environment has a choice already. */
bool blas_fit_processor(void);

#endif
