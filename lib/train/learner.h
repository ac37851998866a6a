/* Training and testing of any model, batch by batch and pass by pass. */
#ifndef TRAIN_LEARNER_H
#define TRAIN_LEARNER_H

#include "nn/optimizer.h"
#include "train/negatives.h"

struct user_items;
struct teacher;

/* Makes the evidence of steps of slots for a model with a wide part: that of each slot that is not
 * idle, step by step; valid until the call after the next one. */
struct step_evidence {
    /* next: the steps of the next call, whose evidence may be made ahead; NULL: not known.
     * Returns NULL where the pass reads none. */
    const struct evidence *(*make)(void *of, const struct slot_steps *now,
                                   const struct slot_steps *next);
    void *of;
};

struct train_options {
    uint64_t seed;
    int64_t max_steps; /* number of updates; below 0: no limit */
    int64_t warm_up;   /* updates over which the learning rate rises */
    bool decays;       /* it falls to a twentieth, by a cosine over the whole run */
    struct optimizer optimizer;
    enum loss_kind loss;
    bool sampled;  /* the loss is over the batch's targets and negatives, not over all items */
    int negatives; /* number drawn for each step, in proportion to popularity^alpha */
    double alpha;
    bool from_batch;          /* they are drawn from the batch's events */
    bool log_q;               /* scores are corrected by how likely an item is drawn */
    struct user_items *spare; /* no negatives for the targets of these users; NULL: none */
    struct teacher *teacher;  /* says a part of each target (train/teacher.h); NULL: none does */
    int unroll;               /* steps of slots in one update; 0: 1 */
    struct step_evidence evidence; /* make NULL: there is none */
    int top;                       /* number of best items listed for each target of a test */
    const unsigned char
        *candidate; /* host [items] 1: targets are ranked among these items (the loss is over all);
                   NULL: among all.  Only learner_open reads it */
};

/* The results of a batch.  A training batch has only `events`: its loss is added to the stats
 * later, so that a device computes a batch while the next is read. */
struct outcome {
    struct ranks ranks;
    struct tops tops;
    struct intents intents; /* of models with a second output; len 0: there are none */
    struct forward forward; /* valid until the next batch */
    int events;
    double loss; /* summed */
};

/* The results of a pass so far. */
struct pass_stats {
    struct epoch epoch;
    int64_t batches, sessions, events, left_out, hits; /* hits: targets of rank 20 or better */
    double loss, reciprocal; /* sums of losses and of reciprocal ranks (0 above 20) */
};

struct learner {
    struct model *model;
    struct tape *tape;
    struct train_options options;
    struct negatives negatives;
    unsigned char *candidate; /* device [items]; NULL: all items */
    int candidates;           /* their number */
    int64_t steps;            /* updates so far */
    double rate;              /* the learning rate that the options give */
    double done;              /* share of the run, set by the caller before a training batch */
    double per_session;       /* how much more each session is that steps of slots begin */
    struct pass_stats stats;  /* of the current pass */
    enum part remembered;     /* with the current weights the model remembers the sessions of all
                                 parts up to this one; PART_NONE: of none */
    struct {
        int ticket, targets; /* targets 0: none */
        int64_t step;        /* updates before it */
    } late;                  /* the losses of the last training batch, not yet in the stats */
    /* arrays of the outcome */
    i32_vec user, session, position, target, rank, ties, history, length, top_item;
    f32_vec loss, top_score, intent_score;
    VEC(unsigned char) intent_label;
};

/* `m` has its parameters allocated and belongs to the caller. */
void learner_open(struct learner *l, struct model *m, const struct train_options *o);
void learner_close(struct learner *l);

/* A pass begins; if it is a training pass, the model forgets what it remembers of sessions. */
void learner_begin(struct learner *l, struct epoch epoch);

/* What a model remembers after a training pass was made with weights that have changed since:
 * before a test it forgets, and takes in all earlier sessions again.  learner_takes says which part
 * comes next before a pass of `part`, PART_NONE: all are there; learner_took is called after a
 * part's last session; learner_take runs a batch of them forward, without an output layer. */
enum part learner_takes(struct learner *l, enum part part);
void learner_take(struct learner *l, const struct batch *b);
void learner_took(struct learner *l, enum part part);

/* Runs one batch: an update in a training pass, ranks in another pass.  *o is valid until the next
 * batch.  1: training diverged in this batch or the one before. */
int learner_batch(struct learner *l, const struct batch *b, struct outcome *o, struct err *e);

/* Updates by steps of slots, in a training pass. */
int learner_steps(struct learner *l, const struct steps *s, struct outcome *o, struct err *e);

/* Adds the loss of the last training batch to the stats: at the end of a pass and before a
 * checkpoint.  1: training diverged in it. */
int learner_flush(struct learner *l, struct err *e);

/* For checkpoints (nn/state.h), after learner_flush: weights, the optimizer's state, what the model
 * stores, and the stats of the pass. */
void learner_state(struct learner *l, struct state *s);

/* Counts a target by its rank. */
void pass_stats_rank(struct pass_stats *t, int32_t rank);

/* The record of the pass. */
struct pass pass_stats_pass(const struct pass_stats *t);
double pass_stats_recall(const struct pass_stats *t); /* recall@20 */
double pass_stats_mrr(const struct pass_stats *t);    /* mrr@20 */

#endif
