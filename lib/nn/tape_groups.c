/* The tape's tables of blocks and rows, grouped products, perceptrons and attention. */
#include "nn/tape_nodes.h"

/* ---- tables ---- */

/* Whether the numbers are all different and in ascending order. */
static bool ascend(const int32_t *host, int count)
{
    for (int i = 1; i < count; i++)
        if (host[i] <= host[i - 1])
            return false;
    return true;
}

struct planned_rows tape_plan_rows(struct tape *t, const struct parameter *p, const int32_t *host,
                                   int count)
{
    struct planned_rows r = {0};
    if (p->table && t->training && !ascend(host, count))
        r.place = tape_groups(t, host, count, &r.rows);
    else
        r.rows = tape_rows(t, host, count);
    return r;
}

struct tensor *tape_planned_rows(struct tape *t, const struct parameter *p,
                                 const struct planned_rows *r)
{
    int width = parameter_block(p);
    if (p->table && t->training) {
        struct tensor *table = tape_blocks(t, p, r->rows);
        struct tensor *x = tape_tensor(t, table->value, table->grad, r->rows->unique, width);
        return r->place ? tape_gather(t, x, r->place) : x;
    }
    if (p->table) /* only these rows: a batch outside training may come between two updates */
        parameters_lazy_update((struct parameter *)p, r->rows);
    if (p->spreads) { /* a copy, which any operation may read */
        struct tensor *x = tape_result(t, r->rows->count, width, false);
        t->op->gather(t->device, r->rows, width, p->value, x->value);
        return x;
    }
    return tape_gather(
        t, tape_tensor(t, p->value, t->training ? p->grad : NULL, (int)p->shape[0], width),
        r->rows);
}

/* Whether nothing asks which of the rows are equal: no gradient, no lazy update, no product of the
 * table before its rows are taken (tape_gru). */
static bool only_read(const struct tape *t, const struct parameter *p, int count)
{
    return !t->training && (!p->table || p->frozen) && p->shape[0] > count && !t->device->shards;
}

struct tensor *tape_rows_of(struct tape *t, const struct parameter *p, const int32_t *host,
                            int count)
{
    if (only_read(t, p, count)) {
        struct rows read = {.count = count, .at = tape_ints(t, host, (size_t)count)};
        struct tensor *x = tape_result(t, count, parameter_block(p), false);
        t->op->gather(t->device, &read, x->cols, p->value, x->value);
        return x;
    }
    struct planned_rows r = tape_plan_rows(t, p, host, count);
    return tape_planned_rows(t, p, &r);
}

struct tensor *tape_different_rows(struct tape *t, const struct parameter *p, const int32_t *host,
                                   int count, const int32_t **place)
{
    const int32_t *different;
    int unique = tape_places(t, host, count, &different, place);
    if (!p->table)
        return tape_rows_of(t, p, different, unique);
    struct tensor *table = tape_blocks(t, p, tape_rows(t, different, unique));
    return tape_tensor(t, table->value, table->grad, unique, parameter_block(p));
}

/* ---- grouped products ---- */

struct group_linear_node {
    struct node node;
    struct tensor *x, *w, *b, *y;
    int from;
    const struct ragged *ragged;
    const struct rows *group;
    const float *ones; /* [total] */
};

static void group_linear_back(struct tape *t, struct node *node)
{
    struct group_linear_node *n = (struct group_linear_node *)node;
    t->op->group_linear_back(t->device, n->ragged, n->group, n->x->cols, n->y->cols, n->x->value,
                             n->w->value + n->from, n->w->cols, n->y->grad, n->x->grad,
                             n->w->grad ? n->w->grad + n->from : NULL);
    if (n->b && n->b->grad)
        t->op->group_linear_back(t->device, n->ragged, n->group, 1, n->y->cols, n->ones,
                                 n->b->value, 1, n->y->grad, NULL, n->b->grad);
}

/* A bias is a matrix of one column, multiplied by 1. */
struct tensor *tape_group_linear(struct tape *t, struct tensor *x, struct tensor *w, int from,
                                 struct tensor *b, const struct ragged *r, const struct rows *group)
{
    int out = group->unique ? w->rows / group->unique : w->rows;
    struct tensor *y = tape_result(t, r->total, out, x->grad || w->grad || (b && b->grad));
    float *ones = b ? tape_floats(t, (size_t)r->total) : NULL;
    t->op->group_linear(t->device, r, group, x->cols, out, x->value, w->value + from, w->cols,
                        false, y->value);
    if (b) {
        t->op->fill(t->device, ones, 1, (size_t)r->total);
        t->op->group_linear(t->device, r, group, 1, out, ones, b->value, 1, true, y->value);
    }
    if (y->grad) {
        struct group_linear_node *n = tape_record(t, sizeof *n, group_linear_back);
        n->x = x, n->w = w, n->b = b, n->y = y, n->from = from;
        n->ragged = r, n->group = group, n->ones = ones;
    }
    return y;
}

/* ---- a number for each row, by groups ---- */

struct perceptron_node {
    struct node node;
    struct perceptron op;
    struct perceptron_grads grads;
    struct tensor *y;
};

static void perceptron_back(struct tape *t, struct node *node)
{
    struct perceptron_node *n = (struct perceptron_node *)node;
    t->op->perceptron_back(t->device, &n->op, n->y->grad, &n->grads);
}

struct tensor *tape_perceptron(struct tape *t, struct tensor *x, const int32_t *start,
                               struct tensor *weight, struct tensor *offset, struct tensor *score,
                               struct tensor *direct)
{
    struct tensor *y = tape_result(t, x->rows, 1, true);
    struct perceptron op = {.rows = x->rows,
                            .groups = offset->rows,
                            .in = x->cols,
                            .hidden = weight->rows,
                            .start = start,
                            .x = x->value,
                            .weight = weight->value,
                            .offset = offset->value,
                            .score = score->value,
                            .direct = direct->value};
    t->op->perceptron(t->device, &op, y->value);
    if (y->grad) {
        struct perceptron_node *n = tape_record(t, sizeof *n, perceptron_back);
        n->op = op, n->y = y;
        n->grads = (struct perceptron_grads){weight->grad, offset->grad, score->grad, direct->grad};
    }
    return y;
}

/* ---- attention ---- */

struct attend_node {
    struct node node;
    struct tensor *key, *scale, *value, *y;
    const struct ragged *ragged;
    const struct rows *group;
    float *tanh, *weight;
};

static void attend_back(struct tape *t, struct node *node)
{
    struct attend_node *n = (struct attend_node *)node;
    t->op->attend_back(t->device, n->ragged, n->group, n->key->cols, n->value->cols, n->tanh,
                       n->scale->value, n->value->value, n->weight, n->y->grad, n->key->grad,
                       n->scale->grad, n->value->grad);
}

struct tensor *tape_attend(struct tape *t, struct tensor *key, struct tensor *scale,
                           struct tensor *value, const struct ragged *r, const struct rows *group,
                           float **weight)
{
    struct tensor *y =
        tape_result(t, r->count, value->cols, key->grad || scale->grad || value->grad);
    float *tanh = tape_floats(t, tensor_size(key)), *own = tape_floats(t, (size_t)r->total);
    t->op->copy(t->device, tanh, key->value, tensor_size(key));
    t->op->attend(t->device, r, group, key->cols, value->cols, tanh, scale->value, value->value,
                  own, y->value);
    if (y->grad) {
        struct attend_node *n = tape_record(t, sizeof *n, attend_back);
        n->key = key, n->scale = scale, n->value = value, n->y = y, n->ragged = r, n->group = group;
        n->tanh = tanh, n->weight = own;
    }
    if (weight)
        *weight = own;
    return y;
}

/* ---- GRU with attention to a memory ---- */

struct gru_attend_node {
    struct node node;
    struct tensor *x, *h0, *h;
    const struct ragged *ragged;
    struct gru_weights weights;
    struct gru_grads grads;
    struct memory memory;
    struct memory_grads memory_grads;
    float *kept, *context, *weight;
};

static void gru_attend_back(struct tape *t, struct node *node)
{
    struct gru_attend_node *n = (struct gru_attend_node *)node;
    t->op->gru_attend_back(t->device, n->ragged, &n->weights, &n->memory, n->x->cols, n->x->value,
                           n->h0 ? n->h0->value : NULL, n->h->value, n->kept, n->context, n->weight,
                           n->h->grad, n->x->grad, n->h0 ? n->h0->grad : NULL, &n->grads,
                           &n->memory_grads);
}

/* Where each row's weights begin: it has one for each memory row of its sequence. */
static int32_t *weight_places(struct tape *t, const struct ragged *r, const struct ragged *rows)
{
    int32_t *at = tape_host(t, ((size_t)r->total + 1) * sizeof *at), n = 0;
    int row = 0;
    for (int s = 0; s < r->count; s++)
        for (int i = 0; i < r->length[s]; i++, n += rows->length[s])
            at[row++] = n;
    at[row] = n;
    return at;
}

struct tensor *tape_gru_attend(struct tape *t, const struct gru *g, struct tensor *x,
                               struct tensor *h0, const struct ragged *r,
                               const struct tape_memory *m, struct attention_weights *weights)
{
    int32_t *at = weight_places(t, r, m->rows);
    struct memory memory = {.rows = m->rows,
                            .width = m->key->cols,
                            .cols = m->value->cols,
                            .key = m->key->value,
                            .value = m->value->value,
                            .query = m->query->value,
                            .ld = m->query->cols,
                            .scale = m->scale->value,
                            .group = m->group,
                            .at = tape_weight_places(t, r, at, m->rows->length),
                            .weights = at[r->total]};
    struct gru_weights w = tape_gru_weights(g);
    struct tensor *h = tape_result(t, r->total, w.state, true);
    float *kept = tape_floats(t, (size_t)r->total * 4 * (size_t)w.state);
    float *context = tape_floats(t, (size_t)r->total * (size_t)memory.cols);
    float *weight = tape_floats(t, (size_t)memory.weights);
    t->op->gru_attend(t->device, r, &w, &memory, x->cols, x->value, h0 ? h0->value : NULL, h->value,
                      kept, context, weight);
    if (h->grad) {
        struct gru_attend_node *n = tape_record(t, sizeof *n, gru_attend_back);
        n->x = x, n->h0 = h0, n->h = h, n->ragged = r, n->weights = w, n->memory = memory;
        n->grads = tape_gru_grads(g);
        n->memory_grads =
            (struct memory_grads){m->key->grad, m->value->grad, m->query->grad, m->scale->grad};
        n->kept = kept, n->context = context, n->weight = weight;
    }
    if (weights)
        *weights = (struct attention_weights){weight, at, memory.weights};
    return h;
}
