/* Plans of rows and of sequences (struct rows and struct ragged in nn/ops.h), made on the host. */
#ifndef NN_PLAN_H
#define NN_PLAN_H

#include <stdint.h>

/* The positions that have a row, by row; equal rows in the order of the positions. */
struct row_order {
    int real, unique; /* positions that have a row; different rows */
    int32_t *row;     /* [unique] ascending */
    int32_t *start;   /* [unique + 1] where those of each begin in `order` */
    int32_t *order;   /* [real] */
    int32_t *spare;   /* room for sorting */
};

/* Orders at [count]; -1 is no row.  The caller gives arrays of `count`, start of one more; `order`
 * and `spare` may change places. */
void plan_rows(struct row_order *p, const int32_t *at, int count);

/* place [count] = which of the different rows each position has; -1: none. */
void plan_places(const struct row_order *p, int count, int32_t *place);

/* From start [count + 1], where sequences begin: sequence [count] = the longest first, equal ones
 * in their order; running [longest] = how many have a row at each step.  room [longest + 1]. */
void plan_sequences(const int32_t *start, int count, int longest, int32_t *sequence,
                    int32_t *running, int32_t *room);

/* owner [start[count]], packed [start[count]] (struct ragged). */
void plan_packed(const int32_t *start, int count, const int32_t *sequence, int32_t *owner,
                 int32_t *packed);

#endif
