#include "index/numbers.h"

void numbers_open(struct numbers *n, size_t things)
{
    *n = (struct numbers){.number = mem_alloc(things * sizeof *n->number)};
    for (size_t i = 0; i < things; i++)
        n->number[i] = -1;
}

void numbers_release(struct numbers *n)
{
    mem_free(n->number);
    vec_release(&n->of);
}

void numbers_forget(struct numbers *n)
{
    for (size_t i = 0; i < n->of.len; i++)
        n->number[n->of.at[i]] = -1;
    vec_clear(&n->of);
}

void numbers_cover(i32_vec *slot, size_t numbers)
{
    if (slot->len >= numbers)
        return;
    vec_reserve(slot, numbers - slot->len);
    while (slot->len < numbers)
        slot->at[slot->len++] = -1;
}
