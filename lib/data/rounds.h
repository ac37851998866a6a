/* All sessions of a part in an order in which a model can take them in: the first of each user,
 * then the second of each user, and so on, in batches of different users. */
#ifndef DATA_ROUNDS_H
#define DATA_ROUNDS_H

#include <stdbool.h>

#include "data/session_store.h"

/* The caller frees with rounds_release. */
struct rounds {
    i32_vec next, end; /* of each user who has sessions left: the next one, and after the last */
    size_t at;         /* the next user of this round */
    i32_vec picked;
};

void rounds_open(struct rounds *r, const struct session_store *c, enum part part);

/* Only those of its sessions s that have mark[s] == as; of each user they follow one another. */
void rounds_open_marked(struct rounds *r, const struct session_store *c, enum part part,
                        const unsigned char *mark, unsigned char as);

/* The next batch of at most `size` sessions, in r->picked; false: there are no more. */
bool rounds_next(struct rounds *r, size_t size);

void rounds_release(struct rounds *r);

#endif
