/* A score of groups of targets, side by side for several models: bars, or lines where the groups
 * are too many for bars. */
#ifndef VIZ_BREAKDOWN_PLOT_H
#define VIZ_BREAKDOWN_PLOT_H

#include "base/buf.h"

/* A model's score of a group. */
struct group_value {
    double mean;      /* 0..1; NaN: it has none */
    double deviation; /* over its runs; NaN or 0: none */
    uint64_t targets; /* of one run */
};

struct breakdown_plot {
    const char *by, *axis, *score; /* what is broken down, what the groups are, what is shown */
    const char *ranks;             /* what they are among, the caller's; NULL or empty: all items */
    VEC(struct bytes) models;      /* what each is called; the caller's */
    VEC(const char *) labels;      /* of the groups, in order; the caller's */
    VEC(struct group_value) value; /* [labels, models] */
};

void breakdown_plot_svg(const struct breakdown_plot *g, struct buf *to);
void breakdown_plot_release(struct breakdown_plot *g);

#endif
