#include "eval/read.h"

#include "eval/ranks_tsv.h"
#include "stream/provenance.h"
#include "stream/item_support.h"

static void visit_chain(void *to, int number, struct bytes option, struct bytes value)
{
    model_name_add(to, number, option, value);
}

int reading_show(struct reading *r, struct err *e)
{
    int status = r->out.len ? output_file_write(r->sink, r->out.at, r->out.len, e) : 0;
    buf_clear(&r->out);
    return status;
}

static int begin_run(void *to, const struct meta *meta, struct err *e)
{
    struct reading *r = to;
    struct model_name chain = {0};
    int64_t among;
    if (item_support_read(meta, &among, e) || report_among(r->report, among, e))
        return e->status;
    if (provenance_each(meta, visit_chain, &chain, e)) {
        model_name_release(&chain);
        return e->status;
    }
    r->run = report_run_begin(r->report, &chain, &r->out);
    return reading_show(r, e);
}

static int end_pass(struct reading *r, const struct pass *pass, struct err *e)
{
    if (scored_run_pass(r->run, pass, e))
        return e->status;
    report_pass(r->report, &r->out);
    return reading_show(r, e); /* an epoch shows when it ends */
}

static int take(void *to, const struct predictions_record *record, struct err *e)
{
    struct reading *r = to;
    if (record->kind == RECORD_USER)
        report_user(r->report, record->named.name);
    else if (record->kind == RECORD_ITEM)
        scored_run_item(r->run, attributes_find(record->named.attributes, "train"));
    else if (record->kind == RECORD_RANK)
        scored_run_ranks(r->run, &record->ranks);
    else if (record->kind == RECORD_PASS)
        return end_pass(r, &record->pass, e);
    return 0;
}

static int end_run(void *to, struct err *e)
{
    return scored_run_end(((struct reading *)to)->run, e);
}

static const struct predictions_visitor visitor = {begin_run, take, end_run};

static int read_streams(struct reading *r, const char *const *paths, int count, struct err *e)
{
    struct predictions_in *in = NULL;
    int status = predictions_in_open(&in, paths, count, e);
    if (!status)
        status = predictions_in_each(in, &visitor, r, e);
    if (in)
        r->skipped = predictions_in_skipped(in);
    predictions_in_close(in);
    return status;
}

int reading_all(struct reading *r, const char *const *streams, int count, struct err *e)
{
    VEC(const char *) paths = {0};
    int status = 0;
    if (r->against)
        vec_push(&paths, r->against);
    for (int i = 0; i < count; i++) /* `--against base.mp *.mp` names the base twice */
        if (!r->against || strcmp(streams[i], r->against))
            vec_push(&paths, streams[i]);
    if (!count && !r->texts.len)
        vec_push(&paths, "-");
    if (paths.len)
        status = read_streams(r, paths.at, (int)paths.len, e);
    for (size_t i = 0; i < r->texts.len && !status; i++)
        status = ranks_tsv_each(r->texts.at[i], &visitor, r, e);
    vec_release(&paths);
    return status;
}

void reading_release(struct reading *r)
{
    vec_release(&r->texts);
    buf_release(&r->out);
}
