/* Model files: whatever the header says of options, data, names, users and clusters, the file is
 * refused with a status, or is a model whose weights can be set from it. */
#include "fuzz.h"
#include "tensors.h"
#include "nn/device_open.h"
#include "train/clustering.h"
#include "train/saved_model.h"

enum { MOST = 1 << 20 }; /* weights of a model that is made */

static void expect_status(const struct err *e)
{
    if ((e->status != STATUS_DATA && e->status != STATUS_USAGE) || !*e->text)
        abort();
}

static void read_weights(const struct saved_model *t, struct clustering *c)
{
    const int32_t codes[8] = {3, 3, 3, 3, 3, 3, 3, 3};
    struct model_data data = {.users = names_count(&t->users),
                              .items = names_count(&t->items),
                              .history = 2,
                              .delta_buckets = (int32_t)t->edges.len + 1,
                              .groups = c->blocks,
                              .group = c->group.at,
                              .slots = t->class->steps ? 2 : 0,
                              .context_codes = codes};
    const struct model_names names = {.items = &t->items, .users = &t->users};
    struct model m;
    struct err e;
    struct device *d = cpu_open(&(struct device_options){.threads = 1});
    model_open(&m, t->class, t->options, &data, d);
    size_t count = 0;
    for (size_t i = 0; i < m.parameters.list.len; i++)
        count += m.parameters.list.at[i]->count;
    if (count < MOST && !t->options->context) {
        parameters_hold(&m.parameters, d);
        if (saved_model_weights(t, &m, &names, &e))
            expect_status(&e);
    }
    model_close(&m);
    device_close(d);
}

static void check_stream(const struct saved_model *t)
{
    struct meta m;
    struct err e;
    struct buf packed = {0};
    stream_meta(&m, STREAM_BATCHES);
    if (saved_model_check(t, &m, &e))
        expect_status(&e);
    saved_model_chain(t, &m);
    if (meta_pack(&m, &packed, &e))
        expect_status(&e);
    buf_release(&packed);
    meta_release(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct saved_model t;
    struct clustering c = {0};
    struct session_index x = {0};
    struct err e = {0};
    bool there;
    const char *path = tensors_file(data, size);
    if (saved_model_open(&t, path, &e)) {
        expect_status(&e);
    } else {
        check_stream(&t);
        if (t.options->clusters && clustering_open(&c, "2", &t.file, true, &t.users, &e))
            expect_status(&e);
        else if (t.options->embedding <= 64 && names_count(&t.items))
            read_weights(&t, &c);
        if (model_file_index(&t.file, names_count(&t.items), &x, &there, &e))
            expect_status(&e);
        session_index_release(&x);
    }
    clustering_release(&c);
    saved_model_close(&t);
    return 0;
}
