/* Parallel mini-batches: sessions side by side in slots, one event of each slot at each step. */
#ifndef DATA_PARALLEL_BATCHES_H
#define DATA_PARALLEL_BATCHES_H

#include <stdbool.h>

#include "data/session_store.h"

/* A slot and the sessions that it goes on with. */
struct parallel_slot {
    i32_vec next;                      /* sessions given to it */
    size_t begun;                      /* how many of them have begun */
    size_t session, position, targets; /* the current one, which ends when the two are equal */
    int32_t user;                      /* of the current session; -1: there was none */
};

/* The caller sets the first block; {.store, .slots}.  Freed by parallel_batches_release. */
struct parallel_batches {
    const struct session_store *store;
    int64_t slots;

    struct parallel_slot *slot; /* [slots] */
    i32_vec item, target, user, number, at;
    VEC(unsigned char) reset;
};

/* A pass begins: all slots are empty. */
void parallel_batches_begin(struct parallel_batches *p);

/* The slot goes on with the session when the one before has ended.  Sessions of one event have no
 * target and make no step. */
void parallel_batches_give(struct parallel_batches *p, int32_t slot, int32_t session);

/* Whether a slot has ended all its sessions: it idles in the next step unless it is given one. */
bool parallel_batches_wants(const struct parallel_batches *p);

/* Adds a step to those that wait to be taken; false, without a step, where all slots are idle. */
bool parallel_batches_step(struct parallel_batches *p);

/* Whether as many steps wait as are run together: about 40 KiB of them. */
bool parallel_batches_full(const struct parallel_batches *p);

/* The steps that wait, valid until the next one is added. */
struct steps parallel_batches_take(struct parallel_batches *p);

void parallel_batches_release(struct parallel_batches *p);

#endif
