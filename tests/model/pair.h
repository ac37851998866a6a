/* A model with its reference: batches of random sessions, losses and gradients of both. */
#ifndef TESTS_MODEL_PAIR_H
#define TESTS_MODEL_PAIR_H

#include "train/learner.h"

#include "../model_shape.h"
#include "reference.h"
#include "../device.h"
#include "../tap.h"

/* ---- batches of random sessions, with histories as a batcher gives them ---- */

enum { PAIR_ITEMS = 31, PAIR_BUCKETS = 5, PAIR_BATCHES = 5, PAIR_SLOTS = 3 };

struct made {
    i32_vec user, session, length, item, history, delta, week, of_session, of_length, of_item;
    i64_vec start, of_start;
    struct batch batch;
};

static struct random drawn, held; /* held: what the earlier sessions hold */

/* The first session of a user, of random items. */
static inline void add_first_session(struct made *m, int user, int length)
{
    vec_push(&m->user, user);
    vec_push(&m->session, 0);
    vec_push(&m->start, 1000);
    vec_push(&m->length, length);
    vec_push(&m->history, 0);
    for (int i = 0; i < length; i++)
        vec_push(&m->item, (int32_t)random_below(&drawn, PAIR_ITEMS));
}

static inline void add_session(struct made *m, int user, int session)
{
    int length = 2 + (int)random_below(&drawn, 5);
    int from = session > REF_HISTORY ? session - REF_HISTORY : 0;
    vec_push(&m->user, user);
    vec_push(&m->session, session);
    vec_push(&m->start, 1000 + 50000 * session);
    vec_push(&m->length, length);
    for (int i = 0; i < length; i++)
        vec_push(&m->item, (int32_t)random_below(&drawn, PAIR_ITEMS));
    vec_push(&m->history, session - from);
    for (int s = from; s < session; s++) {
        vec_push(&m->of_session, s);
        vec_push(&m->of_start, 1000 + 50000 * s + (int32_t)random_below(&held, 40000));
        vec_push(&m->delta, (int32_t)random_below(&drawn, PAIR_BUCKETS));
        vec_push(&m->week, (int32_t)random_below(&drawn, WEEK_HOURS));
        vec_push(&m->of_length, 1 + (int32_t)random_below(&held, 6));
        for (int i = 0; i < m->of_length.at[m->of_length.len - 1]; i++)
            vec_push(&m->of_item, (int32_t)random_below(&held, PAIR_ITEMS));
    }
}

static inline void close_batch(struct made *m)
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
                              .history_start = COLUMN(m->of_start),
                              .history_length = COLUMN(m->of_length),
                              .history_item = COLUMN(m->of_item)};
#undef COLUMN
}

static inline void made_release(struct made *m)
{
    i32_vec *ints[] = {&m->user,  &m->session, &m->length,     &m->item,      &m->history,
                       &m->delta, &m->week,    &m->of_session, &m->of_length, &m->of_item};
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        vec_release(ints[i]);
    vec_release(&m->start);
    vec_release(&m->of_start);
}

/* The number of sessions that batch b begins from, of a user: user 1 comes late, of user 2 the
 * stream leaves sessions out, user 5 comes only in the last batch. */
static inline void make_batches(struct made made[PAIR_BATCHES])
{
    drawn = random_of(5, 7);
    held = random_of(5, 8);
    memset(made, 0, PAIR_BATCHES * sizeof *made);
    for (int b = 0; b < PAIR_BATCHES; b++) {
        for (int user = 0; user < REF_USERS; user++)
            if ((user != 1 || b > 1) && (user != 5 || b == PAIR_BATCHES - 1))
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
    struct model_shape shape;
    struct model_options *options;
};

static inline void load_reference(struct pair *p)
{
    const struct parameters *q = &p->model.parameters;
    float *w = mem_alloc(q->count * sizeof *w);
    p->device->op->download(p->device, w, q->value, q->count * sizeof *w);
    for (size_t i = 0; i < q->count; i++)
        p->reference.w[i] = (double)w[i];
    mem_free(w);
}

/* The blocks of per-user weights, for pair_open: 0: one a user. */
static int pair_groups;
static const int32_t *pair_group;         /* [REF_USERS] */
static const int32_t *pair_context_codes; /* of the contexts of the options */
static const int32_t *pair_count;         /* [PAIR_ITEMS] of events in training; NULL: not known */

static inline void pair_open_class(struct pair *p, const struct model_class *class,
                                   const struct model_shape *shape)
{
    struct model_data data = {.users = REF_USERS,
                              .items = PAIR_ITEMS,
                              .history = REF_HISTORY,
                              .delta_buckets = PAIR_BUCKETS,
                              .groups = pair_groups,
                              .group = pair_group,
                              .slots = class->steps ? PAIR_SLOTS : 0,
                              .count = pair_count,
                              .context_codes = pair_context_codes};
    struct train_options options = {
        .seed = 11,
        .max_steps = -1,
        .top = 1,
        .optimizer = {.update = {.kind = OPTIMIZER_SGD, .scale = 1}}}; /* rate 0: nothing moves */
    *p = (struct pair){.shape = *shape, .options = options_of_shape(class, shape)};
    p->device = test_device(&(struct device_options){.threads = 2});
    model_open(&p->model, class, p->options, &data, p->device);
    parameters_allocate(&p->model.parameters, p->device, OPTIMIZER_SGD, 0, 3);
    learner_open(&p->learner, &p->model, &options);
    p->reference = (struct reference){.parameters = &p->model.parameters,
                                      .options = &p->shape,
                                      .group = pair_group,
                                      .hierarchical = !strcmp(class->name, "hierarchical"),
                                      .size = (int)shape->embedding,
                                      .items = PAIR_ITEMS,
                                      .buckets = PAIR_BUCKETS,
                                      .rate = shape->dropout,
                                      .seed = options.seed};
    p->reference.w = mem_alloc(p->model.parameters.count * sizeof(double));
    ref_bind(&p->reference);
    load_reference(p);
}

static inline void pair_open(struct pair *p, const char *model, const struct model_shape *shape)
{
    pair_open_class(p, class_named(model), shape);
}

static inline void pair_close(struct pair *p)
{
    mem_free(p->reference.w);
    learner_close(&p->learner);
    model_close(&p->model);
    mem_free(p->options);
    device_close(p->device);
}

/* The mean loss of the next batch; infinite: none. */
static inline double batch_loss(struct pair *p, const struct batch *b)
{
    struct outcome o;
    struct err e;
    double before = p->learner.stats.loss;
    if (learner_batch(&p->learner, b, &o, &e) || !o.events || learner_flush(&p->learner, &e))
        return INFINITY;
    return (p->learner.stats.loss - before) / o.events;
}

/* The largest difference of mean losses between model and reference over the batches. */
static inline double loss_difference(struct pair *p, struct made *made, int count)
{
    double worst = 0;
    for (int b = 0; b < count; b++) {
        p->reference.step = (uint64_t)p->learner.steps + 1;
        double expected = ref_batch(&p->reference, &made[b].batch, true);
        worst = fmax(worst, fabs(batch_loss(p, &made[b].batch) - expected));
    }
    return worst;
}

/* ---- gradients ---- */

static inline struct forward run_forward(struct pair *p, const struct batch *b, uint64_t step)
{
    struct forward f;
    tape_begin(p->learner.tape, true, p->reference.seed, step);
    model_forward_deep(&p->model, p->learner.tape, b, &f);
    if (b->evidence)
        model_add_wide(&p->model, p->learner.tape, b, &f);
    return f;
}

/* Gradients of the batch's mean loss, added to those that are there. */
static inline void add_gradients(struct pair *p, const struct batch *b, uint64_t step)
{
    struct forward f = run_forward(p, b, step);
    if (f.aim)
        tape_cosine_loss(p->learner.tape, f.state, f.aim);
    else
        tape_output_loss(p->learner.tape, f.state, model_output(&p->model, p->learner.tape, &f),
                         model_output_bias(p->learner.tape, &f), &f.add,
                         tape_ints(p->learner.tape, f.target, (size_t)f.targets));
    model_intent_loss(p->learner.tape, &f);
    tape_backward(p->learner.tape);
}

static inline double numeric(struct reference *r, const struct batch *b, size_t i)
{
    double was = r->w[i], step = 1e-5;
    r->w[i] = was + step;
    double above = ref_batch(r, b, false);
    r->w[i] = was - step;
    double below = ref_batch(r, b, false);
    r->w[i] = was;
    return (above - below) / (2 * step);
}

/* Sets the gradients of dense parameters and of whole tables to 0. */
static inline void clear_gradients(struct pair *p)
{
    const struct parameters *q = &p->model.parameters;
    const struct operations *op = p->device->op;
    op->fill(p->device, q->grad, 0, q->dense);
    for (size_t i = 0; i < q->list.len; i++)
        if (q->list.at[i]->table && q->list.at[i]->grad)
            op->fill(p->device, q->list.at[i]->grad, 0, q->list.at[i]->count);
}

/* Downloads the gradient of what the step used of a table. */
static inline void table_gradient(struct device *d, const struct table_use *use, float *to)
{
    size_t block = (size_t)parameter_block(use->parameter);
    if (!use->rows)
        d->op->download(d, to, use->parameter->grad, use->parameter->count * sizeof *to);
    for (int u = 0; use->rows && u < use->rows->unique; u++) {
        int32_t row;
        d->op->download(d, &row, use->rows->row + u, sizeof row);
        d->op->download(d, to + (size_t)row * block, use->tensor->grad + (size_t)u * block,
                        block * sizeof *to);
    }
}

/* Those of the dense parameters, and behind them those of the tables that the step used; to be
 * freed. */
static inline float *all_gradients(struct pair *p)
{
    const struct parameters *q = &p->model.parameters;
    float *g = mem_zero(q->count, sizeof *g);
    p->device->op->download(p->device, g, q->grad, q->dense * sizeof *g);
    for (const struct table_use *use = tape_table_uses(p->learner.tape); use; use = use->before)
        table_gradient(p->device, use, g + use->parameter->offset);
    return g;
}

/* How many parameters have no gradient at all. */
static inline int without_gradient(const struct parameters *q, const float *g)
{
    int none = 0;
    for (size_t n = 0; n < q->list.len; n++) {
        const struct parameter *x = q->list.at[n];
        double largest = 0;
        for (size_t i = 0; i < x->count; i++)
            largest = fmax(largest, fabs((double)g[x->offset + i]));
        none += largest == 0;
    }
    return none;
}

/* Every `stride`-th weight of each parameter; *none counts parameters without any gradient. */
static inline double gradient_difference(struct pair *p, const struct batch *b, size_t stride,
                                         int *none)
{
    const struct parameters *q = &p->model.parameters;
    double worst = 0;
    clear_gradients(p);
    p->reference.step = 9;
    add_gradients(p, b, 9);
    float *g = all_gradients(p);
    *none = without_gradient(q, g);
    for (size_t n = 0; n < q->list.len; n++) {
        const struct parameter *x = q->list.at[n];
        for (size_t i = 0; i < x->count; i += stride) {
            double expected = numeric(&p->reference, b, x->offset + i);
            worst = fmax(worst, fabs((double)g[x->offset + i] - expected));
        }
    }
    mem_free(g);
    return worst;
}

/* Losses of all batches but the last and gradients of that one; says what it looked at. */
static inline void check_form(const char *model, const struct model_shape *shape)
{
    struct made made[PAIR_BATCHES];
    struct pair p;
    int none;
    make_batches(made);
    pair_open(&p, model, shape);
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    double losses = loss_difference(&p, made, PAIR_BATCHES - 1);
    double slopes = gradient_difference(&p, &made[PAIR_BATCHES - 1].batch,
                                        shape->embedding > 10 ? 61 : 4, &none);
    tap_ok(losses < 1e-6 && slopes < 2e-7 && none == 0,
           "%s%s%s%s%s%s%s%s%s%s%s%s%s, %s, size %d, dropout %g: losses to %.1e, gradients to %.1e",
           shape->decoder ? "tied, " : "", shape->session_rep, shape->user_rep ? ", user " : "",
           shape->user_rep ? shape->user_rep : "", shape->inter ? ", inter " : "",
           shape->inter ? shape->inter : "", shape->intra ? ", intra " : "",
           shape->intra ? shape->intra : "", shape->attend_to ? ", attends to " : "",
           shape->attend_to ? shape->attend_to : "", shape->bidirectional ? ", both ways" : "",
           shape->per_user ? ", per user " : "", shape->per_user ? shape->per_user : "", shape->gru,
           (int)shape->embedding, shape->dropout, losses, slopes);
    pair_close(&p);
    for (int b = 0; b < PAIR_BATCHES; b++)
        made_release(&made[b]);
}

/* ---- weights of each user's own ---- */

/* Gives `to` the weights of `from`, which has one set for all: every block of its tables. */
static inline void copy_weights(struct pair *to, const struct pair *from)
{
    struct device *d = to->device;
    for (size_t i = 0; i < to->model.parameters.list.len; i++) {
        const struct parameter *p = to->model.parameters.list.at[i];
        const struct parameter *q = parameters_find(&from->model.parameters, p->name);
        for (size_t at = 0; at < p->count; at += q->count)
            d->op->copy(d, p->value + at, q->value, q->count);
    }
}

/* The same losses as the model with one set for all: with weights that are tied, where nothing is
 * learned; with a single block that all users share, through steps of gradient descent. */
static inline void check_tied(const char *model, const struct model_shape *shape, bool shared)
{
    static const int32_t one[REF_USERS];
    struct made made[PAIR_BATCHES];
    struct pair own, all;
    struct model_shape global = *shape;
    double worst = 0, moved = 0, first = 0;
    global.per_user = global.cluster_encoders = NULL;
    make_batches(made);
    pair_open(&all, model, &global);
    pair_groups = shared, pair_group = shared ? one : NULL;
    pair_open(&own, model, shape);
    pair_groups = 0, pair_group = NULL;
    copy_weights(&own, &all);
    for (int round = 0; round < 4; round++) {
        struct pair *pair[2] = {&all, &own};
        for (int i = 0; i < 2; i++) {
            learner_begin(&pair[i]->learner, (struct epoch){round + 1, PART_TRAIN});
            pair[i]->learner.rate = shared ? 0.5f : 0;
        }
        for (int b = 0; b < PAIR_BATCHES; b++) {
            double loss[2] = {0, 1};
            for (int i = 0; i < 2; i++)
                loss[i] = batch_loss(pair[i], &made[b].batch);
            worst = fmax(worst, fabs(loss[0] - loss[1]));
            first = round || b ? first : loss[0];
            moved = fmax(moved, fabs(loss[0] - first));
        }
    }
    tap_ok(worst < 2e-5 && moved > 0.05, "%s, per user %s: %s equal one set for all, to %.1e",
           model, shape->per_user ? shape->per_user : shape->cluster_encoders,
           shared ? "weights that all users share" : "tied weights", worst);
    pair_close(&own);
    pair_close(&all);
    for (int b = 0; b < PAIR_BATCHES; b++)
        made_release(&made[b]);
}

/* A form of the model with users in three clusters. */
static inline void check_clusters(const char *model, const struct model_shape *shape)
{
    static const int32_t cluster[REF_USERS] = {0, 2, 1, 0, 2, 2};
    pair_groups = 3, pair_group = cluster;
    check_form(model, shape);
    pair_groups = 0, pair_group = NULL;
}

/* ---- gradients against differences of a reference ---- */

/* The loss of a batch by the equations; `form` is the test's own. */
typedef double reference_loss(const struct reference *r, const void *form, const struct batch *b);

static inline double reference_slope(struct reference *r, reference_loss *loss, const void *form,
                                     const struct batch *b, size_t i)
{
    double was = r->w[i], step = 1e-5;
    r->w[i] = was + step;
    double above = loss(r, form, b);
    r->w[i] = was - step;
    double below = loss(r, form, b);
    r->w[i] = was;
    return (above - below) / (2 * step);
}

/* The largest difference of every `step`-th gradient of each parameter from its slope. */
static inline double gradients_apart(struct pair *p, reference_loss *loss, const void *form,
                                     const struct batch *b, size_t step)
{
    const struct parameters *q = &p->model.parameters;
    double worst = 0;
    clear_gradients(p);
    add_gradients(p, b, 9);
    float *g = all_gradients(p);
    for (size_t n = 0; n < q->list.len; n++)
        for (size_t i = 0; i < q->list.at[n]->count; i += step) {
            size_t at = q->list.at[n]->offset + i;
            double wanted = reference_slope(&p->reference, loss, form, b, at);
            worst = fmax(worst, fabs((double)g[at] - wanted) / (1 + fabs(wanted)));
        }
    mem_free(g);
    return worst;
}

#endif
