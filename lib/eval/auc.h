/* How well the scores of a second output tell the sessions with an intent from those without: the
 * area under the receiver operating characteristic, which is how likely a position of the former
 * has a higher score than one of the latter; equal scores count half (Hanley & McNeil 1982). */
#ifndef EVAL_AUC_H
#define EVAL_AUC_H

#include "base/records.h"

struct scored_label {
    float score;
    unsigned char label;
};

struct auc {
    VEC(struct scored_label) at;
};

/* Empties it; {0} is fine before. */
void auc_start(struct auc *a);
void auc_add(struct auc *a, const struct intents *n);

/* NaN: not both labels are there.  Sorts what was added. */
double auc_value(struct auc *a);
void auc_release(struct auc *a);

#endif
