/* Products of factors rounded to bfloat16 (the upper half of a float32), summed in float32, by
 * oneDNN on processors that have instructions for them (AMX, AVX512_BF16). */
#ifndef NN_BF16_H
#define NN_BF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* c [m, n] += a b, with b [k, n] and a [m, k], or with `turned` a given as [k, m].  lda, ldb, ldc:
 * row strides in numbers.  oneDNN is fastest where k is a multiple of BF16_DEPTH. */
struct bf16_product {
    bool turned;
    size_t m, n, k, lda, ldb, ldc;
    const uint16_t *a, *b;
    float *c;
    bool by_float32; /* bf16_by_float32 */
};

enum { BF16_DEPTH = 32 };

/* Returns NULL where bf16 products are available, else the reason why not.  With
 * SESSPIPE_BF16=rounded they are always available: without the instructions float32 multiplies the
 * rounded factors, so that the effect of rounding can be measured. */
const char *bf16_missing(void);

/* Whether float32 multiplies the rounded factors. */
bool bf16_by_float32(void);

void bf16_multiply(const struct bf16_product *p);

/* The product by oneDNN with factors that are not rounded, which runs on every processor.  For
 * tests of bf16_multiply's shapes.  Ends the program if the build has no oneDNN. */
void bf16_multiply_floats(const struct bf16_product *p, const float *a, const float *b);

/* to [rows, cols] = from, rounded to the nearest bfloat16; `ld` and `to_ld` are row strides in
 * numbers. */
void bf16_round(size_t rows, size_t cols, const float *from, size_t ld, uint16_t *to, size_t to_ld);

#endif
