/* Products of factors rounded to bfloat16 (the upper half of a float32), summed in float32, for
 * processors that have instructions for them (AMX, AVX512_BF16): through oneDNN. */
#ifndef NN_BF16_H
#define NN_BF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nn/cpu_tile.h"

/* NULL where they can be had, else what is missing.  Where SESSPIPE_BF16 is "rounded" they always
 * can: without such instructions float32 multiplies the rounded factors, to measure what rounding
 * does. */
const char *bf16_missing(void);

/* What cpu_tile_product computes, from rounded factors; packed: memory for them, whatever it holds,
 * of so many numbers. */
void bf16_product(const struct tile_product *p, uint16_t *packed);

static inline size_t bf16_packed(size_t m, size_t n, size_t k)
{
    return (m * k + 31) / 32 * 32 + k * n;
}

/* oneDNN's product c [m, n] += a b of factors that stand end to end, both bfloat16 or both float32:
 * a [m, k], or where `turned` [k, m]; b [k, n]; ldc between rows of c.  For tests; ends the program
 * where the library cannot. */
void bf16_multiply(bool bf16, bool turned, size_t m, size_t n, size_t k, const void *a,
                   const void *b, float *c, size_t ldc);

#endif
