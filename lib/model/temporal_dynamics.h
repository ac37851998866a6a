/* The temporal dynamics of ASARS (eq. 7 to 14): how a user drifts from session to session, and
 * which items go with which time spent.
 *
 *     first state   log(1 + d) times the last state of the user's session before, without gradient,
 *                   d days after their first session
 *     z_t           plus α_u W_drift h_t
 *     score_i       plus B_ik, k the bin of the dwell time at t
 *
 * The paper's biases of users, which are equal for all items, would change no rank and are left
 * out. */
#ifndef MODEL_TEMPORAL_DYNAMICS_H
#define MODEL_TEMPORAL_DYNAMICS_H

#include "model/contexts.h"
#include "model/session_memory.h"

struct temporal_dynamics {
    const struct parameter *drift, *rate; /* W_drift [E, H]; α [users, 1] */
    const struct parameter *item_dwell;   /* B [N, bins]; NULL: there are no dwell times */
    int dwell, bins;                      /* which context they are */
    float *one_hot;                       /* device [bins, bins] the identity */
    struct session_memory memory;         /* of last states */
    i64_vec
        first; /* [users] when the first session began that the model has read; INT64_MAX: none */
};

/* For scores from states of size `size`, and recurrent states of `state` units, `width` numbers
 * with an LSTM's cells. */
void temporal_dynamics_open(struct temporal_dynamics *d, struct model *m, const struct contexts *c,
                            int size, int state, int width);
void temporal_dynamics_release(struct temporal_dynamics *d, struct device *of);

/* The first states of the batch's sessions, [B, width]. */
struct tensor *temporal_dynamics_start(const struct temporal_dynamics *d, struct tape *t,
                                       const struct batch *b);

/* What the drift adds to z_t, [T, E], from h_t; f: the batch's targets. */
struct tensor *temporal_dynamics_drift(const struct temporal_dynamics *d, struct tape *t,
                                       const struct batch *b, const struct forward *f,
                                       struct tensor *h);

/* Sets state [z_t; the bin at t in one-hot form] and output layer of *f, whose state is z_t, where
 * there are dwell times; event: host [T] the inputs. */
void temporal_dynamics_output(const struct temporal_dynamics *d, struct tape *t,
                              const struct batch *b, const int32_t *event, struct forward *f);

/* Remembers the batch's sessions; last: device [B, width] their last states. */
void temporal_dynamics_finish(struct temporal_dynamics *d, struct tape *t, const struct batch *b,
                              const float *last);

/* Forgets the sessions of one user, or of all. */
void temporal_dynamics_forget(struct temporal_dynamics *d, int32_t user);
void temporal_dynamics_clear(struct temporal_dynamics *d);

/* For checkpoints (nn/state.h). */
void temporal_dynamics_state(struct temporal_dynamics *d, struct state *s);

#endif
