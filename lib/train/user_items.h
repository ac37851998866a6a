/* Which items each user has had in training: they are no negatives for the user's targets. */
#ifndef TRAIN_USER_ITEMS_H
#define TRAIN_USER_ITEMS_H

#include "data/session_store.h"
#include "nn/tape.h"

/* An item of a user, and the first of the user's sessions that has it, from 0. */
struct user_item {
    int32_t item, session;
};

struct user_items {
    VEC(size_t) first; /* [U + 1] those of user u are first[u] .. first[u + 1] - 1, by item */
    struct spill had;  /* struct user_item, beyond the store's limit in a file */
    unsigned char *is_candidate; /* [items] zeros between two calls */
    i32_vec spared_at, spared;   /* of the last call */
};

/* Looks through the training sessions of the store.  71, 73, 74: the temporary file. */
int user_items_open(struct user_items *x, const struct session_store *c, int32_t items,
                    struct err *e);

/* Makes the items that the user of each target has had, in the target's session or before it, the
 * spared items of *c; valid until the next call.  user, session (its number among the user's):
 * [targets]. */
void user_items_spare(struct user_items *x, const int32_t *user, const int32_t *session,
                      int targets, struct candidates *c);

void user_items_release(struct user_items *x);

#endif
