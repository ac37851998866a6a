/* What a wide part counts when it recommends: the sessions in the model's file, or those of a newer
 * stream in their place. */
#ifndef RECOMMEND_COUNTS_H
#define RECOMMEND_COUNTS_H

#include "index/index.h"
#include "train/saved_model.h"

struct counts_of_model {
    struct session_index index;
    struct names items; /* the model's, and behind them those that only the stream has */
    i32_vec count;      /* [items] events of each */
};

/* `path`: a stream of sessions (NULL: the model's file).  A model without weights of items takes in
 * new items of the stream; for others their events are left out.  65: a file without an index, and
 * no stream; another stream. */
int counts_of_model_open(struct counts_of_model *c, const struct saved_model *saved,
                         const char *path, struct err *e);

/* Counts in the store's sessions, whose items are those of `items`, of which *c takes a copy. */
void counts_of_model_take(struct counts_of_model *c, const struct session_store *sessions,
                          const struct names *items);

void counts_of_model_release(struct counts_of_model *c);

#endif
