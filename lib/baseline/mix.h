/* Another run's lists of best items, to be mixed into the scores of a baseline. */
#ifndef BASELINE_MIX_H
#define BASELINE_MIX_H

#include <stdbool.h>

#include "baseline/scores.h"

struct mix_key {
    int32_t user, session, position;
    size_t begin, count; /* of the list */
};

/* {0} is empty. */
struct mix {
    VEC(struct mix_key) lists; /* sorted by mix_ready */
    i32_vec item;              /* ids */
    f32_vec score;
};

/* Adds a list; the last one of a position counts.  Items below 0 are left out. */
void mix_add(struct mix *m, int32_t user, int32_t session, int32_t position, const int32_t *items,
             const float *scores, size_t count);
void mix_ready(struct mix *m);
void mix_release(struct mix *m);

/* Makes (1 - weight) own + weight other of the scores: the baseline's own divided by the greatest
 * of them, the list's brought to 0 (the last one) to 1 (the first); items in neither have 0.
 * `place` is that of each item.  Whether there was a list of this position. */
bool mix_into(const struct mix *m, int32_t user, int32_t session, int32_t position, double weight,
              const int32_t *place, struct scores *s);

#endif
