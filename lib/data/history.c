#include "data/history.h"

/* Everything in the block is aligned for int64. */
static size_t rounded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static void *placed(char **room, const void *from, size_t n)
{
    void *at = *room;
    if (n)
        memcpy(at, from, n);
    *room += rounded(n);
    return at;
}

static size_t extra_bytes(const struct extra *x)
{
    return x->column.at ? x->column.len * column_size(x->type) : 0;
}

/* One block for the whole session: a log has as many allocations as sessions, and dropping one is
 * one call. */
static struct session *copied(const struct session *s)
{
    size_t times = s->count * sizeof *s->times, items = s->count * sizeof *s->items;
    size_t extras = s->extra_count * sizeof *s->extras;
    size_t size = rounded(sizeof *s) + rounded(extras) + rounded(times) + rounded(items);
    for (size_t i = 0; i < s->extra_count; i++)
        size += rounded(s->extras[i].key.len) + rounded(extra_bytes(&s->extras[i]));

    char *room = mem_alloc(size);
    struct session *copy = placed(&room, s, sizeof *s);
    struct extra *extra = placed(&room, s->extras, extras);
    copy->times = placed(&room, s->times, times);
    copy->items = placed(&room, s->items, items);
    copy->extras = extra;
    for (size_t i = 0; i < s->extra_count; i++, extra++) {
        extra->key.at = placed(&room, extra->key.at, extra->key.len);
        if (extra->column.at)
            extra->column.at = placed(&room, extra->column.at, extra_bytes(extra));
    }
    return copy;
}

void history_add(struct history *h, const struct session *s)
{
    vec_push(&h->sessions, copied(s));
}

void session_cut(struct session *s, size_t count)
{
    struct extra *extras = (struct extra *)s->extras; /* part of our own block */
    for (size_t i = 0; i < s->extra_count; i++)
        if (extras[i].column.at && extras[i].column.len > count)
            extras[i].column.len = count;
    s->count = count;
}

void history_sweep(struct history *h)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->sessions.len; i++) {
        if (h->sessions.at[i]->count)
            h->sessions.at[kept++] = h->sessions.at[i];
        else
            mem_free(h->sessions.at[i]);
    }
    h->sessions.len = kept;
}

void history_clear(struct history *h)
{
    for (size_t i = 0; i < h->sessions.len; i++)
        mem_free(h->sessions.at[i]);
    vec_clear(&h->sessions);
}

void history_release(struct history *h)
{
    history_clear(h);
    vec_release(&h->sessions);
}
