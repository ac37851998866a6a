/* Clusters of similar users: k-means (Lloyd 1982) over sparse vectors, initialized by k-means++
 * (Arthur and Vassilvitskii 2007).  The same seed gives the same clusters. */
#ifndef TRAIN_KMEANS_H
#define TRAIN_KMEANS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Vectors of `width` columns.  The values of vector i that are not 0 are at start[i] ..
 * start[i + 1] - 1, each column once. */
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

/* TF-IDF vectors of users: the number of the user's events of each item, times the logarithm of all
 * users over the users who have the item, scaled to length 1.  user, item: of each event; a user
 * without events has a vector of zeros. */
void clusters_of_items(struct sparse *to, const i32_vec *user, const i32_vec *item, int32_t users,
                       int32_t items);

/* For each user the mean of rows of table [items, width] over the items of their events. */
void clusters_of_means(struct sparse *to, const i32_vec *user, const i32_vec *item, int32_t users,
                       const float *table, int32_t width);

/* Finds the cluster of each vector, 0 .. k - 1; none is empty (k is at most the count). */
void clusters_find(const struct sparse *s, int32_t k, uint64_t seed, int32_t *cluster);

#endif
