#include "data/rounds.h"

void rounds_open(struct rounds *r, const struct session_store *c, enum part part)
{
    *r = (struct rounds){.at = 0};
    for (size_t u = 0; u < session_store_users(c); u++) {
        int32_t s = c->first.at[u], end = c->first.at[u + 1];
        while (s < end && session_store_part(c, (size_t)s) != part)
            s++;
        int32_t next = s;
        while (s < end && session_store_part(c, (size_t)s) == part)
            s++;
        if (next == s)
            continue;
        vec_push(&r->next, next);
        vec_push(&r->end, s);
    }
}

/* A round has ended: keeps the users who have sessions left. */
static void begin_round(struct rounds *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->next.len; i++) {
        if (r->next.at[i] == r->end.at[i])
            continue;
        r->next.at[kept] = r->next.at[i];
        r->end.at[kept++] = r->end.at[i];
    }
    r->next.len = r->end.len = kept;
    r->at = 0;
}

bool rounds_next(struct rounds *r, size_t size)
{
    vec_clear(&r->picked);
    if (r->at == r->next.len)
        begin_round(r);
    while (r->at < r->next.len && r->picked.len < size)
        vec_push(&r->picked, r->next.at[r->at++]++);
    return r->picked.len > 0;
}

void rounds_release(struct rounds *r)
{
    vec_release(&r->next);
    vec_release(&r->end);
    vec_release(&r->picked);
}
