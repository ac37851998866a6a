/* Which training sessions are learned from: the oldest or the newest share of all of them, or of
 * each user's. */
#ifndef DATA_LEARNED_H
#define DATA_LEARNED_H

#include "base/fraction.h"
#include "data/session_store.h"
#include "stream/meta.h"

struct learned_share {
    struct fraction of;
    bool newest;       /* else the oldest */
    bool of_each_user; /* of each user's training sessions, in their order; else of all, by start */
};

/* "0.8", "user:4/5"; false on anything else, and on 0. */
bool learned_share_parse(const char *text, struct learned_share *to);

/* Names the shares in a header, but for those that are all; and the shares that one names. */
void learned_note(struct meta *m, const struct learned_share share[2]);
void learned_noted(const struct meta *m, struct learned_share share[2]);

/* Marks the training sessions among some (NULL: all) that are in both shares of these: learned [S],
 * which the caller frees; NULL: all are.  Of all sessions, those of equal start are on one side of
 * an edge.  The oldest F and the newest 1 - F have none in common, and together all.  65: there are
 * none. */
int learned_choose(const struct session_store *c, const unsigned char *among,
                   const struct learned_share share[2], unsigned char **learned, struct err *e);

#endif
