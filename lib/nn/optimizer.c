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
    if (q->frozen)
        return;
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

/* So that clipping counts what learns alone. */
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

/* Updates the dense parameters from one place on, up to another. */
static void update_run(const struct update *u, struct parameters *p, size_t from, size_t to)
{
    float *m = p->m ? p->m + from : NULL, *v = p->v ? p->v + from : NULL;
    if (to > from)
        p->device->op->update(p->device, u, to - from, p->value + from, p->grad + from, m, v);
}

/* All but what is frozen, which may have learned before: its moments would move it on. */
static void update_dense(const struct update *u, struct parameters *p)
{
    size_t from = 0, to = 0;
    for (size_t i = 0; i < p->list.len; i++) {
        const struct parameter *q = p->list.at[i];
        if (q->table)
            continue;
        if (q->frozen || from == to) {
            update_run(u, p, from, to);
            from = to = q->offset;
        }
        if (!q->frozen)
            to = q->offset + q->count;
    }
    update_run(u, p, from, to);
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
    update_dense(&o->update, p);
    for (; uses; uses = uses->before)
        update_table(&o->update, uses);
    p->update = o->update;
}
