/* Another run's lists of best items, from its predictions. */
#ifndef BASELINE_LISTS_H
#define BASELINE_LISTS_H

#include "baseline/mix.h"
#include "stream/record.h"

/* Reads the file's lists and targets; users and items are matched by these names; those without a
 * match are left out. The lists of a later pass replace those of an earlier one. 65: no list; more
 * than one run. */
int lists_read(struct mix *m, const char *path, const struct names *users,
               const struct names *items, struct err *e);

#endif
