/* The item embeddings and the output layer over all items, in the forms of --decoder, s being the
 * state [S] and e_i the embedding of item i [E]:
 *
 *     dense      score_i = w_i · s + b_i
 *     tied       score_i = e_i · P s + b_i     without P where E = S
 *     bilinear   score_i = e_i · P s           (Li et al. 2017, eq. 10)
 *     embedding  score_i = cos(e_i, P s + p)   (Tan et al. 2016)
 *
 * In training the last one's loss is 1 - score of the target, whose embedding it predicts. */
#ifndef MODEL_ITEM_OUTPUT_H
#define MODEL_ITEM_OUTPUT_H

#include "model/model.h"

struct item_output {
    const struct parameter *item;                   /* the embeddings [N, E] */
    const struct parameter *weight;                 /* [N, S], or the embeddings */
    const struct parameter *bias;                   /* [N]; NULL: none */
    const struct parameter *bilinear;               /* P [E, S]; NULL: none */
    const struct parameter *predict, *predict_bias; /* P [E, S], p [E] of a predicted embedding */
};

/* Declare item_embedding, which is a model's first parameter, and the output layer over states of
 * width `state`. */
void item_output_declare_items(struct item_output *o, struct model *m);
void item_output_declare(struct item_output *o, struct model *m, int state);

/* The embeddings of items, host [count]; without a gradient where they are frozen, which not every
 * operation can do without. */
struct tensor *item_output_rows(const struct item_output *o, struct tape *t, const int32_t *item,
                                int count);

/* Whether the options have it predict an embedding. */
bool item_output_aims(const struct model_options *o);

/* Sets weight and bias of *f, and from states [T, S] after dropout its state, and what else
 * an embedding that is predicted has: of f->targets, which are known. */
void item_output_layer(const struct item_output *o, struct forward *f);
void item_output_state(const struct item_output *o, struct tape *t, struct tensor *states,
                       struct forward *f);

/* The weights of items from their rows: for the `items` of a class that may predict embeddings. */
struct tensor *item_output_items(const struct item_output *o, struct tape *t, struct tensor *rows);

#endif
