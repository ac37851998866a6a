/* The scores of runs by epoch, as plain numbers, for the learning curve and the page's tables. */
#ifndef VIZ_SCORE_CURVE_H
#define VIZ_SCORE_CURVE_H

#include "base/records.h"
#include "eval/metrics.h"

/* A pass of a run. */
struct curve_pass {
    struct epoch epoch;
    uint64_t events;               /* targets */
    double value[METRICS_COLUMNS]; /* by column; NaN: none */
};

struct curve_run {
    struct buf name;
    size_t first, count; /* its passes */
    size_t best;         /* index of its best pass; SIZE_MAX: none */
};

struct score_curve {
    VEC(struct curve_run) runs;
    size_t columns;
    char name[METRICS_COLUMNS][METRICS_NAME]; /* of each column; column 0 is the loss */
    const char *ranks;                        /* what ranks are among; NULL or empty: all items */
    size_t shown;                             /* the column that the curve shows beside the loss */
    VEC(struct curve_pass) at;                /* run by run, epochs in order */
};

/* Add a run; add a pass to the last run; say which of its passes (from 0) is its best. */
void score_curve_begin_run(struct score_curve *r);
void score_curve_add(struct score_curve *r, struct curve_pass pass);
void score_curve_best_pass(struct score_curve *r, size_t pass);

/* The run's best pass, or NULL. */
const struct curve_pass *score_curve_best(const struct score_curve *r, size_t run);

/* Loss and the shown score by epoch, a line for each run. */
void score_curve_svg(const struct score_curve *r, struct buf *to);
void score_curve_release(struct score_curve *r);

#endif
