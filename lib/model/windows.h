/* Windows over sessions, for models that see a session's last inputs, at most so many.  The first
 * `most` inputs of a session are one sequence, and each of its rows predicts the next item.  Each
 * later position has its own sequence of the `most` inputs up to it, and only the last row
 * predicts. */
#ifndef MODEL_WINDOWS_H
#define MODEL_WINDOWS_H

#include "model/model.h"

struct windows {
    int count, total, targets;
    int32_t *length; /* host [count] */
    int32_t *input;  /* host [total] */
    int32_t *row;    /* host [targets] the row that predicts each */
    int32_t *target; /* host [targets] */
    int32_t *owner;  /* host [targets] the session of each */
};

/* The windows of a batch; their arrays are valid for the step. */
struct windows windows_make(struct tape *t, const struct batch *b, int most);

/* x [total, .] without the rows that predict nothing: [targets, .] */
struct tensor *windows_targets(struct tape *t, const struct windows *w, struct tensor *x);

/* Sets *f to the targets, and nothing else. */
void windows_forward(const struct windows *w, struct forward *f);

/* Sets as the weights of each target in *f those of the row that predicts it: a->at as in
 * tape_attend_up_to. */
void windows_weights(struct tape *t, const struct windows *w, const struct attention_weights *a,
                     struct forward *f);

#endif
