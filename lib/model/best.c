#include "model/best.h"

#include <math.h>

void best_init(struct best *b, enum save_by by, bool keep)
{
    *b = (struct best){.by = by, .keep = keep, .recall = -1};
}

static int keep_weights(struct best *b, const struct learner *l, const char *selected_on,
                        struct err *e)
{
    struct parameters *p = &l->model->parameters;
    struct device *d = l->model->device;
    if (!b->keep)
        return 0;
    parameters_settle(p);
    /* looked at first, so that the last good weights stay */
    if (!isfinite(d->op->square_sum(d, p->value, p->count)))
        return err_set(e, STATUS_FAIL,
                       "training diverged: weights are not finite after step %lld: try a smaller "
                       "--lr, or --clip",
                       (long long)l->steps);
    if (!b->weights)
        b->weights = mem_aligned(p->count * sizeof *b->weights);
    d->op->download(d, b->weights, p->value, p->count * sizeof *b->weights);
    b->selected_on = selected_on;
    b->epoch = l->tally.epoch.number;
    b->step = l->steps;
    return 0;
}

int best_pass(struct best *b, const struct learner *l, bool *improved, struct err *e)
{
    enum part part = l->tally.epoch.part;
    if (improved)
        *improved = false;
    if (part == PART_TRAIN)
        return b->by == SAVE_BY_LAST ? keep_weights(b, l, "last", e) : 0;
    b->validated |= part == PART_VALIDATION;
    if (b->validated && part != PART_VALIDATION)
        return 0;
    double recall = tally_recall(&l->tally);
    if (recall <= b->recall) {
        b->waiting++;
        return 0;
    }
    b->recall = recall;
    b->waiting = 0;
    if (improved)
        *improved = true;
    return b->by == SAVE_BY_RECALL ? keep_weights(b, l, part_name[part], e) : 0;
}

int best_finish(struct best *b, const struct learner *l, struct err *e)
{
    return b->weights ? 0 : keep_weights(b, l, "last", e);
}

void best_release(struct best *b)
{
    mem_free(b->weights);
    b->weights = NULL;
}
