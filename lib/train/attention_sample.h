/* Attention records (--attention): the weights of some sessions of a validation or test pass, drawn
 * by seed, at each level of attention.  The batches hold the earlier sessions that a session
 * attends to, with their items. */
#ifndef TRAIN_ATTENTION_SAMPLE_H
#define TRAIN_ATTENTION_SAMPLE_H

#include "base/sample.h"
#include "train/learner.h"

struct attention_sample {
    int64_t wanted; /* sessions of a pass; below 0: all */
    uint64_t seed;
    const char *model;
    int32_t item_count, users;
    struct sample sample; /* of the sessions of the pass that attend to something */
    VEC(struct sampled_session *) drawn;
    f32_vec weight[LEVELS]; /* weights of the batch, on the host */
    i32_vec item_at;        /* where the items of each earlier session of the batch begin */
};

/* Writes a record; a failure is passed on. */
struct attention_sample_to {
    int (*write)(void *to, const struct attention *a, struct err *e);
    void *to;
};

void attention_sample_open(struct attention_sample *w, int64_t wanted, uint64_t seed,
                           const struct model *m);
void attention_sample_close(struct attention_sample *w);

/* For checkpoints (nn/state.h); to restore, first call attention_sample_begin for the pass. */
void attention_sample_state(struct attention_sample *w, struct state *s);

/* A pass begins: starts a new sample. */
void attention_sample_begin(struct attention_sample *w, struct epoch epoch);

/* Call after each batch of any pass. */
int attention_sample_batch(struct attention_sample *w, const struct learner *l,
                           const struct batch *b, const struct outcome *o,
                           struct attention_sample_to to, struct err *e);

/* The pass has ended: writes the sample, in the order of the pass. */
int attention_sample_end(struct attention_sample *w, struct attention_sample_to to, struct err *e);

#endif
