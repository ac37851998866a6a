/* Models at the thesis's shapes that train on generated batches, for measurements of a step. */
#ifndef TESTS_BENCH_RUNNING_H
#define TESTS_BENCH_RUNNING_H

#include <stdio.h>
#include <stdlib.h>

#include "../model_shape.h"
#include "base/mem.h"
#include "base/random.h"
#include "train/learner.h"
#include "nn/device_open.h"

enum { SESSIONS = 100, HISTORY = 15, ACTIVE_MOST = 900, FIRST = 10, LONGEST = 20 };

struct shape {
    const char *name;
    int32_t items;
    int targets; /* of a batch */
    int64_t size;
    double dropout;
    const char *rep; /* of the baseline */
};

static const struct shape lastfm = {"lastfm", 94284, 805, 100, 0.2, "mean"};
static const struct shape reddit = {"reddit", 27452, 300, 50, 0, "last"};

/* ---- batches: users spread over all users, each with one session a day ---- */

struct made {
    int32_t user[ACTIVE_MOST], session[ACTIVE_MOST], length[ACTIVE_MOST], history[ACTIVE_MOST];
    int64_t start[ACTIVE_MOST], history_start[ACTIVE_MOST * HISTORY];
    int32_t delta[ACTIVE_MOST * HISTORY], week[ACTIVE_MOST * HISTORY], past[ACTIVE_MOST * HISTORY];
    int32_t past_length[ACTIVE_MOST * HISTORY];
    i32_vec item, past_item;
    struct batch batch;
};

struct log {
    const struct shape *shape;
    int32_t users, active;
    struct random random;
    int32_t next[ACTIVE_MOST]; /* index of each active user's next session */
    int32_t at;                /* the next user */
};

static inline void push_items(i32_vec *to, struct log *l, int count)
{
    for (int i = 0; i < count; i++)
        vec_push(to, (int32_t)random_below(&l->random, (uint32_t)l->shape->items));
}

/* A random length with the shape's mean. */
static inline int32_t some_length(struct log *l)
{
    uint32_t mean = (uint32_t)(l->shape->targets / SESSIONS + 1);
    return (int32_t)(2 + random_below(&l->random, 2 * mean - 3));
}

static inline void add_history(struct made *m, struct log *l, int i, int *known)
{
    int32_t number = m->session[i];
    m->history[i] = number < HISTORY ? number : HISTORY;
    for (int32_t j = 0; j < m->history[i]; j++) {
        int at = (*known)++;
        m->past[at] = number - m->history[i] + j;
        m->history_start[at] = (int64_t)m->past[at] * 86400;
        m->delta[at] = (number - m->past[at]) * 24 < 168 ? (number - m->past[at]) * 24 : 168;
        m->week[at] = m->past[at] * 24 % 168;
        m->past_length[at] = some_length(l);
        push_items(&m->past_item, l, m->past_length[at]);
    }
}

/* Lengths that add up to the shape's targets, none above LONGEST. */
static inline void share_lengths(struct made *m, struct log *l, int count)
{
    for (int left = l->shape->targets - count; left > 0;) {
        int32_t *length = &m->length[random_below(&l->random, (uint32_t)count)];
        if (*length < LONGEST)
            ++*length, left--;
    }
}

/* A batch of the next sessions of `count` users. */
static inline const struct batch *next_batch(struct made *m, struct log *l, int count, bool learn)
{
    int known = 0;
    size_t n = (size_t)count;
    vec_clear(&m->item);
    vec_clear(&m->past_item);
    for (int i = 0; i < count; i++) {
        int32_t who = l->at++ % l->active;
        m->user[i] = (int32_t)((int64_t)who * l->users / l->active);
        m->session[i] = l->next[who]++;
        m->start[i] = (int64_t)m->session[i] * 86400;
        m->length[i] = 2;
        add_history(m, l, i, &known);
    }
    if (learn)
        share_lengths(m, l, count);
    for (int i = 0; i < count; i++)
        push_items(&m->item, l, m->length[i]);
    size_t past = (size_t)known;
    m->batch = (struct batch){.learn = learn,
                              .user = {m->user, n},
                              .session = {m->session, n},
                              .start = {m->start, n},
                              .length = {m->length, n},
                              .item = {m->item.at, m->item.len},
                              .history = {m->history, n},
                              .history_delta = {m->delta, past},
                              .history_week = {m->week, past},
                              .history_session = {m->past, past},
                              .history_start = {m->history_start, past},
                              .history_length = {m->past_length, past},
                              .history_item = {m->past_item.at, m->past_item.len}};
    return &m->batch;
}

/* ---- models ---- */

struct variant {
    const char *name, *model;
    struct model_shape o; /* the shape gives what is not set */
};

struct running {
    struct device *device;
    struct model_options *options;
    struct model model;
    struct learner learner;
    struct log log;
    struct made made;
};

static inline void bench_fail(const struct err *e)
{
    fprintf(stderr, "%s\n", e->text);
    exit(1);
}

static inline void run_batch(struct running *r, int count, bool learn)
{
    struct err e = {0};
    struct outcome o;
    if (learner_batch(&r->learner, next_batch(&r->made, &r->log, count, learn), &o, &e))
        bench_fail(&e);
}

/* Opens a model that has seen nothing.  Takes ownership of the device. */
static inline struct running *open_new(const struct shape *s, const struct variant *v,
                                       int32_t users, int32_t active, struct device *d)
{
    struct running *r = mem_zero(1, sizeof *r);
    struct train_options t = {.seed = 1, .max_steps = -1};
    struct model_data data = {
        .users = users, .items = s->items, .history = HISTORY, .delta_buckets = 169};
    t.optimizer.update = (struct update){.kind = OPTIMIZER_ADAM, .rate = 0.001f};
    const struct model_class *class = class_named(v->model);
    struct model_shape shape = v->o;
    shape.session_rep = shape.session_rep ? shape.session_rep : s->rep;
    shape.embedding = s->size;
    shape.dropout = s->dropout;
    r->options = options_of_shape(class, &shape);
    r->log = (struct log){.shape = s, .users = users, .active = active, .random = random_of(1, 1)};
    r->device = d;
    model_open(&r->model, class, r->options, &data, r->device);
    parameters_allocate(&r->model.parameters, r->device, OPTIMIZER_ADAM, 0, 1);
    learner_open(&r->learner, &r->model, &t);
    learner_begin(&r->learner, (struct epoch){1, PART_TRAIN});
    return r;
}

/* Opens a model, fills every active user's history and runs FIRST steps. */
static inline struct running *open_running(const struct shape *s, const struct variant *v,
                                           int32_t users, int32_t active, struct device *d)
{
    struct running *r = open_new(s, v, users, active, d);
    for (int i = 0; i < HISTORY; i++)
        run_batch(r, active, false);
    for (int i = 0; i < FIRST; i++)
        run_batch(r, SESSIONS, true);
    return r;
}

/* Floats of the dense parameters and of the tables that a step uses as a whole. */
static inline size_t dense_floats(const struct parameters *p)
{
    size_t n = p->dense;
    for (size_t i = 0; i < p->list.len; i++)
        n += p->list.at[i]->table && p->list.at[i]->grad ? p->list.at[i]->count : 0;
    return n;
}

static inline void close_running(struct running *r)
{
    learner_close(&r->learner);
    model_close(&r->model);
    mem_free(r->options);
    device_close(r->device);
    vec_release(&r->made.item);
    vec_release(&r->made.past_item);
    mem_free(r);
}

#endif
