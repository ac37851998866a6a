/* Fractions that users write as decimals ("0.8") or as ratios ("1/64"), kept exact, so that 0.8
 * of 5 is 4, although no binary floating-point number is 0.8. */
#ifndef BASE_FRACTION_H
#define BASE_FRACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fraction {
    int64_t over, under; /* over / under; 0 <= over, 1 <= under <= 10^9 */
};

/* Digits with at most nine decimals, or two whole numbers below 10^9 around a slash; from 0 to 1.
 * False on anything else. */
bool fraction_parse(const char *s, size_t n, struct fraction *f);

/* floor(f · n) for 0 <= n < 2^31. */
static inline int64_t fraction_floor(struct fraction f, int64_t n)
{
    return f.over * n / f.under;
}

/* 1 - f. */
static inline struct fraction fraction_rest(struct fraction f)
{
    return (struct fraction){f.under - f.over, f.under};
}

#endif
