/* Clusters of like users, for weights that they share: k-means (Lloyd 1982) over sparse vectors
 * from centres drawn apart (Arthur and Vassilvitskii 2007, "k-means++"), deterministic by seed. */
#ifndef TRAIN_KMEANS_H
#define TRAIN_KMEANS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Vectors of `width` columns, of which those of vector i that are not 0 stand in
 * start[i] .. start[i + 1] - 1, each column once. */
struct sparse {
    int32_t width;
    VEC(size_t) start; /* [count + 1] */
    i32_vec column;
    f32_vec value;
};

static inline int32_t sparse_count(const struct sparse *s)
{
    return s->start.len ? (int32_t)s->start.len - 1 : 0;
}
void sparse_release(struct sparse *s);

/* What users' items say of them: how often each occurs among the user's events, times the logarithm
 * of users over those of them who have it, scaled to length 1.  user, item: of each event; a user
 * without any has a vector of zeros. */
void clusters_of_items(struct sparse *to, const i32_vec *user, const i32_vec *item, int32_t users,
                       int32_t items);

/* The mean of their items' rows of table [items, width], once for each event. */
void clusters_of_means(struct sparse *to, const i32_vec *user, const i32_vec *item, int32_t users,
                       const float *table, int32_t width);

/* The cluster of each vector, 0 .. k - 1, none of them empty (k is at most the count). */
void clusters_find(const struct sparse *s, int32_t k, uint64_t seed, int32_t *cluster);

#endif
