/* The CPU's own product of matrices that fit its caches; the output layer is made of it
 * (nn/cpu_output.h).
 *
 * Every element of the result is one chain of multiplications and additions in the order of k,
 * wherever it is and whatever is computed beside it.  So equal factors give results that are equal
 * to the last bit, on every processor: ties between items depend on it. */
#ifndef NN_CPU_TILE_H
#define NN_CPU_TILE_H

#include <stddef.h>

/* c [m, n] = bias + a b, or without a bias c += a b.  Rows of b and c need no alignment.  n is a
 * multiple of the vector's width (cpu_tile_vector): columns beyond the last one used are read and
 * written too. */
struct tile_product {
    size_t m, n, k;
    const float *a; /* element (i, p) at a[i · a_row + p · a_col] */
    size_t a_row, a_col;
    const float *b; /* [k, n], row stride ldb */
    size_t ldb;
    const float *bias; /* [m] or NULL */
    float *c;          /* [m, n], row stride ldc */
    size_t ldc;
};

void cpu_tile_product(const struct tile_product *p);

/* Floats of a vector: 16, or a number that divides it. */
size_t cpu_tile_vector(void);

/* The forms that this processor can run, the fastest first; NULL beyond the last.  For tests. */
struct tile_kernel {
    const char *name; /* "AVX2" */
    size_t vector;
    void (*product)(const struct tile_product *p);
};
const struct tile_kernel *cpu_tile_kernel(int i);

#endif
