/* A score of groups of targets, side by side for several models: bars, or lines where the groups
 * are too many for bars. */
#ifndef VIZ_BREAKDOWN_PLOT_H
#define VIZ_BREAKDOWN_PLOT_H

#include "viz/series.h"

/* A model's score of a group. */
struct group_value {
    double mean;      /* 0..1; NaN: none */
    double deviation; /* over its runs; NaN or 0: none */
    uint64_t targets; /* of one run */
};

struct breakdown_plot {
    const char *by, *axis, *score; /* the breakdown, what its groups are, the score shown */
    const char *ranks;             /* what ranks are among; NULL or empty: all items */
    series_names models;
    VEC(const char *) labels;      /* of the groups, in order; memory of the caller */
    VEC(struct group_value) value; /* [labels, models] */
};

/* `legend`: with one; else another picture beside it has it. */
void breakdown_plot_svg(const struct breakdown_plot *g, bool legend, struct buf *to);
void breakdown_plot_release(struct breakdown_plot *g);

#endif
