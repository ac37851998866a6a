#include "nn/parameters.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
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
    enum { BLOCK = 1 << 12 };
    struct parameter *q = p->list.at[place];
    struct random random = random_of(seed, place + 1);
    float block[BLOCK];
    for (size_t at = 0; at < q->count; at += BLOCK) {
        size_t n = q->count - at < BLOCK ? q->count - at : BLOCK;
        for (size_t i = 0; i < n; i++)
            block[i] = random_between(&random, q->low, q->high);
        p->device->op->upload(p->device, q->value + at, block, n * sizeof *block);
    }
}

/* Places dense parameters first, then tables; each begins on a cache line. */
static void place(struct parameters *p)
{
    p->count = p->blocks = 0;
    for (int tables = 0; tables < 2; tables++) {
        for (size_t i = 0; i < p->list.len; i++) {
            struct parameter *q = p->list.at[i];
            if (q->table != tables)
                continue;
            q->owner = p;
            q->offset = p->count;
            p->count += (q->count + 15) / 16 * 16;
            q->first = p->blocks;
            p->blocks += q->table ? (size_t)q->shape[0] : 0;
        }
        p->dense = tables ? p->dense : p->count;
    }
}

void parameters_hold(struct parameters *p, struct device *d)
{
    p->device = d;
    place(p);
    p->value = d->op->alloc(d, p->count * sizeof *p->value);
    for (size_t i = 0; i < p->list.len; i++)
        p->list.at[i]->value = p->value + p->list.at[i]->offset;
}

void parameters_allocate(struct parameters *p, struct device *d, enum optimizer_kind kind,
                         float momentum, uint64_t seed)
{
    p->device = d;
    place(p);
    p->value = device_zeros(d, p->count);
    p->grad = device_zeros(d, p->dense);
    if (kind == OPTIMIZER_ADAM || momentum != 0)
        p->m = device_zeros(d, p->count);
    if (kind != OPTIMIZER_SGD)
        p->v = device_zeros(d, p->count);
    if (p->blocks)
        p->last = (int32_t *)(void *)device_zeros(d, p->blocks); /* all bits of 0.0 are 0 */
    for (size_t i = 0; i < p->list.len; i++) {
        struct parameter *q = p->list.at[i];
        q->value = p->value + q->offset;
        q->grad = q->table ? NULL : p->grad + q->offset;
        draw_initial(p, i, seed);
    }
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
        q->grad = device_zeros(q->owner->device, q->count);
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
    p->device->op->upload(p->device, p->last + q->first, host, n * sizeof *host);
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
    p->device->op->rows_lazy_update(p->device, &u, r, parameter_block(q), q->value,
                                    parameter_state(p->m, q), parameter_state(p->v, q),
                                    p->last + q->first);
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
                           struct device *d, float *flat)
{
    state_begin(s, name);
    for (size_t i = 0; i < p->list.len; i++) {
        const struct parameter *q = p->list.at[i];
        state_floats(s, q->name, q->dims, q->shape, d, flat + q->offset);
    }
    state_end(s);
}

void parameters_state(struct parameters *p, struct state *s)
{
    parameters_flat_state(p, s, "weights", p->device, p->value);
    if (p->m)
        parameters_flat_state(p, s, "first_moment", p->device, p->m);
    if (p->v)
        parameters_flat_state(p, s, "second_moment", p->device, p->v);
    if (p->blocks) {
        for (size_t i = 0; i < p->list.len; i++)
            parameter_mark(p->list.at[i]);
        state_ints(s, "brought_to", (int64_t)p->blocks, p->device, p->last);
        state_i64(s, "last_step", &p->update.step, 0, INT32_MAX);
        for (size_t i = 0; i < p->list.len; i++)
            p->list.at[i]->flushed = -1; /* restored values may be at any step */
    }
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
        mem_free(q->name);
        mem_free(q);
    }
    vec_release(&p->list);
    *p = (struct parameters){0};
}
