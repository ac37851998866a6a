#include "train/counted.h"

#include "base/heap.h"
#include "train/model_file.h"

/* The sessions of a stream, by the items of *c. */
struct newer {
    struct counted *c;
    i32_vec row, item;
    struct session_store store;
};

static int take_session(struct newer *n, const struct session *s, struct err *e)
{
    struct session known = *s;
    vec_clear(&n->item);
    for (size_t i = 0; i < s->count; i++)
        vec_push(&n->item, n->row.at[s->items[i]]);
    known.items = n->item.at;
    known.part = PART_TRAIN;
    return session_store_add(&n->store, &known, e);
}

static int read_stream(struct newer *n, struct sessions_in *in, struct err *e)
{
    struct sessions_record r;
    enum read_result got;
    int status = 0;
    while (!status && (got = sessions_in_next(in, &r, e)) != READ_END) {
        if (got == READ_ERROR)
            return e->status;
        if (r.kind == RECORD_ITEM)
            vec_push(&n->row, names_add(&n->c->items, r.named.name, NULL));
        else if (r.kind == RECORD_SESSION)
            status = take_session(n, &r.session, e);
    }
    return status ? status : session_store_end(&n->store, e);
}

static int index_stream(struct counted *c, const char *path, int64_t memory, struct err *e)
{
    struct newer n = {.c = c};
    struct sessions_in *in = NULL;
    session_store_limit(&n.store, (size_t)memory);
    int status = sessions_in_open(&in, &path, 1, e);
    if (!status)
        status = read_stream(&n, in, e);
    sessions_in_close(in);
    if (!status)
        session_index_build(&c->index, &n.store, names_count(&c->items), PART_TRAIN, PART_TRAIN);
    session_store_release(&n.store);
    vec_release(&n.row);
    vec_release(&n.item);
    return status;
}

static int index_file(struct counted *c, const struct saved_model *saved, struct err *e)
{
    bool there;
    if (model_file_index(&saved->file, names_count(&c->items), &c->index, &there, e))
        return e->status;
    return there ? 0
                 : err_set(e, STATUS_DATA,
                           "%s has no sessions to count in (trainer --no-index): give --index "
                           "SESSIONS",
                           saved->path);
}

/* Counts all items, and makes the index one to which sessions can be added. */
static void count_items(struct counted *c)
{
    for (int32_t i = 0; i < c->index.items; i++)
        vec_push(&c->count, 0);
    for (int64_t k = 0; k < c->index.event[c->index.sessions]; k++)
        c->count.at[c->index.item[k]]++;
    session_index_leave_endless(&c->index);
    c->given = c->index.sessions;
}

static void add_names(struct counted *c, const struct names *from)
{
    for (int32_t i = 0; from && i < names_count(from); i++)
        names_add(&c->items, names_at(from, i), NULL);
}

int counted_open(struct counted *c, const struct saved_model *saved, const struct names *first,
                 const char *path, int64_t memory, struct err *e)
{
    *c = (struct counted){.count = {0}};
    add_names(c, first);
    add_names(c, &saved->items);
    if (path ? index_stream(c, path, memory, e) : index_file(c, saved, e))
        return e->status;
    count_items(c);
    return 0;
}

void counted_take(struct counted *c, const struct session_store *sessions,
                  const struct names *items)
{
    *c = (struct counted){.count = {0}};
    add_names(c, items);
    session_index_build(&c->index, sessions, names_count(items), PART_TRAIN, PART_TRAIN);
    count_items(c);
}

/* ---- sessions that come in ---- */

int32_t counted_item(struct counted *c, struct bytes name)
{
    bool is_new;
    int32_t item = names_add(&c->items, name, &is_new);
    if (!is_new)
        return item;
    vec_push(&c->count, 0);
    vec_push(&c->changed, item);
    session_index_widen(&c->index, item + 1);
    return item;
}

/* Of equal ends, that of the user who came first, as where an index is built. */
static bool ends_first(const void *heap, size_t a, size_t b)
{
    const struct awaited_session *x = (const struct awaited_session *)heap + a,
                                 *y = (const struct awaited_session *)heap + b;
    if (x->last != y->last)
        return x->last < y->last;
    return x->user != y->user ? x->user < y->user : x->start < y->start;
}

static void exchange(void *heap, size_t a, size_t b)
{
    struct awaited_session *x = heap, y = x[a];
    x[a] = x[b];
    x[b] = y;
}

void counted_come(struct counted *c, const struct session *s)
{
    struct awaited_session own = {.start = s->times[0],
                                  .last = s->times[s->count - 1],
                                  .user = s->user,
                                  .count = s->count,
                                  .item = mem_alloc(s->count * sizeof *own.item)};
    memcpy(own.item, s->items, s->count * sizeof *own.item);
    vec_push(&c->awaited, own);
    heap_rise(c->awaited.at, c->awaited.len - 1, ends_first, exchange);
}

static bool is_same(const struct session_index *x, int32_t rank, const struct awaited_session *s)
{
    return x->start[rank] == s->start && session_index_length(x, rank) == s->count &&
           !memcmp(session_index_items(x, rank), s->item, s->count * sizeof *s->item);
}

/* Whether the session is one of those that ended last of all that were given. */
static bool is_given(const struct counted *c, const struct awaited_session *s)
{
    int32_t rank = c->given - 1;
    while (rank >= 0 && c->index.last[rank] == s->last && !is_same(&c->index, rank, s))
        rank--;
    return rank >= 0 && c->index.last[rank] == s->last;
}

static void count_session(struct counted *c, const struct awaited_session *s)
{
    if (s->last < session_index_newest(&c->index) || is_given(c, s))
        return;
    session_index_add(&c->index, s->start, s->last, s->item, s->count);
    for (size_t i = 0; i < s->count; i++) {
        c->count.at[s->item[i]]++;
        vec_push(&c->changed, s->item[i]);
    }
}

void counted_until(struct counted *c, int64_t time)
{
    while (c->awaited.len && c->awaited.at[0].last < time) {
        struct awaited_session s = c->awaited.at[0];
        c->awaited.at[0] = c->awaited.at[--c->awaited.len];
        heap_sink(c->awaited.at, c->awaited.len, 0, ends_first, exchange);
        count_session(c, &s);
        mem_free(s.item);
    }
}

void counted_release(struct counted *c)
{
    for (size_t i = 0; i < c->awaited.len; i++)
        mem_free(c->awaited.at[i].item);
    vec_release(&c->awaited);
    vec_release(&c->changed);
    session_index_release(&c->index);
    names_release(&c->items);
    vec_release(&c->count);
}
