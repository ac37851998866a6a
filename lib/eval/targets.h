/* The targets of a pass, to tell whether two runs were scored on the same ones. */
#ifndef EVAL_TARGETS_H
#define EVAL_TARGETS_H

#include <stdbool.h>

#include "base/buf.h"

/* The user and the item are numbers that all runs share. */
struct target_place {
    int32_t user, session, position, item;
};

struct targets {
    uint64_t count;
    uint64_t digest;             /* of users, positions and items, in any order */
    VEC(struct target_place) at; /* only where they are listed */
};

/* Counts a target; `listed`: keeps it too, for targets_compare. */
void targets_add(struct targets *t, struct target_place at, bool listed);

static inline bool targets_same(const struct targets *a, const struct targets *b)
{
    return a->count == b->count && a->digest == b->digest;
}

struct targets_difference {
    uint64_t common;                 /* places (user, session, position) that both have */
    uint64_t others;                 /* of these: with another item in the one than in the other */
    struct target_place first, base; /* the first such target, here and in the base */
};

/* Compares listed targets place by place; orders both.  `sessions`: places have session numbers in
 * both; else the targets of a user at a position are compared as they are ordered by item. */
struct targets_difference targets_compare(struct targets *t, struct targets *base, bool sessions);

void targets_clear(struct targets *t); /* empties, keeps the memory */
void targets_release(struct targets *t);

#endif
