/* The CPU's own product of matrices that fit its caches; the output layer is made of it
 * (nn/cpu_output.h).
 *
 * Every element of the result is one chain of multiplications and additions in the order of k,
 * wherever it is and whatever is computed beside it.  So equal factors give results that are equal
 * to the last bit, on every processor: ties between items depend on it. */
#ifndef NN_CPU_TILE_H
#define NN_CPU_TILE_H

#include <stdbool.h>
#include <stddef.h>

/* c [m, n] = bias + a b, or without a bias c += a b.  Rows of b and c need no alignment.  n is a
 * multiple of the vector's width (cpu_tile_vector): columns beyond the last one used are read and
 * written too. */
struct tile_product {
    size_t m, n, k;
    const float *a; /* [m, k], or turned [k, m]; row stride lda */
    size_t lda;
    bool turned;
    const float *b; /* [k, n], row stride ldb */
    size_t ldb;
    const float *bias; /* [m] or NULL */
    float *c;          /* [m, n], row stride ldc */
    size_t ldc;
};

void cpu_tile_product(const struct tile_product *p);

/* c [m, n] += a bᵀ, for an n that is too small for vectors: they run along k, a multiple of the
 * vector's width.  Rows need no alignment.  Every element is the sum of a vector's lanes, each a
 * chain in the order of k, and so equal factors give equal results here too. */
struct tile_rows {
    size_t m, n, k;
    const float *a; /* [m, k], row stride lda */
    size_t lda;
    const float *b; /* [n, k], row stride ldb */
    size_t ldb;
    float *c; /* [m, n], row stride ldc */
    size_t ldc;
};

void cpu_tile_rows_product(const struct tile_rows *p);

/* Floats of a vector: 16, or a number that divides it. */
size_t cpu_tile_vector(void);

/* The forms that this processor can run, the fastest first; NULL beyond the last.  For tests. */
struct tile_kernel {
    const char *name; /* "AVX2" */
    size_t vector;
    void (*product)(const struct tile_product *p);
    void (*rows_product)(const struct tile_rows *p);
};
const struct tile_kernel *cpu_tile_kernel(int i);

#endif
