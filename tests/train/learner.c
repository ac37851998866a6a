/* What a model remembers for a test: made anew with the weights under test, part by part. */
#include "../model/pair.h"

#include <unistd.h>

static const struct model_shape shape = {
    .session_rep = "mean", .inter = "hidden", .gru = "reset-after", .embedding = 5, .dropout = 0.4};

static void begin(struct pair *p, enum part part)
{
    learner_begin(&p->learner, (struct epoch){1, part});
}

/* ---- which part comes next ---- */

static void which_part(void)
{
    struct pair p;
    struct learner *l = &p.learner;
    pair_open(&p, "ii-rnn", &shape);
    begin(&p, PART_TRAIN);
    tap_ok(learner_takes(l, PART_VALIDATION) == PART_TRAIN,
           "before validation the training sessions are taken in");
    learner_took(l, PART_TRAIN);
    tap_ok(learner_takes(l, PART_VALIDATION) == PART_NONE, "and no others");
    learner_took(l, PART_VALIDATION); /* the pass has ended */
    tap_ok(learner_takes(l, PART_TEST) == PART_NONE,
           "a test behind a validation pass has all earlier sessions");
    learner_took(l, PART_TEST);
    tap_ok(learner_takes(l, PART_TEST) == PART_TRAIN, "another test begins anew");
    learner_took(l, PART_TRAIN);
    tap_ok(learner_takes(l, PART_TEST) == PART_VALIDATION,
           "a test without a validation pass takes in its sessions too");
    learner_took(l, PART_VALIDATION);
    tap_ok(learner_takes(l, PART_TEST) == PART_NONE, "and then no more");
    begin(&p, PART_TRAIN);
    tap_ok(learner_takes(l, PART_TEST) == PART_TRAIN,
           "behind a training pass all is taken in again");
    pair_close(&p);
}

static void nothing_to_remember(void)
{
    struct pair p;
    pair_open(&p, "hierarchical", &shape);
    begin(&p, PART_TRAIN);
    tap_ok(learner_takes(&p.learner, PART_TEST) == PART_NONE,
           "a model that remembers no session takes in none");
    pair_close(&p);
}

/* ---- what it then remembers ---- */

/* All batches but the last, as training sessions. */
static void take_all(struct pair *p, const struct made *made)
{
    for (enum part part; (part = learner_takes(&p->learner, PART_TEST)) != PART_NONE;) {
        for (int b = 0; b < PAIR_BATCHES - 1 && part == PART_TRAIN; b++)
            learner_take(&p->learner, &made[b].batch);
        learner_took(&p->learner, part);
    }
}

/* The last batch's loss in a test pass; the model takes in the others first. */
static double tested(struct pair *p, const struct made *made)
{
    begin(p, PART_TEST);
    take_all(p, made);
    double loss = batch_loss(p, &made[PAIR_BATCHES - 1].batch);
    learner_took(&p->learner, PART_TEST);
    return loss;
}

static void train(struct pair *p, const struct made *made)
{
    begin(p, PART_TRAIN);
    p->learner.rate = 0.5;
    for (int b = 0; b < PAIR_BATCHES - 1; b++)
        batch_loss(p, &made[b].batch);
}

static void weights_under_test(void)
{
    struct made made[PAIR_BATCHES];
    struct pair p, fresh;
    make_batches(made);
    pair_open(&p, "ii-rnn", &shape);
    pair_open(&fresh, "ii-rnn", &shape);
    train(&p, made);
    begin(&p, PART_TEST);
    double stale = batch_loss(&p, &made[PAIR_BATCHES - 1].batch);
    int64_t steps = p.learner.steps;
    float *before =
        to_host(p.device, p.model.parameters.value, p.model.parameters.count * sizeof *before);
    double loss = tested(&p, made), again = tested(&p, made);
    float *after =
        to_host(p.device, p.model.parameters.value, p.model.parameters.count * sizeof *after);
    tap_ok(p.learner.steps == steps && p.learner.stats.batches == 1 &&
               !memcmp(before, after, p.model.parameters.count * sizeof *after),
           "taking sessions in is no step, changes no weight and is in no figure");
    copy_weights(&fresh, &p);
    double saved = tested(&fresh, made);
    tap_ok(loss == again && loss == saved && fabs(loss - stale) > 1e-4,
           "a test's loss is that of the weights alone: %.6f, %.6f, %.6f; left from training: %.6f",
           loss, again, saved, stale);
    mem_free(before);
    mem_free(after);
    pair_close(&fresh);
    pair_close(&p);
    for (int b = 0; b < PAIR_BATCHES; b++)
        made_release(&made[b]);
}

/* ---- checkpoints ---- */

static void learner_all(void *of, struct state *s)
{
    struct pair *p = of;
    learner_state(&p->learner, s);
}

static bool written(struct pair *p, struct err *e)
{
    struct output_file file;
    return !output_file_open(&file, "learner", e) &&
           !state_write(&file, NULL, 0, learner_all, p, e) && !output_file_commit(&file, e);
}

static bool restored(struct pair *p, struct err *e)
{
    struct safetensors file;
    if (safetensors_open(&file, "learner", e))
        return false;
    int status = state_read(&file, learner_all, p, e);
    safetensors_close(&file);
    return !status;
}

/* A checkpoint in a test pass, after the sessions were taken in. */
static void within_a_test(void)
{
    struct made made[PAIR_BATCHES];
    struct pair p, on;
    struct err e = {0};
    make_batches(made);
    pair_open(&p, "ii-rnn", &shape);
    pair_open(&on, "ii-rnn", &shape);
    train(&p, made);
    begin(&p, PART_TEST);
    take_all(&p, made);
    tap_ok(written(&p, &e) && restored(&on, &e), "a checkpoint in a test pass %s", e.text);
    tap_ok(on.learner.remembered == PART_VALIDATION &&
               learner_takes(&on.learner, PART_TEST) == PART_NONE,
           "holds which parts are remembered");
    double loss = batch_loss(&p, &made[PAIR_BATCHES - 1].batch);
    double resumed = batch_loss(&on, &made[PAIR_BATCHES - 1].batch);
    tap_ok(loss == resumed, "and what is remembered: %.6f, %.6f", loss, resumed);
    unlink("learner");
    pair_close(&on);
    pair_close(&p);
    for (int b = 0; b < PAIR_BATCHES; b++)
        made_release(&made[b]);
}

int main(void)
{
    which_part();
    nothing_to_remember();
    weights_under_test();
    within_a_test();
    return tap_done();
}
