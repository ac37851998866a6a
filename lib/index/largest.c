#include "index/largest.h"

#include <stdint.h>
#include <string.h>

#include "base/vector.h"

enum { SIXTEENTH = 4 << 23 }; /* between the bits of a value and those of a sixteenth of it */

/* The bits of values >= 0 have the order of the values, and vector code compares integers. */
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
VECTOR static size_t count_from(const float *value, size_t n, float x)
{
    int32_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += value[i] >= x;
    return (size_t)count;
}

VECTOR float largest_value(const float *x, size_t n)
{
    int32_t most = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits = bits_of(x[i]);
        most = bits > most ? bits : most;
    }
    return of_bits(most);
}

/* Narrows the range low .. high of the least value's bits, at or above the first of which there are
 * `count` values or more and from the second on fewer: some ten counts over all values, which are
 * vector code, in place of a sort's branches.  Since the range begins far below all values, it is
 * looked for down from the largest in steps that double before it is halved. */
struct cut largest_cut(const float *x, size_t n, size_t count)
{
    int32_t low = 1, high = bits_of(largest_value(x, n)) + 1;
    size_t from_low = count_from(x, n, of_bits(low)), from_high = 0;
    int64_t down = SIXTEENTH;
    while (from_low > count && high - low > 1) {
        int32_t half = (high - low) / 2;
        int32_t middle = low == 1 && down < half ? high - (int32_t)down : low + half;
        size_t from = count_from(x, n, of_bits(middle));
        down *= 2;
        if (from >= count)
            low = middle, from_low = from;
        else
            high = middle, from_high = from;
    }
    if (from_low <= count) /* all of them */
        return (struct cut){of_bits(low - 1), 0};
    return (struct cut){of_bits(low), count - from_high};
}

VECTOR static void choose_above(const float *x, size_t n, float least, unsigned char *chosen)
{
    for (size_t i = 0; i < n; i++)
        chosen[i] |= x[i] > least;
}

void largest_choose(const float *x, size_t n, size_t count, unsigned char *chosen)
{
    struct cut cut = largest_cut(x, n, count);
    choose_above(x, n, cut.least, chosen);
    for (size_t i = 0; i < n && cut.equal; i++)
        if (x[i] == cut.least) {
            chosen[i] = 1;
            cut.equal--;
        }
}
