/* What the wide part adds to the score of one item (model/wide_part.h), computed on the host, an
 * item at a time: for a baseline that needs no device, and to say what each kind of evidence adds.
 *
 *     δ(φ, z) = w2ᵀ relu(W1 φ + b1 + Wz z) + wsᵀ φ
 */
#ifndef MODEL_WIDE_SCORE_H
#define MODEL_WIDE_SCORE_H

#include "base/records.h"

enum { WIDE_HIDDEN = 32 };

/* The weights, laid out so that the hidden units of one feature are together. */
struct wide_weights {
    float feature[EVIDENCE_FEATURES][WIDE_HIDDEN]; /* W1ᵀ */
    float context[EVIDENCE_CONTEXT][WIDE_HIDDEN];  /* Wzᵀ */
    float bias[WIDE_HIDDEN], score[WIDE_HIDDEN];   /* b1, w2 */
    float direct[EVIDENCE_FEATURES];               /* ws */
    float prior;                                   /* β */
};

/* Sets the weights of the parameter of that name (sesspipe-model(5)) from the model's layout,
 * [WIDE_HIDDEN, columns] or a vector; other names are left out. */
void wide_weights_set(struct wide_weights *w, const char *name, const float *value);

/* The weights that are compiled in (model/wide_ready.h). */
void wide_weights_ready(struct wide_weights *w);

/* b1 + Wz z, which all items of a position share: once a position. */
void wide_score_context(const struct wide_weights *w, const float z[EVIDENCE_CONTEXT],
                        float hidden[WIDE_HIDDEN]);

/* δ of one item of that position. */
float wide_score(const struct wide_weights *w, const float hidden[WIDE_HIDDEN],
                 const float phi[EVIDENCE_FEATURES]);

#endif
