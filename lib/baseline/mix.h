/* Another run's lists of best items, to be mixed into the scores of a baseline. */
#ifndef BASELINE_MIX_H
#define BASELINE_MIX_H

#include <stdbool.h>

#include "baseline/scores.h"

/* What users, sessions and targets are numbered by; the session is the number among the user's. */
struct mix_position {
    int32_t user, session, position;
};

struct mix_list {
    struct mix_position at;
    size_t begin, count; /* of the items */
};

struct mix_target {
    struct mix_position at;
    int32_t item; /* id; below 0: none of ours */
};

/* {0} is empty. */
struct mix {
    VEC(struct mix_list) lists;     /* sorted by mix_ready */
    VEC(struct mix_target) targets; /* what the other run predicted; sorted likewise */
    i32_vec item;                   /* ids */
    f32_vec score;
};

/* Adds a list; the last one of a position counts.  Items below 0 are left out. */
void mix_add(struct mix *m, struct mix_position at, const int32_t *items, const float *scores,
             size_t count);
/* Adds the target of a position. */
void mix_add_target(struct mix *m, struct mix_position at, int32_t item);
void mix_ready(struct mix *m);
void mix_release(struct mix *m);

/* The list and the target of a position; NULL: there is none. */
const struct mix_list *mix_list_at(const struct mix *m, struct mix_position at);
const struct mix_target *mix_target_at(const struct mix *m, struct mix_position at);

/* Makes (1 - weight) own + weight other of the scores: the baseline's own divided by the greatest
 * of them, the list's brought to 0 (the last one) to 1 (the first); items in neither have 0.
 * `place` is that of each item.  Whether there was a list of this position. */
bool mix_into(const struct mix *m, struct mix_position at, double weight, const int32_t *place,
              struct scores *s);

/* Puts the items of the list first, ordered by own score, equal ones as on the list: the best of n
 * gets 2, the last 1 + 1/n.  All others follow by own score, divided by the greatest of them.
 * Whether there was a list of this position. */
bool mix_cascade(const struct mix *m, struct mix_position at, const int32_t *place,
                 struct scores *s);

#endif
