/* Sessions as sets of items, and the sessions of each item and of each user. */
#ifndef BASELINE_SETS_H
#define BASELINE_SETS_H

#include "base/buf.h"

/* Numbers of sessions, the oldest first by the time of their last event; at one time what was added
 * later is newer. */
typedef i32_vec session_list;
typedef VEC(session_list) session_list_vec;

/* {0} is empty. */
struct sets {
    i64_vec time; /* of each session's last event */
    i32_vec user;
    VEC(size_t) begin; /* [S + 1] where each session's items begin */
    i32_vec item;      /* places, each once in a session, ascending */
    i32_vec from_end;  /* how many events follow the last one of each */
    session_list_vec of_item, of_user;
};

/* Adds a session that ended at the time; the places of its events are in their order.  It is
 * soonest done when it is the newest so far. */
void sets_add(struct sets *x, int32_t user, int64_t time, const int32_t *places, size_t count);
void sets_remove_last(struct sets *x);
void sets_release(struct sets *x);

/* Sorts places and drops what is there twice; returns how many are left. */
size_t sets_unique(int32_t *places, size_t count);

/* Where the place is in x->item among those of the session, which has it. */
size_t sets_find(const struct sets *x, int32_t session, int32_t place);

static inline int32_t sets_count(const struct sets *x)
{
    return (int32_t)x->time.len;
}

static inline size_t sets_size(const struct sets *x, int32_t session)
{
    return x->begin.at[session + 1] - x->begin.at[session];
}

/* Those that have the item. */
static inline session_list sets_of_item(const struct sets *x, int32_t place)
{
    return (size_t)place < x->of_item.len ? x->of_item.at[place] : (session_list){0};
}

static inline session_list sets_of_user(const struct sets *x, int32_t user)
{
    return (size_t)user < x->of_user.len ? x->of_user.at[user] : (session_list){0};
}

#endif
