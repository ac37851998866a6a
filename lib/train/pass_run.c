#include "train/pass_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/progress.h"
#include "nn/device_open.h"

/* ---- opening ---- */

int pass_run_open(struct pass_run *r, const char *program, const struct run_options *o,
                  struct operands files, const struct output_options *output, struct err *e)
{
    *r = (struct pass_run){.o = o, .program = program, .output = *output};
    cli_options_packed(&r->options);
    return batches_in_open(&r->in, files.at, files.count, e);
}

void pass_run_header(const struct pass_run *r, struct meta *m)
{
    struct buf label = {0};
    meta_copy(m, batches_in_meta(r->in));
    m->kind = STREAM_PREDICTIONS;
    m->minor = STREAM_MINOR;
    model_label(r->o->class, r->o->shape, &label);
    buf_byte(&label, 0);
    meta_set_text(m, "label", label.at);
    item_support_describe(m, r->o->rank_among);
    buf_release(&label);
}

int pass_run_output(struct pass_run *r, const struct meta *m, struct err *e)
{
    struct bytes options = {r->options.at, r->options.len};
    return output_open(&r->out, r->output.path, r->output.flush, m, r->program, SESSPIPE_VERSION,
                       options, e);
}

const char *pass_run_scheme(const struct pass_run *r, char *to, size_t room)
{
    struct cursor c = cursor_of(meta_find(batches_in_meta(r->in), "scheme"));
    struct bytes name;
    if (!cursor_str(&c, &name))
        return NULL;
    snprintf(to, room, "%.*s", (int)(name.len < 80 ? name.len : 80), name.at);
    return to;
}

int pass_run_data(const struct pass_run *r, struct model_data *data, struct err *e)
{
    const struct meta *m = batches_in_meta(r->in);
    int64_t history = 0, slots = 0;
    int keeps_order = 0, items = 0;
    i64_vec edges = {0};
    int status = meta_get_int(m, "history", &history, e);
    if (!status)
        status = meta_get_bool(m, "keeps_order", &keeps_order, e);
    if (!status)
        status = meta_get_bool(m, "history_items", &items, e);
    if (!status && meta_find(m, "lanes").len)
        status = meta_get_int(m, "lanes", &slots, e);
    if (!status)
        status = meta_get_i64s(m, "delta_edges", &edges, e);
    if (!status && !edges.len)
        status = err_set(e, STATUS_DATA, "header: no \"delta_edges\"");
    *data = (struct model_data){.users = names_count(batches_in_users(r->in)),
                                .items = names_count(batches_in_items(r->in)),
                                .history = (int32_t)history,
                                .delta_buckets = (int32_t)edges.len + 1,
                                .keeps_order = keeps_order,
                                .history_items = items,
                                .slots = (int32_t)slots,
                                .count = r->support.count.at};
    vec_release(&edges);
    return status;
}

void pass_run_begin(struct pass_run *r, struct train_options *options)
{
    if (run_attention(r->o) && !options->top)
        options->top = 1; /* attention records hold the model's best item */
    learner_open(&r->learner, &r->model, options);
    attention_sample_open(&r->sample, run_attention(r->o), options->seed, &r->model);
    r->ready = true;
}

/* ---- passes ---- */

int pass_run_begin_pass(struct pass_run *r, struct epoch epoch, struct err *e)
{
    learner_begin(&r->learner, epoch);
    attention_sample_begin(&r->sample, epoch);
    epoch_log_begin(&r->log, &r->learner.stats);
    r->in_pass = true;
    return write_epoch(&r->out.out, epoch, e);
}

int pass_run_end_pass(struct pass_run *r, struct err *e)
{
    r->in_pass = false;
    if (learner_flush(&r->learner, e))
        return e->status;
    struct pass pass = pass_stats_pass(&r->learner.stats);
    progress_clear(); /* a reader of the pass may write to the same terminal */
    if (attention_sample_end(&r->sample, r->attention_to, e) ||
        (!r->muted && write_pass(&r->out.out, &pass, e)))
        return e->status;
    return frame_out_pause(&r->out.out, e);
}

void pass_run_say_pass(struct pass_run *r, bool improved)
{
    struct buf json = {0};
    if (progress_json())
        buf_format(&json, "{\"program\":\"%s\"", r->program);
    epoch_log_end(&r->log, &r->learner.stats, improved, json.len ? &json : NULL);
    if (json.len) {
        buf_text(&json, ",\"done\":true}\n");
        (void)!write(STDERR_FILENO, json.at, json.len);
    }
    buf_release(&json);
}

void pass_run_say_epoch(struct pass_run *r)
{
    if (r->log.line.len && !progress_json())
        cli_note("%s", r->log.line.at);
    buf_clear(&r->log.line);
}

void pass_run_say_progress(const struct pass_run *r)
{
    const struct pass_stats *stats = &r->learner.stats;
    if (!progress_due())
        return;
    double loss = pass_stats_pass(stats).loss;
    struct progress at = {.epoch = stats->epoch.number,
                          .part = part_name[stats->epoch.part],
                          .share = epoch_log_share(&r->log, stats),
                          .seconds = epoch_log_now() - r->log.start,
                          .count = (double)stats->events,
                          .unit = "events",
                          .loss = stats->events ? &loss : NULL};
    progress_show(&at);
}

/* ---- records ---- */

int pass_run_write(struct pass_run *r, const struct outcome *o, struct err *e)
{
    if (r->muted)
        return 0;
    if (o->ranks.rank.len && write_ranks(&r->out.out, &o->ranks, e))
        return e->status;
    /* a batch without items that a saved model knows has no lists */
    if (r->o->top && o->tops.user.len && write_tops(&r->out.out, &o->tops, e))
        return e->status;
    return 0;
}

int pass_run_write_named(struct pass_run *r, const struct batches_record *record, struct err *e)
{
    const struct named *n = &record->named;
    return record->kind == RECORD_USER ? write_user(&r->out.out, n->id, n->name, n->attributes, e)
                                       : write_item(&r->out.out, n->id, n->name, n->attributes, e);
}

int pass_run_drain(struct pass_run *r, struct err *e)
{
    if (batches_in_skipped(r->in))
        cli_warn("%" PRIu64 " records of unknown kinds were skipped", batches_in_skipped(r->in));
    r->out.out.flush = true;
    return frame_out_pause(&r->out.out, e);
}

/* ---- the end ---- */

void pass_run_abort(struct pass_run *r, const struct err *why)
{
    output_abort(&r->out, why);
}

void pass_run_close(struct pass_run *r)
{
    if (r->ready) {
        attention_sample_close(&r->sample);
        learner_close(&r->learner);
    }
    model_close(&r->model);
    epoch_log_release(&r->log);
    item_support_release(&r->support);
    mem_free(r->candidates);
    buf_release(&r->options);
    device_close(r->device);
    batches_in_close(r->in);
}
