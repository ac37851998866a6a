/* Numbers in text, the same in every locale. The whole of [s, s + n) has to be the number. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Decimal digits with an optional sign; false on anything else and on overflow. */
bool num_i64(const char *s, size_t n, int64_t *value);

/* A finite decimal number with optional sign, fraction and exponent ("1e-3", ".5", "17850.0"). */
bool num_f64(const char *s, size_t n, double *value);

/* A number of bytes: digits with an optional K, M or G of 1024, 1024^2 or 1024^3. */
bool num_size(const char *s, size_t n, int64_t *bytes);

/* The fewest digits that read back as the same double ("0.1", "1e+30"; whole numbers below 1e15 are
 * written out); returns the length.  `to` has room for NUM_TEXT bytes. */
enum { NUM_TEXT = 32 };
size_t num_text(double value, char *to);

/* As printf's %.6g and %d, many times as fast; `to` has room for NUM_TEXT bytes, and no NUL follows
 * the text. */
size_t num_six_digits(float value, char *to);
size_t num_whole(int32_t value, char *to);

/* Eight bytes as a number, the first one lowest. */
static inline uint64_t num_eight(const char *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

#endif
