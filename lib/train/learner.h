/* Training and testing, the same for every model: one batch after another of one pass after
 * another. */
#ifndef TRAIN_LEARNER_H
#define TRAIN_LEARNER_H

#include "nn/optimizer.h"
#include "train/negatives.h"

struct train_options {
    uint64_t seed;
    int64_t max_steps; /* no update after so many; below 0: no limit */
    struct optimizer optimizer;
    enum loss_kind loss;
    bool sampled;  /* over the batch's targets and negatives, not over all items */
    int negatives; /* drawn for each step by how often training has an item, to the power alpha */
    double alpha;
    bool log_q; /* scores of negatives are corrected for that */
    int unroll; /* steps of lanes that are one update; 0: 1 */
    bool look;  /* training passes run forward only, for what the model remembers of them */
    int top;    /* best items wanted of each position of a test: of those that are ranked */
    const unsigned char
        *candidate; /* host [items] 1: ranked beside every target, 0: beside none (the
                   loss is over all); NULL: all are.  Only learner_open reads it */
};

/* What a batch came to.  Of a training batch only `events` is there: its loss comes to the tally
 * when it is known, so that a device computes one batch while the next is read. */
struct outcome {
    struct ranks ranks;
    struct tops tops;
    struct forward forward; /* until the next batch */
    int events;
    double loss; /* summed */
};

/* What a pass came to so far. */
struct pass_stats {
    struct epoch epoch;
    int64_t batches, sessions, events, left_out, hits; /* hits: ranks of 20 or better */
    double loss, reciprocal;                           /* sums; reciprocal ranks, 0 beyond 20 */
};

struct learner {
    struct model *model;
    struct tape *tape;
    struct train_options options;
    struct negatives negatives;
    unsigned char *candidate; /* the device's; NULL: all items are */
    int candidates;           /* how many are */
    int64_t steps;            /* updates so far */
    struct pass_stats tally;  /* of the pass that runs */
    struct {
        int ticket, targets; /* targets 0: there is none */
        int64_t step;        /* updates before it */
    } late;                  /* the losses of the last training batch, not yet in the tally */
    /* the outcome's arrays */
    i32_vec user, session, position, target, rank, ties, history, length, top_item;
    f32_vec loss, top_score;
};

/* `m` has its parameters allocated and stays the caller's. */
void learner_open(struct learner *l, struct model *m, const struct train_options *o);
void learner_close(struct learner *l);

/* A pass begins: a training pass empties what the model remembers of sessions. */
void learner_begin(struct learner *l, struct epoch epoch);

/* Runs one batch: an update in a training pass, ranks in another.  *o is valid until the next
 * batch.  1: training diverged, in this batch or the one before. */
int learner_batch(struct learner *l, const struct batch *b, struct outcome *o, struct err *e);

/* The same with steps of lanes. */
int learner_steps(struct learner *l, const struct steps *s, struct outcome *o, struct err *e);

/* Brings the tally up to the last batch: at the end of a pass, and before a checkpoint.  1:
 * training diverged in it. */
int learner_flush(struct learner *l, struct err *e);

/* All that training changes, flushed, for checkpoints (nn/state.h): weights, the optimizer's state,
 * what the model remembers, and where the pass stands. */
void learner_state(struct learner *l, struct state *s);

/* What the pass came to. */
struct pass pass_stats_pass(const struct pass_stats *t);
double pass_stats_recall(const struct pass_stats *t); /* recall@20 */
double pass_stats_mrr(const struct pass_stats *t);    /* mrr@20 */

#endif
