/* Compares a model with another one, paired by user. */
#ifndef EVAL_COMPARE_H
#define EVAL_COMPARE_H

#include "base/names.h"
#include "eval/paired.h"
#include "eval/scored_run.h"

/* The scores of a model's runs, user by user; {0} is empty. */
struct by_user {
    struct user_sums sums; /* over the runs */
    size_t runs;
};

/* Adds a run that has ended; user[id] is the number of the run's user among those of all runs. */
void by_user_add(struct by_user *b, const struct scored_run *r, const int32_t *user);
void by_user_release(struct by_user *b);

/* The difference of a column's scores. */
struct contrast {
    double model, base; /* means over users of the user's mean score */
    double difference;  /* model - base */
    struct interval interval;
    struct wilcoxon test;
    double holm; /* the test's p, corrected for all models that are compared with the base */
};

struct comparison {
    size_t users;  /* with targets in both */
    size_t alone;  /* with targets in one of the two only: left out */
    size_t uneven; /* of `users`: those with different numbers of targets in the two */
    struct contrast column[METRICS_COLUMNS]; /* of a target, but not the loss; others are empty */
};

/* Rounds differences to 12 decimals, so that the order of summing makes no difference.  Sets `holm`
 * to p. */
void compare_users(const struct by_user *model, const struct by_user *base, const struct cuts *c,
                   size_t resamples, uint64_t seed, struct comparison *to);

/* Corrects the p of n comparisons with one base, score by score. */
void compare_correct(struct comparison *const *c, size_t n, const struct cuts *cuts);

#endif
