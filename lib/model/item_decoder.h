/* The current session, shared by models: embeddings of its items, the intra-session GRU from an
 * initial state, and the output layer over all items. */
#ifndef MODEL_ITEM_DECODER_H
#define MODEL_ITEM_DECODER_H

#include "model/item_output.h"

struct item_decoder {
    struct item_output output;
    struct gru gru;
    /* of the batch */
    const struct ragged *steps; /* its sessions' inputs */
    const int32_t *event;       /* host [T] the numbers of these events (model/batch_events.h) */
    int32_t *length;            /* host [B] inputs of each: all events but the last */
    struct tensor *input;       /* [T, E] embeddings after dropout */
    struct tensor *states;      /* [T, S] the GRU's outputs before dropout */
};

/* Declare item_embedding, which is a model's first parameter; intra_gru with inputs of width `in`
 * (clusters > 0: so many of it), and output. */
void item_decoder_declare_items(struct item_decoder *d, struct model *m);
void item_decoder_declare(struct item_decoder *d, struct model *m, int in, int state, int clusters);

/* Reads the batch: sets steps, input and the targets of *f.  Returns the embeddings of
 * the items of all earlier sessions [., E], before dropout (earlier false: of none): all rows of a
 * table are looked up together. */
struct tensor *item_decoder_read(struct item_decoder *d, const struct model *m, struct tape *t,
                                 const struct batch *b, bool earlier, struct forward *f);

/* x [T, width] at the last input of each of the B sessions: device [B, width], zeros where a
 * session has none. */
float *item_decoder_last(const struct item_decoder *d, struct tape *t, const struct tensor *x,
                         int count);

/* Gives *f the weights of each target over the inputs so far. */
void item_decoder_weights(const struct item_decoder *d, struct tape *t,
                          const struct attention_weights *a, struct forward *f);

/* Sets the state of *f from the GRU's outputs [T, S]. */
void item_decoder_output(struct item_decoder *d, const struct model *m, struct tape *t,
                         struct tensor *states, struct forward *f);

#endif
