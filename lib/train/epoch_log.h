/* Messages of a run: a line of text for each epoch, or a JSON line for each pass. */
#ifndef TRAIN_EPOCH_LOG_H
#define TRAIN_EPOCH_LOG_H

#include "train/learner.h"

struct epoch_log {
    int64_t epoch;
    double start;       /* when the pass began, in seconds on the clock */
    int64_t batches[4]; /* of the last pass of each part; 0: not known */
    struct buf line;    /* the epoch's line so far */
};

/* Seconds on a monotonic clock. */
double epoch_log_now(void);

void epoch_log_begin(struct epoch_log *r, const struct pass_stats *t);

/* A pass has ended: adds its part to the epoch's line.  Appends members of a JSON object, each
 * after a comma, to `json` (may be NULL). */
void epoch_log_end(struct epoch_log *r, const struct pass_stats *t, bool improved,
                   struct buf *json);

/* The share of the pass that is done, estimated from the pass before; 0: not known. */
double epoch_log_share(const struct epoch_log *r, const struct pass_stats *t);

/* For checkpoints (nn/state.h): the line and the time spent on the pass so far. */
void epoch_log_state(struct epoch_log *r, struct state *s);
void epoch_log_release(struct epoch_log *r);

#endif
