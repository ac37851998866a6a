/* Baselines that count: popularity, personal popularity, first-order Markov.
 *
 * Each is a table of counts n(c, i): how often item i stands in training in the context c that the
 * model looks at (nothing; the user; the item before).  Items are ordered by n(c, i), then by
 * popularity n(i) (how often i stands in training), then by id: a total order, so there are no
 * ties.  What goes with it is the probability
 *
 *     p(i | c) = (n(c, i) + p(i)) / (n(c) + 1),    p(i) = (n(i) + 1) / (n + N),
 *
 * popularity with one added to each of the N items, which counts as one more event of each context:
 * it sums to 1 over all items, never is 0 and falls in the order of the ranks. */
#ifndef BASELINE_BASELINE_H
#define BASELINE_BASELINE_H

#include "base/rows.h"

struct baseline_kind {
    const char *name;
    /* The context of an event from its user and the item before it (-1: the session's first one);
     * -1: none. */
    int32_t (*context)(int32_t user, int32_t before);
};

extern const struct baseline_kind baseline_kinds[]; /* ends with a row without name */

/* The row of that name, or NULL. */
const struct baseline_kind *baseline_find(const char *name);

struct baseline; /* opaque */

struct baseline *baseline_new(const struct baseline_kind *kind);
void baseline_free(struct baseline *b); /* NULL is fine */

/* Counts a training session.  Only before baseline_ready. */
void baseline_learn(struct baseline *b, const struct session *s);

/* All is learned; there are N items (more than any that was learned).  From here on the baseline
 * answers. */
void baseline_ready(struct baseline *b, int32_t items);

struct verdict {
    int32_t rank; /* 1 = best */
    double probability;
};

/* Where the target stands after the item `before` in a session of the user. */
struct verdict baseline_rank(const struct baseline *b, int32_t user, int32_t before,
                             int32_t target);

/* The k <= N best items there and their probabilities. */
void baseline_top(const struct baseline *b, int32_t user, int32_t before, int32_t k, int32_t *items,
                  float *scores);

#endif
