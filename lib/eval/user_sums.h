/* Sums of scores for each user, to compare two models over users. */
#ifndef EVAL_USER_SUMS_H
#define EVAL_USER_SUMS_H

#include "eval/metrics.h"

/* [users, metrics_columns]: column 0 is the number of targets, the others are sums over them. */
struct user_sums {
    VEC(double) at;
};

void user_sums_add(struct user_sums *s, const struct cuts *c, int32_t user, int32_t rank);

/* Adds `columns` sums to those of a user.  Users that are new have sums of 0. */
void user_sums_merge(struct user_sums *s, size_t columns, int32_t user, const double *sums);
void user_sums_release(struct user_sums *s);

#endif
