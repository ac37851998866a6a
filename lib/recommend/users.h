/* The users so far and their sessions, as far as the model knows their items. */
#ifndef RECOMMEND_USERS_H
#define RECOMMEND_USERS_H

#include "base/names.h"
#include "base/records.h"

struct user_session { /* a session */
    int64_t start;
    int32_t count, *item; /* at least 1; the model's */
};

struct known_user {
    int32_t known;                   /* which of the model's users; -1: none */
    VEC(struct user_session) visits; /* in time order */
};

struct users {
    VEC(struct known_user) at; /* by the stream's id */
    i32_vec row;               /* the model's item of each of the stream's; -1: unknown */
    int64_t keep;              /* newest sessions kept of each; 0: all */
    int64_t events, unknown, items_unknown;
};

/* The next item and the next user of the stream; `known`: the model's. */
void users_item(struct users *p, struct bytes name, const struct names *known);
void users_user(struct users *p, struct bytes name, const struct names *known);

/* A copy of what is known of the session; nothing where that is nothing. */
void users_session(struct users *p, const struct session *s);

void users_release(struct users *p);

#endif
