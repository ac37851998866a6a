/* Embeddings of users: zeros at first, and so of a user without training. */
#ifndef MODEL_USER_EMBEDDING_H
#define MODEL_USER_EMBEDDING_H

#include "model/model.h"

/* Option row of a model with a choice of their size. */
extern const struct option user_embedding_rows[];

/* Declares "user_embedding.weight" [users, size]. */
const struct parameter *user_embedding_declare(struct model *m, int64_t size);

/* The row of a table of users that each of the batch's targets has, [T, .]; f: its targets. */
struct tensor *user_rows(struct tape *t, const struct parameter *table, const struct batch *b,
                         const struct forward *f);

#endif
