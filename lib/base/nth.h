/* The number of a rank among many, which are shown in several passes: no memory grows with them.
 *
 *     nth_begin(&n, rank, bits);
 *     do
 *         for (...)
 *             nth_show(&n, x);
 *     while (nth_again(&n));
 *
 * Each pass finds 16 bits more of the number, those that weigh most first. */
#ifndef BASE_NTH_H
#define BASE_NTH_H

#include <stdbool.h>
#include <stdint.h>

enum { NTH_BITS = 16 };

struct nth {
    uint64_t value; /* what is known of the number; in the end all of it */
    uint64_t rank;  /* among those shown that have these bits; in the end among those equal to it */
    int shift;      /* the bits of this pass */
    uint64_t *count; /* [1 << NTH_BITS] how often each is shown */
};

/* `rank` 0: the least; it is less than how many are shown.  Numbers have at most `bits` bits, up to
 * 64. */
void nth_begin(struct nth *n, uint64_t rank, int bits);

static inline void nth_show(struct nth *n, uint64_t x)
{
    if ((x ^ n->value) >> n->shift >> NTH_BITS == 0)
        n->count[x >> n->shift & ((1 << NTH_BITS) - 1)]++;
}

/* After a pass: whether another one is needed. */
bool nth_again(struct nth *n);

#endif
