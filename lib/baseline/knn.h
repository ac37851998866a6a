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
 * popularity where it is given, then place), by place; `shared` holds N zeros before and after.
 * With c(i, j) the sessions that have both and c(i) those that have i,
 *
 *     sim(i, j) = c(i, j) / sqrt((c(i) + regularization) (c(j) + regularization)).
 *
 * Returns their number, in *to, which the caller frees. */
size_t knn_items(const struct sets *x, int32_t place, int64_t neighbours, double regularization,
                 const int64_t *popularity, int32_t *shared, struct similar **to);

/* What makes session-kNN VSTAN; {0}: nothing. */
struct knn_decays {
    double position; /* events of the session so far */
    double item;     /* events of a neighbour */
    double age;      /* seconds */
    double idf;      /* weight */
};

/* One item of the session so far, once. */
struct knn_item {
    int32_t place, from_end; /* how many events follow its last one */
};

struct knn_session {
    const struct knn_item *items; /* the last one first */
    size_t count;
    int64_t now; /* s */
};

/* The sessions of one item that are still to be read. */
struct knn_list {
    const int32_t *begin, *end; /* the newest at the end */
    int64_t time;               /* of that one */
    size_t item;                /* of the session so far */
};

struct knn_neighbour {
    int32_t session;
    int32_t place; /* of the last item of the session so far that it has */
    int64_t score;
};

/* The working memory of knn_sessions; {0} is ready. */
struct knn_work {
    i64_vec weights;            /* of the items of the session so far */
    VEC(struct knn_list) lists; /* a heap */
    VEC(struct knn_neighbour) neighbours;
};

/* Session-kNN (Jannach and Ludewig 2017) and, with decays, VSTAN (Ludewig, Mauro, Latifi and
 * Jannach 2021).  The set A holds the items of the session so far.  Of the sessions that share an
 * item with it the `sample` newest (0: all) are candidates, of these the `neighbours` most similar
 * ones (then the newer ones) count:
 *
 *     w(i)      = exp(-d(i) / position)                 d: events after the item's last one
 *     sim(A, B) = sum of w(i) over A and B / sqrt(sum of w(i)^2 over A, times |B|)
 *                 · exp(-age of B / age)
 *     score(i)  = sum of sim(A, B) · exp(-|p(i) - p(m)| / item) over those B that have i,
 *                 times 1 + idf · log(S / c(i)) / log(S)
 *
 * where p are places in B, m is the last item of A that B has, S the number of sessions and c(i)
 * that of those that have i.  A decay of 0 leaves its factor out.  Adds to the scores. */
void knn_sessions(const struct sets *x, const struct knn_session *a, int64_t neighbours,
                  int64_t sample, const struct knn_decays *decays, struct knn_work *w,
                  struct scores *to);
void knn_work_release(struct knn_work *w);

#endif
