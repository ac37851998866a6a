#include "train/train_run.h"

#include <inttypes.h>
#include <signal.h>

#include "base/signals.h"
#include "cli/progress.h"
#include "model/wide_ready.h"
#include "train/save.h"

/* ---- the state in a checkpoint ---- */

/* A resumed run finds its clusters again, from the same users and items or the same file; checks
 * that they are the same. */
static void clusters_state(const struct clustering *c, struct state *s)
{
    i32_vec group = {0};
    vec_append(&group, c->group.at, c->group.len);
    state_i32s(s, "clusters", &group, 0, INT32_MAX);
    if (state_good(s) &&
        (group.len != c->group.len ||
         (group.len && memcmp(group.at, c->group.at, group.len * sizeof *group.at))))
        state_refuse(s, "clusters", "the users' clusters have changed");
    vec_release(&group);
}

static void run_state(void *of, struct state *s)
{
    struct train_run *t = of;
    struct pass_run *p = &t->pass;
    if (t->clustering.blocks)
        clusters_state(&t->clustering, s);
    learner_state(&p->learner, s);
    stacking_state(&t->stacking, s);
    best_state(&t->best, &p->model.parameters, s);
    if (state_restoring(s) && state_good(s))
        attention_sample_begin(&p->sample, p->learner.stats.epoch);
    attention_sample_state(&p->sample, s);
    epoch_log_state(&p->log, s);
    card_state(&t->card, s);
    state_begin(s, "run");
    state_flag(s, "in_pass", &p->in_pass);
    state_flag(s, "stopped", &t->stopped);
    state_flag(s, "noted", &t->noted);
    state_flag(s, "closing", &t->closing);
    state_end(s);
}

static int flush(void *of, struct err *e)
{
    struct train_run *t = of;
    return learner_flush(&t->pass.learner, e) || stacking_flush(&t->stacking, e) ? e->status : 0;
}

/* ---- opening ---- */

/* Opens a new output, or continues that of the checkpoint. */
static int open_output(struct train_run *t, struct err *e)
{
    const struct checkpoint *c = &t->checkpoint;
    struct pass_run *p = &t->pass;
    const struct output_options *o = &p->output;
    struct bytes options = {p->options.at, p->options.len};
    struct meta m;
    pass_run_header(p, &m);
    int status = c->temporary
                     ? output_continue(&p->out, c->output, o->flush, &m, p->program,
                                       SESSPIPE_VERSION, options, c->temporary, &c->stand, e)
                     : pass_run_output(p, &m, e);
    meta_release(&m);
    return status;
}

/* A run that goes on has the same teacher, whatever its file's name. */
static void note_teacher(const struct train_run *t, struct meta *m)
{
    struct bytes found = {NULL, 0};
    if (t->teacher.saved.path)
        found = safetensors_text_of(&t->teacher.saved.file, "xxh3");
    char *hash = found.at ? mem_copy(found.at, found.len) : NULL;
    if (hash)
        meta_set_text(m, "teacher", hash);
    mem_free(hash);
}

static int open_checkpoint(struct train_run *t, struct err *e)
{
    struct pass_run *p = &t->pass;
    const struct run_options *o = p->o;
    struct checkpoint_run run = {.model = o->class->name,
                                 .save = o->save,
                                 .path = p->output.path,
                                 .in = &p->in,
                                 .out = &p->out,
                                 .state = run_state,
                                 .flush = flush,
                                 .of = t};
    struct meta m;
    pass_run_header(p, &m);
    note_teacher(t, &m);
    meta_add_program(&m, p->program, SESSPIPE_VERSION,
                     (struct bytes){p->options.at, p->options.len});
    int status = meta_pack(&m, &run.header, e);
    meta_release(&m);
    return status ? status
                  : checkpoint_open(&t->checkpoint, &run, o->checkpoint, o->resume,
                                    o->checkpoint_every, e);
}

/* A teacher without a share of the targets is none. */
static bool is_taught(const struct run_options *o)
{
    return o->shape->teacher && o->shape->teacher_weight > 0;
}

int train_run_open(struct train_run *t, struct cli *cli, const char *program,
                   const struct run_options *o, const struct output_options *output,
                   struct rank_group *ranks, struct err *e)
{
    *t = (struct train_run){.ranks = ranks};
    if (is_taught(o) && teacher_open(&t->teacher, o->shape, e))
        return e->status;
    if (pass_run_open(&t->pass, cli, program, o, output, e) ||
        run_intent_check(&t->pass.intent, o->shape, e) || open_checkpoint(t, e) ||
        (!t->checkpoint.temporary && open_output(t, e)))
        return e->status;
    return run_device_open(cli, o, &t->pass.device, e) ||
                   run_shards_open(cli, o, ranks, t->pass.device, e)
               ? e->status
               : 0;
}

/* ---- the model, once the stream's users and items are known ---- */

static struct model_names names_of(const struct train_run *t)
{
    return (struct model_names){batches_in_items(t->pass.in.in), batches_in_users(t->pass.in.in),
                                t->pass.contexts.names, t->pass.contexts.count};
}

/* Finds the clusters of users who share attention weights. */
static int open_clusters(struct train_run *t, struct model_data *data, struct err *e)
{
    const char *clusters = t->pass.o->shape->clusters, *init = t->pass.o->init;
    struct clustering *c = &t->clustering;
    struct safetensors file = {.fd = -1};
    if (!clusters)
        return 0;
    if (init && safetensors_open(&file, init, e))
        return e->status;
    int status = init ? safetensors_load(&file, e) : 0;
    if (!status)
        status = clustering_open(c, clusters, init ? &file : NULL, false,
                                 batches_in_users(t->pass.in.in), e);
    if (init)
        safetensors_close(&file);
    data->groups = c->blocks;
    data->group = c->group.at;
    return status;
}

/* Checks that the model can learn from the stream's batches. */
static int check_batches(const struct train_run *t, struct err *e)
{
    const struct meta *m = batches_in_meta(t->pass.in.in);
    struct cursor c = cursor_of(meta_find(m, "scheme"));
    struct bytes name = {NULL, 0};
    int keeps_order = 0;
    if (meta_get_bool(m, "keeps_order", &keeps_order, e))
        return e->status;
    char *scheme = cursor_str(&c, &name) ? mem_copy(name.at, name.len) : NULL;
    const struct model_batches batches = {.scheme = scheme,
                                          .keeps_order = keeps_order,
                                          .slots = t->pass.in.parallel.slots > 0,
                                          .history = t->pass.in.batching.history};
    int status = model_check_batches(t->pass.o->class, t->pass.o->shape, &batches, e);
    mem_free(scheme);
    return status;
}

/* Checks that the stream has what a sampled loss needs. */
static int check_sampled(const struct train_run *t, const struct train_options *o,
                         const struct model_data *data, struct err *e)
{
    bool by_count = o->negatives && o->alpha > 0 && !o->from_batch;
    if (!o->sampled)
        return 0;
    if ((by_count || o->log_q) && t->pass.support.unknown)
        return err_set(e, STATUS_DATA,
                       "%s: the input does not say how often training has each item (the items' "
                       "\"train\"): tfilter --split writes it%s",
                       o->log_q ? "--logq" : "--negatives",
                       o->log_q ? "" : "; --negatives-alpha 0 does without");
    if (data->slots == 1 && !o->negatives && o->max_steps)
        return err_set(e, STATUS_USAGE,
                       "a single slot has no targets of other slots to learn from: give "
                       "--negatives, or make more slots with batcher --batch");
    return 0;
}

/* Sets the initial values of the parameters. */
static int open_weights(struct train_run *t, const struct train_options *options, struct err *e)
{
    struct model *m = &t->pass.model;
    const struct model_names names = names_of(t);
    enum optimizer_kind kind = options->optimizer.update.kind;
    parameters_allocate(&m->parameters, t->pass.device,
                        run_takes_turns(t->pass.o) ? OPTIMIZER_ADAM : kind,
                        options->optimizer.update.momentum, options->seed);
    if (run_takes_turns(t->pass.o))
        wide_ready_put(m);
    const char *init = t->pass.o->init, *some = t->pass.o->init_some;
    struct buf taken = {0};
    int status =
        init || some ? model_file_init(m, &names, init ? init : some, some ? &taken : NULL, e) : 0;
    if (taken.len)
        cli_note(t->pass.cli, "%s has %.*s; all else is drawn", some, (int)taken.len, taken.at);
    buf_release(&taken);
    return status;
}

/* Checks that the items can be spread over the ranks. */
static int check_spread(const struct train_run *t, struct err *e)
{
    const struct model *m = &t->pass.model;
    int ranks = ranks_count(t->ranks);
    if (m->data.items < ranks)
        return err_set(e, STATUS_USAGE, "%d ranks are more than the stream's %d items", ranks,
                       (int)m->data.items);
    cli_note(t->pass.cli, "%d ranks, each with the weights of about %d of %d items", ranks,
             (int)m->data.items / ranks, (int)m->data.items);
    return 0;
}

/* What has travelled, for the note at the end. */
static void say_travelled(const struct train_run *t)
{
    int64_t steps = t->pass.learner.steps;
    if (!t->ranks || !t->pass.ready)
        return;
    struct ranks_bytes bytes = ranks_bytes(t->ranks);
    cli_note(t->pass.cli,
             "%.3f MB went to each other rank and %.3f MB came from it, in %" PRId64
             " updates and all tests",
             bytes.sent / 1e6, bytes.got / 1e6, steps);
}

/* After a batch of the wide part's turn: writes a checkpoint where one is due. */
static int pause_turn(void *of, struct err *e)
{
    struct train_run *t = of;
    return checkpoint_step(&t->checkpoint, RECORD_BATCH, e);
}

static int open_model(struct train_run *t, struct err *e)
{
    struct pass_run *p = &t->pass;
    const struct run_options *o = p->o;
    struct model_data data;
    pass_run_data(p, &data);
    struct train_options options = run_train_options(o);
    if (check_batches(t, e) || check_sampled(t, &options, &data, e) ||
        item_support_most(&p->support, o->rank_among, data.items, &p->candidates, e) ||
        open_clusters(t, &data, e))
        return e->status;
    options.candidate = p->candidates;
    if (o->spare_history && user_items_open(&t->had, &p->in.store, data.items, e))
        return e->status;
    options.spare = o->spare_history ? &t->had : NULL;
    if (is_taught(o) && teacher_begin(&t->teacher, &data, batches_in_items(p->in.in), p->device, e))
        return e->status;
    options.teacher = is_taught(o) ? &t->teacher : NULL;
    model_open(&p->model, o->class, o->shape, &data, p->device);
    if (t->ranks && check_spread(t, e))
        return e->status;
    if (model_freeze(&p->model, o->freeze, e) || open_weights(t, &options, e))
        return e->status;
    if (t->clustering.to_find)
        clustering_find(&t->clustering, &p->in.store, &p->model, o->init != NULL, options.seed);
    best_init(&t->best, !strcmp(o->save_by, "last") ? SAVE_BY_LAST : SAVE_BY_RECALL,
              !strcmp(o->stop_by, "loss"), o->save || t->checkpoint.path);
    pass_run_begin(p, &options);
    if (run_takes_turns(o))
        stacking_open(&t->stacking, p, (struct stacking_pause){pause_turn, t});
    return 0;
}

/* ---- passes ---- */

static int write_attended(void *to, const struct attention *a, struct err *e)
{
    struct pass_run *p = to;
    return p->muted ? 0 : write_attention(&p->out.out, a, e);
}

static void say_selection(struct train_run *t)
{
    if (t->noted || t->best.validated || t->best.recall < 0 || !t->pass.o->save ||
        t->best.by != SAVE_BY_RECALL)
        return;
    t->noted = true;
    cli_note(t->pass.cli, "no validation part: the best epoch is chosen on the test part");
}

/* A training pass without an update would leave a model of random weights. */
static int check_learned(struct train_run *t, struct err *e)
{
    const struct pass_stats *stats = &t->pass.learner.stats;
    if (stats->epoch.part != PART_TRAIN || stats->events || !t->pass.o->max_steps ||
        stacking_gives_up(&t->stacking, &t->pass))
        return 0;
    if (stats->left_out)
        return err_set(e, STATUS_DATA,
                       "epoch %" PRId64 " has nothing to learn from: its %" PRId64
                       " training sessions are in batches that are not learned from: use batcher "
                       "--min-batch 1",
                       stats->epoch.number, stats->left_out);
    return err_set(e, STATUS_DATA,
                   "epoch %" PRId64 " has nothing to learn from: %" PRId64
                   " training sessions, none of two events",
                   stats->epoch.number, stats->sessions);
}

static bool trains(const struct train_run *t)
{
    return t->pass.learner.stats.epoch.part == PART_TRAIN;
}

/* Whether too many tests have brought nothing better. */
static bool stops(struct train_run *t)
{
    int64_t patience = t->pass.o->stop_after;
    if (!patience || t->best.waiting < patience)
        return false;
    t->best.waiting = 0;
    return !stacking_goes_on(&t->stacking);
}

/* What is left to do after the pass's last batch, but for the turn of the wide part. */
static int leave_pass(struct train_run *t, struct err *e)
{
    if (pass_run_end_pass(&t->pass, e) || check_learned(t, e))
        return e->status;
    t->closing = true;
    if (!trains(t))
        return 0;
    pass_run_say_pass(&t->pass, false);
    stacking_end_pass(&t->stacking, &t->pass);
    return 0;
}

/* After a signal the wide part's turn may wait, and what comes after it. */
static int end_pass(struct train_run *t, struct err *e)
{
    bool improved;
    if (t->pass.in_pass && leave_pass(t, e))
        return e->status;
    if (!t->closing)
        return 0;
    if (stacking_learn(&t->stacking, &t->pass, e))
        return e->status;
    if (stacking_waits(&t->stacking))
        return 0;
    t->closing = false;
    if (best_pass(&t->best, &t->pass.learner, &improved, e))
        return e->status;
    card_pass(&t->card, &t->pass.learner.stats, &t->best);
    t->pass.muted = false;
    say_selection(t);
    if (!trains(t))
        pass_run_say_pass(&t->pass, improved);
    return 0;
}

/* Called again for a pass before which a turn of the wide part waited. */
static int begin_pass(struct train_run *t, struct epoch epoch, struct err *e)
{
    struct pass_run *p = &t->pass;
    if ((!p->ready && open_model(t, e)) || end_pass(t, e))
        return e->status;
    if (t->closing)
        return 0;
    if (epoch.part == PART_TRAIN || epoch.number != p->log.epoch)
        pass_run_say_epoch(p);
    if (epoch.part == PART_TRAIN && stops(t)) {
        t->stopped = true;
        return 0;
    }
    if (epoch.part == PART_TRAIN)
        stacking_begin_pass(&t->stacking, p, epoch.number);
    if (stacking_learn(&t->stacking, p, e))
        return e->status;
    return stacking_waits(&t->stacking) ? 0 : pass_run_begin_pass(p, epoch, e);
}

static int run_batch(struct train_run *t, struct schedule_record *record, struct err *e)
{
    struct pass_run *p = &t->pass;
    const struct batch *b = &record->batch;
    struct outcome outcome;
    pass_run_set_done(p);
    pass_run_evidence(p, record);
    if (learner_batch(&p->learner, b, &outcome, e) || pass_run_write(p, &outcome, e) ||
        attention_sample_batch(&p->sample, &p->learner, b, &outcome, p->attention_to, e))
        return e->status;
    pass_run_say_progress(p);
    return frame_out_pause(&p->out.out, e);
}

static int run_steps(struct train_run *t, const struct steps *s, struct err *e)
{
    struct pass_run *p = &t->pass;
    struct outcome outcome;
    pass_run_set_done(p);
    if (learner_steps(&p->learner, s, &outcome, e) || pass_run_write(p, &outcome, e))
        return e->status;
    pass_run_say_progress(p);
    return frame_out_pause(&p->out.out, e);
}

/* ---- resuming ---- */

/* The input has reached the record after which the checkpoint was written.  A new output begins
 * with the current pass if the checkpoint is at its beginning. */
static int go_on(struct train_run *t, struct err *e)
{
    struct pass_run *p = &t->pass;
    const struct pass_stats *stats = &p->learner.stats;
    if (checkpoint_arrive(&t->checkpoint, e))
        return e->status;
    if (t->checkpoint.ended)
        return 0;
    if (t->checkpoint.temporary && open_output(t, e))
        return e->status;
    buf_release(&t->checkpoint.stand.block); /* from now on checkpoints take that of the output */
    if (t->checkpoint.temporary || !p->in_pass)
        return 0;
    p->muted = stats->epoch.part != PART_TRAIN && stats->batches;
    return p->muted ? 0 : write_epoch(&p->out.out, stats->epoch, e);
}

/* Skips a record that was used before the checkpoint was written. */
static int pass_over(struct train_run *t, const struct schedule_record *r, struct err *e)
{
    struct checkpoint *c = &t->checkpoint;
    bool named = r->kind == RECORD_USER || r->kind == RECORD_ITEM;
    if (named && !c->temporary && pass_run_write_named(&t->pass, r, e))
        return e->status;
    if (!named && !t->pass.ready && (open_model(t, e) || checkpoint_restore(c, e)))
        return e->status;
    if (r->kind == RECORD_EPOCH && r->epoch.part == PART_TRAIN)
        stacking_hide(&t->stacking, &t->pass, r->epoch.number);
    if (!t->pass.ready || c->records != c->target)
        return 0;
    if (go_on(t, e))
        return e->status;
    return stacking_waits(&t->stacking) && r->kind == RECORD_EPOCH ? begin_pass(t, r->epoch, e) : 0;
}

/* ---- the whole run ---- */

static int take(struct train_run *t, struct schedule_record *r, struct err *e)
{
    if (r->kind == RECORD_ITEM)
        item_support_note(&t->pass.support, r->named.attributes);
    if (t->checkpoint.waiting)
        return pass_over(t, r, e);
    if (t->stopped || t->checkpoint.ended)
        return 0; /* read to the end, so that programs upstream end normally */
    switch (r->kind) {
    case RECORD_USER:
    case RECORD_ITEM:
        return pass_run_write_named(&t->pass, r, e);
    case RECORD_EPOCH:
        return begin_pass(t, r->epoch, e);
    case RECORD_BATCH:
        return run_batch(t, r, e);
    default:
        return run_steps(t, &r->steps, e);
    }
}

static int64_t weights_of(const struct parameters *p)
{
    int64_t count = 0;
    for (size_t i = 0; i < p->list.len; i++)
        count += (int64_t)p->list.at[i]->count;
    return count;
}

static int write_card(struct train_run *t, bool has_diverged, struct err *e)
{
    const struct pass_run *p = &t->pass;
    const struct run_options *o = p->o;
    struct buf label = {0};
    model_label(o->class, o->shape, &label);
    const struct card_facts facts = {.path = o->card,
                                     .model_path = o->save,
                                     .label = {label.at, label.len},
                                     .program = p->program,
                                     .options = {p->options.at, p->options.len},
                                     .meta = batches_in_meta(p->in.in),
                                     .best = &t->best,
                                     .weights = weights_of(&p->model.parameters),
                                     .seed = o->seed,
                                     .users = names_count(batches_in_users(p->in.in)),
                                     .items = names_count(batches_in_items(p->in.in)),
                                     .store = &p->in.store,
                                     .diverged = has_diverged};
    int status = card_write(&t->card, &facts, e);
    buf_release(&label);
    return status;
}

/* Saves the model, and then its card. */
static int save(struct train_run *t, bool has_diverged, struct err *e)
{
    const struct pass_run *p = &t->pass;
    struct training_texts texts = {.model = p->o->class->name,
                                   .program = p->program,
                                   .options = {p->options.at, p->options.len},
                                   .meta = batches_in_meta(p->in.in),
                                   .best = &t->best,
                                   .index =
                                       p->model.wide && !p->o->no_index ? &p->learned.index : NULL};
    const struct model_names names = names_of(t);
    if (save_model(&p->model, &texts, &names, p->o->save, e))
        return e->status;
    return p->o->card ? write_card(t, has_diverged, e) : 0;
}

/* Saves what is left after a failure of training itself. */
static int diverged(struct train_run *t, struct err *e)
{
    const char *path = t->pass.o->save;
    struct err other;
    if (!t->pass.ready || !path || !t->best.weights)
        return e->status;
    if (save(t, true, &other)) {
        cli_warn(t->pass.cli, "%s", other.text);
        return e->status;
    }
    cli_warn(t->pass.cli, "%s holds the %s model, of epoch %" PRId64, path,
             t->best.by == SAVE_BY_LAST ? "last good" : "best", t->best.epoch);
    return e->status;
}

static int finish(struct train_run *t, struct err *e)
{
    struct pass_run *p = &t->pass;
    if (t->checkpoint.waiting)
        return err_set(e, STATUS_DATA, "%s is of other data: the input ends before it",
                       t->checkpoint.resumed);
    if (!p->ready)
        return err_set(e, STATUS_DATA, "the input holds no epoch");
    if (t->checkpoint.ended) {
        t->finished = true;
        return checkpoint_finish(&t->checkpoint, e);
    }
    if (end_pass(t, e))
        return e->status;
    if (t->closing)
        return 0;
    pass_run_say_epoch(p);
    /* The output is written up to its end record, then the model is saved, then the end is written:
     * if the reader has gone away no model is saved, and if saving fails the output has no end. */
    if (pass_run_drain(p, e))
        return e->status;
    say_travelled(t);
    if (signals_first())
        return 0;
    if (p->o->save && (best_finish(&t->best, &p->learner, e) || save(t, false, e)))
        return e->status;
    if (frame_out_end(&p->out.out, e) || checkpoint_end(&t->checkpoint, e))
        return e->status;
    t->finished = !p->out.sink.gone; /* unless the rest fails */
    return output_finish(&p->out, e);
}

/* Stopped by a signal, or by a reader that went away: writes a checkpoint. */
static int stop(struct train_run *t, struct err *e)
{
    struct checkpoint *c = &t->checkpoint;
    if (!t->pass.ready || c->waiting || c->ended)
        return 0; /* there is a checkpoint already, or nothing to continue from */
    if (checkpoint_write(c, e))
        return e->status;
    if (signals_first() != SIGPIPE)
        cli_note(t->pass.cli, "stopped: --resume %s continues", c->path);
    return 0;
}

int train_run_all(struct train_run *t, struct err *e)
{
    struct schedule_record record;
    struct checkpoint *c = &t->checkpoint;
    enum read_result got = READ_RECORD;
    int status = 0;
    t->pass.attention_to = (struct attention_sample_to){write_attended, &t->pass};
    while (!status && !signals_first() &&
           (got = schedule_in_next(&t->pass.in, &record, e)) == READ_RECORD) {
        bool used = !c->waiting;
        c->records++;
        status = take(t, &record, e);
        if (!status && used && t->pass.ready)
            status = checkpoint_step(c, record.kind, e);
    }
    if (!status && !signals_first())
        status = got == READ_ERROR ? e->status : finish(t, e);
    if (!status && !t->finished)
        status = stop(t, e);
    return status == STATUS_FAIL ? diverged(t, e) : status;
}

void train_run_abort(struct train_run *t, const struct err *why)
{
    pass_run_abort(&t->pass, why);
    checkpoint_close(&t->checkpoint);
}

void train_run_close(struct train_run *t)
{
    best_release(&t->best);
    teacher_close(&t->teacher);
    stacking_close(&t->stacking);
    pass_run_close(&t->pass);
    clustering_release(&t->clustering);
    user_items_release(&t->had);
    checkpoint_close(&t->checkpoint);
}
