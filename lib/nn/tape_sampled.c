/* The tape's losses over some of the items. */
#include "nn/tape_nodes.h"

static const float *corrections(struct tape *t, const struct candidates *c)
{
    size_t bytes = (size_t)c->count * sizeof(float);
    float *to = tape_memory(t, bytes);
    t->op->upload(t->device, to, c->correction, bytes);
    return to;
}

float *tape_sampled_loss(struct tape *t, enum loss_kind kind, struct tensor *state,
                         const struct parameter *weight, const struct parameter *bias,
                         const struct candidates *c, const int32_t *target)
{
    size_t T = (size_t)state->rows;
    struct tensor *score = tape_linear(t, state, tape_rows_of(t, weight, c->item, c->count),
                                       bias ? tape_rows_of(t, bias, c->item, c->count) : NULL);
    float *loss = tape_floats(t, T);
    t->op->sampled_loss(t->device, kind, state->rows, c->count, score->value,
                        tape_ints(t, c->own, T), tape_ints(t, c->item, (size_t)c->count),
                        tape_ints(t, target, T), c->correction ? corrections(t, c) : NULL, loss,
                        score->grad);
    return loss;
}
