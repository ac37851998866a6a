/* Scores of the items at one position; most items have none.
 *
 * Items are known by their place, in the order of popularity where that is fixed.  Greater scores
 * rank first, then greater popularities where those are given, then lower places: a total order.
 * Scores are whole numbers, so that sums come out the same whatever their order, and equal ones are
 * equal; SCORE_ONE of them are a score of 1 where scores are not counts.
 */
#ifndef BASELINE_SCORES_H
#define BASELINE_SCORES_H

#include "base/buf.h"

#define SCORE_ONE ((int64_t)1 << 32)

/* x >= 0 as a score. */
static inline int64_t score_of(double x)
{
    return (int64_t)(x * (double)SCORE_ONE + 0.5);
}

struct scores {
    int64_t *of;    /* [N] by place, 0: none */
    i32_vec places; /* those with a score, in no order */
    int64_t total;
    int32_t items;         /* N */
    unsigned char *barred; /* [N] those that come after all others */
    i32_vec barred_places;
    const int64_t *popularity; /* [N] by place; NULL: places are in its order.  The caller's */
    /* [N + 1] how many places before each are ranked: the others are on no list and count in no
     * rank; NULL: all are ranked */
    const int32_t *ranked;
};

/* The caller keeps `ranked`. */
void scores_open(struct scores *s, int32_t items, const int32_t *ranked);
void scores_release(struct scores *s);
void scores_clear(struct scores *s);

/* Adds n > 0 to the score of a place. */
static inline void scores_add(struct scores *s, int32_t place, int64_t n)
{
    if (!s->of[place])
        vec_push(&s->places, place);
    s->of[place] += n;
    s->total += n;
}

/* Divides all scores by the greatest one and multiplies them by `weight`. */
void scores_normalize(struct scores *s, double weight);

/* Takes away the score of a place and puts it after all that are not barred. */
void scores_bar(struct scores *s, int32_t place);

/* The rank of a place, from 1, among those that are ranked; the place itself need not be. */
int32_t scores_rank(const struct scores *s, int32_t place);

/* The places of the k best that are ranked; there are as many. */
void scores_top(struct scores *s, int32_t k, int32_t *to);

#endif
