#include "eval/report_reader.h"

#include "eval/ranks_tsv.h"
#include "stream/provenance.h"
#include "stream/item_support.h"

static const struct report_watcher no_watcher = {0};

static const struct report_watcher *watcher_of(const struct report_reader *r)
{
    return r->watcher ? r->watcher : &no_watcher;
}

static void add_option(void *to, int program, struct bytes option, struct bytes value)
{
    model_name_add(to, program, option, value);
}

int report_reader_flush(struct report_reader *r, struct err *e)
{
    int status = 0;
    if (r->output && r->rows.len)
        status = output_file_write(r->output, r->rows.at, r->rows.len, e);
    buf_clear(&r->rows);
    return status;
}

/* As the stream's reader calls an input. */
static const char *input_named(const char *path)
{
    return strcmp(path, "-") ? path : REPORT_STDIN;
}

static bool is_against(const struct report_inputs *from, const char *path)
{
    for (size_t i = 0; from && i < from->against.len; i++)
        if (!strcmp(input_named(from->against.at[i]), input_named(path)))
            return true;
    return false;
}

/* The base is the first model of its file. */
static void find_source(struct report_reader *r)
{
    if (!r->in)
        return;
    const char *file = predictions_in_name(r->in), *before = r->from.file;
    bool first = !before || strcmp(file, before);
    r->from = (struct run_source){.file = file, .base = first && is_against(r->inputs, file)};
}

static int begin_run(void *to, const struct meta *meta, struct err *e)
{
    struct report_reader *r = to;
    struct model_name chain = {0};
    int64_t among;
    if (item_support_read(meta, &among, e) || report_among(r->report, among, e))
        return e->status;
    if (provenance_each(meta, add_option, &chain, e)) {
        model_name_release(&chain);
        return e->status;
    }
    struct cursor c = cursor_of(meta_find(meta, "label"));
    struct bytes label;
    if (cursor_str(&c, &label))
        buf_append(&chain.label, label.at, label.len);
    find_source(r);
    if (report_run_begin(r->report, &chain, &r->from, &r->rows, e))
        return e->status;
    if (watcher_of(r)->begin_run && watcher_of(r)->begin_run(r->to, meta, e))
        return e->status;
    return report_reader_flush(r, e);
}

static int end_pass(struct report_reader *r, const struct pass *pass, struct err *e)
{
    struct scored_run *run = &report_run_now(r->report)->run;
    if (scored_run_pass(run, pass, e))
        return e->status;
    report_pass(r->report, &r->rows);
    if (watcher_of(r)->pass)
        watcher_of(r)->pass(r->to, &run->passes.at[run->passes.len - 1]);
    return report_reader_flush(r, e); /* a pass shows when it ends */
}

static int take_record(void *to, const struct predictions_record *record, struct err *e)
{
    struct report_reader *r = to;
    struct scored_run *run = &report_run_now(r->report)->run;
    if (record->kind == RECORD_PASS)
        return end_pass(r, &record->pass, e);
    if (record->kind == RECORD_USER)
        report_user(r->report, record->named.name);
    else if (record->kind == RECORD_ITEM) {
        report_item(r->report, record->named.name);
        scored_run_item(run, attributes_find(record->named.attributes, "train"));
    } else if (record->kind == RECORD_EPOCH)
        report_epoch(r->report, record->epoch);
    else if (record->kind == RECORD_RANK) {
        report_ranks(r->report, &record->ranks);
        scored_run_ranks(run, &record->ranks);
    } else if (record->kind == RECORD_TOP)
        scored_run_lists(run, &record->tops);
    else if (record->kind == RECORD_INTENT)
        scored_run_intents(run, &record->intents);
    if (watcher_of(r)->record)
        watcher_of(r)->record(r->to, record);
    return 0;
}

static int end_run(void *to, struct err *e)
{
    struct report_reader *r = to;
    if (report_run_end(r->report, e))
        return e->status;
    if (watcher_of(r)->end_run)
        watcher_of(r)->end_run(r->to, &report_run_now(r->report)->run);
    return 0;
}

static const struct predictions_visitor visitor = {begin_run, take_record, end_run};

int report_reader_stream(struct report_reader *r, struct predictions_in *in, struct err *e)
{
    r->in = in;
    int status = predictions_in_each(in, &visitor, r, e);
    r->in = NULL;
    return status;
}

/* ---- all inputs ---- */

static int read_paths(struct report_reader *r, const char *const *paths, int count,
                      struct report_inputs *from, struct err *e)
{
    struct predictions_in *in = NULL;
    int status = predictions_in_open(&in, paths, count, e);
    if (!status) {
        predictions_in_meter(in, from->meter);
        status = report_reader_stream(r, in, e);
    }
    if (in)
        from->skipped = predictions_in_skipped(in);
    predictions_in_close(in);
    return status;
}

int report_reader_inputs(struct report_reader *r, struct report_inputs *from, struct err *e)
{
    word_vec paths = {0};
    int status = 0;
    r->inputs = from;
    for (size_t i = 0; i < from->against.len; i++)
        vec_push(&paths, from->against.at[i]);
    for (int i = 0; i < from->count; i++) /* `--against base.mp *.mp` names the base twice */
        if (!is_against(from, from->streams[i]))
            vec_push(&paths, from->streams[i]);
    if (!from->count && !from->texts.len)
        vec_push(&paths, "-");
    if (paths.len)
        status = read_paths(r, paths.at, (int)paths.len, from, e);
    for (size_t i = 0; i < from->texts.len && !status; i++) {
        r->from = (struct run_source){.file = input_named(from->texts.at[i]), .text = true};
        status = ranks_tsv_each(from->texts.at[i], from->meter, &visitor, r, e);
    }
    vec_release(&paths);
    return status;
}

void report_reader_release(struct report_reader *r)
{
    buf_release(&r->rows);
}
