/* The training sessions as sets of items, the newest first, and the sessions of each item. */
#ifndef BASELINE_SETS_H
#define BASELINE_SETS_H

#include "base/records.h"

/* Sessions are numbered from 0, the newest one, by the time of their last event; at one time what
 * came later in the input is newer. */
struct sets {
    i64_vec time;      /* of each session's last event, in the order of the input */
    VEC(size_t) begin; /* [S + 1] where each session's items begin */
    i32_vec item;      /* until sets_ready ids, with repeats, in the order of the input; then
                          places, each once in a session, ascending; sessions newest first */
    size_t *use;       /* [N + 1] where the sessions of each place begin */
    int32_t *user;     /* their numbers, ascending */
};

void sets_add(struct sets *x, const struct session *s);

/* After the last sets_add: `place` is the place of each of the N items. */
void sets_ready(struct sets *x, const int32_t *place, int32_t items);
void sets_release(struct sets *x);

/* Sorts places and drops what is there twice; returns how many are left. */
size_t sets_unique(int32_t *places, size_t count);

static inline int32_t sets_count(const struct sets *x)
{
    return (int32_t)x->time.len;
}

static inline size_t sets_size(const struct sets *x, int32_t session)
{
    return x->begin.at[session + 1] - x->begin.at[session];
}

static inline size_t sets_support(const struct sets *x, int32_t place)
{
    return x->use[place + 1] - x->use[place];
}

#endif
