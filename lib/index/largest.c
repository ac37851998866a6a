#include "index/largest.h"

#include <stdint.h>
#include <string.h>

static float of_bits(int32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static int32_t bits_of(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* How many are at least x. */
static size_t count_from(const float *value, size_t n, float x)
{
    int32_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += value[i] >= x;
    return (size_t)count;
}

static float largest_of(const float *value, size_t n)
{
    float most = 0;
    for (size_t i = 0; i < n; i++)
        most = value[i] > most ? value[i] : most;
    return most;
}

/* Halves the range of the least value's bits, which have the order of the values: some ten counts
 * over all values, which are vector code, in place of a sort's branches. */
struct cut largest_cut(const float *x, size_t n, size_t count)
{
    int32_t low = 1,
            high = bits_of(largest_of(x, n)) + 1; /* at least `count` from low, fewer from high */
    size_t from_low = count_from(x, n, of_bits(low)), from_high = 0;
    while (from_low > count && high - low > 1) {
        int32_t middle = low + (high - low) / 2;
        size_t from = count_from(x, n, of_bits(middle));
        if (from >= count)
            low = middle, from_low = from;
        else
            high = middle, from_high = from;
    }
    return (struct cut){of_bits(low), from_low > count ? count - from_high : from_low};
}
