/* A model against another, paired by user. */
#ifndef EVAL_COMPARE_H
#define EVAL_COMPARE_H

#include "base/names.h"
#include "eval/paired.h"
#include "eval/scored_run.h"

/* What runs of one model come to, user by user; {0} is empty. */
struct by_user {
    struct user_sums sums; /* over the runs */
    size_t runs;
};

/* Adds a run that has ended; user[id] says who its users are among those of all runs. */
void by_user_add(struct by_user *b, const struct scored_run *r, const int32_t *user);
void by_user_release(struct by_user *b);

/* How a column's scores differ. */
struct contrast {
    double difference; /* mean over users of the user's mean score less that under the base */
    struct interval interval;
    struct wilcoxon test;
};

struct comparison {
    size_t users;  /* with targets in both */
    size_t alone;  /* with targets in one of the two: left out */
    size_t uneven; /* of `users`: with other numbers of targets in the two */
    struct contrast column[METRICS_COLUMNS]; /* column 0 stays empty */
};

/* Differences are taken to 12 decimals, so that the order of summing makes none. */
void compare_users(const struct by_user *model, const struct by_user *base, const struct cuts *c,
                   size_t resamples, uint64_t seed, struct comparison *to);

#endif
