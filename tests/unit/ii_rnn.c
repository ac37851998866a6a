/* The II-RNN family as a whole: losses, gradients and stored representations against a plain
 * reference; a batch against its sessions one by one. */
#include "model/train.h"

#include "ii_rnn_reference.h"
#include "tap.h"

/* ---- batches of random sessions, with histories as a batcher gives them ---- */

enum { ITEMS = 31, BUCKETS = 5, BATCHES = 5 };

struct made {
    i32_vec user, session, length, item, history, delta, week, of_session;
    i64_vec start, of_start;
    struct batch batch;
};

static struct random drawn;

static void add_session(struct made *m, int user, int session)
{
    int length = 2 + (int)random_below(&drawn, 5);
    int from = session > REF_HISTORY ? session - REF_HISTORY : 0;
    vec_push(&m->user, user);
    vec_push(&m->session, session);
    vec_push(&m->start, 1000 + session);
    vec_push(&m->length, length);
    for (int i = 0; i < length; i++)
        vec_push(&m->item, (int32_t)random_below(&drawn, ITEMS));
    vec_push(&m->history, session - from);
    for (int s = from; s < session; s++) {
        vec_push(&m->of_session, s);
        vec_push(&m->of_start, 1000 + s);
        vec_push(&m->delta, (int32_t)random_below(&drawn, BUCKETS));
        vec_push(&m->week, (int32_t)random_below(&drawn, WEEK_HOURS));
    }
}

static void close_batch(struct made *m)
{
#define COLUMN(v) {(v).at, (v).len}
    m->batch = (struct batch){.learn = 1,
                              .user = COLUMN(m->user),
                              .session = COLUMN(m->session),
                              .start = COLUMN(m->start),
                              .length = COLUMN(m->length),
                              .item = COLUMN(m->item),
                              .history = COLUMN(m->history),
                              .history_delta = COLUMN(m->delta),
                              .history_week = COLUMN(m->week),
                              .history_session = COLUMN(m->of_session),
                              .history_start = COLUMN(m->of_start)};
#undef COLUMN
}

static void made_release(struct made *m)
{
    i32_vec *ints[] = {&m->user,    &m->session, &m->length, &m->item,
                       &m->history, &m->delta,   &m->week,   &m->of_session};
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        vec_release(ints[i]);
    vec_release(&m->start);
    vec_release(&m->of_start);
}

/* The number of sessions that batch b begins from, of a user: user 1 comes late, of user 2 the
 * stream leaves sessions out, user 5 comes only in the last batch. */
static void make_batches(struct made made[BATCHES])
{
    drawn = random_of(5, 7);
    memset(made, 0, BATCHES * sizeof *made);
    for (int b = 0; b < BATCHES; b++) {
        for (int user = 0; user < REF_USERS; user++)
            if ((user != 1 || b > 1) && (user != 5 || b == BATCHES - 1))
                add_session(&made[b], user, user == 2 ? 2 * b : b);
        close_batch(&made[b]);
    }
}

/* ---- a model with its reference ---- */

struct pair {
    struct device *device;
    struct model model;
    struct learner learner;
    struct reference reference;
    struct model_options options;
};

static void load_reference(struct pair *p)
{
    const struct parameters *q = &p->model.parameters;
    float *w = mem_alloc(q->count * sizeof *w);
    p->device->op->download(p->device, w, q->value, q->count * sizeof *w);
    for (size_t i = 0; i < q->count; i++)
        p->reference.w[i] = (double)w[i];
    mem_free(w);
}

static void pair_open(struct pair *p, const char *rep, const char *inter, const char *gru, int size,
                      double dropout)
{
    struct err e;
    struct model_data data = {.users = REF_USERS,
                              .items = ITEMS,
                              .history = REF_HISTORY,
                              .delta_buckets = BUCKETS,
                              .keeps_order = true};
    struct train_options options = {
        .seed = 11,
        .max_steps = -1,
        .top = 1,
        .optimizer = {.update = {.kind = OPTIMIZER_SGD, .scale = 1}}}; /* rate 0: nothing moves */
    *p = (struct pair){.options = {rep, inter, size, dropout, gru}};
    p->device = cpu_open(&(struct device_options){.threads = 2});
    if (model_open(&p->model, "ii-rnn", &p->options, &data, p->device, &e)) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
    parameters_allocate(&p->model.parameters, p->device, OPTIMIZER_SGD, 0, 3);
    learner_open(&p->learner, &p->model, &options);
    p->reference = (struct reference){.parameters = &p->model.parameters,
                                      .size = size,
                                      .items = ITEMS,
                                      .buckets = BUCKETS,
                                      .last = !strcmp(rep, "last"),
                                      .hidden = inter && strstr(inter, "hidden"),
                                      .delta = inter && strstr(inter, "delta"),
                                      .week = inter && strstr(inter, "week"),
                                      .reset_before = !strcmp(gru, "reset-before"),
                                      .rate = dropout,
                                      .seed = options.seed};
    p->reference.w = mem_alloc(p->model.parameters.count * sizeof(double));
    ref_bind(&p->reference);
    load_reference(p);
}

static void pair_close(struct pair *p)
{
    mem_free(p->reference.w);
    learner_close(&p->learner);
    model_close(&p->model);
    cpu_close(p->device);
}

/* The largest difference of mean losses between model and reference over the batches. */
static double loss_difference(struct pair *p, struct made *made, int count)
{
    double worst = 0;
    for (int b = 0; b < count; b++) {
        struct outcome o;
        struct err e;
        p->reference.step = (uint64_t)p->learner.steps + 1;
        double expected = ref_batch(&p->reference, &made[b].batch, true);
        if (learner_batch(&p->learner, &made[b].batch, &o, &e) || !o.events)
            return INFINITY;
        double difference = fabs(o.loss / o.events - expected);
        worst = difference > worst ? difference : worst;
    }
    return worst;
}

/* ---- gradients ---- */

static struct forward run_forward(struct pair *p, const struct batch *b, uint64_t step)
{
    struct forward f;
    tape_begin(p->learner.tape, true, p->reference.seed, step);
    p->model.class->forward(&p->model, p->learner.tape, b, &f);
    return f;
}

/* Gradients of the batch's mean loss, added to those that are there. */
static void add_gradients(struct pair *p, const struct batch *b, uint64_t step)
{
    struct forward f = run_forward(p, b, step);
    tape_output_loss(p->learner.tape, f.state, f.output_weight, f.output_bias,
                     tape_ints(p->learner.tape, f.target, (size_t)f.targets));
    tape_backward(p->learner.tape);
}

static double numeric(struct reference *r, const struct batch *b, size_t i)
{
    double was = r->w[i], step = 1e-5;
    r->w[i] = was + step;
    double above = ref_batch(r, b, false);
    r->w[i] = was - step;
    double below = ref_batch(r, b, false);
    r->w[i] = was;
    return (above - below) / (2 * step);
}

/* Every `stride`-th weight of each parameter; *none counts parameters without any gradient. */
static double gradient_difference(struct pair *p, const struct batch *b, size_t stride, int *none)
{
    const struct parameters *q = &p->model.parameters;
    double worst = 0;
    p->device->op->fill(p->device, q->grad, 0, q->count);
    p->reference.step = 9;
    add_gradients(p, b, 9);
    float *g = mem_alloc(q->count * sizeof *g);
    p->device->op->download(p->device, g, q->grad, q->count * sizeof *g);
    *none = 0;
    for (size_t n = 0; n < q->list.len; n++) {
        const struct parameter *x = q->list.at[n];
        double largest = 0;
        for (size_t i = 0; i < x->count; i++)
            largest = fmax(largest, fabs((double)g[x->offset + i]));
        *none += largest == 0;
        for (size_t i = 0; i < x->count; i += stride) {
            double expected = numeric(&p->reference, b, x->offset + i);
            worst = fmax(worst, fabs((double)g[x->offset + i] - expected));
        }
    }
    mem_free(g);
    return worst;
}

static void check_form(const char *rep, const char *inter, const char *gru, int size,
                       double dropout)
{
    struct made made[BATCHES];
    struct pair p;
    int none;
    make_batches(made);
    pair_open(&p, rep, inter, gru, size, dropout);
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    double losses = loss_difference(&p, made, BATCHES - 1);
    double slopes = gradient_difference(&p, &made[BATCHES - 1].batch, size > 10 ? 61 : 4, &none);
    tap_ok(losses < 1e-6 && slopes < 2e-7 && none == 0,
           "%s, inter %s, %s, size %d, dropout %g: losses to %.1e, gradients to %.1e", rep,
           inter ? inter : "none", gru, size, dropout, losses, slopes);
    pair_close(&p);
    for (int b = 0; b < BATCHES; b++)
        made_release(&made[b]);
}

static void check_forms(void)
{
    static const char *const inter[] = {NULL,         "hidden",           "delta",
                                        "week",       "hidden,delta",     "hidden,week",
                                        "delta,week", "hidden,delta,week"};
    for (int i = 0; i < 8; i++) {
        check_form("mean", inter[i], "reset-after", 5, 0);
        check_form("last", inter[i], "reset-after", 5, 0);
        check_form(i % 2 ? "mean" : "last", inter[i], "reset-before", 3, 0.3);
        check_form(i % 2 ? "last" : "mean", inter[i], "reset-after", 3, 0.3);
    }
    check_form("mean", "hidden,delta,week", "reset-after", 33, 0.2);
    check_form("last", "week,hidden", "reset-before", 31, 0);
    check_form("last", NULL, "reset-after", 1, 0);
}

/* ---- stored representations ---- */

/* Through training and test, a batch left out among them: every loss agrees, so every stored
 * representation that it was made from does. */
static void check_passes(const char *rep)
{
    struct made made[BATCHES];
    struct pair p;
    struct outcome o;
    struct err e;
    make_batches(made);
    pair_open(&p, rep, "hidden,delta", "reset-after", 7, 0.4);
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    double trained = loss_difference(&p, made, 2);
    made[2].batch.learn = 0;
    int status = learner_batch(&p.learner, &made[2].batch, &o, &e);
    p.reference.rate = 0; /* no dropout where nothing is learned */
    ref_batch(&p.reference, &made[2].batch, true);
    tap_ok(status == 0 && o.events == 0 && p.learner.steps == 2 &&
               p.learner.tally.left_out == (int64_t)made[2].batch.user.len,
           "%s: a batch to leave out is no step and has no loss", rep);
    learner_begin(&p.learner, (struct epoch){1, PART_TEST});
    double tested = loss_difference(&p, made + 3, 2);
    tap_ok(trained < 1e-5 && tested < 1e-5,
           "%s: representations are carried from training into the test: %.1e, %.1e", rep, trained,
           tested);
    learner_begin(&p.learner, (struct epoch){2, PART_TRAIN});
    memset(p.reference.known, 0, sizeof p.reference.known);
    p.reference.rate = p.options.dropout;
    made[2].batch.learn = 1;
    tap_ok(loss_difference(&p, made + 2, 3) < 1e-5,
           "%s: a training pass begins with none, and unseen sessions are left out", rep);
    pair_close(&p);
    for (int b = 0; b < BATCHES; b++)
        made_release(&made[b]);
}

/* ---- a batch is its sessions ---- */

static struct batch single(const struct batch *b, int i)
{
    struct batch s = *b;
    int event = 0, row = 0;
    for (int j = 0; j < i; j++) {
        event += column_i32(b->length)[j];
        row += column_i32(b->history)[j];
    }
    size_t length = (size_t)column_i32(b->length)[i], rows = (size_t)column_i32(b->history)[i];
    s.user = (struct column){column_i32(b->user) + i, 1};
    s.session = (struct column){column_i32(b->session) + i, 1};
    s.start = (struct column){column_i64(b->start) + i, 1};
    s.length = (struct column){column_i32(b->length) + i, 1};
    s.history = (struct column){column_i32(b->history) + i, 1};
    s.item = (struct column){column_i32(b->item) + event, length};
    s.history_delta = (struct column){column_i32(b->history_delta) + row, rows};
    s.history_week = (struct column){column_i32(b->history_week) + row, rows};
    s.history_session = (struct column){column_i32(b->history_session) + row, rows};
    s.history_start = (struct column){column_i64(b->history_start) + row, rows};
    return s;
}

static float *gradients_now(struct pair *p)
{
    const struct parameters *q = &p->model.parameters;
    float *g = mem_alloc(q->count * sizeof *g);
    p->device->op->download(p->device, g, q->grad, q->count * sizeof *g);
    p->device->op->fill(p->device, q->grad, 0, q->count);
    return g;
}

/* Ranks and losses of the last batch, whole and session by session; and its gradients, which are
 * the mean over its targets of theirs. */
static void check_single(const char *rep, const char *inter)
{
    struct made made[BATCHES];
    struct pair p;
    struct outcome o;
    struct err e;
    make_batches(made);
    const struct batch *whole = &made[BATCHES - 1].batch;
    pair_open(&p, rep, inter, "reset-after", 31, 0);
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    loss_difference(&p, made, BATCHES - 1);
    const struct parameters *q = &p.model.parameters;
    p.device->op->fill(p.device, q->grad, 0, q->count);
    add_gradients(&p, whole, 1);
    float *expected = gradients_now(&p);
    double *sum = mem_zero(q->count, sizeof *sum), worst = 0;
    int targets = 0;
    for (int i = 0; i < (int)whole->user.len; i++) {
        struct batch s = single(whole, i);
        int own = column_i32(s.length)[0] - 1;
        add_gradients(&p, &s, 1);
        float *g = gradients_now(&p);
        for (size_t k = 0; k < q->count; k++)
            sum[k] += own * (double)g[k];
        targets += own;
        mem_free(g);
    }
    for (size_t k = 0; k < q->count; k++)
        worst = fmax(worst, fabs(sum[k] / targets - (double)expected[k]));
    learner_begin(&p.learner, (struct epoch){1, PART_TEST});
    i32_vec ranks = {0};
    double losses = 0;
    for (int i = 0; i < (int)whole->user.len; i++) {
        struct batch s = single(whole, i);
        if (learner_batch(&p.learner, &s, &o, &e) == 0)
            vec_append(&ranks, column_i32(o.ranks.rank), o.ranks.rank.len);
        losses += o.loss;
    }
    learner_begin(&p.learner, (struct epoch){2, PART_TRAIN}); /* the same histories once more */
    memset(p.reference.known, 0, sizeof p.reference.known);
    loss_difference(&p, made, BATCHES - 1);
    learner_begin(&p.learner, (struct epoch){2, PART_TEST});
    int status = learner_batch(&p.learner, whole, &o, &e);
    tap_ok(status == 0 && worst < 1e-6 && fabs(losses - o.loss) < 1e-4 &&
               ranks.len == o.ranks.rank.len && ranks.len == (size_t)targets &&
               !memcmp(ranks.at, o.ranks.rank.at, ranks.len * sizeof *ranks.at),
           "%s, inter %s: a batch is its sessions one by one, gradients to %.1e", rep,
           inter ? inter : "none", worst);
    vec_release(&ranks);
    mem_free(sum);
    mem_free(expected);
    pair_close(&p);
    for (int b = 0; b < BATCHES; b++)
        made_release(&made[b]);
}

/* ---- sessions of one event: nothing to predict, nothing to learn ---- */

static void check_no_targets(const char *rep)
{
    struct made made = {0};
    struct pair p;
    struct outcome o;
    struct err e;
    drawn = random_of(1, 1);
    for (int user = 0; user < 3; user++)
        add_session(&made, user, 2);
    for (int user = 0; user < 3; user++)
        made.length.at[user] = 1;
    made.item.len = 3;
    close_batch(&made);
    pair_open(&p, rep, "hidden", "reset-after", 3, 0.2);
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    int status = learner_batch(&p.learner, &made.batch, &o, &e);
    tap_ok(status == 0 && o.events == 0 && p.learner.steps == 0, "%s: no target, no step", rep);
    learner_begin(&p.learner, (struct epoch){1, PART_TEST});
    status = learner_batch(&p.learner, &made.batch, &o, &e);
    tap_ok(status == 0 && o.events == 0 && o.ranks.rank.len == 0 &&
               tally_pass(&p.learner.tally).loss == 0,
           "%s: no target, no rank", rep);
    pair_close(&p);
    made_release(&made);
}

/* ---- options ---- */

static void check_refusals(void)
{
    struct err e;
    struct model m;
    struct model_options good = {"mean", NULL, 3, 0, "reset-after"}, bad = good;
    struct model_data data = {.users = 1, .items = 1, .delta_buckets = 2, .scheme = "sessions"};
    int status = model_open(&m, "ii-rnn", &good, &data, NULL, &e);
    tap_ok(status == STATUS_USAGE &&
               !strcmp(e.text, "--scheme sessions does not keep each user's order, which --model "
                               "ii-rnn needs: use longest-first"),
           "batches that lose each user's order are refused");
    tap_ok(model_check("gru", &good, &e) == STATUS_USAGE && strstr(e.text, "ii-rnn"),
           "an unknown model is refused, and those that there are named");
    bad.inter = "delta,hidden,delta";
    tap_ok(model_check("ii-rnn", &bad, &e) == STATUS_USAGE && !model_check("ii-rnn", &good, &e),
           "a list with a word twice is refused");
}

int main(void)
{
    check_forms();
    check_passes("mean");
    check_passes("last");
    check_single("mean", "hidden,delta,week");
    check_single("last", NULL);
    check_no_targets("mean");
    check_no_targets("last");
    check_refusals();
    return tap_done();
}
