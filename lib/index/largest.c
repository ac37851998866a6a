#include "index/largest.h"

#include <stdint.h>
#include <string.h>

#include "base/vector.h"

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

/* How a bit pattern parts values: how many are at or above it, the least of these, and the largest
 * of the others. */
struct parted {
    int32_t count, above, below;
};

VECTOR static void part_at(const float *value, size_t n, int32_t at, struct parted *to)
{
    int32_t count = 0, above = INT32_MAX, below = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits = bits_of(value[i]), is_above = (at - 1 - bits) >> 31; /* all bits or none */
        int32_t up = bits | (INT32_MAX & ~is_above), down = bits & ~is_above;
        count -= is_above;
        above = up < above ? up : above;
        below = down > below ? down : below;
    }
    *to = (struct parted){count, above, below};
}

/* How many values are above 0, the least of these, and the largest. */
VECTOR static void survey(const float *value, size_t n, struct parted *to)
{
    int32_t none = 0, least = INT32_MAX, most = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits = bits_of(value[i]), is_zero = (bits - 1) >> 31; /* all bits or none */
        int32_t up = bits | (INT32_MAX & is_zero);
        none -= is_zero;
        least = up < least ? up : least;
        most = bits > most ? bits : most;
    }
    *to = (struct parted){(int32_t)n - none, least, most};
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

/* The range of the least value's bits: `from_low` values are at or above low, as many as are wanted
 * or more, and fewer, `from_high`, at or above high. */
struct range {
    int32_t low, high, from_low, from_high;
};

/* Where in the range the least of `count` values is to be expected, if they are spread evenly. */
static int32_t expected(const struct range *r, int32_t count)
{
    float part = ((float)(r->from_low - count) + 0.5f) / (float)(r->from_low - r->from_high);
    int32_t at = r->low + (int32_t)(part * (float)(r->high - r->low));
    return at <= r->low ? r->low + 1 : at >= r->high ? r->high - 1 : at;
}

static void narrow(struct range *r, const float *x, size_t n, int32_t at, int32_t wanted)
{
    struct parted parted;
    part_at(x, n, at, &parted);
    if (parted.count >= wanted)
        r->low = parted.above, r->from_low = parted.count;
    else
        r->high = parted.below + 1, r->from_high = parted.count;
}

/* Narrows the range until it holds one value, by some counts over all values, which are vector
 * code, in place of a sort's branches.  It is divided where the least value is to be expected, and
 * every third time halved.  Its ends move on to values that there are, so that equal ones are soon
 * alone. */
struct cut largest_cut(const float *x, size_t n, size_t count, float *about)
{
    struct parted all;
    int32_t wanted = n < count ? (int32_t)n : (int32_t)count, at = bits_of(*about);
    survey(x, n, &all);
    struct range r = {all.above, all.below + 1, all.count, 0};
    if (r.from_low > wanted && at > r.low && at < r.high)
        narrow(&r, x, n, at, wanted);
    for (int turn = 0; r.from_low > wanted && r.high - r.low > 1; turn++) {
        at = turn % 3 == 2 ? r.low + (r.high - r.low) / 2 : expected(&r, wanted);
        narrow(&r, x, n, at, wanted);
    }
    if (r.from_low <= wanted) /* all of them */
        return (struct cut){r.from_low ? of_bits(r.low - 1) : 0, 0};
    *about = of_bits(r.low);
    return (struct cut){of_bits(r.low), (size_t)(wanted - r.from_high)};
}

VECTOR static void choose_above(const float *x, size_t n, float least, unsigned char *chosen)
{
    for (size_t i = 0; i < n; i++)
        chosen[i] |= x[i] > least;
}

void largest_choose(const float *x, size_t n, size_t count, float *about, unsigned char *chosen)
{
    struct cut cut = largest_cut(x, n, count, about);
    choose_above(x, n, cut.least, chosen);
    for (size_t i = 0; i < n && cut.equal; i++)
        if (x[i] == cut.least) {
            chosen[i] = 1;
            cut.equal--;
        }
}
