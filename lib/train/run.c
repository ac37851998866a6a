#include "train/run.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/signals.h"
#include "cli/progress.h"
#include "train/setup.h"
#include "train/save.h"
#include "nn/device_open.h"

/* ---- opening ---- */

void training_header(const struct training *t, struct meta *m)
{
    meta_copy(m, batches_in_meta(t->in));
    m->kind = STREAM_PREDICTIONS;
    m->minor = STREAM_MINOR;
    item_support_describe(m, t->o->rank_among);
    if (t->trained)
        saved_model_chain(t->trained, m);
}

/* A new output, or the one that the checkpoint knows of. */
static int open_output(struct training *t, struct err *e)
{
    const struct checkpoint *c = &t->checkpoint;
    const struct output_options *o = &t->output;
    struct bytes options = {t->options.at, t->options.len};
    struct meta m;
    training_header(t, &m);
    int status = c->temporary
                     ? output_continue(&t->stage, o->path, o->flush, &m, t->program,
                                       SESSPIPE_VERSION, options, c->temporary, &c->stand, e)
                     : output_open(&t->stage, o->path, o->flush, &m, t->program, SESSPIPE_VERSION,
                                   options, e);
    meta_release(&m);
    return status;
}

int training_open(struct training *t, const char *program, const struct run_options *o,
                  struct saved_model *trained, struct operands files,
                  const struct output_options *output, struct err *e)
{
    *t = (struct training){.o = o, .program = program, .trained = trained, .output = *output};
    t->ahead.wanted = !trained && o->shape->clusters && clustering_number(o->shape->clusters);
    cli_options_packed(&t->options);
    if (batches_in_open(&t->in, files.at, files.count, e))
        return e->status;
    if (trained && saved_model_check(trained, batches_in_meta(t->in), e))
        return e->status;
    if (checkpoint_open(t, e) || (!t->checkpoint.temporary && open_output(t, e)))
        return e->status;
    return run_device_open(o, &t->device, e);
}

/* ---- one pass after another ---- */

static int write_watched(void *to, const struct attention *a, struct err *e)
{
    struct training *t = to;
    struct attention shown = t->trained ? item_map_attention(&t->vocabulary, a) : *a;
    if (t->muted)
        return 0;
    return write_attention(&t->stage.out, &shown, e);
}

static struct attention_sample_to watch_to(struct training *t)
{
    return (struct attention_sample_to){write_watched, t};
}

static void say_pass(struct training *t, bool improved)
{
    struct buf json = {0};
    if (progress_json())
        buf_format(&json, "{\"program\":\"%s\"", t->program);
    epoch_log_end(&t->report, &t->learner.tally, improved, json.len ? &json : NULL);
    if (json.len) {
        buf_text(&json, ",\"done\":true}\n");
        (void)!write(STDERR_FILENO, json.at, json.len);
    }
    buf_release(&json);
}

/* The epoch's line, once all its passes have ended. */
static void say_epoch(struct training *t)
{
    if (t->report.line.len && !progress_json())
        cli_note("%s", t->report.line.at);
    buf_clear(&t->report.line);
}

static void say_selection(struct training *t)
{
    if (t->noted || t->best.validated || t->best.recall < 0 || !t->o->save ||
        t->best.by != SAVE_BY_RECALL)
        return;
    t->noted = true;
    cli_note("no validation part: the best epoch is chosen on the test part");
}

static int end_pass(struct training *t, struct err *e)
{
    bool improved;
    if (!t->in_pass)
        return 0;
    t->in_pass = false;
    if (learner_flush(&t->learner, e))
        return e->status;
    struct pass pass = pass_stats_pass(&t->learner.tally);
    progress_clear(); /* whoever reads the pass may write to the same terminal */
    if (attention_sample_end(&t->watch, watch_to(t), e) ||
        (!t->muted && write_pass(&t->stage.out, &pass, e)) || frame_out_pause(&t->stage.out, e) ||
        best_pass(&t->best, &t->learner, &improved, e))
        return e->status;
    t->muted = false;
    say_selection(t);
    say_pass(t, improved);
    return 0;
}

static int begin_pass(struct training *t, struct epoch epoch, struct err *e)
{
    if (!t->learning && setup_model(t, e))
        return e->status;
    if (end_pass(t, e))
        return e->status;
    if (epoch.part == PART_TRAIN || epoch.number != t->report.epoch)
        say_epoch(t);
    if (epoch.part == PART_TRAIN && t->o->stop_after && t->best.waiting >= t->o->stop_after) {
        t->stopped = true;
        return 0;
    }
    learner_begin(&t->learner, epoch);
    attention_sample_begin(&t->watch, epoch);
    epoch_log_begin(&t->report, &t->learner.tally);
    t->in_pass = true;
    return write_epoch(&t->stage.out, epoch, e);
}

static int write_outcome(struct training *t, const struct outcome *o, struct err *e)
{
    if (t->muted)
        return 0;
    if (o->ranks.rank.len && write_ranks(&t->stage.out, &o->ranks, e))
        return e->status;
    /* a batch that a trained model knows nothing of has no lists */
    if (t->o->top && o->tops.user.len && write_tops(&t->stage.out, &o->tops, e))
        return e->status;
    return 0;
}

static void say_progress(const struct training *t)
{
    const struct pass_stats *tally = &t->learner.tally;
    if (!progress_due())
        return;
    double loss = pass_stats_pass(tally).loss;
    struct progress at = {.epoch = tally->epoch.number,
                          .part = part_name[tally->epoch.part],
                          .share = epoch_log_share(&t->report, tally),
                          .seconds = epoch_log_now() - t->report.start,
                          .count = (double)tally->events,
                          .unit = "events",
                          .loss = tally->events ? &loss : NULL};
    progress_show(&at);
}

static int no_numbers(const struct training *t, struct err *e)
{
    return e->status == STATUS_FAIL
               ? err_set(e, STATUS_FAIL, "the weights in %s give losses that are no numbers",
                         t->trained->path)
               : e->status;
}

/* A batch for a model that is trained already. */
static int predict_batch(struct training *t, const struct batch *given, struct err *e)
{
    struct pass_stats *tally = &t->learner.tally;
    const struct batch *b = item_map_batch(&t->vocabulary, given);
    struct outcome outcome = {0};
    if (b->user.len && learner_batch(&t->learner, b, &outcome, e))
        return no_numbers(t, e);
    if (tally->epoch.part != PART_TRAIN) {
        struct outcome shown = item_map_outcome(&t->vocabulary, given, &outcome, tally);
        if (write_outcome(t, &shown, e))
            return e->status;
    }
    return b->user.len ? attention_sample_batch(&t->watch, &t->learner, b, &outcome, watch_to(t), e)
                       : 0;
}

static int predict_steps(struct training *t, const struct steps *given, struct err *e)
{
    struct outcome outcome;
    const struct steps *s = item_map_steps(&t->vocabulary, given);
    if (learner_steps(&t->learner, s, &outcome, e))
        return no_numbers(t, e);
    if (t->learner.tally.epoch.part == PART_TRAIN)
        return 0;
    struct outcome shown =
        item_map_steps_outcome(&t->vocabulary, given, &outcome, &t->learner.tally);
    return write_outcome(t, &shown, e);
}

static int run_batch(struct training *t, const struct batch *b, struct err *e)
{
    struct outcome outcome;
    if (t->trained
            ? predict_batch(t, b, e)
            : learner_batch(&t->learner, b, &outcome, e) || write_outcome(t, &outcome, e) ||
                  attention_sample_batch(&t->watch, &t->learner, b, &outcome, watch_to(t), e))
        return e->status;
    say_progress(t);
    return frame_out_pause(&t->stage.out, e);
}

static int run_steps(struct training *t, const struct steps *s, struct err *e)
{
    struct outcome outcome;
    if (t->trained ? predict_steps(t, s, e)
                   : learner_steps(&t->learner, s, &outcome, e) || write_outcome(t, &outcome, e))
        return e->status;
    say_progress(t);
    return frame_out_pause(&t->stage.out, e);
}

/* ---- the whole run ---- */

/* The input has come to where the checkpoint stands.  A new output begins with the pass at hand if
 * it can show all of it. */
static int go_on(struct training *t, struct err *e)
{
    const struct pass_stats *tally = &t->learner.tally;
    if (checkpoint_arrive(t, e))
        return e->status;
    if (t->checkpoint.ended)
        return 0;
    if (t->checkpoint.temporary && open_output(t, e))
        return e->status;
    buf_release(&t->checkpoint.stand.block); /* from here on the output's own is told */
    if (t->checkpoint.temporary || !t->in_pass)
        return 0;
    t->muted = tally->epoch.part != PART_TRAIN && tally->batches;
    return t->muted ? 0 : write_epoch(&t->stage.out, tally->epoch, e);
}

static int write_named(struct training *t, const struct batches_record *r, struct err *e)
{
    const struct named *n = &r->named;
    return r->kind == RECORD_USER ? write_user(&t->stage.out, n->id, n->name, n->attributes, e)
                                  : write_item(&t->stage.out, n->id, n->name, n->attributes, e);
}

/* A record that was used before the checkpoint was written. */
static int pass_over(struct training *t, const struct batches_record *r, struct err *e)
{
    const struct checkpoint *c = &t->checkpoint;
    bool named = r->kind == RECORD_USER || r->kind == RECORD_ITEM;
    if (named && !c->temporary && write_named(t, r, e))
        return e->status;
    if (!named && !t->learning && (setup_model(t, e) || checkpoint_restore(t, e)))
        return e->status;
    return t->learning && c->records == c->target ? go_on(t, e) : 0;
}

static int take(struct training *t, const struct batches_record *r, struct err *e)
{
    if (r->kind == RECORD_ITEM)
        item_support_note(&t->support, r->named.attributes);
    if (t->checkpoint.waiting)
        return pass_over(t, r, e);
    if (t->stopped || t->checkpoint.ended)
        return 0; /* read to the end, so that the stages before end normally */
    switch (r->kind) {
    case RECORD_USER:
    case RECORD_ITEM:
        return write_named(t, r, e);
    case RECORD_EPOCH:
        return begin_pass(t, r->epoch, e);
    case RECORD_BATCH:
        return run_batch(t, &r->batch, e);
    default:
        return run_steps(t, &r->steps, e);
    }
}

static int save(struct training *t, struct err *e)
{
    struct training_texts texts = {.model = t->o->class->name,
                                   .program = t->program,
                                   .options = {t->options.at, t->options.len},
                                   .meta = batches_in_meta(t->in),
                                   .best = &t->best};
    const struct model_names names = setup_names(t);
    return save_model(&t->model, &texts, &names, t->o->save, e);
}

/* Keeps what there is to keep of a run that went wrong by itself. */
static int diverged(struct training *t, struct err *e)
{
    struct err other;
    if (!t->learning || !t->o->save || !t->best.weights)
        return e->status;
    if (save(t, &other)) {
        cli_warn("%s", other.text);
        return e->status;
    }
    cli_warn("%s holds the %s model, of epoch %" PRId64, t->o->save,
             t->best.by == SAVE_BY_LAST ? "last good" : "best", t->best.epoch);
    return e->status;
}

static void say_unknown(const struct training *t)
{
    const struct item_map *v = &t->vocabulary;
    if (v->unknown)
        cli_warn("%s does not know %" PRId32 " of the %" PRId32 " items: %" PRId64 " of %" PRId64
                 " events were taken out, and %" PRId64 " of %" PRId64 " targets count as missed",
                 t->trained->path, v->unknown, v->streamed, v->left_out, v->events, v->missed,
                 v->targets);
}

static int finish(struct training *t, struct err *e)
{
    if (t->checkpoint.waiting)
        return err_set(e, STATUS_DATA, "%s is of other data: the input ends before it",
                       t->checkpoint.resumed);
    if (!t->learning)
        return err_set(e, STATUS_DATA, "the input holds no epoch");
    if (t->checkpoint.ended) {
        t->finished = true;
        return checkpoint_finish(t, e);
    }
    if (end_pass(t, e))
        return e->status;
    say_epoch(t);
    if (batches_in_skipped(t->in))
        cli_warn("%" PRIu64 " records of unknown kinds were skipped", batches_in_skipped(t->in));
    say_unknown(t);
    /* All but the end is written first: where the reader went away no model is saved, and where the
     * save fails the output has no end. */
    t->stage.out.flush = true;
    if (frame_out_pause(&t->stage.out, e))
        return e->status;
    if (signals_first())
        return 0;
    if (t->o->save && (best_finish(&t->best, &t->learner, e) || save(t, e)))
        return e->status;
    if (frame_out_end(&t->stage.out, e) || checkpoint_end(t, e))
        return e->status;
    t->finished = !t->stage.sink.gone; /* unless what follows fails */
    return output_finish(&t->stage, e);
}

/* Asked to stop, or left by its reader: what can be gone on with is written. */
static int stop(struct training *t, struct err *e)
{
    if (!t->learning || t->checkpoint.waiting || t->checkpoint.ended)
        return 0; /* what there is to go on from is there already, or nothing is */
    if (checkpoint_write(t, e))
        return e->status;
    if (signals_first() != SIGPIPE)
        cli_note("stopped: --resume %s goes on", t->checkpoint.path);
    return 0;
}

int training_run(struct training *t, struct err *e)
{
    struct batches_record record;
    enum read_result got = READ_RECORD;
    int status = 0;
    while (!status && !signals_first() &&
           (got = first_epoch_next(&t->ahead, t->in, &record, e)) == READ_RECORD) {
        bool used = !t->checkpoint.waiting;
        t->checkpoint.records++;
        status = take(t, &record, e);
        if (!status && used)
            status = checkpoint_step(t, record.kind, e);
    }
    if (!status && !signals_first())
        status = got == READ_ERROR ? e->status : finish(t, e);
    if (!status && !t->finished)
        status = stop(t, e);
    return status == STATUS_FAIL ? diverged(t, e) : status;
}

void training_abort(struct training *t, const struct err *why)
{
    output_abort(&t->stage, why);
    checkpoint_close(&t->checkpoint);
}

void training_close(struct training *t)
{
    if (t->learning) {
        attention_sample_close(&t->watch);
        best_release(&t->best);
        learner_close(&t->learner);
        model_close(&t->model);
    }
    item_map_release(&t->vocabulary);
    clustering_release(&t->clustering);
    first_epoch_release(&t->ahead);
    epoch_log_release(&t->report);
    checkpoint_close(&t->checkpoint);
    item_support_release(&t->support);
    mem_free(t->candidates);
    buf_release(&t->options);
    device_close(t->device);
    batches_in_close(t->in);
}
