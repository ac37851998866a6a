/* A run: the passes of one `predictions` stream, scored one by one, and the best of its epochs. */
#ifndef EVAL_SCORED_RUN_H
#define EVAL_SCORED_RUN_H

#include <stdbool.h>

#include "base/records.h"
#include "eval/breakdown.h"
#include "eval/metrics.h"
#include "eval/user_sums.h"

struct scoring {
    struct cuts cuts;
    struct criterion criterion;
    struct breakdown_list by;
    bool by_user; /* keep the best pass's sums for each user */
};

/* The score of a part of a pass's targets. */
struct group_score {
    const char *by; /* a breakdown's name or what it is called added up */
    size_t number;  /* the group's own, which gives the order of all */
    char group[GROUP_NAME];
    struct metrics score;
};

/* A pass; `overall` of a training pass has its loss alone. */
struct pass_score {
    struct epoch epoch;
    bool leads; /* the best of the run's passes up to here, of those that may be chosen */
    struct metrics overall;
    VEC(struct group_score) groups; /* each `by` in one piece, its groups in order */
};

struct scored_run {
    const struct scoring *how;
    struct rank_counts tally;          /* one group: all targets */
    struct rank_counts by[BREAKDOWNS]; /* as how->by */
    i32_vec train;                     /* of each item; -1: not known */
    struct popularity popularity;      /* of the first `ranked` of them */
    size_t ranked;
    const char *missing; /* what a breakdown needs and ranks do not have; NULL: nothing */
    const struct breakdown *missing_by;
    VEC(struct pass_score) passes;
    size_t best; /* index into passes; SIZE_MAX: none yet */
    double best_merit;
    struct user_sums sums, best_sums; /* of the pass in hand; of the best */
    double validated;                 /* the best merit of validation passes with no test before */
    enum part selected_on;            /* the part whose score chose the best epoch */
};

/* `how` stays the caller's. */
void scored_run_start(struct scored_run *r, const struct scoring *how);

/* The next item, ids from 0, and how often it stands in the training part, as text (empty: not
 * known).  Only breakdowns by it need to be told; all items come before the first ranks. */
void scored_run_item(struct scored_run *r, struct bytes train);

/* Ranks of the pass that is going on: ranks from 1, positions from 0, as the stream's reader has
 * checked.  Columns that no breakdown needs may be missing. */
void scored_run_ranks(struct scored_run *r, const struct ranks *k);

/* Ends a pass and appends its score.  65: it counts other targets than came,
 * or a breakdown needs what they do not have. */
int scored_run_pass(struct scored_run *r, const struct pass *p, struct err *e);

/* Settles the best epoch: the one with the best test pass, or, where there are validation passes,
 * the one with the best of these.  65: the stream has neither. */
int scored_run_end(struct scored_run *r, struct err *e);
void scored_run_release(struct scored_run *r);

#endif
