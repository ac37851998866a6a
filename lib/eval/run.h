/* A run: the passes of one `predictions` stream, scored one by one, and the best of its epochs. */
#ifndef EVAL_RUN_H
#define EVAL_RUN_H

#include <stdbool.h>

#include "base/rows.h"
#include "eval/score.h"

/* Positions from this on are one group: no session of a log worth splitting so is that long. */
enum { POSITION_GROUPS = 1000 };

struct scoring {
    struct cuts cuts;
    struct criterion criterion;
    bool by_position;
};

/* The score of a part of a pass's targets. */
struct group_score {
    const char *by; /* "position", "position-up-to" */
    char group[16]; /* "1" is the first target of a session; "1000+" */
    struct score score;
};

/* A pass; `overall` of a training pass has its loss alone. */
struct pass_score {
    struct epoch epoch;
    bool leads; /* the best of the run's passes up to here, of those that may be chosen */
    struct score overall;
    VEC(struct group_score) groups; /* each `by` in one piece, its groups in order */
};

struct run {
    const struct scoring *how;
    struct tally tally;
    VEC(struct pass_score) passes;
    size_t best; /* index into passes; SIZE_MAX: none yet */
    double best_merit;
    enum part selected_on; /* the part whose score chose the best epoch */
};

/* `how` stays the caller's. */
void run_start(struct run *r, const struct scoring *how);

/* Ranks of the pass that is going on: ranks from 1, positions from 0, as the stream's reader has
 * checked. */
void run_ranks(struct run *r, const struct ranks *k);

/* Ends a pass and appends its score.  65: it counts other targets than came. */
int run_pass(struct run *r, const struct pass *p, struct err *e);

/* Settles the best epoch: the one with the best test pass, or, where there are validation passes,
 * the one with the best of these.  65: the stream has neither. */
int run_end(struct run *r, struct err *e);
void run_release(struct run *r);

#endif
