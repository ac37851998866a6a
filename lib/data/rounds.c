#include "data/rounds.h"

/* The sessions that are wanted; mark NULL: all of the part. */
struct wanted {
    const struct session_store *store;
    enum part part;
    const unsigned char *mark;
    unsigned char as;
};

static bool wants(const struct wanted *w, int32_t s)
{
    return session_store_part(w->store, (size_t)s) == w->part && (!w->mark || w->mark[s] == w->as);
}

static void open_rounds(struct rounds *r, const struct wanted *w)
{
    const i32_vec *first = &w->store->first;
    *r = (struct rounds){.at = 0};
    for (size_t u = 0; u < session_store_users(w->store); u++) {
        int32_t s = first->at[u], end = first->at[u + 1];
        while (s < end && !wants(w, s))
            s++;
        int32_t next = s;
        while (s < end && wants(w, s))
            s++;
        if (next == s)
            continue;
        vec_push(&r->next, next);
        vec_push(&r->end, s);
    }
}

void rounds_open(struct rounds *r, const struct session_store *c, enum part part)
{
    open_rounds(r, &(struct wanted){.store = c, .part = part});
}

void rounds_open_marked(struct rounds *r, const struct session_store *c, enum part part,
                        const unsigned char *mark, unsigned char as)
{
    open_rounds(r, &(struct wanted){c, part, mark, as});
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
