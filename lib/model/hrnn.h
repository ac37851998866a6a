/* What the files of hrnn and rnn share: the steps of slots (hrnn.c) and the same sessions run
 * whole, in tests (hrnn_network.c, which has the network of both). */
#ifndef MODEL_HRNN_H
#define MODEL_HRNN_H

#include "model/item_output.h"
#include "model/parallel.h"
#include "model/recurrent.h"

struct hrnn_slots {
    bool users;                        /* there is a user level */
    bool all;                          /* c is an input of every step */
    bool joined;                       /* without user level: a user's sessions are read as one */
    const struct parameter *separator; /* input between joined sessions [1, .]; NULL: none */
    int size;                          /* H */
    int width;                         /* of s: H for each layer */
    float start_dropout;               /* of s_0 */
    const struct parameter *start, *start_bias, *input;
    const struct parameter *hidden, *hidden_bias; /* before the output; NULL: none */
    struct item_output output;
    struct recurrent session;
    struct gru user;
    /* state between calls */
    struct slot_states slot_states;
    float *s[2], *c[2];  /* device [slots, .]; the next call writes the second of each */
    float *kept;         /* device [users, .] stored c, or s of joined sessions; zeros at first */
    struct tested {      /* the batch of a test */
        int32_t *length; /* host [B] inputs of each session */
        struct tensor *states; /* [Σ length, .] s after each input */
        struct tensor *c;      /* [B, H] the users' states; NULL: there is no user level */
    } tested;
};

/* s_0 of the users' states c. */
struct tensor *hrnn_first(const struct model *m, struct tape *t, struct tensor *c);

/* The session's layers.  Where the user's state is an input of every step, the first one's inputs
 * are multiplied already. */
struct recurrent hrnn_layers(const struct hrnn_slots *r);

/* Their inputs: x, or W_ih x + W c where c is an input of every step (else not read). */
struct tensor *hrnn_inputs(const struct hrnn_slots *r, struct tape *t, struct tensor *x,
                           struct tensor *c);

/* Sets the state of *f from the top layer's states. */
void hrnn_output(const struct hrnn_slots *r, struct tape *t, struct tensor *states,
                 struct forward *f);

/* The forward pass over a batch of whole sessions, each from the stored state of its user. */
void hrnn_forward(struct model *m, struct tape *t, const struct batch *b, struct forward *f);

/* The user GRU takes in the last state of each session; of joined sessions that is kept as it is,
 * with the last item, which is unread.  Sessions of one event read nothing and change nothing. */
void hrnn_finish(struct model *m, struct tape *t, const struct batch *b);

#endif
