/* The losses at the end of a tape: over all items, and over some of them. */
#include "nn/tape_nodes.h"

struct additions tape_additions_of(const struct tape_additions *a)
{
    if (!a || !a->value)
        return (struct additions){0};
    return (struct additions){.count = a->value->rows,
                              .start = a->start,
                              .item = a->item,
                              .value = a->value->value,
                              .grad = a->value->grad};
}

static struct output_layer layer_of(const struct tensor *state, const struct tensor *weight,
                                    const struct tensor *bias, const struct tape_additions *add,
                                    const int32_t *target)
{
    return (struct output_layer){.targets = state->rows,
                                 .width = state->cols,
                                 .items = weight->rows,
                                 .state = state->value,
                                 .weight = weight->value,
                                 .bias = bias->value,
                                 .target = target,
                                 .add = tape_additions_of(add)};
}

/* The forward walk adds the gradients already, so the backward pass has no node here. */
float *tape_output_loss(struct tape *t, struct tensor *state, struct tensor *weight,
                        struct tensor *bias, const struct tape_additions *add,
                        const int32_t *target)
{
    struct output_layer o = layer_of(state, weight, bias, add, target);
    float *loss = tape_floats(t, (size_t)state->rows);
    t->op->output_loss(t->device, &o, loss, state->grad, weight->grad, bias->grad);
    return loss;
}

float *tape_scaled_output_loss(struct tape *t, struct tensor *state, struct tensor *weight,
                               struct tensor *bias, const int32_t *target, float factor)
{
    struct output_layer o = layer_of(state, weight, bias, NULL, target);
    float *loss = tape_floats(t, (size_t)state->rows);
    o.factor = factor;
    t->op->output_loss(t->device, &o, loss, state->grad, weight->grad, bias->grad);
    return loss;
}

float *tape_output_distill(struct tape *t, struct tensor *state, struct tensor *weight,
                           struct tensor *bias, const struct tape_additions *add,
                           const int32_t *target, const struct taught *by)
{
    struct output_layer o = layer_of(state, weight, bias, add, target);
    float *loss = tape_floats(t, (size_t)state->rows);
    t->op->output_distill(t->device, &o, by, loss, state->grad, weight->grad, bias->grad);
    return loss;
}

float *tape_cosine_loss(struct tape *t, struct tensor *y, struct tensor *aim)
{
    float *loss = tape_floats(t, (size_t)y->rows);
    t->op->cosine_loss(t->device, y->rows, y->cols, y->value, aim->value, loss, y->grad, aim->grad);
    return loss;
}

/* Uploads the lists of spared candidates, which are made from those of spared items. */
static void plan_spared(struct tape *t, const struct candidates *c, int targets,
                        struct sampled_scores *s)
{
    int32_t *at = tape_host_ints(t, (size_t)targets + 1);
    const int32_t *spared = tape_spared(t, c, targets, at);
    s->spared_at = tape_ints(t, at, (size_t)targets + 1);
    s->spared = tape_ints(t, spared, (size_t)at[targets]);
}

const struct planned_candidates *
tape_plan_candidates(struct tape *t, const struct parameter *weight, const struct parameter *bias,
                     const struct candidates *c, const int32_t *target, int targets)
{
    size_t n = (size_t)c->count, T = (size_t)targets;
    struct planned_candidates *p = tape_host(t, sizeof *p);
    *p = (struct planned_candidates){
        .scores = {.targets = targets,
                   .candidates = c->count,
                   .item = tape_ints(t, c->item, n),
                   .own = tape_ints(t, c->own, T),
                   .target = tape_ints(t, target, T),
                   .owner = tape_ints(t, c->owner, n),
                   .correction =
                       c->correction ? tape_send(t, c->correction, n * sizeof(float)) : NULL},
        .weight = tape_plan_rows(t, weight, c->item, c->count)};
    if (c->spared_at)
        plan_spared(t, c, targets, &p->scores);
    if (bias) /* two tables share one plan of rows */
        p->bias =
            bias->table == weight->table ? p->weight : tape_plan_rows(t, bias, c->item, c->count);
    return p;
}

float *tape_sampled_loss(struct tape *t, enum loss_kind kind, struct tensor *state,
                         struct tensor *weight, struct tensor *bias,
                         const struct planned_candidates *c)
{
    struct tensor *score = tape_linear(t, state, weight, bias);
    float *loss = tape_floats(t, (size_t)state->rows);
    struct sampled_scores s = c->scores;
    s.score = score->value;
    t->op->sampled_loss(t->device, kind, &s, loss, score->grad);
    return loss;
}
