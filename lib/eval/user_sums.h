/* Sums of scores for each user, to compare two models over users. */
#ifndef EVAL_USER_SUMS_H
#define EVAL_USER_SUMS_H

#include "eval/metrics.h"

/* [users, user_sums_width]: the sums over the user's targets of each column that a target has, the
 * loss first, and last the number of targets. */
struct user_sums {
    VEC(double) at;
};

static inline size_t user_sums_width(const struct cuts *c)
{
    return (size_t)metrics_target_columns(c) + 1;
}

/* The user's sums; NULL: the user has no target. */
static inline const double *user_sums_of(const struct user_sums *s, size_t user, size_t width)
{
    const double *at = s->at.at + user * width;
    return (user + 1) * width <= s->at.len && at[width - 1] > 0 ? at : NULL;
}

void user_sums_add(struct user_sums *s, const struct cuts *c, int32_t user, int32_t rank,
                   double loss);

/* Adds `width` sums to those of a user.  Users that are new have sums of 0. */
void user_sums_merge(struct user_sums *s, size_t width, int32_t user, const double *sums);
void user_sums_release(struct user_sums *s);

#endif
