#include "train/run_contexts.h"

#include <string.h>

#include "stream/cursor.h"

static int no_such(const char *key, struct err *e)
{
    if (!strcmp(key, "dwell"))
        return err_set(e, STATUS_USAGE,
                       "--context dwell: the stream's header has no \"dwell_edges\": tfilter "
                       "--dwell-bins writes them");
    return err_set(
        e, STATUS_USAGE,
        "--context %s: the stream's header has no \"codes\" of %s: csv-sessionize --carry "
        "%s=COLUMN carries a column of the log",
        key, key, key);
}

/* Reads the list of a column's values. */
static int read_codes(struct names *to, const char *key, struct cursor *c, struct err *e)
{
    struct bytes value;
    uint32_t count;
    bool is_new = true, good = cursor_array(c, &count);
    while (good && is_new && count--) {
        good = cursor_str(c, &value);
        if (good)
            names_add(to, value, &is_new);
    }
    if (!good || !is_new)
        return err_set(e, STATUS_DATA,
                       "header: \"codes\": %s: expected a list of different strings", key);
    return 0;
}

int run_contexts_codes(struct names *to, const char *key, const struct meta *m, bool *there,
                       struct err *e)
{
    *there = false;
    struct bytes packed = meta_find(m, "codes"), name;
    struct cursor c = cursor_of(packed);
    uint32_t count = 0;
    if (packed.len && !cursor_map(&c, &count))
        return err_set(e, STATUS_DATA, "header: \"codes\" is not a map");
    while (count--) {
        if (!cursor_str(&c, &name))
            return err_set(e, STATUS_DATA, "header: \"codes\": a key is not a string");
        *there = bytes_equal(name, bytes_of(key));
        if (*there)
            return read_codes(to, key, &c, e);
        if (!cursor_skip(&c, CURSOR_DEPTH))
            return err_set(e, STATUS_DATA, "header: \"codes\" is cut off");
    }
    return 0;
}

/* The same of a column that has to be there. */
static int find_codes(struct names *to, const char *key, const struct meta *m, struct err *e)
{
    bool there;
    if (run_contexts_codes(to, key, m, &there, e))
        return e->status;
    return there ? 0 : no_such(key, e);
}

static int find_edges(struct run_contexts *c, const struct meta *m, const i64_vec *edges,
                      struct err *e)
{
    if (edges)
        vec_append(&c->edges, edges->at, edges->len);
    else if (!meta_find(m, "dwell_edges").len)
        return no_such("dwell", e);
    else if (meta_get_i64s(m, "dwell_edges", &c->edges, e))
        return e->status;
    for (size_t i = 1; i < c->edges.len; i++)
        if (c->edges.at[i] <= c->edges.at[i - 1])
            return err_set(e, STATUS_DATA, "header: dwell_edges do not rise");
    return 0;
}

static int find_context(struct run_contexts *c, int i, const struct meta *m, const i64_vec *edges,
                        bool own, size_t *columns, struct err *e)
{
    const char *key = c->keys.key[i].name;
    struct context_source *s = &c->source[i];
    c->names[i].key = key;
    if (!strcmp(key, "hour")) {
        s->kind = CONTEXT_HOUR;
        c->codes[i] = DAY_HOURS;
    } else if (!strcmp(key, "dwell")) {
        if (find_edges(c, m, edges, e))
            return e->status;
        *s = (struct context_source){own ? CONTEXT_OWN_DWELL : CONTEXT_DWELL, 0, c->edges.at,
                                     c->edges.len};
        c->codes[i] = (int32_t)c->edges.len + 1 + !own;
    } else {
        if (find_codes(&c->names[i].codes, key, m, e))
            return e->status;
        *s = (struct context_source){.kind = CONTEXT_COLUMN, .column = (*columns)++};
        c->codes[i] = names_count(&c->names[i].codes);
    }
    return 0;
}

int run_contexts_open(struct run_contexts *c, const struct model_options *o, const struct meta *m,
                      const i64_vec *edges, struct err *e)
{
    size_t columns = 0;
    bool own = o->dwell_of && !strcmp(o->dwell_of, "own");
    *c = (struct run_contexts){0};
    int status = contexts_parse(&c->keys, o->context, e);
    for (; c->count < c->keys.count && !status; c->count++)
        status = find_context(c, c->count, m, edges, own, &columns, e);
    return status;
}

void run_contexts_read(const struct run_contexts *c, struct session_store *store,
                       struct batching *batching)
{
    for (int i = 0; i < c->count; i++)
        if (c->source[i].kind == CONTEXT_COLUMN)
            vec_push(&store->columns,
                     ((struct stored_column){
                         c->names[i].key, c->codes[i], {.limit = store->item.limit}}));
        else
            store->keeps_times = true;
    batching->context = c->source;
    batching->contexts = (size_t)c->count;
}

void run_contexts_release(struct run_contexts *c)
{
    for (int i = 0; i < CONTEXTS; i++)
        names_release(&c->names[i].codes);
    contexts_release(&c->keys);
    vec_release(&c->edges);
    c->count = 0;
}
