/* A run: the scores of the passes of one `predictions` stream, and its best epoch. */
#ifndef EVAL_SCORED_RUN_H
#define EVAL_SCORED_RUN_H

#include <stdbool.h>

#include "base/records.h"
#include "eval/auc.h"
#include "eval/breakdown.h"
#include "eval/list_counts.h"
#include "eval/metrics.h"
#include "eval/user_sums.h"

struct scoring {
    struct cuts cuts;
    struct criterion criterion;
    struct breakdown_list by;
    bool by_user; /* keep the sums of the best pass for each user */
};

/* The score of a group of a pass's targets. */
struct group_score {
    const char *by; /* the name of the breakdown (its up_to where groups are added up) */
    size_t number;  /* of the group in the breakdown: groups are in this order */
    char group[GROUP_NAME];
    struct metrics score;
};

/* The scores of a pass.  A training pass has only a loss. */
struct pass_score {
    struct epoch epoch;
    bool leads; /* the best up to here of the run's passes that may be chosen */
    struct metrics overall;
    double auc;                     /* of a second output; NaN: there is none */
    VEC(struct group_score) groups; /* breakdown by breakdown */
};

struct scored_run {
    const struct scoring *how;
    struct rank_counts tally;          /* a single group: all targets */
    struct rank_counts by[BREAKDOWNS]; /* one for each of how->by */
    struct list_counts lists;
    struct auc auc;
    int64_t among;                /* how many items are ranked; 0: all */
    i32_vec train;                /* of each item; -1: not known */
    struct popularity popularity; /* of the first `ranked` items */
    size_t ranked;
    const char *missing; /* what a breakdown needs and the ranks lack; NULL: nothing */
    const struct breakdown *missing_by;
    VEC(struct pass_score) passes;
    size_t best; /* index into passes; SIZE_MAX: none yet */
    double best_merit;
    struct user_sums sums, best_sums; /* of the current pass; of the best */
    double validated;      /* the highest merit of validation passes before any test pass */
    enum part selected_on; /* the part that chose the best epoch */
};

/* `how` must stay valid as long as the run.  Ranks and lists are of the `among` most supported
 * items; 0: of all. */
void scored_run_start(struct scored_run *r, const struct scoring *how, int64_t among);

/* Adds the next item (ids count from 0) and how often it is in the training part, as text (empty:
 * not known).  Only breakdowns by popularity need it.  All items come before the first ranks. */
void scored_run_item(struct scored_run *r, struct bytes train);

/* Adds ranks to the current pass: ranks from 1, positions from 0, checked by the stream's reader.
 * Columns that no breakdown needs may be missing. */
void scored_run_ranks(struct scored_run *r, const struct ranks *k);

/* Adds lists to the current pass.  Only coverage and popularity need them. */
void scored_run_lists(struct scored_run *r, const struct tops *t);

/* Adds what a second output says to the current pass. */
void scored_run_intents(struct scored_run *r, const struct intents *n);

/* Ends a pass and appends its score.  65: the pass counts other targets than it has, or they lack
 * what a breakdown needs. */
int scored_run_pass(struct scored_run *r, const struct pass *p, struct err *e);

/* Chooses the best epoch: by its validation pass where the stream has validation passes, else by
 * its test pass.  65: the stream has neither. */
int scored_run_end(struct scored_run *r, struct err *e);

/* After scored_run_end: the score that chose the best epoch, by the criterion; NaN: none did. */
double scored_run_selection(const struct scored_run *r);
void scored_run_release(struct scored_run *r);

#endif
