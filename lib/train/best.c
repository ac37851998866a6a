#include "train/best.h"

#include <math.h>

void best_init(struct best *b, enum save_by by, bool by_loss, bool keep)
{
    *b = (struct best){.by = by, .keep = keep, .recall = -1, .by_loss = by_loss, .loss = INFINITY};
}

static int keep_weights(struct best *b, const struct learner *l, const char *selected_on,
                        struct err *e)
{
    struct parameters *p = &l->model->parameters;
    if (!b->keep)
        return 0;
    parameters_flush(p);
    /* checked before the last good weights are replaced */
    if (!isfinite(parameters_square_sum(p)))
        return err_set(e, STATUS_FAIL,
                       "training diverged: weights are not finite after step %lld: try a smaller "
                       "--lr, or --clip",
                       (long long)l->steps);
    if (!b->weights)
        b->weights = mem_aligned(p->count * sizeof *b->weights);
    parameters_download(p, b->weights);
    b->selected_on = selected_on;
    b->epoch = l->stats.epoch.number;
    b->step = l->steps;
    return 0;
}

/* Counts the pass where it has not improved what has to. */
static void wait(struct best *b, bool recall, double loss)
{
    bool improved = b->by_loss ? loss < b->loss : recall;
    b->loss = loss < b->loss ? loss : b->loss;
    b->waiting = improved ? 0 : b->waiting + 1;
}

int best_pass(struct best *b, const struct learner *l, bool *improved, struct err *e)
{
    enum part part = l->stats.epoch.part;
    if (improved)
        *improved = false;
    if (part == PART_TRAIN)
        return b->by == SAVE_BY_LAST ? keep_weights(b, l, "last", e) : 0;
    b->validated |= part == PART_VALIDATION;
    if ((b->validated && part != PART_VALIDATION) || !l->stats.events) /* it says nothing */
        return 0;
    double recall = pass_stats_recall(&l->stats);
    wait(b, recall > b->recall, pass_stats_pass(&l->stats).loss);
    if (recall <= b->recall)
        return 0;
    b->recall = recall;
    if (improved)
        *improved = true;
    return b->by == SAVE_BY_RECALL ? keep_weights(b, l, part_name[part], e) : 0;
}

int best_finish(struct best *b, const struct learner *l, struct err *e)
{
    return b->weights ? 0 : keep_weights(b, l, "last", e);
}

/* The values of best.selected_on. */
static const char *const selections[] = {"last", "validation", "test"};

static int32_t selection_of(const struct best *b)
{
    for (int32_t i = 0; i < 3; i++)
        if (!strcmp(b->selected_on, selections[i]))
            return i;
    return 0;
}

void best_state(struct best *b, const struct parameters *p, struct state *s)
{
    bool kept = b->weights != NULL;
    state_begin(s, "best");
    state_flag(s, "validated", &b->validated);
    state_f64(s, "recall", &b->recall);
    state_f64(s, "loss", &b->loss);
    state_i64(s, "waiting", &b->waiting, 0, INT64_MAX);
    state_flag(s, "kept", &kept);
    if (kept && state_good(s)) {
        int32_t selection = b->weights ? selection_of(b) : 0;
        if (!b->weights)
            b->weights = mem_aligned(p->count * sizeof *b->weights);
        state_i32(s, "selected_on", &selection, 0, 2);
        state_i64(s, "epoch", &b->epoch, 0, INT64_MAX);
        state_i64(s, "step", &b->step, 0, INT64_MAX);
        parameters_flat_state(p, s, "weights", b->weights);
        b->selected_on = selections[selection];
    }
    state_end(s);
}

void best_release(struct best *b)
{
    mem_free(b->weights);
    b->weights = NULL;
}
