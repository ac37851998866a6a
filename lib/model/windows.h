/* Windows over sessions, for models whose predictions see a session's newest inputs, and before
 * them some events of the user's earlier sessions; together at most `most` events.  The first
 * inputs of a session, after the earlier events, are one sequence, and each of its rows predicts
 * the next item. Each later position has its own sequence of the `most` events up to it, and only
 * the last row predicts.  What a prediction sees does not depend on what comes later in the
 * session, its length included.
 *
 * With a dropout of items (Tan et al. 2016), training leaves out some inputs of a session, never
 * the first.  Each target is predicted from the newest input before it that is left. */
#ifndef MODEL_WINDOWS_H
#define MODEL_WINDOWS_H

#include "model/model.h"

struct windows {
    int count, total, targets;
    int32_t *length;      /* host [count] */
    int32_t *event;       /* host [total] model/batch_events.h */
    const int32_t *input; /* host [total] their items */
    int32_t *place;       /* host [total] the position of each, below `most`; see windows_make */
    int32_t
        *bucket; /* host [total] the age bucket of an earlier session's event; -1: of the session */
    int32_t *row;          /* host [targets] the row that predicts each */
    int32_t *predicted;    /* host [targets] the events that are predicted */
    const int32_t *target; /* host [targets] their items */
    int32_t *owner;        /* host [targets] the session of each */
    int32_t *ordinal;      /* host [targets] which target of its session it is, from 0 */
};

/* The windows of a batch, with at most `earlier` < `most` events of earlier sessions; the arrays
 * are valid for the step.  dropout: how likely an input is left out.  The session's first input has
 * position `earlier`, the events before it those below.  In sequences of later inputs the last
 * event has position `most` - 1. */
struct windows windows_make(struct tape *t, const struct batch *b, int most, int earlier,
                            double dropout);

/* The same, where each target has a sequence of its own, of the `most` newest inputs before it, and
 * its last row predicts.  For models that do not read a window from its begin to its end alone.  It
 * has up to `most` / 2 times as many rows. */
struct windows windows_of_prefixes(struct tape *t, const struct batch *b, int most);

/* x [total, .] without the rows that predict nothing: [targets, .] */
struct tensor *windows_targets(struct tape *t, const struct windows *w, struct tensor *x);

/* Sets *f to the targets, and nothing else. */
void windows_forward(const struct windows *w, struct forward *f);

/* Sets as the weights of each target in *f those of the row that predicts it, over events of its
 * own session: a->at as in tape_attend_up_to. */
void windows_weights(struct tape *t, const struct windows *w, const struct attention_weights *a,
                     struct forward *f);

#endif
