#include "nn/parameters.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "nn/shards.h"
#include "nn/state.h"

struct parameter *parameters_add(struct parameters *p, const char *name, int dims,
                                 const int64_t *shape, float bound)
{
    struct parameter *q = mem_zero(1, sizeof *q);
    q->name = mem_copy(name, strlen(name));
    q->dims = dims;
    q->count = 1;
    for (int i = 0; i < dims; i++) {
        q->shape[i] = shape[i];
        q->count *= (size_t)shape[i];
    }
    q->cols = (int)shape[dims - 1];
    q->rows = q->cols ? (int)(q->count / (size_t)q->cols) : 0;
    q->low = -bound;
    q->high = bound;
    vec_push(&p->list, q);
    return q;
}

struct parameter *parameters_add_table(struct parameters *p, const char *name, int dims,
                                       const int64_t *shape, float bound)
{
    struct parameter *q = parameters_add(p, name, dims, shape, bound);
    q->table = true;
    return q;
}

struct parameter *parameters_from(struct parameter *p, float value)
{
    p->low = p->high = value;
    return p;
}

struct parameter *parameters_add_items(struct parameters *p, const char *name, int64_t items,
                                       int64_t cols, float bound)
{
    struct parameter *q =
        parameters_add_table(p, name, cols ? 2 : 1, (const int64_t[]){items, cols}, bound);
    q->per_item = true;
    return q;
}

struct parameter *parameters_add_matrix(struct parameters *p, const char *name, int64_t rows,
                                        int64_t cols, float bound)
{
    return parameters_add(p, name, 2, (const int64_t[]){rows, cols}, bound);
}

struct parameter *parameters_add_vector(struct parameters *p, const char *name, int64_t n,
                                        float bound)
{
    return parameters_add(p, name, 1, &n, bound);
}

/* Where the weights of a layer's gates go. */
struct gates {
    const struct parameter **ih, **hh, **ih_bias, **hh_bias;
};

/* A matrix, or with cols 0 a vector; blocks > 0: a table of so many. */
static struct parameter *add_part(struct parameters *p, const char *name, int64_t blocks,
                                  int64_t rows, int64_t cols, float bound)
{
    const int64_t shape[3] = {blocks, rows, cols};
    int dims = cols ? 2 : 1;
    return blocks ? parameters_add_table(p, name, dims + 1, shape, bound)
                  : parameters_add(p, name, dims, shape + 1, bound);
}

/* Declares the weights of one layer's gates under PREFIX, with `gates` rows for each unit of the
 * state; without inputs (in 0) there is no ih.  blocks > 0: tables of so many layers. */
static void add_gates(struct parameters *p, const struct gates *g, const char *prefix,
                      const char *suffix, int gates, int blocks, int in, int state)
{
    float bound = 1.0f / sqrtf((float)state);
    int64_t rows = gates * (int64_t)state;
    struct buf name = {0};
    const struct {
        const struct parameter **to;
        const char *name;
        int cols; /* 0: a vector */
    } part[] = {{g->ih, "weight_ih", in},
                {g->hh, "weight_hh", state},
                {g->ih_bias, "bias_ih", 0},
                {g->hh_bias, "bias_hh", 0}};
    *g->ih = NULL;
    for (size_t i = in ? 0 : 1; i < sizeof part / sizeof *part; i++) {
        buf_clear(&name);
        buf_format(&name, "%s.%s_%s", prefix, part[i].name, suffix);
        buf_byte(&name, 0);
        *part[i].to = add_part(p, name.at, blocks, rows, part[i].cols, bound);
    }
    buf_release(&name);
}

static void add_gru(struct parameters *p, struct gru *g, const char *prefix, const char *suffix,
                    int blocks, int in, int state, bool reset_before)
{
    add_gates(p, &(struct gates){&g->ih, &g->hh, &g->ih_bias, &g->hh_bias}, prefix, suffix, 3,
              blocks, in, state);
    g->reset_before = reset_before;
}

void parameters_add_gru(struct parameters *p, struct gru *g, const char *prefix, int in, int state,
                        bool reset_before)
{
    add_gru(p, g, prefix, "l0", 0, in, state, reset_before);
}

void parameters_add_gru_layer(struct parameters *p, struct gru *g, const char *prefix, int layer,
                              int in, int state, bool reset_before)
{
    char suffix[16];
    snprintf(suffix, sizeof suffix, "l%d", layer);
    add_gru(p, g, prefix, suffix, 0, in, state, reset_before);
}

void parameters_add_grus(struct parameters *p, struct gru *g, int blocks, const char *prefix,
                         bool reverse, int in, int state, bool reset_before)
{
    add_gru(p, g, prefix, reverse ? "l0_reverse" : "l0", blocks, in, state, reset_before);
}

void parameters_add_lstm_layer(struct parameters *p, struct lstm *l, const char *prefix, int layer,
                               int in, int state)
{
    char suffix[16];
    snprintf(suffix, sizeof suffix, "l%d", layer);
    add_gates(p, &(struct gates){&l->ih, &l->hh, &l->ih_bias, &l->hh_bias}, prefix, suffix, 4, 0,
              in, state);
}

/* Draws initial values uniform in [low, high) on the host, in blocks; each parameter has a random
 * sequence of its own. */
static void draw_initial(struct parameters *p, size_t place, uint64_t seed)
{
    enum { BLOCK = 1 << 12, SENT = 1 << 20 }; /* ranks wait for each other at every block */
    struct parameter *q = p->list.at[place];
    struct random random = random_of(seed, place + 1);
    size_t most = q->spreads ? SENT : BLOCK;
    float *block = mem_alloc(most * sizeof *block);
    for (size_t at = 0; at < q->count; at += most) {
        size_t n = q->count - at < most ? q->count - at : most;
        for (size_t i = 0; i < n; i++)
            block[i] = random_between(&random, q->low, q->high);
        p->device->op->upload(p->device, q->value + at, block, n * sizeof *block);
    }
    mem_free(block);
}

/* Dense parameters come first, then tables, then those that are spread. */
static int rank_of(const struct parameter *q)
{
    return q->spreads ? 2 : q->table;
}

/* Each parameter begins on a cache line. */
static void place(struct parameters *p)
{
    p->count = p->blocks = 0;
    for (size_t i = 0; i < p->list.len; i++) {
        struct parameter *q = p->list.at[i];
        q->spreads &= q->owner->device->shards != NULL;
        q->first = p->blocks;
        p->blocks += q->table ? (size_t)q->shape[0] : 0;
    }
    size_t *const end[] = {&p->dense, &p->here, &p->count};
    size_t count = 0;
    for (int rank = 0; rank < 3; rank++) {
        for (size_t i = 0; i < p->list.len; i++) {
            struct parameter *q = p->list.at[i];
            if (rank_of(q) != rank)
                continue;
            q->offset = count;
            count += (q->count + 15) / 16 * 16;
        }
        *end[rank] = count;
    }
}

static void own(struct parameters *p, struct device *d)
{
    p->device = d;
    for (size_t i = 0; i < p->list.len; i++)
        p->list.at[i]->owner = p;
}

static float *spread_zeros(const struct parameters *p, const struct parameter *q)
{
    return shards_zeros(p->device, q->shape[0], (size_t)parameter_block(q) * sizeof *q->value);
}

void parameters_hold(struct parameters *p, struct device *d)
{
    own(p, d);
    place(p);
    p->value = d->op->alloc(d, p->here * sizeof *p->value);
    for (size_t i = 0; i < p->list.len; i++) {
        struct parameter *q = p->list.at[i];
        q->value = q->spreads ? spread_zeros(p, q) : p->value + q->offset;
    }
}

static float *part_of(float *flat, const struct parameter *q)
{
    return flat ? flat + q->offset : NULL;
}

/* Where a parameter's values, state and steps are. */
static void set_memory(struct parameters *p, struct parameter *q)
{
    q->value = part_of(p->value, q);
    q->grad = q->table ? NULL : part_of(p->grad, q);
    q->m = part_of(p->m, q);
    q->v = part_of(p->v, q);
    q->last = q->table ? p->last + q->first : NULL;
}

static void set_spread(struct parameters *p, struct parameter *q)
{
    q->value = spread_zeros(p, q);
    q->m = p->m ? spread_zeros(p, q) : NULL;
    q->v = p->v ? spread_zeros(p, q) : NULL;
    q->last = shards_zeros(p->device, q->shape[0], sizeof *q->last);
}

void parameters_allocate(struct parameters *p, struct device *d, enum optimizer_kind kind,
                         float momentum, uint64_t seed)
{
    own(p, d);
    place(p);
    p->value = device_zeros(d, p->here);
    p->grad = device_zeros(d, p->dense);
    if (kind == OPTIMIZER_ADAM || momentum != 0)
        p->m = device_zeros(d, p->here);
    if (kind != OPTIMIZER_SGD)
        p->v = device_zeros(d, p->here);
    if (p->blocks)
        p->last = (int32_t *)(void *)device_zeros(d, p->blocks); /* all bits of 0.0 are 0 */
    for (size_t i = 0; i < p->list.len; i++) {
        struct parameter *q = p->list.at[i];
        if (q->spreads)
            set_spread(p, q);
        else
            set_memory(p, q);
        draw_initial(p, i, seed);
    }
}

struct parameter *parameter_spread(struct parameter *q)
{
    q->spreads = q->per_item;
    return q;
}

void parameters_download(const struct parameters *p, float *host)
{
    struct device *d = p->device;
    d->op->download(d, host, p->value, p->here * sizeof *host);
    for (size_t i = 0; i < p->list.len; i++) {
        const struct parameter *q = p->list.at[i];
        if (q->spreads)
            d->op->download(d, host + q->offset, q->value, q->count * sizeof *host);
    }
}

double parameters_square_sum(const struct parameters *p)
{
    struct device *d = p->device;
    double sum = d->op->square_sum(d, p->value, p->here);
    for (size_t i = 0; i < p->list.len; i++)
        if (p->list.at[i]->spreads)
            sum += d->op->square_sum(d, p->list.at[i]->value, p->list.at[i]->count);
    return sum;
}

struct parameter *parameters_find(const struct parameters *p, const char *name)
{
    for (size_t i = 0; i < p->list.len; i++)
        if (!strcmp(p->list.at[i]->name, name))
            return p->list.at[i];
    return NULL;
}

/* ---- updates ---- */

float *parameter_gradient(struct parameter *q)
{
    if (!q->grad)
        q->grad = q->spreads ? spread_zeros(q->owner, q) : device_zeros(q->owner->device, q->count);
    return q->grad;
}

void parameter_mark(struct parameter *q)
{
    struct parameters *p = q->owner;
    size_t n = (size_t)q->shape[0];
    if (!q->unmarked)
        return;
    int32_t *host = mem_alloc(n * sizeof *host);
    for (size_t i = 0; i < n; i++)
        host[i] = (int32_t)q->flushed;
    p->device->op->upload(p->device, q->last, host, n * sizeof *host);
    mem_free(host);
    q->unmarked = false;
}

void parameters_lazy_update(struct parameter *q, const struct rows *r)
{
    struct parameters *p = q->owner;
    struct update u = p->update;
    if (q->frozen || q->flushed == u.step++)
        return;
    parameter_mark(q);
    p->device->op->rows_lazy_update(p->device, &u, r, parameter_block(q), q->value, q->m, q->v,
                                    q->last);
}

void parameter_flush(struct parameter *q)
{
    struct device *d = q->owner->device;
    size_t n = (size_t)q->shape[0];
    if (!q->table || q->frozen || q->flushed == q->owner->update.step)
        return;
    int32_t *host = mem_alloc(n * sizeof *host);
    int32_t *row = d->op->alloc(d, n * sizeof *row);
    for (size_t i = 0; i < n; i++)
        host[i] = (int32_t)i;
    d->op->upload(d, row, host, n * sizeof *row);
    parameters_lazy_update(
        q, &(struct rows){.count = (int)n, .at = row, .unique = (int)n, .row = row});
    d->op->release(d, row);
    mem_free(host);
    q->flushed = q->owner->update.step;
}

void parameters_flush(struct parameters *p)
{
    for (size_t i = 0; i < p->list.len; i++)
        parameter_flush(p->list.at[i]);
}

void parameters_flat_state(const struct parameters *p, struct state *s, const char *name,
                           float *flat)
{
    state_begin(s, name);
    for (size_t i = 0; i < p->list.len; i++) {
        const struct parameter *q = p->list.at[i];
        state_floats(s, q->name, q->dims, q->shape, NULL, flat + q->offset);
    }
    state_end(s);
}

/* Lists one of the device's arrays of each parameter: values, m or v. */
static void list_state(const struct parameters *p, struct state *s, const char *name,
                       float *(*array)(const struct parameter *q))
{
    state_begin(s, name);
    for (size_t i = 0; i < p->list.len; i++) {
        const struct parameter *q = p->list.at[i];
        state_floats(s, q->name, q->dims, q->shape, p->device, array(q));
    }
    state_end(s);
}

static float *value_of(const struct parameter *q)
{
    return q->value;
}

static float *m_of(const struct parameter *q)
{
    return q->m;
}

static float *v_of(const struct parameter *q)
{
    return q->v;
}

/* Copies the steps of spread tables to or from their places among those of all tables. */
static void copy_steps(const struct parameters *p, bool back)
{
    struct device *d = p->device;
    for (size_t i = 0; i < p->list.len; i++) {
        const struct parameter *q = p->list.at[i];
        size_t bytes = q->spreads ? (size_t)q->shape[0] * sizeof *q->last : 0;
        if (!bytes)
            continue;
        int32_t *among = p->last + q->first, *host = mem_alloc(bytes);
        d->op->download(d, host, back ? among : q->last, bytes);
        d->op->upload(d, back ? q->last : among, host, bytes);
        mem_free(host);
    }
}

static void steps_state(const struct parameters *p, struct state *s)
{
    copy_steps(p, false);
    state_ints(s, "brought_to", (int64_t)p->blocks, p->device, p->last);
    copy_steps(p, true);
}

void parameters_state(struct parameters *p, struct state *s)
{
    list_state(p, s, "weights", value_of);
    if (p->m)
        list_state(p, s, "first_moment", m_of);
    if (p->v)
        list_state(p, s, "second_moment", v_of);
    if (p->blocks) {
        for (size_t i = 0; i < p->list.len; i++)
            parameter_mark(p->list.at[i]);
        steps_state(p, s);
        state_i64(s, "last_step", &p->update.step, 0, INT32_MAX);
        for (size_t i = 0; i < p->list.len; i++)
            p->list.at[i]->flushed = -1; /* restored values may be at any step */
    }
}

static void release_spread(struct device *d, const struct parameter *q)
{
    void *const array[] = {q->value, q->m, q->v, q->last};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        if (array[i])
            d->op->release(d, array[i]);
}

void parameters_release(struct parameters *p)
{
    float *flat[] = {p->value, p->grad, p->m, p->v};
    for (size_t i = 0; i < sizeof flat / sizeof *flat; i++)
        if (flat[i])
            p->device->op->release(p->device, flat[i]);
    if (p->last)
        p->device->op->release(p->device, p->last);
    for (size_t i = 0; i < p->list.len; i++) {
        struct parameter *q = p->list.at[i];
        if (q->table && q->grad)
            p->device->op->release(p->device, q->grad);
        if (q->spreads)
            release_spread(p->device, q);
        mem_free(q->name);
        mem_free(q);
    }
    vec_release(&p->list);
    *p = (struct parameters){0};
}
