/* The session at hand, the same in all models: embeddings of its items, the intra-session GRU from
 * an initial state, and the output layer over all items. */
#ifndef MODEL_ITEM_DECODER_H
#define MODEL_ITEM_DECODER_H

#include "model/model.h"

struct item_decoder {
    const struct parameter *item, *output, *output_bias;
    struct gru gru;
    /* of the batch */
    const struct ragged *steps; /* its sessions' inputs */
    int32_t *length;            /* host [B] inputs of each: all events but the last */
    struct tensor *input;       /* [T, E] embeddings after dropout */
    struct tensor *states;      /* [T, S] the GRU's outputs before dropout */
};

/* item_embedding first, which all begins with; then intra_gru, `in` wide, and output. */
void item_decoder_declare_items(struct item_decoder *d, struct model *m);
void item_decoder_declare(struct item_decoder *d, struct model *m, int in, int state);

/* Reads the batch: targets of *f, steps and input.  The embeddings of `more` items, which are asked
 * for together with the inputs' since all rows of a table are: [more.len, E], before any dropout.
 */
struct tensor *item_decoder_read(struct item_decoder *d, const struct model *m, struct tape *t,
                                 const struct batch *b, struct column more, struct forward *f);

/* The GRU's outputs [T, S] on their way to the output layer: state of *f. */
void item_decoder_output(struct item_decoder *d, const struct model *m, struct tape *t,
                         struct tensor *states, struct forward *f);

#endif
