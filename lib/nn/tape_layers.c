/* The tape's layers: each forward function with its node and its backward function. */
#include "nn/maths.h"
#include "nn/tape_nodes.h"

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
    struct tensor *y = tape_result(t, r->count, table->cols, table->grad);
    y->table = table, y->from = r;
    t->op->gather(t->device, r, y->cols, table->value, y->value);
    if (y->grad) {
        struct gather_node *n = tape_record(t, sizeof *n, gather_back);
        n->table = table, n->y = y, n->rows = r;
    }
    return y;
}

struct tensor *tape_reverse(struct tape *t, struct tensor *x, const struct ragged *r)
{
    int32_t *at = tape_host_ints(t, (size_t)r->total);
    for (int s = 0, from = 0; s < r->count; from += r->length[s++])
        for (int i = 0; i < r->length[s]; i++)
            at[from + i] = from + r->length[s] - 1 - i;
    return tape_gather(t, x, tape_rows(t, at, r->total));
}

struct replace_node {
    struct node node;
    struct tensor *x, *by, *y;
    const struct rows *rows;
    float *spare; /* [rows->count, cols] */
};

/* Nothing reads y's gradient later, so the replaced rows may be set to 0 in it. */
static void replace_back(struct tape *t, struct node *node)
{
    struct replace_node *n = (struct replace_node *)node;
    size_t size = tensor_size(n->by);
    if (n->by->grad) {
        t->op->gather(t->device, n->rows, n->y->cols, n->y->grad, n->spare);
        t->op->add(t->device, n->by->grad, n->spare, size);
    }
    if (n->x->grad) {
        t->op->fill(t->device, n->spare, 0, size);
        t->op->store(t->device, n->rows, n->y->cols, n->spare, n->y->grad);
        t->op->add(t->device, n->x->grad, n->y->grad, tensor_size(n->y));
    }
}

struct tensor *tape_replace(struct tape *t, struct tensor *x, const struct rows *r,
                            struct tensor *by)
{
    struct tensor *y = tape_result(t, x->rows, x->cols, x->grad || by->grad);
    t->op->copy(t->device, y->value, x->value, tensor_size(x));
    t->op->store(t->device, r, x->cols, by->value, y->value);
    if (!x->grad) /* replace_back reads only these */
        y->learned = r;
    else if (!by->grad)
        y->learned = x->learned;
    if (y->grad) {
        struct replace_node *n = tape_record(t, sizeof *n, replace_back);
        n->x = x, n->by = by, n->y = y, n->rows = r;
        n->spare = tape_floats(t, tensor_size(by));
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
    t->op->dropout(t->device, n->key, tensor_size(n->y), n->y->grad, n->x->grad,
                   n->x->grad != n->y->grad);
}

static struct tensor *drop(struct tape *t, struct tensor *x, float rate, bool alone)
{
    if (!t->training)
        return x;
    struct dropout_key key = {t->seed, t->step, t->dropouts++, rate};
    if (rate <= 0)
        return x;
    struct tensor *y = tape_result(t, x->rows, x->cols, x->grad && !alone);
    if (alone)
        y->grad = x->grad;
    t->op->dropout(t->device, key, tensor_size(x), x->value, y->value, false);
    if (y->grad) {
        struct dropout_node *n = tape_record(t, sizeof *n, dropout_back);
        n->x = x, n->y = y, n->key = key;
    }
    return y;
}

struct tensor *tape_dropout(struct tape *t, struct tensor *x, float rate)
{
    return drop(t, x, rate, false);
}

struct tensor *tape_dropout_of(struct tape *t, struct tensor *x, float rate)
{
    return drop(t, x, rate, true);
}

/* The number of this dropout is one that no tensor has. */
const unsigned char *tape_left_out(struct tape *t, size_t n, float rate)
{
    if (!t->training || rate <= 0)
        return NULL;
    unsigned char *out = tape_host(t, n);
    for (size_t i = 0; i < n; i += 4) {
        uint32_t word[4];
        maths_dropout_words(t->seed, t->step, UINT32_MAX, (uint32_t)(i / 4), word);
        for (size_t j = i; j < n && j < i + 4; j++)
            out[j] = random_unit(word[j % 4]) < rate;
    }
    return out;
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

static bool any_learned(struct tensor *const *x, int count)
{
    bool learned = false;
    for (int i = 0; i < count; i++)
        learned |= x[i]->grad != NULL;
    return learned;
}

static void record_parts(struct tape *t, struct tensor *const *x, int count, struct tensor *y,
                         void (*back)(struct tape *, struct node *))
{
    if (!y->grad)
        return;
    struct tensor **kept = tape_host(t, (size_t)count * sizeof *kept);
    memcpy(kept, x, (size_t)count * sizeof *kept);
    struct concat_node *n = tape_record(t, sizeof *n, back);
    n->x = kept, n->count = count, n->y = y;
}

struct tensor *tape_concat(struct tape *t, struct tensor *const *x, int count)
{
    if (count == 1)
        return x[0];
    int cols = 0;
    for (int i = 0; i < count; i++)
        cols += x[i]->cols;
    struct tensor *y = tape_result_of(t, x[0], cols, any_learned(x, count));
    for (int i = 0, at = 0; i < count; at += x[i++]->cols)
        t->op->columns(t->device, y->rows, x[i]->cols, x[i]->value, x[i]->cols, y->value + at, cols,
                       false);
    record_parts(t, x, count, y, concat_back);
    return y;
}

struct columns_node {
    struct node node;
    struct tensor *x, *y;
    int from;
};

static void columns_back(struct tape *t, struct node *node)
{
    struct columns_node *n = (struct columns_node *)node;
    t->op->columns(t->device, n->y->rows, n->y->cols, n->y->grad, n->y->cols, n->x->grad + n->from,
                   n->x->cols, true);
}

struct tensor *tape_columns(struct tape *t, struct tensor *x, int from, int cols)
{
    if (cols == x->cols)
        return x;
    struct tensor *y = tape_result(t, x->rows, cols, x->grad);
    t->op->columns(t->device, x->rows, cols, x->value + from, x->cols, y->value, cols, false);
    y->learned = x->learned;
    if (y->grad) {
        struct columns_node *n = tape_record(t, sizeof *n, columns_back);
        n->x = x, n->y = y, n->from = from;
    }
    return y;
}

static void stack_back(struct tape *t, struct node *node)
{
    struct concat_node *n = (struct concat_node *)node;
    size_t at = 0;
    for (int i = 0; i < n->count; at += tensor_size(n->x[i++]))
        if (n->x[i]->grad)
            t->op->add(t->device, n->x[i]->grad, n->y->grad + at, tensor_size(n->x[i]));
}

struct tensor *tape_stack(struct tape *t, struct tensor *const *x, int count)
{
    if (count == 1)
        return x[0];
    int rows = 0;
    for (int i = 0; i < count; i++)
        rows += x[i]->rows;
    struct tensor *y = tape_result(t, rows, x[0]->cols, any_learned(x, count));
    size_t at = 0;
    for (int i = 0; i < count; at += tensor_size(x[i++]))
        t->op->copy(t->device, y->value + at, x[i]->value, tensor_size(x[i]));
    record_parts(t, x, count, y, stack_back);
    return y;
}

struct add_node { /* of products too */
    struct node node;
    struct tensor *a, *b, *y;
};

static void add_back(struct tape *t, struct node *node)
{
    struct add_node *n = (struct add_node *)node;
    if (n->a->grad)
        t->op->add(t->device, n->a->grad, n->y->grad, tensor_size(n->y));
    if (n->b->grad)
        t->op->add(t->device, n->b->grad, n->y->grad, tensor_size(n->y));
}

struct tensor *tape_add(struct tape *t, struct tensor *a, struct tensor *b)
{
    struct tensor *y = tape_result(t, a->rows, a->cols, a->grad || b->grad);
    t->op->copy(t->device, y->value, a->value, tensor_size(y));
    t->op->add(t->device, y->value, b->value, tensor_size(y));
    if (y->grad) {
        struct add_node *n = tape_record(t, sizeof *n, add_back);
        n->a = a, n->b = b, n->y = y;
    }
    return y;
}

static void multiply_back(struct tape *t, struct node *node)
{
    struct add_node *n = (struct add_node *)node;
    t->op->multiply_back(t->device, tensor_size(n->y), n->a->value, n->b->value, n->y->grad,
                         n->a->grad, n->b->grad);
}

struct tensor *tape_multiply(struct tape *t, struct tensor *a, struct tensor *b)
{
    struct tensor *y = tape_result(t, a->rows, a->cols, a->grad || b->grad);
    t->op->multiply(t->device, tensor_size(y), a->value, b->value, y->value);
    if (y->grad) {
        struct add_node *n = tape_record(t, sizeof *n, multiply_back);
        n->a = a, n->b = b, n->y = y;
    }
    return y;
}

struct activate_node {
    struct node node;
    struct tensor *x, *y;
    enum activation a;
};

static void activate_back(struct tape *t, struct node *node)
{
    struct activate_node *n = (struct activate_node *)node;
    t->op->activate_back(t->device, n->a, tensor_size(n->y), n->y->value, n->y->grad, n->x->grad);
}

struct tensor *tape_activate(struct tape *t, enum activation a, struct tensor *x)
{
    struct tensor *y = tape_result_of(t, x, x->cols, x->grad);
    t->op->activate(t->device, a, tensor_size(x), x->value, y->value);
    if (y->grad) {
        struct activate_node *n = tape_record(t, sizeof *n, activate_back);
        n->x = x, n->y = y, n->a = a;
    }
    return y;
}

struct scale_node {
    struct node node;
    struct tensor *x, *factor, *y;
};

static void scale_back(struct tape *t, struct node *node)
{
    struct scale_node *n = (struct scale_node *)node;
    t->op->scale_rows_back(t->device, n->y->rows, n->y->cols, n->x->value, n->factor->value,
                           n->y->grad, n->x->grad, n->factor->grad);
}

struct tensor *tape_scale_rows(struct tape *t, struct tensor *x, struct tensor *factor)
{
    struct tensor *y = tape_result(t, x->rows, x->cols, x->grad || factor->grad);
    t->op->scale_rows(t->device, x->rows, x->cols, x->value, factor->value, y->value);
    if (y->grad) {
        struct scale_node *n = tape_record(t, sizeof *n, scale_back);
        n->x = x, n->factor = factor, n->y = y;
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
    struct tensor *y = tape_result(t, r->count, x->cols, x->grad);
    t->op->mean(t->device, r, x->cols, x->value, y->value);
    if (y->grad) {
        struct mean_node *n = tape_record(t, sizeof *n, mean_back);
        n->x = x, n->y = y, n->ragged = r;
    }
    return y;
}

static void mean_up_to_back(struct tape *t, struct node *node)
{
    struct mean_node *n = (struct mean_node *)node;
    t->op->mean_up_to_back(t->device, n->ragged, n->y->cols, n->y->grad, n->x->grad);
}

struct tensor *tape_mean_up_to(struct tape *t, struct tensor *x, const struct ragged *r)
{
    struct tensor *y = tape_result(t, r->total, x->cols, x->grad);
    t->op->mean_up_to(t->device, r, x->cols, x->value, y->value);
    if (y->grad) {
        struct mean_node *n = tape_record(t, sizeof *n, mean_up_to_back);
        n->x = x, n->y = y, n->ragged = r;
    }
    return y;
}

struct linear_node {
    struct node node;
    struct tensor *x, *w, *b, *y;
    int from;
};

/* The gradient of the only rows of x whose gradient is read. */
static void learned_rows_back(struct tape *t, const struct linear_node *n)
{
    const struct rows *r = n->x->learned;
    int in = n->x->cols, out = n->w->rows;
    float *dy = tape_floats(t, (size_t)r->count * (size_t)out);
    float *dx = tape_floats(t, (size_t)r->count * (size_t)in);
    t->op->gather(t->device, r, out, n->y->grad, dy);
    t->op->gemm(t->device, false, false, r->count, in, out, dy, out, n->w->value + n->from,
                n->w->cols, 0, dx, in);
    t->op->gather_back(t->device, r, in, dx, n->x->grad);
}

static void linear_back(struct tape *t, struct node *node)
{
    struct linear_node *n = (struct linear_node *)node;
    int rows = n->x->rows, in = n->x->cols, out = n->w->rows, ld = n->w->cols;
    if (n->x->grad && n->x->learned)
        learned_rows_back(t, n);
    else if (n->x->grad)
        t->op->gemm(t->device, false, false, rows, in, out, n->y->grad, out, n->w->value + n->from,
                    ld, 1, n->x->grad, in);
    if (n->w->grad)
        t->op->gemm(t->device, true, false, out, in, rows, n->y->grad, out, n->x->value, in, 1,
                    n->w->grad + n->from, ld);
    if (n->b && n->b->grad)
        t->op->bias_back(t->device, rows, out, n->y->grad, n->b->grad);
}

/* y = x Wᵀ + b + beta y */
static struct tensor *linear(struct tape *t, struct tensor *x, struct tensor *w, int from,
                             struct tensor *b, float beta, struct tensor *y)
{
    int rows = x->rows, in = x->cols, out = w->rows;
    t->op->gemm(t->device, false, true, rows, out, in, x->value, in, w->value + from, w->cols, beta,
                y->value, out);
    if (b)
        t->op->bias(t->device, rows, out, b->value, y->value);
    if (y->grad) {
        struct linear_node *n = tape_record(t, sizeof *n, linear_back);
        n->x = x, n->w = w, n->b = b, n->y = y, n->from = from;
    }
    return y;
}

struct tensor *tape_linear_part(struct tape *t, struct tensor *x, struct tensor *w, int from,
                                struct tensor *b)
{
    bool learned = x->grad || w->grad || (b && b->grad);
    return linear(t, x, w, from, b, 0, tape_result_of(t, x, w->rows, learned));
}

struct tensor *tape_linear_onto(struct tape *t, struct tensor *x, struct tensor *w,
                                struct tensor *y)
{
    return linear(t, x, w, 0, NULL, 1, y);
}

struct tensor *tape_linear(struct tape *t, struct tensor *x, struct tensor *w, struct tensor *b)
{
    return tape_linear_part(t, x, w, 0, b);
}

struct tensor *tape_row_products(struct tape *t, struct tensor *a, struct tensor *b)
{
    struct tensor *ones = tape_constant(t, tape_floats(t, (size_t)a->cols), 1, a->cols);
    t->op->fill(t->device, ones->value, 1, (size_t)a->cols);
    return tape_linear(t, tape_multiply(t, a, b), ones, NULL);
}

struct gru_weights tape_gru_weights(const struct gru *g)
{
    return (struct gru_weights){.in = g->ih ? g->ih->cols : 0,
                                .state = g->hh->cols,
                                .reset_before = g->reset_before,
                                .ih = g->ih ? g->ih->value : NULL,
                                .hh = g->hh->value,
                                .ih_bias = g->ih_bias->value,
                                .hh_bias = g->hh_bias->value};
}

struct gru_grads tape_gru_grads(const struct gru *g)
{
    return (struct gru_grads){g->ih ? g->ih->grad : NULL, g->hh->grad, g->ih_bias->grad,
                              g->hh_bias->grad};
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

/* Each repeated row saves its products, forward and backward, but every row costs copies of its 3H
 * numbers.  At 50 units both are equal where two thirds of the rows differ; where 43 % differ, a
 * step of the hierarchical model takes 2 % less time, at 27 % it takes 3 % less. */
static bool repeats_enough(const struct tensor *x)
{
    return x->table && x->table->rows <= x->rows / 2;
}

/* W_ih x, computed once for each row of x's table. */
static struct tensor *multiplied(struct tape *t, struct tensor *x, const struct parameter *ih)
{
    return tape_gather(t, tape_linear(t, x->table, tape_parameter(t, ih), NULL), x->from);
}

struct tensor *tape_gru(struct tape *t, const struct gru *g, struct tensor *x, struct tensor *h0,
                        const struct ragged *r)
{
    int state = g->hh->cols;
    struct gru_weights w = tape_gru_weights(g);
    if (g->ih && repeats_enough(x)) {
        x = multiplied(t, x, g->ih);
        w.ih = NULL, w.in = 0;
    }
    struct tensor *h = tape_result(t, r->total, state, true);
    float *kept = tape_floats(t, (size_t)r->total * 4 * (size_t)state);
    t->op->gru(t->device, r, &w, x->value, h0 ? h0->value : NULL, h->value, kept);
    if (h->grad) {
        struct gru_node *n = tape_record(t, sizeof *n, gru_back);
        n->x = x, n->h0 = h0, n->h = h, n->ragged = r, n->weights = w, n->kept = kept;
        n->weights.begun = h0 ? h0->learned : NULL;
        n->grads = tape_gru_grads(g);
    }
    return h;
}

struct lstm_node {
    struct node node;
    struct tensor *x, *y0, *y;
    const struct ragged *ragged;
    struct lstm_weights weights;
    struct gru_grads grads;
    float *kept;
};

static void lstm_back(struct tape *t, struct node *node)
{
    struct lstm_node *n = (struct lstm_node *)node;
    t->op->lstm_back(t->device, n->ragged, &n->weights, n->x->value, n->y0 ? n->y0->value : NULL,
                     n->y->value, n->kept, n->y->grad, n->x->grad, n->y0 ? n->y0->grad : NULL,
                     &n->grads);
}

struct tensor *tape_lstm(struct tape *t, const struct lstm *l, struct tensor *x, struct tensor *y0,
                         const struct ragged *r)
{
    struct lstm_weights w = {.in = l->ih ? l->ih->cols : 0,
                             .state = l->hh->cols,
                             .ih = l->ih ? l->ih->value : NULL,
                             .hh = l->hh->value,
                             .ih_bias = l->ih_bias->value,
                             .hh_bias = l->hh_bias->value};
    if (l->ih && repeats_enough(x)) {
        x = multiplied(t, x, l->ih);
        w.ih = NULL, w.in = 0;
    }
    struct tensor *y = tape_result(t, r->total, 2 * w.state, true);
    float *kept = tape_floats(t, (size_t)r->total * 4 * (size_t)w.state);
    t->op->lstm(t->device, r, &w, x->value, y0 ? y0->value : NULL, y->value, kept);
    if (y->grad) {
        struct lstm_node *n = tape_record(t, sizeof *n, lstm_back);
        n->x = x, n->y0 = y0, n->y = y, n->ragged = r, n->weights = w, n->kept = kept;
        n->grads = (struct gru_grads){l->ih ? l->ih->grad : NULL, l->hh->grad, l->ih_bias->grad,
                                      l->hh_bias->grad};
    }
    return y;
}

/* ---- attention of each row to those up to itself ---- */

struct up_to_node {
    struct node node;
    struct tensor *query, *key, *scale, *value, *y;
    const struct ragged *ragged;
    const int32_t *at;
    const float *weight;
};

static void up_to_back(struct tape *t, struct node *node)
{
    struct up_to_node *n = (struct up_to_node *)node;
    t->op->attend_up_to_back(t->device, n->ragged, n->at, n->query->cols, n->value->cols,
                             n->query->value, n->key->value, n->scale->value, n->value->value,
                             n->weight, n->y->grad, n->query->grad, n->key->grad, n->scale->grad,
                             n->value->grad);
}

const int32_t *tape_weights_up_to(struct tape *t, const struct ragged *r)
{
    int32_t *at = tape_host(t, ((size_t)r->total + 1) * sizeof *at);
    int row = 0;
    at[0] = 0;
    for (int s = 0; s < r->count; s++)
        for (int i = 1; i <= r->length[s]; i++, row++)
            at[row + 1] = at[row] + i;
    return at;
}

struct tensor *tape_attend_up_to(struct tape *t, struct tensor *query, struct tensor *key,
                                 struct tensor *scale, struct tensor *value, const struct ragged *r,
                                 struct attention_weights *weights)
{
    struct tensor *y = tape_result(t, r->total, value->cols, true);
    const int32_t *host = tape_weights_up_to(t, r);
    const int32_t *at = tape_weight_places(t, r, host, NULL);
    float *weight = tape_floats(t, (size_t)host[r->total]);
    t->op->attend_up_to(t->device, r, at, query->cols, value->cols, query->value, key->value,
                        scale->value, value->value, weight, y->value);
    if (y->grad) {
        struct up_to_node *n = tape_record(t, sizeof *n, up_to_back);
        n->query = query, n->key = key, n->scale = scale, n->value = value, n->y = y;
        n->ragged = r, n->at = at, n->weight = weight;
    }
    *weights = (struct attention_weights){.weight = weight, .at = host, .total = host[r->total]};
    return y;
}
