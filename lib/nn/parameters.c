#include "nn/parameters.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "nn/state.h"
#include "nn/tape.h"

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
    q->offset = p->count;
    p->count += (q->count + 15) / 16 * 16; /* each begins on a cache line */
    vec_push(&p->list, q);
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

static void add_gru(struct parameters *p, struct gru *g, const char *prefix, int in, int state,
                    bool reset_before, const char *direction)
{
    float bound = 1.0f / sqrtf((float)state);
    struct buf name = {0};
    const struct {
        const struct parameter **to;
        const char *suffix;
        int cols; /* 0: a vector */
    } part[] = {{&g->ih, "weight_ih_l0", in},
                {&g->hh, "weight_hh_l0", state},
                {&g->ih_bias, "bias_ih_l0", 0},
                {&g->hh_bias, "bias_hh_l0", 0}};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        buf_clear(&name);
        buf_format(&name, "%s.%s%s", prefix, part[i].suffix, direction);
        buf_byte(&name, 0);
        *part[i].to = part[i].cols ? parameters_add_matrix(p, name.at, 3 * (int64_t)state,
                                                           part[i].cols, bound)
                                   : parameters_add_vector(p, name.at, 3 * (int64_t)state, bound);
    }
    g->reset_before = reset_before;
    buf_release(&name);
}

void parameters_add_gru(struct parameters *p, struct gru *g, const char *prefix, int in, int state,
                        bool reset_before)
{
    add_gru(p, g, prefix, in, state, reset_before, "");
}

void parameters_add_gru_reverse(struct parameters *p, struct gru *g, const char *prefix, int in,
                                int state, bool reset_before)
{
    add_gru(p, g, prefix, in, state, reset_before, "_reverse");
}

/* Uniform in [low, high), a sequence of its own for each parameter; drawn in blocks on the host. */
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

static float *zeros(struct parameters *p)
{
    float *x = p->device->op->alloc(p->device, p->count * sizeof *x);
    p->device->op->fill(p->device, x, 0, p->count);
    return x;
}

void parameters_allocate(struct parameters *p, struct device *d, enum optimizer_kind kind,
                         float momentum, uint64_t seed)
{
    p->device = d;
    p->value = zeros(p);
    p->grad = zeros(p);
    if (kind == OPTIMIZER_ADAM || momentum != 0)
        p->m = zeros(p);
    if (kind != OPTIMIZER_SGD)
        p->v = zeros(p);
    for (size_t i = 0; i < p->list.len; i++) {
        struct parameter *q = p->list.at[i];
        q->value = p->value + q->offset;
        q->grad = p->grad + q->offset;
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

void optimizer_step(struct optimizer *o, struct parameters *p)
{
    const struct operations *op = p->device->op;
    o->update.scale = 1;
    if (o->clip > 0) {
        double norm = sqrt(op->square_sum(p->device, p->grad, p->count));
        if (norm > o->clip)
            o->update.scale = (float)(o->clip / norm);
    }
    op->update(p->device, &o->update, p->count, p->value, p->grad, p->m, p->v);
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
}

void parameters_release(struct parameters *p)
{
    float *flat[] = {p->value, p->grad, p->m, p->v};
    for (size_t i = 0; i < sizeof flat / sizeof *flat; i++)
        if (flat[i])
            p->device->op->release(p->device, flat[i]);
    for (size_t i = 0; i < p->list.len; i++) {
        mem_free(p->list.at[i]->name);
        mem_free(p->list.at[i]);
    }
    vec_release(&p->list);
    *p = (struct parameters){0};
}
