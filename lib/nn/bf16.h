/* Products of factors rounded to bfloat16 (the upper half of a float32), summed in float32, for
 * processors that have instructions for them (AMX, AVX512_BF16): through oneDNN. */
#ifndef NN_BF16_H
#define NN_BF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* c [m, n] += a b, with b [k, n] and a [m, k], or where `turned` a given as [k, m].  lda, ldb, ldc:
 * numbers from one row to the next of what is given.  oneDNN is fastest where k is a multiple of
 * BF16_DEPTH. */
struct bf16_product {
    bool turned;
    size_t m, n, k, lda, ldb, ldc;
    const uint16_t *a, *b;
    float *c;
};

enum { BF16_DEPTH = 32 };

/* NULL where they can be had, else what is missing.  Where SESSPIPE_BF16 is "rounded" they always
 * can: without such instructions float32 multiplies the rounded factors, to measure what rounding
 * does. */
const char *bf16_missing(void);

void bf16_multiply(const struct bf16_product *p);

/* The same of factors that are not rounded: what bf16_multiply asks oneDNN for, in a type that it
 * has on every processor.  For tests; ends the program where the library is another. */
void bf16_multiply_floats(const struct bf16_product *p, const float *a, const float *b);

/* to [rows, cols] = from, rounded; `ld` and `to_ld` numbers from one row to the next. */
void bf16_round(size_t rows, size_t cols, const float *from, size_t ld, uint16_t *to, size_t to_ld);

#endif
