/* The sessions of an index that one session has to do with, by number. */
#ifndef INDEX_KNOWN_SESSIONS_H
#define INDEX_KNOWN_SESSIONS_H

#include "index/index.h"
#include "index/numbers.h"

struct known_session {
    float root;   /* 1/√length */
    int32_t from; /* where its items are; -1: not read yet */
    int32_t length;
};

struct known_sessions {
    const struct session_index *index;
    struct numbers ranks;
    VEC(struct known_session) session; /* [numbers] */
    i32_vec item;                      /* of the sessions that were read, as numbers */
};

void known_sessions_open(struct known_sessions *k, const struct session_index *x);
void known_sessions_release(struct known_sessions *k);
void known_sessions_forget(struct known_sessions *k);

/* The number of the session of a rank. */
int32_t known_sessions_number(struct known_sessions *k, int32_t rank);

/* Reads a session's items, once, and numbers them.  Valid until the next session that was not read
 * yet; its length is session[number].length. */
const int32_t *known_sessions_items(struct known_sessions *k, int32_t number,
                                    struct numbers *items);

#endif
