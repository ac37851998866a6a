/* Attention weights for pictures: some sessions of a test pass, drawn by seed, with what they
 * attended to at each level.  The stream's batches say which earlier sessions those are; what they
 * held stands in the batches too, or is remembered from those gone by. */
#ifndef TRAIN_ATTENTION_SAMPLE_H
#define TRAIN_ATTENTION_SAMPLE_H

#include "base/sample.h"
#include "model/memory_slots.h"
#include "train/learner.h"

struct attention_sample {
    int64_t wanted; /* sessions a pass; below 0: all */
    uint64_t seed;
    const char *model;
    int32_t item_count;
    struct memory_slots past;
    VEC(i32_vec) items;   /* of each slot of `past` */
    struct sample sample; /* of the pass's sessions that attended to something */
    VEC(struct watched *) drawn;
    f32_vec weight[LEVELS]; /* of the batch, on the host */
    i32_vec held;           /* where the items of the batch's earlier sessions begin */
};

/* Where records go; a failure is passed on. */
struct attention_sample_to {
    int (*write)(void *to, const struct attention *a, struct err *e);
    void *to;
};

void attention_sample_open(struct attention_sample *w, int64_t wanted, uint64_t seed,
                           const struct model *m);
void attention_sample_close(struct attention_sample *w);

/* What is remembered and drawn so far, for checkpoints (nn/state.h); restoring: after
 * attention_sample_begin of the pass. */
void attention_sample_state(struct attention_sample *w, struct state *s);

/* A pass begins: draws anew; a training pass forgets all sessions. */
void attention_sample_begin(struct attention_sample *w, struct epoch epoch);

/* After each batch of any pass. */
int attention_sample_batch(struct attention_sample *w, const struct learner *l,
                           const struct batch *b, const struct outcome *o,
                           struct attention_sample_to to, struct err *e);

/* The pass has ended: writes what was drawn, in the order of the pass. */
int attention_sample_end(struct attention_sample *w, struct attention_sample_to to, struct err *e);

#endif
