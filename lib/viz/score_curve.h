/* The scores of runs by epoch, as plain numbers, for the learning curve and the page's tables. */
#ifndef VIZ_SCORE_CURVE_H
#define VIZ_SCORE_CURVE_H

#include "base/records.h"
#include "eval/metrics.h"
#include "viz/series.h"

/* A pass of a run. */
struct curve_pass {
    struct epoch epoch;
    uint64_t events;               /* targets */
    double value[METRICS_COLUMNS]; /* by column; NaN: none */
    double choice;                 /* the score that chooses the best epoch; NaN: none */
};

struct curve_run {
    struct buf name;
    size_t model;          /* runs of a model look alike */
    size_t first, count;   /* its passes */
    size_t best;           /* index of its best pass; SIZE_MAX: none */
    enum part selected_on; /* the part that chose it */
};

struct score_curve {
    VEC(struct curve_run) runs;
    series_names models;
    size_t columns;
    char name[METRICS_COLUMNS][METRICS_NAME]; /* of each column; column 0 is the loss */
    const char *choice;        /* the name of the score that chooses the best epochs */
    const char *ranks;         /* what ranks are among; NULL or empty: all items */
    size_t shown;              /* the column that the curve shows beside the loss */
    VEC(struct curve_pass) at; /* run by run, epochs in order */
};

/* Add a run; add a pass to the last run; say which of its passes (from 0) is its best, chosen on
 * that part. */
void score_curve_begin_run(struct score_curve *r);
void score_curve_add(struct score_curve *r, struct curve_pass pass);
void score_curve_best_pass(struct score_curve *r, size_t pass, enum part selected_on);

/* The run's best pass, or NULL; the score that chose its epoch, or NaN. */
const struct curve_pass *score_curve_best(const struct score_curve *r, size_t run);
double score_curve_choice(const struct score_curve *r, size_t run);

/* The part that chose the best epochs of all runs; PART_NONE: not of all the same. */
enum part score_curve_selected_on(const struct score_curve *r);

/* Panels by epoch with a line for each run: the score that chose the epochs on the part that chose,
 * the shown score on the test part where that is another, and the loss; those that have values.
 * score_curve_svg has all of them below each other, and a legend. */
void score_curve_svg(const struct score_curve *r, struct buf *to);
size_t score_curve_panels(const struct score_curve *r);
void score_curve_panel_svg(const struct score_curve *r, size_t panel, struct buf *to);
void score_curve_release(struct score_curve *r);

#endif
