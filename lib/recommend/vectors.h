/* Vectors of items and of users whose inner products are a model's scores, for an index of nearest
 * neighbours (recommender --vectors).
 *
 *     score_i = w_i · s + b_i = (w_i, b_i) · (s, 1)
 *
 * w_i [S] is item i's row of the output layer and b_i its bias; s [S] is the state after the last
 * event of a user's newest session.  Where the output layer has no bias the last column is left
 * out.  The scores of a wide part are no such products. */
#ifndef RECOMMEND_VECTORS_H
#define RECOMMEND_VECTORS_H

#include "base/names.h"
#include "base/spill.h"
#include "model/model.h"
#include "nn/safetensors.h"

struct vectors {
    const char *prefix; /* of the files' names; NULL: none are written */
    int width;          /* of each vector; 0: none has been taken */
    f32_vec item;       /* [items, width] */
    struct spill user;  /* [user_id.len, width]; its limit can be set before the first */
    i32_vec user_id;    /* the stream's id of each, in the order of the answers */
};

/* Checks that the files can be written.  64: the prefix has no name; 73. */
int vectors_check(const struct vectors *v, struct err *e);

/* Takes the states [users, S] of an answered batch, after the first one the weights of the items
 * too.  The caller appends to user_id.  73, 74: the temporary file. */
int vectors_take(struct vectors *v, struct device *d, const struct output_layer *o, bool biased,
                 struct err *e);

/* Writes PREFIX.items.npy and PREFIX.users.npy, the names of their rows, a line each, in
 * PREFIX.items.txt and PREFIX.users.txt, and all of it in PREFIX.safetensors.  65: nobody was
 * answered; 73, 74: the files from before stay, unless it fails while the new ones take their
 * names. */
int vectors_write(struct vectors *v, const struct names *items, const struct names *users,
                  const struct safetensors_text *texts, int text_count, struct err *e);

void vectors_release(struct vectors *v);

#endif
