#include "train/predict_run.h"

#include <inttypes.h>

#include "cli/progress.h"
#include "model/wide_part.h"
#include "stream/drops.h"

/* ---- opening ---- */

/* What is taken out of the input, as far as its items have been compared with the model's. */
static int note_drops(const struct predict_run *r, struct meta *m, struct err *e)
{
    const struct item_map *v = &r->map;
    struct drops d = {.events.of = (uint64_t)v->events,
                      .items = {(uint64_t)v->unknown, (uint64_t)v->streamed}};
    drops_add(&d, bytes_of("of items that the model does not know"), (uint64_t)v->left_out, 0);
    int status = drops_note(&d, r->pass.program, m, e);
    drops_release(&d);
    return status;
}

static int open_output(struct predict_run *r, struct err *e)
{
    struct meta m;
    pass_run_header(&r->pass, &m);
    if (r->saved->ready) /* not the name of one that was trained on the log */
        meta_set_text(&m, "label", "wide ready-made");
    saved_model_chain(r->saved, &m);
    int status = note_drops(r, &m, e);
    if (!status)
        status = pass_run_output(&r->pass, &m, e);
    meta_release(&m);
    return status;
}

int predict_run_open(struct predict_run *r, struct cli *cli, const char *program,
                     const struct run_options *o, struct saved_model *saved,
                     const struct output_options *output, struct err *e)
{
    *r = (struct predict_run){.saved = saved};
    if (pass_run_open(&r->pass, cli, program, o, output, e))
        return e->status;
    r->opened = true;
    if (saved_model_check(saved, batches_in_meta(r->pass.in.in), e) ||
        (output->flush ? open_output(r, e) : output_hold(&r->pass.out, output->path, e)))
        return e->status;
    return run_device_open(cli, o, &r->pass.device, e);
}

/* Writes the header and what was read before it; readers who must not wait have it already. */
static int begin_output(struct predict_run *r, struct err *e)
{
    struct output *out = &r->pass.out;
    if (out->begun)
        return 0;
    return open_output(r, e) ? e->status : output_pour(out, e);
}

/* Writes items that only the model knows, after the stream's. */
static int open_items(struct predict_run *r, struct err *e)
{
    struct item_map *v = &r->map;
    const struct names *streamed = batches_in_items(r->pass.in.in);
    const char *index = r->pass.o->index;
    if (index && counted_open(&r->counted, r->saved, streamed, index, r->pass.o->memory, e))
        return e->status;
    /* a model without weights of items knows all that the stream has */
    item_map_open(v, streamed,
                  index                         ? &r->counted.items
                  : r->saved->class->wide_alone ? streamed
                                                : &r->saved->items);
    if (v->unknown == v->streamed)
        return err_set(e, STATUS_DATA, "%s knows none of the items of the input", r->saved->path);
    item_map_count(v, &r->pass.in.store);
    if (begin_output(r, e))
        return e->status;
    for (size_t i = 0; i < v->id.len; i++)
        if (v->id.at[i] >= v->streamed &&
            write_item(&r->pass.out.out, v->id.at[i], names_at(&v->rows, (int32_t)i),
                       (struct attributes){{NULL, 0}}, e))
            return e->status;
    return 0;
}

/* Chooses the items among which targets are ranked. */
static int open_candidates(struct predict_run *r, struct train_options *options, struct err *e)
{
    struct pass_run *p = &r->pass;
    int64_t among = p->o->rank_among;
    if (item_support_most(&p->support, among, r->map.items, &p->candidates, e))
        return e->status;
    if (!p->candidates)
        return 0;
    options->candidate = item_map_candidates(&r->map, p->candidates);
    return options->candidate
               ? 0
               : err_set(e, STATUS_DATA, "%s knows none of the %" PRId64 " most supported items",
                         r->saved->path, among);
}

/* Finds the clusters of users who share attention weights. */
static int open_clusters(struct predict_run *r, struct model_data *data, struct err *e)
{
    const char *clusters = r->saved->options->clusters;
    if (!clusters)
        return 0;
    int status = clustering_open(&r->clustering, clusters, &r->saved->file, true,
                                 batches_in_users(r->pass.in.in), e);
    data->groups = r->clustering.blocks;
    data->group = r->clustering.group.at;
    return status;
}

/* How often training has the model's items. */
static const int32_t *count_items(struct predict_run *r)
{
    const i32_vec *streamed = &r->pass.support.count;
    if (r->pass.o->index)
        return r->counted.count.at;
    for (size_t row = 0; row < r->map.id.len; row++) {
        int32_t id = r->map.id.at[row];
        vec_push(&r->count, (size_t)id < streamed->len ? streamed->at[id] : 0);
    }
    return r->count.at;
}

static int open_model(struct predict_run *r, struct err *e)
{
    struct pass_run *p = &r->pass;
    struct model_data data;
    if (open_items(r, e))
        return e->status;
    if (r->map.unknown)
        p->in.batching.row = r->map.row.at;
    pass_run_data(p, &data);
    struct train_options options = run_train_options(p->o);
    options.sampled = false;
    data.items = names_count(&r->map.rows);
    data.count = count_items(r);
    p->given = p->o->index ? &r->counted.index : NULL;
    if (open_candidates(r, &options, e) || open_clusters(r, &data, e))
        return e->status;
    model_open(&p->model, r->saved->class, r->saved->options, &data, p->device);
    const struct model_names names = {&r->map.rows, batches_in_users(p->in.in), p->contexts.names,
                                      p->contexts.count};
    if (p->model.wide)
        wide_part_explore(p->model.wide, p->o->explore);
    parameters_hold(&p->model.parameters, p->device);
    if (saved_model_weights(r->saved, &p->model, &names, e))
        return e->status;
    pass_run_begin(p, &options);
    return 0;
}

/* ---- passes ---- */

static int write_attended(void *to, const struct attention *a, struct err *e)
{
    struct predict_run *r = to;
    struct attention shown = item_map_attention(&r->map, a);
    return write_attention(&r->pass.out.out, &shown, e);
}

static int end_pass(struct predict_run *r, struct err *e)
{
    if (!r->pass.in_pass)
        return 0;
    if (pass_run_end_pass(&r->pass, e))
        return e->status;
    pass_run_say_pass(&r->pass, false);
    return 0;
}

/* Training passes are passed over: before a test the model takes in the training sessions. */
static int begin_pass(struct predict_run *r, struct epoch epoch, struct err *e)
{
    struct pass_run *p = &r->pass;
    p->attention_to = (struct attention_sample_to){write_attended, r};
    if ((!p->ready && open_model(r, e)) || end_pass(r, e))
        return e->status;
    if (epoch.number != p->log.epoch)
        pass_run_say_epoch(p);
    return epoch.part == PART_TRAIN ? 0 : pass_run_begin_pass(p, epoch, e);
}

static int no_numbers(const struct predict_run *r, struct err *e)
{
    return e->status == STATUS_FAIL
               ? err_set(e, STATUS_FAIL, "the weights in %s give losses that are not numbers",
                         r->saved->path)
               : e->status;
}

static int run_batch(struct predict_run *r, struct schedule_record *record, struct err *e)
{
    struct pass_run *p = &r->pass;
    const struct batch *b = &record->batch;
    struct outcome outcome = {0};
    pass_run_evidence(p, record);
    if (b->user.len && learner_batch(&p->learner, b, &outcome, e))
        return no_numbers(r, e);
    struct outcome shown =
        item_map_outcome(&r->map, &p->in.store, record->number, &outcome, &p->learner.stats);
    if (pass_run_write(p, &shown, e))
        return e->status;
    return b->user.len
               ? attention_sample_batch(&p->sample, &p->learner, b, &outcome, p->attention_to, e)
               : 0;
}

/* ---- the whole run ---- */

static int take(struct predict_run *r, struct schedule_record *record, struct err *e)
{
    struct pass_run *p = &r->pass;
    if (record->kind == RECORD_ITEM)
        item_support_note(&p->support, record->named.attributes);
    if (record->kind == RECORD_ITEM || record->kind == RECORD_USER)
        return pass_run_write_named(p, record, e);
    if (record->kind == RECORD_EPOCH)
        return begin_pass(r, record->epoch, e);
    if (!p->in_pass)
        return 0;
    if (run_batch(r, record, e))
        return e->status;
    pass_run_say_progress(p);
    return frame_out_pause(&p->out.out, e);
}

static double percent(int64_t n, int64_t of)
{
    return of ? 100 * (double)n / (double)of : 0;
}

static void say_unknown(const struct predict_run *r)
{
    const struct item_map *v = &r->map;
    if (v->unknown)
        cli_note(r->pass.cli,
                 "%s does not know %" PRId32 " of the %" PRId32 " items: %" PRId64 " of %" PRId64
                 " events were taken out, and %" PRId64 " of %" PRId64
                 " targets count as missed (%.1f %% and %.1f %%)",
                 r->saved->path, v->unknown, v->streamed, v->left_out, v->events, v->missed,
                 v->targets, percent(v->left_out, v->events), percent(v->missed, v->targets));
}

int predict_run_all(struct predict_run *r, struct err *e)
{
    struct schedule_record record;
    enum read_result got;
    while ((got = schedule_in_next(&r->pass.in, &record, e)) == READ_RECORD)
        if (take(r, &record, e))
            return e->status;
    if (got == READ_ERROR)
        return e->status;
    if (!r->pass.ready)
        return err_set(e, STATUS_DATA, "the input holds no epoch");
    if (end_pass(r, e))
        return e->status;
    pass_run_say_epoch(&r->pass);
    say_unknown(r);
    if (pass_run_drain(&r->pass, e))
        return e->status;
    return frame_out_end(&r->pass.out.out, e) ? e->status : output_finish(&r->pass.out, e);
}

void predict_run_abort(struct predict_run *r, const struct err *why)
{
    struct err ignored = {0};
    if (r->opened && !r->pass.out.begun)
        open_output(r, &ignored);
    pass_run_abort(&r->pass, why);
}

void predict_run_close(struct predict_run *r)
{
    pass_run_close(&r->pass);
    item_map_release(&r->map);
    counted_release(&r->counted);
    vec_release(&r->count);
    clustering_release(&r->clustering);
}
