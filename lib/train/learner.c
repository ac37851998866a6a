#include "train/learner.h"

#include <math.h>

#include "nn/shards.h"
#include "train/teacher.h"
#include "train/user_items.h"

enum { CUTOFF = 20 }; /* of recall and MRR, by which the best epoch is chosen */

static void open_candidates(struct learner *l)
{
    const struct device *d = l->model->device;
    const unsigned char *candidate = l->options.candidate;
    size_t items = (size_t)l->model->data.items;
    l->candidates = candidate ? 0 : (int)items;
    if (!candidate)
        return;
    for (size_t i = 0; i < items; i++)
        l->candidates += candidate[i];
    l->candidate = shards_zeros(l->model->device, (int64_t)items, 1);
    d->op->upload(l->model->device, l->candidate, candidate, items);
}

void learner_open(struct learner *l, struct model *m, const struct train_options *o)
{
    *l = (struct learner){.model = m, .options = *o, .tape = tape_new(m->device)};
    l->rate = o->optimizer.update.rate;
    if (o->sampled)
        negatives_open(&l->negatives, o->negatives, o->alpha, o->log_q, &m->data);
    open_candidates(l);
    m->parameters.update = o->optimizer.update;
    m->parameters.update.step = 0;
}

void learner_close(struct learner *l)
{
    i32_vec *ints[] = {&l->user, &l->session, &l->position, &l->target,  &l->rank,
                       &l->ties, &l->history, &l->length,   &l->top_item};
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        vec_release(ints[i]);
    vec_release(&l->loss);
    vec_release(&l->top_score);
    vec_release(&l->intent_score);
    vec_release(&l->intent_label);
    negatives_release(&l->negatives);
    if (l->candidate)
        l->model->device->op->release(l->model->device, l->candidate);
    if (l->tape)
        tape_free(l->tape);
    *l = (struct learner){0};
}

static void forget(struct learner *l)
{
    if (l->model->class->restart)
        l->model->class->restart(l->model);
    l->remembered = PART_NONE;
}

/* Flushes lazy updates in every pass, so that results do not depend on whether the weights are read
 * between passes. */
void learner_begin(struct learner *l, struct epoch epoch)
{
    l->stats = (struct pass_stats){.epoch = epoch};
    parameters_flush(&l->model->parameters);
    model_items_change(l->model);
    if (epoch.part == PART_TRAIN)
        forget(l);
}

/* ---- what the model remembers ---- */

enum part learner_takes(struct learner *l, enum part part)
{
    if (!l->model->remembers)
        return PART_NONE;
    if (l->remembered == PART_NONE || l->remembered >= part)
        forget(l);
    enum part next = l->remembered + 1;
    return next < part ? next : PART_NONE;
}

void learner_take(struct learner *l, const struct batch *b)
{
    struct forward f;
    tape_begin(l->tape, false, 0, 0);
    model_forward_deep(l->model, l->tape, b, &f);
    l->model->class->finish(l->model, l->tape, b);
}

void learner_took(struct learner *l, enum part part)
{
    l->remembered = part;
}

/* ---- one batch ---- */

/* Sums losses; step: updates before them.  Training has diverged if e^-loss, the probability of the
 * mean loss, is 0. */
static int sum_losses(struct learner *l, const float *loss, int targets, int64_t step, double *sum,
                      struct err *e)
{
    *sum = 0;
    for (int i = 0; i < targets; i++)
        *sum += (double)loss[i];
    if (targets && !(exp(-*sum / targets) > 0))
        return err_set(e, STATUS_FAIL,
                       "training diverged: the loss is %g after step %lld: try a smaller --lr, or "
                       "--clip",
                       *sum / targets, (long long)step);
    l->stats.loss += *sum;
    l->stats.events += targets;
    return 0;
}

int learner_flush(struct learner *l, struct err *e)
{
    struct device *d = l->model->device;
    double sum;
    int targets = l->late.targets;
    l->late.targets = 0;
    if (!targets)
        return 0;
    return sum_losses(l, d->op->fetched(d, l->late.ticket), targets, l->late.step, &sum, e);
}

/* One batch, or some steps of slots. */
struct work {
    const struct batch *batch; /* NULL: use `steps` */
    struct slot_steps steps;
    const struct evidence *said; /* of the steps; NULL: there is none */
};

/* The targets of a loss on the device: `target` for a loss over all items, else `candidates`. */
struct loss_targets {
    const int32_t *target;
    const struct planned_candidates *candidates;
};

/* Excludes from each target's negatives the items that its user has had. */
static void spare(const struct learner *l, const struct work *w, const struct forward *f,
                  struct candidates *c)
{
    size_t n = (size_t)f->targets;
    int32_t *user = tape_host_ints(l->tape, n), *session = tape_host_ints(l->tape, n);
    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)f->owner[i];
        if (!w->batch)
            at += (size_t)f->step[i] * (size_t)w->steps.slots;
        user[i] = w->batch ? column_i32(w->batch->user)[at] : w->steps.user[at];
        session[i] = w->batch ? column_i32(w->batch->session)[at] : w->steps.session[at];
    }
    user_items_spare(l->options.spare, user, session, f->targets, c);
}

/* The items of the batch's events, or of the inputs and targets of steps of slots: host int32. */
static struct column events_of(const struct learner *l, const struct work *w)
{
    const struct slot_steps *s = &w->steps;
    if (w->batch)
        return w->batch->item;
    size_t n = 0, all = (size_t)s->count * (size_t)s->slots;
    int32_t *item = tape_host_ints(l->tape, 2 * all);
    for (size_t i = 0; i < all; i++)
        if (s->reset[i] != RESET_IDLE)
            item[n++] = s->item[i], item[n++] = s->target[i];
    return (struct column){item, n};
}

static struct loss_targets loss_targets_of(const struct learner *l, const struct work *w,
                                           const struct forward *f, bool sampled)
{
    struct tape *t = l->tape;
    if (!f->targets)
        return (struct loss_targets){0};
    if (!sampled)
        return (struct loss_targets){.target = tape_ints(t, f->target, (size_t)f->targets)};
    struct column from = l->options.from_batch ? events_of(l, w) : (struct column){0};
    struct candidates c =
        negatives_draw(&l->negatives, t, f, from, l->options.seed, (uint64_t)l->steps + 1);
    if (l->options.spare)
        spare(l, w, f, &c);
    return (struct loss_targets){.candidates = tape_plan_candidates(t, f->output, f->output_bias,
                                                                    &c, f->target, f->targets)};
}

/* Steps of slots and their loss are planned before they are computed, so that the device waits for
 * the host only once. */
static struct loss_targets run_forward(struct learner *l, const struct work *w, bool sampled,
                                       struct forward *f)
{
    const struct model_class *class = l->model->class;
    if (w->batch)
        model_forward(l->model, l->tape, w->batch, f);
    else
        class->plan(l->model, l->tape, &w->steps, f);
    struct loss_targets goal = loss_targets_of(l, w, f, sampled);
    if (!w->batch)
        model_steps(l->model, l->tape, w->said, f);
    return goal;
}

/* The losses of the targets, from which the gradient starts. */
static float *run_loss(const struct learner *l, const struct work *w, const struct forward *f,
                       const struct loss_targets *g)
{
    struct tape *t = l->tape;
    struct taught by;
    if (f->aim)
        return tape_cosine_loss(t, f->state, f->aim);
    if (g->candidates)
        return model_sampled_loss(l->model, t, f, l->options.loss, g->candidates);
    if (l->options.teacher) {
        by = teacher_says(l->options.teacher, t, w->batch);
        return tape_output_distill(t, f->state, model_output(l->model, t, f),
                                   model_output_bias(t, f), &f->add, g->target, &by);
    }
    return tape_output_loss(t, f->state, model_output(l->model, t, f), model_output_bias(t, f),
                            &f->add, g->target);
}

/* The learning rate of the next update.  It moves in a few hundred stairs: tables catch up on the
 * updates that they have missed at one rate, so they are flushed before it changes. */
static float rate_now(const struct learner *l)
{
    enum { STAIRS = 128, WARM_STAIRS = 16 };
    const struct train_options *o = &l->options;
    double rate = l->rate;
    if (l->steps < o->warm_up)
        rate *= (1 + floor(WARM_STAIRS * (double)l->steps / (double)o->warm_up)) / WARM_STAIRS;
    if (o->decays)
        rate *= 0.05 + 0.95 * 0.5 * (1 + cos(3.14159265358979 * floor(STAIRS * l->done) / STAIRS));
    return (float)rate;
}

static void set_rate(struct learner *l)
{
    float rate = rate_now(l);
    if (rate == l->options.optimizer.update.rate)
        return;
    parameters_flush(&l->model->parameters);
    l->options.optimizer.update.rate = l->model->parameters.update.rate = rate;
}

/* Queues a whole step on the device, and then waits for the losses of the step before. */
static int train(struct learner *l, const struct work *w, struct outcome *o, struct err *e)
{
    struct tape *t = l->tape;
    struct device *d = l->model->device;
    struct forward *f = &o->forward;
    set_rate(l);
    tape_begin(t, true, l->options.seed, (uint64_t)l->steps + 1);
    struct loss_targets goal = run_forward(l, w, l->options.sampled, f);
    o->events = f->targets;
    if (!f->targets)
        return 0;
    float *loss = run_loss(l, w, f, &goal);
    model_intent_loss(t, f);
    int ticket = d->op->fetch(d, loss, (size_t)f->targets * sizeof *loss);
    tape_backward(t);
    l->options.optimizer.update.step = ++l->steps;
    optimizer_step(&l->options.optimizer, &l->model->parameters, t);
    model_items_change(l->model);
    int status = learner_flush(l, e);
    l->late.ticket = ticket, l->late.targets = f->targets, l->late.step = l->steps - 1;
    return status;
}

/* What the second output says, for the targets of a test. */
static void score_intents(struct learner *l, const struct forward *f)
{
    size_t n = (size_t)f->targets;
    vec_clear(&l->intent_score);
    vec_clear(&l->intent_label);
    if (!f->intent.state || !n)
        return;
    struct device *d = l->model->device;
    float *score = tape_host(l->tape, 2 * n * sizeof *score);
    d->op->download(d, score, model_intent_scores(l->tape, f)->value, 2 * n * sizeof *score);
    for (size_t i = 0; i < n; i++) {
        vec_push(&l->intent_score, 1 / (1 + expf(score[2 * i] - score[2 * i + 1])));
        vec_push(&l->intent_label, f->intent.label[i] != 0);
    }
}

/* Losses, ranks and the k best items of each target. */
static int rank(struct learner *l, const struct work *w, int k, struct outcome *o, struct err *e)
{
    struct tape *t = l->tape;
    struct device *d = l->model->device;
    struct forward *f = &o->forward;
    tape_begin(t, false, 0, 0);
    struct loss_targets goal = run_forward(l, w, false, f);
    k = k < l->candidates ? k : l->candidates;
    size_t n = (size_t)f->targets, listed = n * (size_t)k;
    float *loss = tape_memory(t, n * sizeof *loss);
    int32_t *ranks = tape_memory(t, n * sizeof *ranks), *ties = tape_memory(t, n * sizeof *ties);
    int32_t *items = tape_memory(t, listed * sizeof *items);
    float *scores = tape_memory(t, listed * sizeof *scores);
    struct output_layer output = {.targets = f->targets,
                                  .width = f->state->cols,
                                  .items = l->model->data.items,
                                  .state = f->state->value,
                                  .weight = model_output(l->model, t, f)->value,
                                  .bias = model_output_bias(t, f)->value,
                                  .target = goal.target,
                                  .candidate = l->candidate,
                                  .add = tape_additions_of(&f->add)};
    d->op->output_rank(d, &output, loss, ranks, ties, k, items, scores);
    vec_clear(&l->loss), vec_reserve(&l->loss, n);
    vec_clear(&l->rank), vec_reserve(&l->rank, n);
    vec_clear(&l->ties), vec_reserve(&l->ties, n);
    vec_clear(&l->top_item), vec_reserve(&l->top_item, listed);
    vec_clear(&l->top_score), vec_reserve(&l->top_score, listed);
    d->op->download(d, l->loss.at, loss, n * sizeof *loss);
    d->op->download(d, l->rank.at, ranks, n * sizeof *ranks);
    d->op->download(d, l->ties.at, ties, n * sizeof *ties);
    d->op->download(d, l->top_item.at, items, listed * sizeof *items);
    d->op->download(d, l->top_score.at, scores, listed * sizeof *scores);
    score_intents(l, f);
    o->tops.k = k;
    o->events = f->targets;
    return sum_losses(l, l->loss.at, f->targets, l->steps, &o->loss, e);
}

/* ---- the records of a test batch ---- */

static void clear_positions(struct learner *l)
{
    vec_clear(&l->user);
    vec_clear(&l->session);
    vec_clear(&l->position);
    vec_clear(&l->history);
    vec_clear(&l->length);
}

static void push_positions(struct learner *l, const struct batch *b)
{
    clear_positions(l);
    for (size_t i = 0; i < b->user.len; i++) {
        int32_t session = column_i32(b->session)[i], length = column_i32(b->length)[i];
        for (int32_t j = 0; j + 1 < length; j++) {
            vec_push(&l->user, column_i32(b->user)[i]);
            vec_push(&l->session, session);
            vec_push(&l->position, j);
            vec_push(&l->history, session); /* session numbers count from the user's first */
            vec_push(&l->length, length);
        }
    }
}

static void fill_outcome(struct learner *l, struct outcome *o)
{
    size_t n = l->user.len, listed = n * (size_t)o->tops.k;
    vec_clear(&l->target);
    vec_append(&l->target, o->forward.target, n);
    o->ranks = (struct ranks){
        .user = {l->user.at, n},
        .session = {l->session.at, n},
        .position = {l->position.at, n},
        .target = {l->target.at, n},
        .rank = {l->rank.at, n},
        .ties = {l->ties.at, n},
        .history = {l->history.at, n},
        .length = {l->length.at, n},
        .loss = {l->loss.at, n},
    };
    o->tops.user = o->ranks.user;
    o->tops.session = o->ranks.session;
    o->tops.position = o->ranks.position;
    o->tops.item = (struct column){l->top_item.at, listed};
    o->tops.score = (struct column){l->top_score.at, listed};
    if (!o->forward.intent.state)
        return;
    o->intents = (struct intents){o->ranks.user,
                                  o->ranks.session,
                                  o->ranks.position,
                                  {l->intent_label.at, n},
                                  {l->intent_score.at, n}};
}

void pass_stats_rank(struct pass_stats *t, int32_t rank)
{
    bool hit = rank <= CUTOFF;
    t->hits += hit;
    t->reciprocal += hit ? 1.0 / rank : 0;
}

static void test(struct learner *l, struct outcome *o)
{
    fill_outcome(l, o);
    for (size_t i = 0; i < l->user.len; i++)
        pass_stats_rank(&l->stats, l->rank.at[i]);
}

/* ---- passes ---- */

static bool updates(const struct learner *l)
{
    return l->options.max_steps < 0 || l->steps < l->options.max_steps;
}

static int train_batch(struct learner *l, const struct batch *b, struct outcome *o, struct err *e)
{
    const struct work w = {.batch = b};
    if (b->learn && updates(l))
        return train(l, &w, o, e);
    if (learner_flush(l, e))
        return e->status;
    if (b->learn)
        return rank(l, &w, 0, o, e);
    l->stats.left_out += (int64_t)b->user.len;
    if (l->model->remembers) {
        tape_begin(l->tape, false, 0, 0);
        model_forward_deep(l->model, l->tape, b, &o->forward);
    }
    return 0;
}

static int test_batch(struct learner *l, const struct batch *b, struct outcome *o, struct err *e)
{
    const struct work w = {.batch = b};
    if (learner_flush(l, e) || rank(l, &w, l->options.top, o, e))
        return e->status;
    push_positions(l, b);
    test(l, o);
    return 0;
}

int learner_batch(struct learner *l, const struct batch *b, struct outcome *o, struct err *e)
{
    *o = (struct outcome){0};
    if (l->stats.epoch.part == PART_TRAIN ? train_batch(l, b, o, e) : test_batch(l, b, o, e))
        return e->status;
    if (l->model->remembers && !model_is_absent(l->model, l->tape))
        l->model->class->finish(l->model, l->tape, b);
    l->stats.batches++;
    l->stats.sessions += (int64_t)b->user.len;
    return 0;
}

/* ---- steps of slots ---- */

static struct slot_steps part_of(const struct steps *s, int from, int count)
{
    size_t at = (size_t)from * (size_t)s->slots;
    return (struct slot_steps){.slots = (int32_t)s->slots,
                               .count = count,
                               .item = column_i32(s->item) + at,
                               .target = column_i32(s->target) + at,
                               .user = column_i32(s->user) + at,
                               .session = s->session.at ? column_i32(s->session) + at : NULL,
                               .position = s->position.at ? column_i32(s->position) + at : NULL,
                               .reset = column_u8(s->reset) + at};
}

/* The steps from number `from` on that one update has; count 0: none are left. */
static struct slot_steps update_of(const struct learner *l, const struct steps *s, int from)
{
    int unroll = l->options.unroll > 0 ? l->options.unroll : 1;
    int left = (int)(s->item.len / (size_t)s->slots) - from;
    return part_of(s, from, left < unroll ? left : unroll);
}

static const struct evidence *said_of(const struct learner *l, const struct slot_steps *now,
                                      const struct slot_steps *next)
{
    const struct step_evidence *e = &l->options.evidence;
    return e->make ? e->make(e->of, now, next->count ? next : NULL) : NULL;
}

static int64_t sessions_begun(const unsigned char *reset, size_t n)
{
    int64_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += reset[i] == RESET_SESSION || reset[i] == RESET_USER;
    return count;
}

/* Steps come many at a time: the learning rate falls in between too. */
static void count_done(struct learner *l, const struct slot_steps *s)
{
    size_t n = (size_t)s->count * (size_t)s->slots;
    l->done += l->per_session * (double)sessions_begun(s->reset, n);
    l->done = l->done < 1 ? l->done : 1;
}

/* One update for each `unroll` steps. */
static int train_steps(struct learner *l, const struct steps *s, struct outcome *o, struct err *e)
{
    int status = 0, events = 0, from = 0;
    struct work w = {.steps = update_of(l, s, 0)};
    while (w.steps.count && !status) {
        from += w.steps.count;
        const struct slot_steps next = update_of(l, s, from);
        w.said = said_of(l, &w.steps, &next);
        if (updates(l)) {
            status = train(l, &w, o, e);
        } else {
            status = learner_flush(l, e) ? e->status : rank(l, &w, 0, o, e);
        }
        events += o->events;
        count_done(l, &w.steps);
        w.steps = next;
    }
    o->events = events;
    return status;
}

int learner_steps(struct learner *l, const struct steps *s, struct outcome *o, struct err *e)
{
    *o = (struct outcome){0};
    if (train_steps(l, s, o, e))
        return e->status;
    l->stats.batches++;
    l->stats.sessions += sessions_begun(column_u8(s->reset), s->reset.len);
    return 0;
}

/* ---- checkpoints ---- */

static void stats_state(struct pass_stats *t, struct state *s)
{
    int32_t part = (int32_t)t->epoch.part;
    state_begin(s, "tally");
    state_i64(s, "epoch", &t->epoch.number, 0, INT64_MAX); /* 0: none has begun */
    state_i32(s, "part", &part, PART_NONE, PART_TEST);
    state_i64(s, "batches", &t->batches, 0, INT64_MAX);
    state_i64(s, "sessions", &t->sessions, 0, INT64_MAX);
    state_i64(s, "events", &t->events, 0, INT64_MAX);
    state_i64(s, "left_out", &t->left_out, 0, INT64_MAX);
    state_i64(s, "hits", &t->hits, 0, INT64_MAX);
    state_f64(s, "loss", &t->loss);
    state_f64(s, "reciprocal", &t->reciprocal);
    state_end(s);
    t->epoch.part = (enum part)part;
}

/* The rate of the last update is that of the updates that rows of tables have missed. */
static void rate_state(struct learner *l, struct state *s)
{
    double rate = (double)l->options.optimizer.update.rate;
    state_f64(s, "rate", &rate);
    l->options.optimizer.update.rate = l->model->parameters.update.rate = (float)rate;
}

void learner_state(struct learner *l, struct state *s)
{
    struct model *m = l->model;
    int32_t remembered = (int32_t)l->remembered;
    state_i64(s, "steps", &l->steps, 0, INT64_MAX);
    rate_state(l, s);
    state_i32(s, "remembered", &remembered, PART_NONE, PART_TEST);
    l->remembered = (enum part)remembered;
    stats_state(&l->stats, s);
    parameters_state(&m->parameters, s);
    state_begin(s, "model");
    if (m->class->state)
        m->class->state(m, s);
    state_end(s);
}

/* ---- results of a pass ---- */

struct pass pass_stats_pass(const struct pass_stats *t)
{
    return (struct pass){.epoch = t->epoch,
                         .loss = t->events ? t->loss / (double)t->events : 0,
                         .events = t->events,
                         .left_out = t->left_out};
}

double pass_stats_recall(const struct pass_stats *t)
{
    return t->events ? (double)t->hits / (double)t->events : 0;
}

double pass_stats_mrr(const struct pass_stats *t)
{
    return t->events ? t->reciprocal / (double)t->events : 0;
}
