/* The users whose sessions the model still remembers from earlier answers (struct model,
 * `remembers`), so that only their sessions since then are computed: at most `limit`.  Then those
 * who have not come for long make room. */
#ifndef RECOMMEND_REMEMBERED_H
#define RECOMMEND_REMEMBERED_H

#include "model/model.h"
#include "recommend/users.h"

struct remembered_user {
    int32_t user;     /* the stream's id */
    int32_t id;       /* the model's */
    size_t sessions;  /* the model has taken in, the oldest of those that are kept */
    int64_t dropped;  /* as in struct known_user, when it did */
    int64_t answered; /* the batch in which they were asked for last */
    bool returned;    /* since places were last searched for one to give away */
};

struct remembered {
    int32_t limit; /* set before the first user; at least the users of a batch */
    VEC(struct remembered_user) at;
    size_t next;   /* where this search goes on */
    int64_t batch; /* the caller counts it up for each batch of users */
};

/* The place of the user, who is asked for in this batch.  The model's id of users whom it does not
 * know is `unknown` + their place.  The model forgets whoever loses the place, and what it
 * remembers of a user of whom sessions have been dropped since. */
size_t remembered_place(struct remembered *r, struct model *m, struct users *users, int32_t user,
                        int32_t unknown);

/* The model forgets everybody. */
void remembered_clear(struct remembered *r, struct model *m);

void remembered_release(struct remembered *r);

#endif
