/* A sample of fixed size, uniform over candidates whose number is not known before: the
 * n-th takes one of the places with probability places / n (algorithm R; Vitter 1985, "Random
 * sampling with a reservoir"). */
#ifndef BASE_SAMPLE_H
#define BASE_SAMPLE_H

#include <stddef.h>

#include "base/random.h"

struct sample {
    uint64_t places;
    uint64_t candidates; /* up to here */
    struct random random;
};

/* The place of the next candidate, in place of whoever has it: 0, 1 .. until all are taken, then
 * any of them, or SIZE_MAX: it is not drawn. */
static inline size_t sample_place(struct sample *s)
{
    uint64_t n = ++s->candidates;
    if (n <= s->places)
        return (size_t)(n - 1);
    uint32_t place = random_below(&s->random, n < UINT32_MAX ? (uint32_t)n : UINT32_MAX);
    return place < s->places ? place : SIZE_MAX;
}

#endif
