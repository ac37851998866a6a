/* The learning rate of each update: as given; rising over the first updates; falling to the run's
 * end. */
#include "../model/pair.h"

enum { WARM_UP = 40, UPDATES = 60, MOMENTS = 1000 };

static const struct model_shape shape = {
    .session_rep = "mean", .inter = "hidden", .gru = "reset-after", .embedding = 3};

/* What the optimizer takes for the next update, when so much of the run is done. */
static double rate_at(struct pair *p, const struct made *made, double done)
{
    p->learner.done = done;
    batch_loss(p, &made->batch);
    return (double)p->model.parameters.update.rate;
}

static void open_rate(struct pair *p, double rate, int64_t warm_up, bool decays)
{
    pair_open(p, "ii-rnn", &shape);
    learner_begin(&p->learner, (struct epoch){1, PART_TRAIN});
    p->learner.rate = rate;
    p->learner.options.warm_up = warm_up;
    p->learner.options.decays = decays;
}

static void stays(const struct made *made)
{
    struct pair p;
    bool same = true;
    open_rate(&p, 0.25, 0, false);
    for (int i = 0; i <= 10; i++)
        same = same && rate_at(&p, made, i / 10.0) == 0.25;
    tap_ok(same, "without warm-up and decay the rate stays");
    pair_close(&p);
}

/* From a sixteenth on, in sixteenths. */
static void rises(const struct made *made)
{
    struct pair p;
    double before = 0, worst = 0;
    bool rising = true;
    open_rate(&p, 0.5, WARM_UP, false);
    for (int step = 0; step < UPDATES; step++) {
        double rate = rate_at(&p, made, 0);
        double line = 0.5 * fmin(1, (double)step / WARM_UP);
        rising = rising && rate >= before && (step || rate == 0.5 / 16);
        rising = rising && (step < WARM_UP || rate == 0.5);
        worst = fmax(worst, fabs(rate - line));
        before = rate;
    }
    tap_ok(rising && worst <= 0.5 / 16 + 1e-9, "it rises over %d updates, within %.3f of a line",
           WARM_UP, worst);
    pair_close(&p);
}

/* 5 % + 95 % · (1 + cos(π · share of the run)) / 2. */
static void falls(const struct made *made)
{
    struct pair p;
    double before = 1, worst = 0;
    int changes = 0;
    bool falling = true;
    open_rate(&p, 0.5, 0, true);
    for (int i = 0; i <= MOMENTS; i++) {
        double done = (double)i / MOMENTS, rate = rate_at(&p, made, done);
        double cosine = 0.5 * (0.05 + 0.95 * (1 + cos(acos(-1) * done)) / 2);
        falling = falling && rate <= before;
        changes += rate < before;
        worst = fmax(worst, fabs(rate - cosine));
        before = rate;
    }
    tap_ok(falling && worst < 0.006 && fabs(before - 0.5 / 20) < 1e-8 && changes <= 129,
           "it falls to a twentieth by a cosine, to %.4f, in %d stairs", worst, changes);
    tap_ok(fabs(rate_at(&p, made, 0) - 0.5) < 1e-8, "a run that begins has the whole rate");
    pair_close(&p);
}

static void both(const struct made *made)
{
    struct pair p;
    open_rate(&p, 0.5, 4, true);
    double first = rate_at(&p, made, 0), half = 0;
    for (int step = 1; step < 5; step++)
        half = rate_at(&p, made, 0.5);
    tap_ok(fabs(first - 0.5 / 16) < 1e-7 && fabs(half - 0.5 * 0.525) < 1e-7,
           "a rate that rises and falls: %.5f at first, %.5f half way", first, half);
    pair_close(&p);
}

/* Steps of slots come many at a time: it falls with the sessions that each of them begins. */
static void within_steps(void)
{
    enum { SLOTS = 2, STEPS = 3 };
    int32_t user[STEPS * SLOTS] = {0, 1, 0, 1, 0, 1}, item[STEPS * SLOTS] = {1, 2, 3, 4, 5, 6};
    int32_t next[STEPS * SLOTS] = {3, 4, 7, 8, 9, 2};
    unsigned char reset[STEPS * SLOTS] = {RESET_USER,    RESET_USER, RESET_SESSION,
                                          RESET_SESSION, RESET_NONE, RESET_NONE};
    const struct steps steps = {.slots = SLOTS,
                                .item = {item, STEPS * SLOTS},
                                .target = {next, STEPS * SLOTS},
                                .user = {user, STEPS * SLOTS},
                                .reset = {reset, STEPS * SLOTS}};
    struct pair p;
    struct outcome o;
    struct err e;
    pair_open(&p, "hrnn", &(struct model_shape){.gru = "reset-before", .embedding = 3});
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    p.learner.rate = 0.5;
    p.learner.options.decays = true;
    p.learner.per_session = 0.25;
    int status = learner_steps(&p.learner, &steps, &o, &e);
    double rate = (double)p.model.parameters.update.rate;
    tap_ok(!status && p.learner.steps == STEPS && p.learner.done == 1 && fabs(rate - 0.025) < 1e-7,
           "within steps of slots it falls too, to %.4f", rate);
    pair_close(&p);
}

int main(void)
{
    struct made made[PAIR_BATCHES];
    make_batches(made);
    stays(&made[2]);
    rises(&made[2]);
    falls(&made[2]);
    both(&made[2]);
    within_steps();
    for (int b = 0; b < PAIR_BATCHES; b++)
        made_release(&made[b]);
    return tap_done();
}
