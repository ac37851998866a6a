/* The items over which a loss over some of them goes: the targets of the batch, and more that are
 * drawn by how often training has them, to a power. */
#ifndef TRAIN_NEGATIVES_H
#define TRAIN_NEGATIVES_H

#include "model/model.h"

enum { NEGATIVES_PARTS = 1 << 14 };

struct negatives {
    int count;    /* drawn for each step */
    bool correct; /* scores are corrected for how likely each is among them (logQ) */
    int32_t items;
    double *until; /* [items] sum of the chances up to each item */
    double *share; /* [items] of the training's targets */
    int32_t *from; /* [NEGATIVES_PARTS + 1] where equal parts of all chances begin: items */
};

/* data->count NULL or all zeros: all items alike. */
void negatives_open(struct negatives *n, int count, double alpha, bool correct,
                    const struct model_data *data);
void negatives_release(struct negatives *n);

/* Target by target, then the negatives of this seed and step; of the tape's step. */
struct candidates negatives_draw(const struct negatives *n, struct tape *t, const int32_t *target,
                                 int targets, uint64_t seed, uint64_t step);

#endif
