/* What charts and maps of means share. */
#ifndef VIZ_MEANS_FORM_H
#define VIZ_MEANS_FORM_H

#include "viz/figure.h"

void means_take(struct gathered *to, const struct figure *p, struct run_names *c,
                const attended_vec *seen, const struct attention *a, bool goes_on);
bool means_empty(const struct gathered *g);
void means_tsv(const struct figures *g, const struct figure *p, struct buf *to);

/* Groups to show. */
size_t means_groups(const struct figures *g, const struct figure *p);

/* The most that an axis or a scale of shades has to reach: the highest mean, error included, of
 * groups that stand on enough sessions to be trusted, if there are such; at least `least`. */
double means_top(const struct means *m, double least);

/* The lowest mean, error included, or 0 where none is below: weights need not be positive. */
double means_bottom(const struct means *m);

/* A group in a sentence. */
void means_hint(const struct run_names *c, const struct grouping *by, const struct mean *m,
                size_t group, char *to, size_t room);

#endif
