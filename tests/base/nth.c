/* lib/base/nth: the numbers of all ranks, against sorting. */
#include "base/nth.h"

#include <stdlib.h>

#include "base/ascending.h"
#include "base/random.h"

#include "../tap.h"

enum { NUMBERS = 300 };

static uint64_t drawn(struct random *r, int bits, uint32_t different)
{
    uint64_t x = (uint64_t)random_below(r, different) * UINT64_C(0x9e3779b97f4a7c15);
    return bits ? x >> (64 - bits) : 0;
}

static void numbers(int bits, uint32_t different)
{
    struct random r = random_of(different, (uint64_t)bits);
    uint64_t x[NUMBERS], sorted[NUMBERS];
    int wrong = 0;
    for (size_t i = 0; i < NUMBERS; i++)
        sorted[i] = x[i] = drawn(&r, bits, different);
    qsort(sorted, NUMBERS, sizeof *sorted, ascending_u64);
    for (size_t rank = 0; rank < NUMBERS; rank++) {
        struct nth n;
        size_t first = rank;
        while (first && sorted[first - 1] == sorted[rank])
            first--;
        nth_begin(&n, rank, bits);
        do
            for (size_t i = 0; i < NUMBERS; i++)
                nth_show(&n, x[i]);
        while (nth_again(&n));
        wrong += n.value != sorted[rank] || n.rank != rank - first;
    }
    tap_ok(!wrong, "%d numbers of %d bits, drawn among %u: %d are wrong", NUMBERS, bits, different,
           wrong);
}

int main(void)
{
    static const int bits[] = {0, 1, 16, 17, 36, 48, 64};
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        numbers(bits[i], 1 << 30);
        numbers(bits[i], 20);
    }
    return tap_done();
}
