/* The items of a sampled loss: the targets of the batch, and negatives drawn in proportion to their
 * number of events in training, to the power alpha, or from the events of the batch. */
#ifndef TRAIN_NEGATIVES_H
#define TRAIN_NEGATIVES_H

#include "model/model.h"

enum { NEGATIVES_PARTS = 1 << 14 };

struct negatives {
    int count;    /* drawn for each step */
    bool correct; /* scores are corrected by the expected number of times an item is drawn (logQ) */
    int32_t items;
    double *until; /* [items] cumulative probability up to each item, not normalized */
    double *share; /* [items] share of the targets of training */
    int32_t *from; /* [NEGATIVES_PARTS + 1] the item at which each equal part of `until` begins */
};

/* data->count NULL or all zeros: all items are equally likely. */
void negatives_open(struct negatives *n, int count, double alpha, bool correct,
                    const struct model_data *data);
void negatives_release(struct negatives *n);

/* The targets in order with their owners, then the negatives for this seed and step; valid for the
 * tape's step.  from: host int32 items of events, one of which each negative is; empty: those of
 * training. */
struct candidates negatives_draw(const struct negatives *n, struct tape *t, const struct forward *f,
                                 struct column from, uint64_t seed, uint64_t step);

#endif
