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
                         struct tensor *weight, struct tensor *bias, const struct candidates *c,
                         const int32_t *target)
{
    size_t T = (size_t)state->rows;
    const struct rows *rows = tape_rows(t, c->item, c->count);
    struct tensor *column = tape_tensor(t, bias->value, bias->grad, weight->rows, 1);
    struct tensor *score =
        tape_linear(t, state, tape_gather(t, weight, rows), tape_gather(t, column, rows));
    float *loss = tape_floats(t, T);
    t->op->sampled_loss(t->device, kind, state->rows, c->count, score->value,
                        tape_ints(t, c->own, T), rows->at, tape_ints(t, target, T),
                        c->correction ? corrections(t, c) : NULL, loss, score->grad);
    return loss;
}
