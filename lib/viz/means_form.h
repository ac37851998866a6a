/* What charts and maps of means share. */
#ifndef VIZ_MEANS_FORM_H
#define VIZ_MEANS_FORM_H

#include "viz/figure.h"

void means_take(struct gathered *to, const struct figure *p, struct run_names *c,
                const attended_vec *attended, const struct attention *a, bool goes_on);
bool means_empty(const struct gathered *g);
void means_tsv(const struct figures *g, const struct figure *p, struct buf *to);

/* The number of groups to show. */
size_t means_groups(const struct figures *g, const struct figure *p);

/* The top of an axis or of a scale of shades, for the groups with enough sessions to be reliable,
 * or for all groups if there are none: their highest mean, and as much of the errors as scale_reach
 * allows; at least `least`.  Means of other groups raise it by half at most. */
double means_top(const struct means *m, double least);

/* The lowest mean, or 0 if none is below: weights may be negative. */
double means_bottom(const struct means *m);

/* Puts a sentence about the group into `to`. */
void means_hint(const struct run_names *c, const struct grouping *by, const struct mean *m,
                size_t group, char *to, size_t room);

#endif
