/* The tape's self-attention of several heads, what else its operations serve for, and
 * normalizations of rows. */
#include "nn/tape_nodes.h"

/* ---- self-attention ---- */

const struct tape_heads *tape_heads(struct tape *t, const struct ragged *r, int heads, int width)
{
    struct tape_heads *h = tape_host(t, sizeof *h);
    const int32_t *at = tape_weights_up_to(t, r);
    *h = (struct tape_heads){.rows = r, .at = at};
    h->op = (struct heads){.count = heads,
                           .width = width,
                           .ld = 3 * width,
                           .at = tape_weight_places(t, r, at, NULL),
                           .weights = at[r->total]};
    return h;
}

/* Where query, key or value begin, in the values or the gradient of x. */
static float *part_of(const struct tape_heads *h, float *x, int part)
{
    return x + part * h->op.width;
}

enum { QUERY, KEY, VALUE };

struct heads_node {
    struct node node;
    const struct tape_heads *heads;
    struct tensor *x, *weight, *y;
};

static void head_weights_back(struct tape *t, struct node *node)
{
    struct heads_node *n = (struct heads_node *)node;
    const struct tape_heads *h = n->heads;
    t->op->head_weights_back(t->device, h->rows, &h->op, part_of(h, n->x->value, QUERY),
                             part_of(h, n->x->value, KEY), n->weight->value, n->weight->grad,
                             part_of(h, n->x->grad, QUERY), part_of(h, n->x->grad, KEY));
}

struct tensor *tape_head_weights(struct tape *t, const struct tape_heads *h, struct tensor *x)
{
    struct tensor *weight = tape_result(t, h->op.count * h->op.weights, 1, x->grad);
    t->op->head_weights(t->device, h->rows, &h->op, part_of(h, x->value, QUERY),
                        part_of(h, x->value, KEY), weight->value);
    if (weight->grad) {
        struct heads_node *n = tape_record(t, sizeof *n, head_weights_back);
        n->heads = h, n->x = x, n->weight = weight;
    }
    return weight;
}

static void head_sums_back(struct tape *t, struct node *node)
{
    struct heads_node *n = (struct heads_node *)node;
    const struct tape_heads *h = n->heads;
    t->op->head_sums_back(t->device, h->rows, &h->op, n->weight->value,
                          part_of(h, n->x->value, VALUE), n->y->grad, n->weight->grad,
                          part_of(h, n->x->grad, VALUE));
}

struct tensor *tape_head_sums(struct tape *t, const struct tape_heads *h, struct tensor *weight,
                              struct tensor *x)
{
    struct tensor *y = tape_result(t, h->rows->total, h->op.width, x->grad);
    t->op->head_sums(t->device, h->rows, &h->op, weight->value, part_of(h, x->value, VALUE),
                     y->value);
    if (y->grad) {
        struct heads_node *n = tape_record(t, sizeof *n, head_sums_back);
        n->heads = h, n->x = x, n->weight = weight, n->y = y;
    }
    return y;
}

/* ---- weights that depend on the rows attended to alone: one head of one column ---- */

struct soften_node {
    struct node node;
    struct tensor *e, *value, *y;
    const struct ragged *ragged;
    struct heads weights, sums; /* the head as weights and sums see it */
    const float *query, *weight;
};

static void soften_up_to_back(struct tape *t, struct node *node)
{
    struct soften_node *n = (struct soften_node *)node;
    float *dweight = tape_gradient(t, (size_t)n->weights.weights);
    float *unused = tape_gradient(t, (size_t)n->ragged->total);
    t->op->head_sums_back(t->device, n->ragged, &n->sums, n->weight, n->value->value, n->y->grad,
                          dweight, n->value->grad);
    t->op->head_weights_back(t->device, n->ragged, &n->weights, n->query, n->e->value, n->weight,
                             dweight, unused, n->e->grad);
}

struct tensor *tape_soften_up_to(struct tape *t, struct tensor *e, struct tensor *value,
                                 const struct ragged *r, struct attention_weights *weights)
{
    const struct tape_heads *one = tape_heads(t, r, 1, 1);
    struct heads w = one->op, s = one->op;
    w.ld = 1;
    s.width = s.ld = value->cols;
    struct tensor *y = tape_result(t, r->total, value->cols, true);
    float *query = tape_floats(t, (size_t)r->total);
    float *weight = tape_floats(t, (size_t)w.weights);
    t->op->fill(t->device, query, 1, (size_t)r->total);
    t->op->head_weights(t->device, r, &w, query, e->value, weight);
    t->op->head_sums(t->device, r, &s, weight, value->value, y->value);
    if (y->grad) {
        struct soften_node *n = tape_record(t, sizeof *n, soften_up_to_back);
        n->e = e, n->value = value, n->y = y, n->ragged = r, n->weights = w, n->sums = s;
        n->query = query, n->weight = weight;
    }
    *weights = (struct attention_weights){.weight = weight, .at = one->at, .total = w.weights};
    return y;
}

static struct tensor *filled(struct tape *t, int rows, float x)
{
    struct tensor *y = tape_result(t, rows, 1, true);
    t->op->fill(t->device, y->value, x, (size_t)rows);
    return y;
}

struct tensor *tape_sigmoid_up_to(struct tape *t, struct tensor *e, struct tensor *value,
                                  const struct ragged *r, struct attention_weights *weights)
{
    return tape_attend_up_to(t, filled(t, r->total, 0), e, filled(t, 1, 1), value, r, weights);
}

/* ---- layer normalization ---- */

struct norm_node {
    struct node node;
    struct tensor *x, *gain, *bias, *y;
    const float *kept;
};

static void layer_norm_back(struct tape *t, struct node *node)
{
    struct norm_node *n = (struct norm_node *)node;
    t->op->layer_norm_back(t->device, n->y->rows, n->y->cols, n->x->value, n->gain->value, n->kept,
                           n->y->grad, n->x->grad, n->gain->grad, n->bias->grad);
}

struct tensor *tape_layer_norm(struct tape *t, struct tensor *x, struct tensor *gain,
                               struct tensor *bias)
{
    struct tensor *y = tape_result(t, x->rows, x->cols, true);
    float *kept = tape_floats(t, 2 * (size_t)x->rows);
    t->op->layer_norm(t->device, x->rows, x->cols, x->value, gain->value, bias->value, y->value,
                      kept);
    if (y->grad) {
        struct norm_node *n = tape_record(t, sizeof *n, layer_norm_back);
        n->x = x, n->gain = gain, n->bias = bias, n->y = y, n->kept = kept;
    }
    return y;
}

struct tensor *tape_normalize(struct tape *t, struct tensor *x)
{
    struct tensor *y = tape_result_of(t, x, x->cols, false);
    t->op->normalize(t->device, x->rows, x->cols, x->value, y->value);
    return y;
}
