/* The owners of targets: the session of a batch, or the slot in all steps of a call; and a loss
 * over the batch's targets, in which those of one owner are not compared. */
#include "pair.h"

/* In the order of the sessions; in training bpr-mf has their first events as targets too. */
static void check_sessions(const struct model_class *class)
{
    struct made made[PAIR_BATCHES];
    struct pair p;
    make_batches(made);
    const struct batch *b = &made[PAIR_BATCHES - 1].batch;
    pair_open(&p, class->name, &(struct model_shape){.embedding = 4});
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    struct forward f = run_forward(&p, b, 1);
    int target = 0, wrong = 0, event = 0;
    int first = f.targets == (int)b->item.len ? 0 : 1;
    for (int i = 0; i < (int)b->length.len; event += column_i32(b->length)[i++])
        for (int j = first; j < column_i32(b->length)[i] && target < f.targets; j++, target++)
            wrong += f.owner[target] != i || f.target[target] != column_i32(b->item)[event + j];
    tap_ok(!wrong && target == f.targets && target > 10, "%s: targets belong to their sessions",
           class->name);
    pair_close(&p);
    for (int i = 0; i < PAIR_BATCHES; i++)
        made_release(&made[i]);
}

/* ---- slots ---- */

enum { SLOTS = 3, STEPS = 4 };

/* Slot 0: two sessions of user 0; slot 1: one of user 1; slot 2: one of user 2, then idle. */
static const unsigned char reset[STEPS * SLOTS] = {2, 2, 2, 0, 0, 0, 1, 0, 3, 0, 0, 3};
static const int32_t user[STEPS * SLOTS] = {0, 1, 2, 0, 1, 2, 0, 1, 0, 0, 1, 0};
static const int32_t item[STEPS * SLOTS] = {1, 2, 3, 4, 5, 6, 7, 8, 0, 9, 10, 0};
static const int32_t next[STEPS * SLOTS] = {4, 5, 6, 11, 8, 12, 9, 10, 0, 13, 14, 0};

static void open_slots(struct pair *p, const char *model, bool joined)
{
    pair_open(p, model,
              &(struct model_shape){.embedding = 4, .join_sessions = joined, .gru = "reset-after"});
    learner_begin(&p->learner, (struct epoch){1, PART_TRAIN});
}

/* `joined`: the second session's first item is a target too, as the session's first move. */
static void check_slots(const char *model, bool joined)
{
    struct pair p;
    struct forward f;
    struct slot_steps steps = {SLOTS, STEPS, item, next, user, reset};
    open_slots(&p, model, joined);
    tape_begin(p.learner.tape, true, 1, 1);
    p.model.class->plan(&p.model, p.learner.tape, &steps, &f);
    int target = 0, wrong = 0;
    for (int i = 0; i < STEPS * SLOTS; i++) {
        bool joins = joined && reset[i] == RESET_SESSION; /* of slot 0: before the step's others */
        if (joins && target < f.targets)
            wrong += f.owner[target] != i % SLOTS || f.target[target] != item[i], target++;
        if (reset[i] == RESET_IDLE || target >= f.targets)
            continue;
        wrong += f.owner[target] != i % SLOTS || f.target[target] != next[i];
        target++;
    }
    tap_ok(!wrong && target == f.targets && target == 10 + joined,
           "%s%s: targets of all steps belong to their slots", model, joined ? ", joined" : "");
    pair_close(&p);
}

/* The loss of a training pass over the batch's targets, and how far it moves a weight. */
static double sampled_loss(struct pair *p, const struct steps *steps, double *moved)
{
    struct outcome o;
    struct err e;
    const struct parameters *q = &p->model.parameters;
    float *before = to_host(p->device, q->value, q->count * sizeof *before);
    p->learner.options.sampled = true;
    p->learner.options.loss = LOSS_BPR_MAX;
    p->learner.options.unroll = STEPS;
    p->learner.rate = 0.5;
    negatives_open(&p->learner.negatives, 0, 1, false, &p->model.data);
    bool failed = learner_steps(&p->learner, steps, &o, &e) || learner_flush(&p->learner, &e);
    parameters_flush(&p->model.parameters);
    float *after = to_host(p->device, q->value, q->count * sizeof *after);
    *moved = 0;
    for (size_t i = 0; i < q->count; i++)
        *moved = fmax(*moved, fabs((double)after[i] - (double)before[i]));
    mem_free(before);
    mem_free(after);
    return failed ? INFINITY : p->learner.stats.loss;
}

/* All steps of one slot have no negatives, however many they are. */
static void check_losses(void)
{
    static const unsigned char alone[STEPS * SLOTS] = {2, 3, 3, 0, 3, 3, 1, 3, 3, 0, 3, 3};
    for (int i = 0; i < 2; i++) {
        struct pair p;
        double moved;
        enum { N = STEPS * SLOTS };
        struct steps steps = {.slots = SLOTS,
                              .item = {(void *)(uintptr_t)item, N},
                              .target = {(void *)(uintptr_t)next, N},
                              .user = {(void *)(uintptr_t)user, N},
                              .reset = {(void *)(uintptr_t)(i ? alone : reset), N}};
        open_slots(&p, "hrnn", false);
        double loss = sampled_loss(&p, &steps, &moved);
        tap_ok(isfinite(loss) && i == (loss == 0) && i == (moved == 0),
               "%s: loss %.3f, weights move by %.1e", i ? "one slot alone" : "several slots", loss,
               moved);
        pair_close(&p);
    }
}

int main(void)
{
    for (const struct model_class *const *c = model_classes; *c; c++)
        if (!(*c)->steps)
            check_sessions(*c);
    check_slots("hrnn", false);
    check_slots("rnn", false);
    check_slots("rnn", true);
    check_losses();
    return tap_done();
}
