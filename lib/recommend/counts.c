#include "recommend/counts.h"

#include "train/model_file.h"

/* The sessions of a stream, by the items of *c. */
struct newer {
    struct counts_of_model *c;
    bool adds; /* items that the model does not know */
    i32_vec row, kept;
    i64_vec time;
    struct session_store store;
};

static void take_item(struct newer *n, struct bytes name)
{
    vec_push(&n->row,
             n->adds ? names_add(&n->c->items, name, NULL) : names_find(&n->c->items, name));
}

static int take_session(struct newer *n, const struct session *s, struct err *e)
{
    struct session known = *s;
    vec_clear(&n->kept);
    vec_clear(&n->time);
    for (size_t i = 0; i < s->count; i++) {
        if (n->row.at[s->items[i]] < 0)
            continue;
        vec_push(&n->kept, n->row.at[s->items[i]]);
        vec_push(&n->time, s->times[i]);
    }
    known.items = n->kept.at;
    known.times = n->time.at;
    known.count = n->kept.len;
    known.part = PART_TRAIN;
    return known.count ? session_store_add(&n->store, &known, e) : 0;
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
            take_item(n, r.named.name);
        else if (r.kind == RECORD_SESSION)
            status = take_session(n, &r.session, e);
    }
    return status ? status : session_store_end(&n->store, e);
}

static int index_stream(struct counts_of_model *c, const char *path, bool adds, struct err *e)
{
    struct newer n = {.c = c, .adds = adds};
    struct sessions_in *in = NULL;
    int status = sessions_in_open(&in, &path, 1, e);
    if (!status)
        status = read_stream(&n, in, e);
    sessions_in_close(in);
    if (!status)
        session_index_build(&c->index, &n.store, names_count(&c->items), PART_TRAIN, PART_TRAIN);
    session_store_release(&n.store);
    vec_release(&n.row);
    vec_release(&n.kept);
    vec_release(&n.time);
    return status;
}

static int index_file(struct counts_of_model *c, const struct saved_model *saved, struct err *e)
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

static void count_items(struct counts_of_model *c)
{
    for (int32_t i = 0; i < c->index.items; i++)
        vec_push(&c->count, 0);
    for (int64_t k = 0; k < c->index.event[c->index.sessions]; k++)
        c->count.at[c->index.item[k]]++;
}

static void copy_names(struct counts_of_model *c, const struct names *from)
{
    for (int32_t i = 0; i < names_count(from); i++)
        names_add(&c->items, names_at(from, i), NULL);
}

int counts_of_model_open(struct counts_of_model *c, const struct saved_model *saved,
                         const char *path, struct err *e)
{
    *c = (struct counts_of_model){.count = {0}};
    copy_names(c, &saved->items);
    if (path ? index_stream(c, path, saved->class->wide_alone, e) : index_file(c, saved, e))
        return e->status;
    count_items(c);
    return 0;
}

void counts_of_model_take(struct counts_of_model *c, const struct session_store *sessions,
                          const struct names *items)
{
    *c = (struct counts_of_model){.count = {0}};
    copy_names(c, items);
    session_index_build(&c->index, sessions, names_count(items), PART_TRAIN, PART_TRAIN);
    count_items(c);
}

void counts_of_model_release(struct counts_of_model *c)
{
    session_index_release(&c->index);
    names_release(&c->items);
    vec_release(&c->count);
}
