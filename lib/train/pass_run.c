#include "train/pass_run.h"

#include <inttypes.h>
#include <omp.h>
#include <stdio.h>
#include <unistd.h>

#include "base/threads.h"
#include "cli/progress.h"
#include "data/learned.h"
#include "data/rounds.h"
#include "nn/device_open.h"
#include "nn/shards.h"

/* Evidence takes some 100 kilobytes a target, and what a network makes of it as much. */
enum { TESTED_TOGETHER = 256 };

/* ---- opening ---- */

int pass_run_open(struct pass_run *r, struct cli *cli, const char *program,
                  const struct run_options *o, const struct output_options *output, struct err *e)
{
    struct operands files = cli_operands(cli);
    *r = (struct pass_run){.cli = cli, .o = o, .program = program, .output = *output};
    cli_options_packed(cli, &r->options);
    if (schedule_in_open(&r->in, files.at, files.count, o->memory, e) ||
        run_contexts_open(&r->contexts, o->shape, batches_in_meta(r->in.in), o->dwell_edges, e) ||
        run_intent_open(&r->intent, o->shape, batches_in_meta(r->in.in), e))
        return e->status;
    r->in.store.keeps_times = o->shape->wide;
    r->in.test_targets = o->shape->wide ? TESTED_TOGETHER : 0;
    run_contexts_read(&r->contexts, &r->in.store, &r->in.batching);
    run_intent_read(&r->intent, &r->in.store, &r->in.batching);
    return 0;
}

void pass_run_header(const struct pass_run *r, struct meta *m)
{
    struct buf label = {0};
    meta_copy(m, batches_in_meta(r->in.in));
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

void pass_run_data(struct pass_run *r, struct model_data *data)
{
    struct schedule_in *in = &r->in;
    *data = (struct model_data){.users = names_count(batches_in_users(in->in)),
                                .items = names_count(batches_in_items(in->in)),
                                .history = (int32_t)batching_reach(&in->batching),
                                .delta_buckets = (int32_t)in->edges.len + 1,
                                .slots = (int32_t)in->parallel.slots,
                                .count = r->support.count.at,
                                .context_codes = r->contexts.codes};
}

static void open_counts(struct pass_run *r, struct counts *c, enum part last)
{
    int wanted = r->o->threads ? (int)r->o->threads : omp_get_num_procs();
    if (!r->given)
        session_index_build(&c->index, &r->in.store, names_count(batches_in_items(r->in.in)),
                            PART_TRAIN, last);
    c->maker = (struct evidence_maker){.index = r->given ? r->given : &c->index,
                                       .store = &r->in.store,
                                       .row = r->in.batching.row,
                                       .postings = (int)r->model.options->postings,
                                       .without = model_without(r->model.options),
                                       .threads = threads_to_be_had(wanted)};
}

/* ---- evidence ---- */

/* Whether evidence is made while the batch before is computed: by other threads than are busy. */
static bool makes_ahead(const struct pass_run *r, const struct evidence_maker *m)
{
    return m->threads > 1 || !r->device->host;
}

/* Beside a frozen wide part the network learns as if it were alone. */
static bool reads_evidence(const struct pass_run *r, bool training)
{
    return r->model.wide && !(training && r->model.frozen == FROZEN_WIDE);
}

void pass_run_evidence(struct pass_run *r, struct schedule_record *record)
{
    bool training = r->learner.stats.epoch.part == PART_TRAIN;
    if (!reads_evidence(r, training))
        return;
    bool online = r->o->online && !training, ended = training || online || r->given;
    struct evidence_maker *m = online ? &r->ended.maker : &r->learned.maker;
    const struct evidence_wanted now = {
        .picked = column_i32(record->number), .count = record->number.len, .ended = ended};
    struct evidence_wanted next = {.ended = ended};
    r->said = evidence_ahead_take(&r->ahead, m, &now);
    record->batch.evidence = &r->said;
    if (!makes_ahead(r, m))
        return;
    next.picked = schedule_in_ahead(&r->in, &next.count);
    if (next.count)
        evidence_ahead_ask(&r->ahead, m, &next);
}

struct evidence pass_run_evidence_of(struct pass_run *r, const struct evidence_wanted *wanted)
{
    return evidence_ahead_take(&r->ahead, &r->learned.maker, wanted);
}

void pass_run_evidence_ask(struct pass_run *r, const struct evidence_wanted *next)
{
    if (makes_ahead(r, &r->learned.maker))
        evidence_ahead_ask(&r->ahead, &r->learned.maker, next);
}

/* What each slot that is not idle predicts, step by step; valid until the next call. */
static struct evidence_wanted positions_of(struct pass_run *r, const struct slot_steps *s)
{
    struct step_positions *p = &r->positions;
    const i32_vec *first = &r->in.store.first;
    vec_clear(&p->picked);
    vec_clear(&p->seen);
    for (size_t i = 0; i < (size_t)s->count * (size_t)s->slots; i++)
        if (s->reset[i] != RESET_IDLE) {
            vec_push(&p->picked, first->at[s->user[i]] + s->session[i]);
            vec_push(&p->seen, s->position[i] + 1);
        }
    return (struct evidence_wanted){
        .picked = p->picked.at, .seen = p->seen.at, .count = p->picked.len, .ended = true};
}

/* Steps of slots are of training passes alone. */
static const struct evidence *steps_evidence(void *of, const struct slot_steps *now,
                                             const struct slot_steps *next)
{
    struct pass_run *r = of;
    if (!reads_evidence(r, true))
        return NULL;
    struct evidence_wanted wanted = positions_of(r, now);
    r->said = pass_run_evidence_of(r, &wanted);
    if (next) {
        wanted = positions_of(r, next);
        pass_run_evidence_ask(r, &wanted);
    }
    return &r->said;
}

/* ---- the first epoch ---- */

/* Such a model has read a session to its end before the next one begins. */
static void say_overlaps(const struct pass_run *r)
{
    const struct model *m = &r->model;
    size_t count = model_chains(m->class, m->options) ? session_store_overlaps(&r->in.store) : 0;
    if (count)
        cli_warn(r->cli,
                 "%zu of %zu sessions begin before an earlier one of their user has ended: --model "
                 "%s reads them one after another, and knows events there that come later",
                 count, session_store_sessions(&r->in.store), m->class->name);
}

/* A header whose shares leave nothing names none. */
static void find_learned(struct pass_run *r)
{
    struct learned_share share[2];
    struct err unused;
    learned_noted(batches_in_meta(r->in.in), share);
    if (learned_choose(&r->in.store, NULL, share, &r->learned_from, &unused)) {
        mem_free(r->learned_from);
        r->learned_from = NULL;
    }
}

void pass_run_count(struct pass_run *r, const unsigned char *left_out)
{
    const struct session_store *c = &r->in.store;
    const unsigned char *from = r->learned_from;
    size_t least = r->in.parallel.slots ? 2 : 0;
    r->training = 0;
    for (size_t s = 0; s < session_store_sessions(c); s++) {
        bool has = session_store_part(c, s) == PART_TRAIN && session_store_length(c, s) >= least;
        r->training += has && !(left_out && left_out[s]) && (!from || from[s]);
        session_store_passed(c, s, s + 1);
    }
}

void pass_run_begin(struct pass_run *r, struct train_options *options)
{
    say_overlaps(r);
    if (run_attention(r->o) && !options->top)
        options->top = 1; /* attention records hold the model's best item */
    r->in.batching.history_items = r->model.class->needs_items || run_attention(r->o);
    r->in.batching.stored = device_store_open(&r->stored, r->device, &r->in.batching);
    days_find(&r->days, &r->in.store);
    repeats_find(&r->repeats, &r->in.store, names_count(batches_in_items(r->in.in)));
    if (r->model.wide)
        options->evidence = (struct step_evidence){steps_evidence, r};
    learner_open(&r->learner, &r->model, options);
    struct err unused; /* an epoch count of another type is none */
    meta_get_int(batches_in_meta(r->in.in), "epochs", &r->epochs, &unused);
    r->first = 1, r->last = r->epochs;
    find_learned(r);
    pass_run_count(r, NULL);
    attention_sample_open(&r->sample, run_attention(r->o), options->seed, &r->model);
    if (r->model.wide)
        open_counts(r, &r->learned, PART_TRAIN);
    if (r->model.wide && r->o->online)
        open_counts(r, &r->ended, PART_TEST);
    r->ready = true;
}

void pass_run_set_done(struct pass_run *r)
{
    const struct pass_stats *s = &r->learner.stats;
    double pass = r->training ? (double)s->sessions / (double)r->training : 0;
    double passes = (double)(r->last - r->first + 1);
    double done = r->last ? ((double)(s->epoch.number - r->first) + pass) / passes : 0;
    r->learner.done = done < 1 ? done : 1;
    r->learner.per_session = r->last && r->training ? 1 / passes / (double)r->training : 0;
}

/* ---- passes ---- */

enum { TAKEN_TOGETHER = 256 }; /* sessions */

static void take_part(struct pass_run *r, enum part part)
{
    struct schedule_in *in = &r->in;
    struct rounds rounds;
    rounds_open(&rounds, &in->store, part);
    while (rounds_next(&rounds, TAKEN_TOGETHER)) {
        struct batch b = batching_make(&in->batching, rounds.picked.at, rounds.picked.len, false);
        if (b.user.len)
            learner_take(&r->learner, &b);
    }
    rounds_release(&rounds);
    learner_took(&r->learner, part);
}

int pass_run_begin_pass(struct pass_run *r, struct epoch epoch, struct err *e)
{
    enum part part;
    learner_begin(&r->learner, epoch);
    while (epoch.part != PART_TRAIN && (part = learner_takes(&r->learner, epoch.part)) != PART_NONE)
        take_part(r, part);
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
    if (r->learner.stats.epoch.part != PART_TRAIN)
        learner_took(&r->learner, r->learner.stats.epoch.part);
    struct pass pass = pass_stats_pass(&r->learner.stats);
    progress_clear(r->cli); /* a reader of the pass may write to the same terminal */
    if (attention_sample_end(&r->sample, r->attention_to, e) ||
        (!r->muted && write_pass(&r->out.out, &pass, e)))
        return e->status;
    return frame_out_pause(&r->out.out, e);
}

void pass_run_say_pass(struct pass_run *r, bool improved)
{
    struct buf json = {0};
    if (progress_json(r->cli))
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
    if (r->log.line.len && !progress_json(r->cli))
        cli_note(r->cli, "%s", r->log.line.at);
    buf_clear(&r->log.line);
}

void pass_run_say_progress(const struct pass_run *r)
{
    const struct pass_stats *stats = &r->learner.stats;
    if (!progress_due(r->cli))
        return;
    double loss = pass_stats_pass(stats).loss;
    struct progress at = {.epoch = stats->epoch.number,
                          .part = part_name[stats->epoch.part],
                          .share = epoch_log_share(&r->log, stats),
                          .seconds = epoch_log_now() - r->log.start,
                          .count = (double)stats->events,
                          .unit = "events",
                          .loss = stats->events ? &loss : NULL};
    progress_show(r->cli, &at);
}

/* ---- records ---- */

/* Says of each target whether the user had it before, and on which day the session ended. */
static struct ranks with_facts(struct pass_run *r, const struct ranks *ranks)
{
    const struct session_store *c = &r->in.store;
    struct ranks to = *ranks;
    vec_clear(&r->seen);
    vec_clear(&r->day);
    for (size_t i = 0; i < ranks->user.len; i++) {
        int32_t session = c->first.at[column_i32(ranks->user)[i]] + column_i32(ranks->session)[i];
        size_t event = (size_t)column_i32(ranks->position)[i] + 1;
        vec_push(&r->seen, repeats_at(&r->repeats, c, (size_t)session, event));
        vec_push(&r->day, days_at(&r->days, c, (size_t)session));
    }
    to.seen = (struct column){r->seen.at, r->seen.len};
    to.day = (struct column){r->day.at, r->day.len};
    return to;
}

int pass_run_write(struct pass_run *r, const struct outcome *o, struct err *e)
{
    if (r->muted)
        return 0;
    if (o->ranks.rank.len) {
        struct ranks ranks = with_facts(r, &o->ranks);
        if (write_ranks(&r->out.out, &ranks, e))
            return e->status;
    }
    /* a batch without items that a saved model knows has no lists */
    if (r->o->top && o->tops.user.len && write_tops(&r->out.out, &o->tops, e))
        return e->status;
    return o->intents.user.len ? write_intents(&r->out.out, &o->intents, e) : 0;
}

int pass_run_write_named(struct pass_run *r, const struct schedule_record *record, struct err *e)
{
    const struct named *n = &record->named;
    return record->kind == RECORD_USER ? write_user(&r->out.out, n->id, n->name, n->attributes, e)
                                       : write_item(&r->out.out, n->id, n->name, n->attributes, e);
}

int pass_run_drain(struct pass_run *r, struct err *e)
{
    if (batches_in_skipped(r->in.in))
        cli_warn(r->cli, "%" PRIu64 " records of unknown kinds were skipped",
                 batches_in_skipped(r->in.in));
    r->out.out.flush = true;
    return frame_out_pause(&r->out.out, e);
}

/* ---- the end ---- */

void pass_run_abort(struct pass_run *r, const struct err *why)
{
    output_abort(&r->out, why);
}

static void close_counts(struct counts *c)
{
    evidence_release(&c->maker);
    session_index_release(&c->index);
}

void pass_run_close(struct pass_run *r)
{
    if (r->ready) {
        attention_sample_close(&r->sample);
        learner_close(&r->learner);
    }
    model_close(&r->model);
    evidence_ahead_close(&r->ahead);
    vec_release(&r->positions.picked);
    vec_release(&r->positions.seen);
    close_counts(&r->learned);
    close_counts(&r->ended);
    epoch_log_release(&r->log);
    item_support_release(&r->support);
    repeats_release(&r->repeats);
    vec_release(&r->seen);
    vec_release(&r->day);
    mem_free(r->candidates);
    mem_free(r->learned_from);
    buf_release(&r->options);
    device_store_close(&r->stored);
    shards_close(r->device);
    device_close(r->device);
    schedule_in_close(&r->in);
    run_contexts_release(&r->contexts);
    run_intent_release(&r->intent);
}
