/* What training says while it runs: a line an epoch for people, a JSON line a pass for machines. */
#ifndef TRAIN_EPOCH_LOG_H
#define TRAIN_EPOCH_LOG_H

#include "train/learner.h"

struct epoch_log {
    int64_t epoch;
    double start;       /* seconds on the clock, when the pass began */
    int64_t batches[4]; /* of the last pass of each part; 0: not known */
    struct buf line;    /* of the epoch so far */
};

/* Seconds on a clock that never goes back. */
double epoch_log_now(void);

void epoch_log_begin(struct epoch_log *r, const struct pass_stats *t);

/* A pass has ended: its part of the epoch's line is added; `json` (may be NULL) gets members of an
 * object, each behind a comma. */
void epoch_log_end(struct epoch_log *r, const struct pass_stats *t, bool improved,
                   struct buf *json);

/* How much of the pass is done, by the one before; 0: not known. */
double epoch_log_share(const struct epoch_log *r, const struct pass_stats *t);

/* For checkpoints (nn/state.h): the line so far, the time spent on the pass. */
void epoch_log_state(struct epoch_log *r, struct state *s);
void epoch_log_release(struct epoch_log *r);

#endif
