/* What training says while it runs: a line an epoch for people, a JSON line a pass for machines. */
#ifndef TRAIN_EPOCH_LOG_H
#define TRAIN_EPOCH_LOG_H

#include "train/learner.h"

struct report {
    int64_t epoch;
    double start;       /* seconds on the clock, when the pass began */
    int64_t batches[4]; /* of the last pass of each part; 0: not known */
    struct buf line;    /* of the epoch so far */
};

/* Seconds on a clock that never goes back. */
double report_now(void);

void report_begin(struct report *r, const struct tally *t);

/* A pass has ended: its part of the epoch's line is added; `json` (may be NULL) gets members of an
 * object, each behind a comma. */
void report_end(struct report *r, const struct tally *t, bool improved, struct buf *json);

/* How much of the pass is done, by the one before; 0: not known. */
double report_share(const struct report *r, const struct tally *t);

/* For checkpoints (nn/state.h): the line so far, the time spent on the pass. */
void report_state(struct report *r, struct state *s);
void report_release(struct report *r);

#endif
