#include "nn/optimizer.h"

#include <math.h>

#include "nn/tape.h"

static void update_sparse(const struct update *u, struct parameters *p,
                          const struct sparse_update *t)
{
    const struct parameter *q = t->parameter;
    p->device->op->rows_update(p->device, u, t->rows, parameter_block(q), t->tensor->grad, q->value,
                               parameter_state(p->m, q), parameter_state(p->v, q),
                               p->last + q->first);
}

void optimizer_step(struct optimizer *o, struct parameters *p, struct tape *t)
{
    const struct operations *op = p->device->op;
    const struct sparse_update *sparse = t ? tape_all_sparse(t) : NULL;
    o->update.scale = 1;
    if (o->clip > 0) {
        double squares = op->square_sum(p->device, p->grad, p->dense);
        for (const struct sparse_update *q = sparse; q; q = q->before)
            squares += op->square_sum(p->device, q->tensor->grad,
                                      (size_t)q->tensor->rows * (size_t)q->tensor->cols);
        if (sqrt(squares) > o->clip)
            o->update.scale = (float)(o->clip / sqrt(squares));
    }
    op->update(p->device, &o->update, p->dense, p->value, p->grad, p->m, p->v);
    for (; sparse; sparse = sparse->before)
        update_sparse(&o->update, p, sparse);
    p->update = o->update;
}
