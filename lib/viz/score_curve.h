/* The scores of runs, as plain numbers: for the page's tables and for the learning curve. */
#ifndef VIZ_SCORE_CURVE_H
#define VIZ_SCORE_CURVE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/records.h"

enum { RESULT_COLUMNS = 40, RESULT_NAME = 24 };

/* A pass of a run. */
struct result {
    size_t run; /* index into results.runs */
    struct epoch epoch;
    uint64_t events;              /* targets */
    bool best;                    /* of its run */
    double value[RESULT_COLUMNS]; /* by column; NaN: there is none */
};

struct results {
    VEC(struct buf) runs; /* what each is called */
    size_t columns;
    char name[RESULT_COLUMNS][RESULT_NAME]; /* of each column; column 0 is the loss */
    const char *ranks;     /* what they are among, the caller's; NULL or empty: all */
    size_t shown;          /* the column that the curve shows beside the loss */
    VEC(struct result) at; /* each run's in one piece, epochs in order */
};

/* The run's best pass, or NULL. */
const struct result *results_best(const struct results *r, size_t run);

/* Loss and the shown score by epoch, a line for each run. */
void results_svg(const struct results *r, struct buf *to);
void results_release(struct results *r);

#endif
