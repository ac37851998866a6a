/* Coverage@k and popularity@k: what the lists of a pass show, whatever the targets are.
 *
 * Coverage@k is the share of the candidates, the items that are ranked, that are among the first k
 * of any list.  Popularity@k is the mean over all lists of the mean over their first k items of how
 * often the item is in the training part (average recommendation popularity: Yin et al. 2012).
 *
 * Everything is counted in whole numbers, so the order of the lists makes no difference. */
#ifndef EVAL_LIST_COUNTS_H
#define EVAL_LIST_COUNTS_H

#include "base/records.h"
#include "eval/metrics.h"

struct list_counts {
    uint64_t lists;
    int64_t shortest; /* items of the shortest list; deeper cuts have no score */
    i32_vec first;    /* of each item: the least place, from 1, at which a list has it; 0: none */
    VEC(uint64_t) trained; /* at each place: the sum of the items' counts in the training part */
    bool unknown;          /* an item's count is not known */
};

/* Empties the counts; {0} is fine before. */
void list_counts_start(struct list_counts *l);

/* train: [items], how often each item is in the training part; below 0: not known. */
void list_counts_add(struct list_counts *l, const struct tops *t, const i32_vec *train);

/* Sets the columns of coverage and popularity, if `c` has them; NaN: not known. */
void list_counts_metrics(const struct list_counts *l, int64_t candidates, const struct cuts *c,
                         struct metrics *to);
void list_counts_release(struct list_counts *l);

#endif
