/* The owners of targets: the session of a batch, or the slot in all steps of a call; and a loss
 * over the batch's targets, in which those of one owner are not compared, nor what a user has had.
 */
#include "train/user_items.h"

#include "pair.h"
#include "../streams.h"

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
    struct slot_steps steps = {SLOTS, STEPS, item, next, user, NULL, NULL, reset};
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

/* ---- what a user has had ---- */

/* User 0 goes from item 1 to 4 and user 1 from 2 to 20, each in their session 1; one target is the
 * other's only negative.  Before, or after, they had these items. */
static const int32_t pair_user[] = {0, 1}, pair_session[] = {1, 1}, pair_length[] = {2, 2};
static const int32_t pair_input[] = {1, 2}, pair_target[] = {4, 20}, pair_item[] = {1, 4, 2, 20};

static void store_pair(struct session_store *c, bool first_had, bool second_had)
{
    const int32_t items[6][2] = {{first_had ? 20 : 7, 8}, {1, 4},  {20, 9},
                                 {second_had ? 4 : 7, 8}, {2, 20}, {4, 9}};
    struct err e;
    for (int32_t i = 0; i < 6; i++) {
        int64_t times[] = {i, i};
        must(session_store_add(c, &(struct session){i / 3, PART_TRAIN, 2, times, items[i], NULL, 0},
                               &e),
             &e);
    }
    must(session_store_end(c, &e), &e);
}

#define OF(x, n)                                                                                   \
    {                                                                                              \
        (void *)(uintptr_t)(x), n                                                                  \
    }

static int learn_pair(struct pair *p, struct err *e)
{
    static const unsigned char begin[] = {RESET_USER, RESET_USER};
    static const int32_t none[] = {0, 0};
    static const int64_t start[] = {0, 0};
    struct outcome o;
    struct steps steps = {.slots = 2,
                          .item = OF(pair_input, 2),
                          .target = OF(pair_target, 2),
                          .user = OF(pair_user, 2),
                          .session = OF(pair_session, 2),
                          .reset = OF(begin, 2)};
    struct batch batch = {.learn = 1,
                          .user = OF(pair_user, 2),
                          .session = OF(pair_session, 2),
                          .start = OF(start, 2),
                          .length = OF(pair_length, 2),
                          .item = OF(pair_item, 4),
                          .history = OF(none, 2)};
    int status = p->model.class->steps ? learner_steps(&p->learner, &steps, &o, e)
                                       : learner_batch(&p->learner, &batch, &o, e);
    return status ? status : learner_flush(&p->learner, e);
}

/* How far the row of the table moved. */
static double row_moved(const struct pair *p, const char *name, const float *before,
                        const float *after, int row)
{
    const struct parameter *x = parameters_find(&p->model.parameters, name);
    double most = 0;
    for (int i = 0; x && i < x->cols; i++) {
        size_t at = x->offset + (size_t)(row * x->cols + i);
        most = fmax(most, fabs((double)after[at] - (double)before[at]));
    }
    return x ? most : NAN;
}

/* Whether the item at the input of each user has a gradient: it does where the user's target has a
 * negative. */
static void check_had(const char *model, enum loss_kind kind, bool first_had, bool second_had)
{
    struct pair p;
    struct session_store c = {0};
    struct user_items had;
    struct err e;
    size_t bytes;
    store_pair(&c, first_had, second_had);
    must(user_items_open(&had, &c, PAIR_ITEMS, &e), &e);
    open_slots(&p, model, false);
    bytes = p.model.parameters.count * sizeof(float);
    float *before = to_host(p.device, p.model.parameters.value, bytes);
    p.learner.options.sampled = true;
    p.learner.options.loss = kind;
    p.learner.options.spare = &had;
    p.learner.rate = 0.5;
    negatives_open(&p.learner.negatives, 0, 1, false, &p.model.data);
    bool failed = learn_pair(&p, &e) != 0;
    parameters_flush(&p.model.parameters);
    float *after = to_host(p.device, p.model.parameters.value, bytes);
    double first = row_moved(&p, "item_embedding.weight", before, after, 1);
    double second = row_moved(&p, "item_embedding.weight", before, after, 2);
    tap_ok(!failed && first_had == (first == 0) && second_had == (second == 0),
           "%s, loss %d: with %s had before, inputs move by %.1e and %.1e", model, (int)kind,
           first_had && second_had ? "both targets"
           : first_had             ? "one target"
           : second_had            ? "the other target"
                                   : "no target",
           first, second);
    mem_free(before);
    mem_free(after);
    pair_close(&p);
    user_items_release(&had);
    session_store_release(&c);
}

static void check_spared(const char *model)
{
    for (int kind = LOSS_CROSS_ENTROPY; kind <= LOSS_BPR_MAX; kind++)
        for (int had = 0; had < 4; had++)
            check_had(model, (enum loss_kind)kind, had & 1, had & 2);
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
    check_spared("hrnn");
    check_spared("rnn");
    check_spared("ii-rnn");
    return tap_done();
}
