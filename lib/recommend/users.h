/* The users so far and their sessions, as far as the model knows their items. */
#ifndef RECOMMEND_USERS_H
#define RECOMMEND_USERS_H

#include "base/names.h"
#include "base/records.h"

struct visit { /* a session */
    int64_t start;
    int32_t count, *item; /* at least 1; the model's */
};

struct person {
    int32_t known;            /* which of the model's users; -1: none */
    VEC(struct visit) visits; /* in time order */
};

struct people {
    VEC(struct person) at; /* by the stream's id */
    i32_vec row;           /* the model's item of each of the stream's; -1: unknown */
    int64_t keep;          /* newest sessions kept of each; 0: all */
    int64_t events, unknown, items_unknown;
};

/* The next item and the next user of the stream; `known`: the model's. */
void people_item(struct people *p, struct bytes name, const struct names *known);
void people_user(struct people *p, struct bytes name, const struct names *known);

/* A copy of what is known of the session; nothing where that is nothing. */
void people_session(struct people *p, const struct session *s);

void people_release(struct people *p);

#endif
