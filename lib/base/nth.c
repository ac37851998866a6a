#include "base/nth.h"

#include "base/mem.h"

void nth_begin(struct nth *n, uint64_t rank, int bits)
{
    *n = (struct nth){.rank = rank,
                      .shift = bits ? (bits - 1) / NTH_BITS * NTH_BITS : 0,
                      .count = mem_zero(1 << NTH_BITS, sizeof *n->count)};
}

bool nth_again(struct nth *n)
{
    uint64_t digit = 0;
    for (; n->rank >= n->count[digit]; digit++)
        n->rank -= n->count[digit];
    n->value |= digit << n->shift;
    for (size_t i = 0; i < 1 << NTH_BITS; i++)
        n->count[i] = 0;
    if (n->shift) {
        n->shift -= NTH_BITS;
        return true;
    }
    mem_free(n->count);
    n->count = NULL;
    return false;
}
