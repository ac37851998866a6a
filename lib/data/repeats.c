#include "data/repeats.h"

void repeats_find(struct repeats *r, const struct session_store *c, int32_t items)
{
    int32_t *had_by = mem_alloc((size_t)items * sizeof *had_by); /* the last user who had it */
    r->bit = mem_zero(c->events / 8 + 1, 1);
    for (int32_t i = 0; i < items; i++)
        had_by[i] = -1;
    for (size_t u = 0; u < session_store_users(c); u++)
        for (size_t at = session_store_place(c, (size_t)c->first.at[u]);
             at < session_store_place(c, (size_t)c->first.at[u + 1]); at++) {
            int32_t item = session_store_items(c, 0)[at];
            r->bit[at / 8] |= (unsigned char)((had_by[item] == (int32_t)u) << at % 8);
            had_by[item] = (int32_t)u;
        }
    mem_free(had_by);
}

void repeats_release(struct repeats *r)
{
    mem_free(r->bit);
    r->bit = NULL;
}
