#include "nn/optimizer.h"

#include <math.h>

#include "nn/tape.h"

static double table_squares(const struct table_use *use)
{
    const struct parameter *q = use->parameter;
    struct device *d = q->owner->device;
    if (!use->rows)
        return d->op->square_sum(d, q->grad, q->count);
    const struct tensor *x = use->tensor;
    return d->op->square_sum(d, x->grad, (size_t)x->rows * (size_t)x->cols);
}

static void update_table(const struct update *u, const struct table_use *use)
{
    struct parameter *q = use->parameter;
    struct parameters *p = q->owner;
    const struct operations *op = p->device->op;
    if (use->rows) {
        parameter_mark(q);
        op->rows_update(p->device, u, use->rows, parameter_block(q), use->tensor->grad, q->value,
                        q->m, q->v, q->last);
    } else {
        op->update(p->device, u, q->count, q->value, q->grad, q->m, q->v);
        q->flushed = u->step;
        q->unmarked = true;
    }
}

/* With gradients of zero from the first step on, every optimizer leaves weights as they are. */
static void clear_frozen(const struct parameters *p, const struct table_use *uses)
{
    struct device *d = p->device;
    for (size_t i = 0; i < p->list.len; i++) {
        const struct parameter *q = p->list.at[i];
        if (q->frozen && !q->table)
            d->op->fill(d, q->grad, 0, q->count);
    }
    for (const struct table_use *use = uses; use; use = use->before) {
        const struct tensor *x = use->tensor;
        if (use->parameter->frozen)
            d->op->fill(d, x->grad, 0, (size_t)x->rows * (size_t)x->cols);
    }
}

void optimizer_step(struct optimizer *o, struct parameters *p, struct tape *t)
{
    const struct operations *op = p->device->op;
    const struct table_use *uses = t ? tape_table_uses(t) : NULL;
    o->update.scale = 1;
    clear_frozen(p, uses);
    if (o->clip > 0) {
        double squares = op->square_sum(p->device, p->grad, p->dense);
        for (const struct table_use *use = uses; use; use = use->before)
            squares += table_squares(use);
        if (sqrt(squares) > o->clip)
            o->update.scale = (float)(o->clip / sqrt(squares));
    }
    op->update(p->device, &o->update, p->dense, p->value, p->grad, p->m, p->v);
    for (; uses; uses = uses->before)
        update_table(&o->update, uses);
    p->update = o->update;
}
