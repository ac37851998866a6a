/* lib/train/run_contexts: the contexts of an option, found in the header of a stream. */
#include "train/run_contexts.h"

#include "data/extra_columns.h"

#include "../streams.h"
#include "../tap.h"

/* A header that names two actions and three devices, and has the edges of two dwell bins. */
static void make_header(struct meta *m)
{
    static const char *const value[] = {"buy", "view", "d0", "d1", "d2"};
    static const int64_t edges[] = {15};
    struct extra_columns column[2] = {{.key = "action"}, {.key = "device"}};
    struct err e;
    int32_t unused;
    stream_meta(m, STREAM_BATCHES);
    for (int i = 0; i < 5; i++)
        must(extra_columns_number(&column[i > 1], bytes_of(value[i]), &unused, &e), &e);
    extra_columns_describe(column, 2, m);
    meta_set_i64s(m, "dwell_edges", edges, 1);
    for (int i = 0; i < 2; i++)
        extra_columns_release(&column[i]);
}

static int open_contexts(struct run_contexts *c, const struct meta *m, const char *text,
                         const i64_vec *edges, struct err *e)
{
    const struct model_options o = {.context = text};
    return run_contexts_open(c, &o, m, edges, e);
}

static void found(const struct meta *m)
{
    struct run_contexts c;
    struct session_store store = {0};
    struct batching b = {.store = &store};
    struct err e;
    must(open_contexts(&c, m, "hour,device:3,dwell,action", NULL, &e), &e);
    tap_ok(c.count == 4 && c.codes[0] == 24 && c.codes[1] == 3 && c.codes[2] == 3 &&
               c.codes[3] == 2,
           "codes of each: %d, %d, %d, %d", c.codes[0], c.codes[1], c.codes[2], c.codes[3]);
    tap_ok(c.keys.key[1].size == 3 && c.keys.key[3].size == CONTEXT_SIZE, "sizes");
    tap_ok(!names_count(&c.names[0].codes) &&
               bytes_equal(names_at(&c.names[3].codes, 1), bytes_of("view")),
           "names of a column, and none of times");
    run_contexts_read(&c, &store, &b);
    tap_ok(store.keeps_times && store.columns.len == 2 && b.contexts == 4 &&
               b.context[3].column == 1 && store.columns.at[1].codes == 2,
           "a store keeps times and both columns");
    session_store_release(&store);
    batching_release(&b);
    run_contexts_release(&c);
}

static void own_times(const struct meta *m)
{
    struct run_contexts c;
    struct err e;
    const struct model_options o = {.context = "dwell", .dwell_of = "own"};
    must(run_contexts_open(&c, &o, m, NULL, &e), &e);
    tap_ok(c.codes[0] == 2 && c.source[0].kind == CONTEXT_OWN_DWELL, "own times: the bins alone");
    run_contexts_release(&c);
}

static void of_a_model(const struct meta *m)
{
    struct run_contexts c;
    struct err e;
    i64_vec edges = {0};
    must(open_contexts(&c, m, "dwell", &edges, &e), &e);
    tap_ok(c.codes[0] == 2, "a model of one bin");
    run_contexts_release(&c);
    vec_push(&edges, 5);
    vec_push(&edges, 6);
    vec_push(&edges, 7);
    must(open_contexts(&c, m, "dwell", &edges, &e), &e);
    tap_ok(c.codes[0] == 5 && c.source[0].edge_count == 3, "edges of a model, not of the stream");
    run_contexts_release(&c);
    vec_release(&edges);
}

static void refused(struct meta *m, const char *text, int status)
{
    struct run_contexts c;
    struct err e = {0};
    tap_ok(open_contexts(&c, m, text, NULL, &e) == status, "%s: %s", text, e.text);
    run_contexts_release(&c);
}

int main(void)
{
    static const int64_t falling[] = {5, 5};
    struct meta m, bare;
    struct err e;
    make_header(&m);
    stream_meta(&bare, STREAM_BATCHES);
    found(&m);
    own_times(&m);
    of_a_model(&m);
    struct run_contexts c;
    tap_ok(!open_contexts(&c, &m, NULL, NULL, &e) && !c.count, "none");
    refused(&m, "country", STATUS_USAGE);
    refused(&m, "action,action", STATUS_USAGE);
    refused(&bare, "action", STATUS_USAGE);
    refused(&bare, "dwell", STATUS_USAGE);
    meta_set_i64s(&m, "dwell_edges", falling, 2);
    refused(&m, "dwell", STATUS_DATA);
    meta_set_text(&m, "codes", "x");
    refused(&m, "action", STATUS_DATA);
    meta_release(&m);
    meta_release(&bare);
    return tap_done();
}
