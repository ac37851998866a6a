#include "nn/tape.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* ---- the arenas ---- */

/* Memory that is given out piece by piece and taken back at once.  After a step that needed more
 * than one block, the next begins with a single one of that size: soon nothing is allocated. */
struct arena {
    VEC(char *) blocks;    /* the last one is being given out */
    size_t size, used;     /* of the last block */
    size_t before;         /* bytes in the blocks before it */
    struct device *device; /* NULL: host memory */
};

static char *arena_block(struct arena *a, size_t bytes)
{
    return a->device ? a->device->op->alloc(a->device, bytes) : mem_aligned(bytes);
}

static void arena_release(struct arena *a)
{
    for (size_t i = 0; i < a->blocks.len; i++) {
        if (a->device)
            a->device->op->release(a->device, a->blocks.at[i]);
        else
            mem_free(a->blocks.at[i]);
    }
    vec_clear(&a->blocks);
    a->size = a->used = a->before = 0;
}

static void arena_grow(struct arena *a, size_t bytes)
{
    enum { LEAST = 1 << 16 };
    a->before += a->size;
    a->size = bytes > a->before ? bytes : a->before;
    a->size = a->size > LEAST ? a->size : LEAST;
    a->used = 0;
    vec_push(&a->blocks, arena_block(a, a->size));
}

static void arena_clear(struct arena *a)
{
    size_t all = a->before + a->size;
    if (a->blocks.len > 1) {
        arena_release(a);
        arena_grow(a, all);
    }
    a->used = 0;
}

static void *arena_take(struct arena *a, size_t bytes)
{
    size_t padded = (bytes + 63) / 64 * 64;
    if (!a->blocks.len || padded > a->size - a->used)
        arena_grow(a, padded);
    char *p = a->blocks.at[a->blocks.len - 1] + a->used;
    a->used += padded;
    return p;
}

/* ---- the tape ---- */

/* What is to be run backward; each operation's own struct begins with it. */
struct node {
    void (*back)(struct tape *t, struct node *n);
    struct node *before;
};

struct tape {
    struct device *device;
    const struct operations *op;
    struct arena host, memory;
    struct arena ints[2]; /* in turn: those of this step are sent while the last is computed */
    int turn;
    struct node *last;
    bool training;
    uint64_t seed, step;
    uint32_t dropouts; /* so far in this step */
};

struct tape *tape_new(struct device *d)
{
    struct tape *t = mem_zero(1, sizeof *t);
    t->device = t->memory.device = t->ints[0].device = t->ints[1].device = d;
    t->op = d->op;
    return t;
}

void tape_free(struct tape *t)
{
    if (!t)
        return;
    struct arena *arenas[] = {&t->host, &t->memory, &t->ints[0], &t->ints[1]};
    for (size_t i = 0; i < sizeof arenas / sizeof *arenas; i++) {
        arena_release(arenas[i]);
        vec_release(&arenas[i]->blocks);
    }
    mem_free(t);
}

void tape_begin(struct tape *t, bool training, uint64_t seed, uint64_t step)
{
    arena_clear(&t->host);
    arena_clear(&t->memory);
    t->op->step(t->device);
    t->turn ^= 1;
    arena_clear(&t->ints[t->turn]);
    t->last = NULL;
    t->training = training;
    t->seed = seed;
    t->step = step;
    t->dropouts = 0;
}

bool tape_training(const struct tape *t)
{
    return t->training;
}

struct device *tape_device(const struct tape *t)
{
    return t->device;
}

void *tape_host(struct tape *t, size_t bytes)
{
    return arena_take(&t->host, bytes);
}

void *tape_memory(struct tape *t, size_t bytes)
{
    return arena_take(&t->memory, bytes);
}

const int32_t *tape_ints(struct tape *t, const int32_t *host, size_t n)
{
    int32_t *to = arena_take(&t->ints[t->turn], n * sizeof *to);
    t->op->send(t->device, to, host, n * sizeof *to);
    return to;
}

static float *floats(struct tape *t, size_t n)
{
    return tape_memory(t, n * sizeof(float));
}

static size_t size_of(const struct tensor *x)
{
    return (size_t)x->rows * (size_t)x->cols;
}

static struct tensor *tensor_of(struct tape *t, float *value, float *grad, int rows, int cols)
{
    struct tensor *x = tape_host(t, sizeof *x);
    *x = (struct tensor){.rows = rows, .cols = cols, .value = value, .grad = grad};
    return x;
}

/* A result; with a gradient of zeros where something is learned through it. */
static struct tensor *result(struct tape *t, int rows, int cols, bool learned)
{
    size_t n = (size_t)rows * (size_t)cols;
    struct tensor *x = tensor_of(t, floats(t, n), NULL, rows, cols);
    if (t->training && learned) {
        x->grad = floats(t, n);
        t->op->fill(t->device, x->grad, 0, n);
    }
    return x;
}

/* Puts a node of `size` bytes on the tape; the caller fills in what follows its head. */
static void *record(struct tape *t, size_t size, void (*back)(struct tape *, struct node *))
{
    struct node *n = tape_host(t, size);
    memset(n, 0, size);
    n->back = back;
    n->before = t->last;
    t->last = n;
    return n;
}

void tape_backward(struct tape *t)
{
    for (struct node *n = t->last; n; n = n->before)
        n->back(t, n);
    t->last = NULL;
}

/* ---- leaves ---- */

struct tensor *tape_parameter(struct tape *t, const struct parameter *p)
{
    return tensor_of(t, p->value, t->training ? p->grad : NULL, p->rows, p->cols);
}

struct tensor *tape_constant(struct tape *t, float *value, int rows, int cols)
{
    return tensor_of(t, value, NULL, rows, cols);
}

/* ---- operations: each forward function with its node and its backward ---- */

struct gather_node {
    struct node node;
    struct tensor *table, *y;
    const struct rows *rows;
};

static void gather_back(struct tape *t, struct node *node)
{
    struct gather_node *n = (struct gather_node *)node;
    t->op->gather_back(t->device, n->rows, n->y->cols, n->y->grad, n->table->grad);
}

struct tensor *tape_gather(struct tape *t, struct tensor *table, const struct rows *r)
{
    struct tensor *y = result(t, r->count, table->cols, table->grad);
    t->op->gather(t->device, r, y->cols, table->value, y->value);
    if (y->grad) {
        struct gather_node *n = record(t, sizeof *n, gather_back);
        n->table = table, n->y = y, n->rows = r;
    }
    return y;
}

struct dropout_node {
    struct node node;
    struct tensor *x, *y;
    struct dropout_key key;
};

static void dropout_back(struct tape *t, struct node *node)
{
    struct dropout_node *n = (struct dropout_node *)node;
    t->op->dropout(t->device, n->key, size_of(n->y), n->y->grad, n->x->grad, true);
}

struct tensor *tape_dropout(struct tape *t, struct tensor *x, float rate)
{
    if (!t->training)
        return x;
    struct dropout_key key = {t->seed, t->step, t->dropouts++, rate};
    if (rate <= 0)
        return x;
    struct tensor *y = result(t, x->rows, x->cols, x->grad);
    t->op->dropout(t->device, key, size_of(x), x->value, y->value, false);
    if (y->grad) {
        struct dropout_node *n = record(t, sizeof *n, dropout_back);
        n->x = x, n->y = y, n->key = key;
    }
    return y;
}

struct concat_node {
    struct node node;
    struct tensor *const *x;
    int count;
    struct tensor *y;
};

static void concat_back(struct tape *t, struct node *node)
{
    struct concat_node *n = (struct concat_node *)node;
    for (int i = 0, at = 0; i < n->count; at += n->x[i++]->cols)
        if (n->x[i]->grad)
            t->op->columns(t->device, n->y->rows, n->x[i]->cols, n->y->grad + at, n->y->cols,
                           n->x[i]->grad, n->x[i]->cols, true);
}

struct tensor *tape_concat(struct tape *t, struct tensor *const *x, int count)
{
    if (count == 1)
        return x[0];
    int cols = 0;
    bool learned = false;
    for (int i = 0; i < count; i++) {
        cols += x[i]->cols;
        learned |= x[i]->grad != NULL;
    }
    struct tensor *y = result(t, x[0]->rows, cols, learned);
    for (int i = 0, at = 0; i < count; at += x[i++]->cols)
        t->op->columns(t->device, y->rows, x[i]->cols, x[i]->value, x[i]->cols, y->value + at, cols,
                       false);
    if (y->grad) {
        struct tensor **kept = tape_host(t, (size_t)count * sizeof *kept);
        memcpy(kept, x, (size_t)count * sizeof *kept);
        struct concat_node *n = record(t, sizeof *n, concat_back);
        n->x = kept, n->count = count, n->y = y;
    }
    return y;
}

struct mean_node {
    struct node node;
    struct tensor *x, *y;
    const struct ragged *ragged;
};

static void mean_back(struct tape *t, struct node *node)
{
    struct mean_node *n = (struct mean_node *)node;
    t->op->mean_back(t->device, n->ragged, n->y->cols, n->y->grad, n->x->grad);
}

struct tensor *tape_mean(struct tape *t, struct tensor *x, const struct ragged *r)
{
    struct tensor *y = result(t, r->count, x->cols, x->grad);
    t->op->mean(t->device, r, x->cols, x->value, y->value);
    if (y->grad) {
        struct mean_node *n = record(t, sizeof *n, mean_back);
        n->x = x, n->y = y, n->ragged = r;
    }
    return y;
}

struct linear_node {
    struct node node;
    struct tensor *x, *w, *b, *y;
};

static void linear_back(struct tape *t, struct node *node)
{
    struct linear_node *n = (struct linear_node *)node;
    int rows = n->x->rows, in = n->x->cols, out = n->w->rows;
    if (n->x->grad)
        t->op->gemm(t->device, false, false, rows, in, out, n->y->grad, out, n->w->value, in, 1,
                    n->x->grad, in);
    if (n->w->grad)
        t->op->gemm(t->device, true, false, out, in, rows, n->y->grad, out, n->x->value, in, 1,
                    n->w->grad, in);
    if (n->b && n->b->grad)
        t->op->bias_back(t->device, rows, out, n->y->grad, n->b->grad);
}

struct tensor *tape_linear(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b)
{
    int rows = x->rows, in = x->cols, out = w->rows;
    struct tensor *y = result(t, rows, out, x->grad || w->grad || (b && b->grad));
    t->op->gemm(t->device, false, true, rows, out, in, x->value, in, w->value, in, 0, y->value,
                out);
    if (b)
        t->op->bias(t->device, rows, out, b->value, y->value);
    if (y->grad) {
        struct linear_node *n = record(t, sizeof *n, linear_back);
        n->x = x, n->w = w, n->b = b, n->y = y;
    }
    return y;
}

struct gru_node {
    struct node node;
    struct tensor *x, *h0, *h;
    const struct ragged *ragged;
    struct gru_weights weights;
    struct gru_grads grads;
    float *kept;
};

static void gru_back(struct tape *t, struct node *node)
{
    struct gru_node *n = (struct gru_node *)node;
    t->op->gru_back(t->device, n->ragged, &n->weights, n->x->value, n->h0 ? n->h0->value : NULL,
                    n->h->value, n->kept, n->h->grad, n->x->grad, n->h0 ? n->h0->grad : NULL,
                    &n->grads);
}

struct tensor *tape_gru(struct tape *t, const struct gru *g, struct tensor *x, struct tensor *h0,
                        const struct ragged *r)
{
    int state = g->hh->cols;
    struct tensor *h = result(t, r->total, state, true);
    struct gru_weights w = {x->cols,          state,        g->reset_before,
                            g->ih->value,     g->hh->value, g->ih_bias->value,
                            g->hh_bias->value};
    float *kept = floats(t, (size_t)r->total * 4 * (size_t)state);
    t->op->gru(t->device, r, &w, x->value, h0 ? h0->value : NULL, h->value, kept);
    if (h->grad) {
        struct gru_node *n = record(t, sizeof *n, gru_back);
        n->x = x, n->h0 = h0, n->h = h, n->ragged = r, n->weights = w, n->kept = kept;
        n->grads = (struct gru_grads){g->ih->grad, g->hh->grad, g->ih_bias->grad, g->hh_bias->grad};
    }
    return h;
}

struct attend_node {
    struct node node;
    struct tensor *key, *scale, *value, *y;
    const struct ragged *ragged;
    float *tanh, *weight;
};

static void attend_back(struct tape *t, struct node *node)
{
    struct attend_node *n = (struct attend_node *)node;
    t->op->attend_back(t->device, n->ragged, NULL, n->key->cols, n->value->cols, n->tanh,
                       n->scale->value, n->value->value, n->weight, n->y->grad, n->key->grad,
                       n->scale->grad, n->value->grad);
}

struct tensor *tape_attend(struct tape *t, struct tensor *key, struct tensor *scale,
                           struct tensor *value, const struct ragged *r, float **weight)
{
    struct tensor *y = result(t, r->count, value->cols, key->grad || scale->grad || value->grad);
    float *tanh = floats(t, size_of(key)), *own = floats(t, (size_t)r->total);
    t->op->copy(t->device, tanh, key->value, size_of(key));
    t->op->attend(t->device, r, NULL, key->cols, value->cols, tanh, scale->value, value->value, own,
                  y->value);
    if (y->grad) {
        struct attend_node *n = record(t, sizeof *n, attend_back);
        n->key = key, n->scale = scale, n->value = value, n->y = y, n->ragged = r;
        n->tanh = tanh, n->weight = own;
    }
    if (weight)
        *weight = own;
    return y;
}

/* The gradients stand where they belong after the forward walk: nothing is left for backward. */
float *tape_output_loss(struct tape *t, struct tensor *state, struct tensor *weight,
                        struct tensor *bias, const int32_t *target)
{
    struct output o = {.targets = state->rows,
                       .width = state->cols,
                       .items = weight->rows,
                       .state = state->value,
                       .weight = weight->value,
                       .bias = bias->value,
                       .target = target};
    float *loss = floats(t, (size_t)state->rows);
    t->op->output_loss(t->device, &o, loss, state->grad, weight->grad, bias->grad);
    return loss;
}
