/* The tape's attention of each row to those up to itself. */
#include "nn/tape_nodes.h"

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

/* Where the weights of each row begin: one for each row of its sequence up to it. */
static const int32_t *count_weights(struct tape *t, const struct ragged *r)
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
                                 struct tape_looks *looks)
{
    struct tensor *y = tape_result(t, r->total, value->cols, true);
    const int32_t *host = count_weights(t, r);
    const int32_t *at = tape_ints(t, host, (size_t)r->total + 1);
    float *weight = tape_floats(t, (size_t)host[r->total]);
    t->op->attend_up_to(t->device, r, at, query->cols, value->cols, query->value, key->value,
                        scale->value, value->value, weight, y->value);
    if (y->grad) {
        struct up_to_node *n = tape_record(t, sizeof *n, up_to_back);
        n->query = query, n->key = key, n->scale = scale, n->value = value, n->y = y;
        n->ragged = r, n->at = at, n->weight = weight;
    }
    *looks = (struct tape_looks){.weight = weight, .at = host, .total = host[r->total]};
    return y;
}
