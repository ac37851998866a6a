#include "data/user_sessions.h"

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

int64_t user_sessions_events(const struct user_sessions *h)
{
    int64_t events = 0;
    for (size_t i = 0; i < h->sessions.len; i++)
        events += (int64_t)h->sessions.at[i]->count;
    return events;
}

void user_sessions_add(struct user_sessions *h, const struct session *s)
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

void session_move(struct session *s, size_t to, size_t from)
{
    if (to == from)
        return;
    ((int64_t *)s->times)[to] = s->times[from]; /* part of our own block */
    ((int32_t *)s->items)[to] = s->items[from];
    for (size_t i = 0; i < s->extra_count; i++) {
        const struct extra *x = &s->extras[i];
        size_t size = column_size(x->type);
        if (x->column.at)
            memcpy((char *)x->column.at + to * size, (char *)x->column.at + from * size, size);
    }
}

void session_keep_items(struct session *s, const int64_t *counts, int64_t least)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++)
        if (counts[s->items[i]] >= least)
            session_move(s, kept++, i);
    session_cut(s, kept < 2 ? 0 : kept); /* one event alone has nothing to predict */
}

/* A copy of the session with `extras` in place of its own. */
static struct session *copied_with(const struct session *s, const struct extra *extras,
                                   size_t count)
{
    struct session view = *s;
    view.extras = extras;
    view.extra_count = count;
    return copied(&view);
}

struct session *session_tail(const struct session *s, size_t count)
{
    struct session view = *s;
    size_t from = s->count - count;
    VEC(struct extra) extras = {0};
    for (size_t i = 0; i < s->extra_count; i++) {
        struct extra x = s->extras[i];
        if (x.column.at)
            x.column = (struct column){(char *)x.column.at + from * column_size(x.type), count};
        vec_push(&extras, x);
    }
    view.count = count;
    view.times += from;
    view.items += from;
    struct session *tail = copied_with(&view, extras.at, extras.len);
    vec_release(&extras);
    return tail;
}

struct session *session_with(struct session *s, const struct extra *x)
{
    VEC(struct extra) extras = {0};
    for (size_t i = 0; i < s->extra_count; i++)
        if (!bytes_equal(s->extras[i].key, x->key))
            vec_push(&extras, s->extras[i]);
    vec_push(&extras, *x);
    struct session *with = copied_with(s, extras.at, extras.len);
    vec_release(&extras);
    mem_free(s);
    return with;
}

/* Sessions may overlap, so what is left of the earlier one may begin later.  Where the other one is
 * of a later part it is of that part then, as the sessions that follow it are: parts stay in order.
 */
static void sort_by_start(struct user_sessions *h)
{
    for (size_t i = 1; i < h->sessions.len; i++) {
        struct session *s = h->sessions.at[i];
        size_t at = i;
        for (; at && h->sessions.at[at - 1]->times[0] > s->times[0]; at--) {
            h->sessions.at[at] = h->sessions.at[at - 1];
            if (h->sessions.at[at]->part < s->part)
                h->sessions.at[at]->part = s->part;
        }
        h->sessions.at[at] = s;
    }
}

void user_sessions_sweep(struct user_sessions *h)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->sessions.len; i++) {
        if (h->sessions.at[i]->count)
            h->sessions.at[kept++] = h->sessions.at[i];
        else
            mem_free(h->sessions.at[i]);
    }
    h->sessions.len = kept;
    sort_by_start(h);
}

void count_items(i64_vec *counts, const int32_t *items, size_t n, int64_t times)
{
    for (size_t i = 0; i < n; i++) {
        while (counts->len <= (size_t)items[i])
            vec_push(counts, 0);
        counts->at[items[i]] += times;
    }
}

void mark_items(item_mark_vec *marks, const int32_t *items, size_t n, unsigned char bits)
{
    for (size_t i = 0; i < n; i++) {
        while (marks->len <= (size_t)items[i])
            vec_push(marks, 0);
        marks->at[items[i]] |= bits;
    }
}

void user_sessions_clear(struct user_sessions *h)
{
    for (size_t i = 0; i < h->sessions.len; i++)
        mem_free(h->sessions.at[i]);
    vec_clear(&h->sessions);
}

void user_sessions_release(struct user_sessions *h)
{
    user_sessions_clear(h);
    vec_release(&h->sessions);
}
