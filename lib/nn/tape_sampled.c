/* The tape's losses over some of the items. */
#include "nn/tape_nodes.h"

const struct planned_candidates *
tape_plan_candidates(struct tape *t, const struct parameter *weight, const struct parameter *bias,
                     const struct candidates *c, const int32_t *target, int targets)
{
    size_t n = (size_t)c->count, T = (size_t)targets;
    struct planned_candidates *p = tape_host(t, sizeof *p);
    *p = (struct planned_candidates){
        .count = c->count,
        .item = tape_ints(t, c->item, n),
        .own = tape_ints(t, c->own, T),
        .target = tape_ints(t, target, T),
        .correction = c->correction ? tape_send(t, c->correction, n * sizeof(float)) : NULL,
        .weight = tape_plan_rows(t, weight, c->item, c->count)};
    if (bias) /* of two tables the same rows */
        p->bias = bias->touched == weight->touched ? p->weight
                                                   : tape_plan_rows(t, bias, c->item, c->count);
    return p;
}

float *tape_sampled_loss(struct tape *t, enum loss_kind kind, struct tensor *state,
                         const struct parameter *weight, const struct parameter *bias,
                         const struct planned_candidates *c)
{
    struct tensor *score = tape_linear(t, state, tape_planned_rows(t, weight, &c->weight),
                                       bias ? tape_planned_rows(t, bias, &c->bias) : NULL);
    float *loss = tape_floats(t, (size_t)state->rows);
    t->op->sampled_loss(t->device, kind, state->rows, c->count, score->value, c->own, c->item,
                        c->target, c->correction, loss, score->grad);
    return loss;
}
