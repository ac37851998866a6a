/* The table of figures. */
#ifndef VIZ_FIGURE_TABLE_H
#define VIZ_FIGURE_TABLE_H

#include "viz/figure.h"

extern const struct figure figure_table[]; /* level by level; the last has no name */

#endif
