/* The scores of all runs as one table: a row for each run, pass and group.  Every printer and every
 * picture walks it.
 *
 * Beside the rows there is a summary for each model and group: mean and deviation over the model's
 * runs, each run at its best epoch. */
#ifndef EVAL_RESULTS_H
#define EVAL_RESULTS_H

#include "base/names.h"
#include "eval/scored_run.h"

struct result {
    size_t run, model; /* numbers from 0 */
    const struct scored_run *of;
    const struct pass_score *pass;
    const struct group_score *group; /* NULL: the whole pass */
    const struct metrics *score;
    bool best; /* the pass is the best of its run */
};

/* A model's runs together: those of its best passes that have the group. */
struct summary {
    const struct result *first;      /* of the first such run */
    const struct group_score *group; /* the first run's; NULL: the whole pass */
    uint64_t epochs[2], targets[2];  /* lowest and highest */
    struct spread *spread;           /* by column */
    VEC(const struct metrics *) scores;
    VEC(double) aucs;  /* of whole passes that have one */
    struct spread auc; /* of these; n = 0: there is none */
};

typedef VEC(struct summary) summary_vec;

struct results {
    int columns;             /* of a score */
    bool has_auc;            /* a model's runs have a second output */
    VEC(struct result) rows; /* run by run, pass by pass; the whole pass before its groups */
    VEC(summary_vec) models; /* of each model; the whole pass first, then groups as they come */
    struct names keys;       /* of the summaries: model, breakdown and group */
    VEC(size_t) place;       /* of each key: its index among the model's summaries */
};

/* Builds the table in one go: run i is runs[i] and belongs to model[i].  Models are numbered from 0
 * in the order in which they first come.  The rows point into the runs, which stay the caller's. */
void results_build(struct results *t, const struct scored_run *const *runs, const size_t *model,
                   size_t n);

/* The model's summary of all targets. */
static inline const struct summary *results_overall(const struct results *t, size_t model)
{
    return &t->models.at[model].at[0];
}

/* The model's summary of a group; NULL: none of its runs has the group. */
const struct summary *results_find(const struct results *t, size_t model, const char *by,
                                   const char *group);

/* How much the model's mean score is above the base's, as a share of the latter; NaN or infinite
 * where the latter is 0. */
double results_change(const struct results *t, size_t model, size_t base, int column);

void results_release(struct results *t);

#endif
