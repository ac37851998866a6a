/* Nearest neighbours: of items by the sessions that they share, of sessions by their items. */
#ifndef BASELINE_KNN_H
#define BASELINE_KNN_H

#include "baseline/scores.h"
#include "baseline/sets.h"

/* One item beside another. */
struct similar {
    int32_t place;
    int64_t score;
};

/* Items that share sessions with the item, the `neighbours` most similar ones (by score, then
 * place), by place; `shared` holds N zeros before and after.  With c(i, j) the
 * sessions that have both and c(i) those that have i,
 *
 *     sim(i, j) = c(i, j) / sqrt((c(i) + regularization) (c(j) + regularization)).
 *
 * Returns their number, in *to, which the caller frees. */
size_t knn_items(const struct sets *x, int32_t place, int64_t neighbours, double regularization,
                 int32_t *shared, struct similar **to);

/* The sessions of one item that are still to be read. */
struct knn_list {
    const int32_t *at, *end;
};

struct knn_neighbour {
    int32_t session;
    int32_t shared; /* items */
    int64_t score;
};

/* The working memory of knn_sessions; {0} is ready. */
struct knn_work {
    VEC(struct knn_list) lists; /* a heap */
    VEC(struct knn_neighbour) neighbours;
};

/* Session-kNN (Jannach and Ludewig 2017).  The set A holds the `count` places of the session so
 * far. Of the training sessions that share an item with it the `sample` newest (0: all) are
 * candidates, of these the `neighbours` most similar ones (then the newer ones) count:
 *
 *     sim(A, B) = |A and B| / sqrt(|A| |B|),    score(i) = sum of sim(A, B) over those B that have
 * i.
 *
 * Adds to the scores. */
void knn_sessions(const struct sets *x, const int32_t *set, size_t count, int64_t neighbours,
                  int64_t sample, struct knn_work *w, struct scores *to);
void knn_work_release(struct knn_work *w);

#endif
