/* Items in groups of popularity, by how often they are in the training part.
 *
 * Group 0 is what training has not seen.  The others go from rare to popular: group g ends with the
 * least count such that items of that count or less make up g of n equal shares of the training
 * part's events.  Equally popular items are in one group, and an item that fills several shares
 * leaves fewer than n groups. */
#ifndef EVAL_POPULARITY_H
#define EVAL_POPULARITY_H

#include "base/buf.h"

enum {
    POPULARITY_QUARTERS = 4, /* the groups of scores */
    POPULARITY_TENTHS = 10,  /* the groups of means of attention; the most there are */
};

struct popularity {
    int groups;                      /* beside group 0 */
    int32_t edge[POPULARITY_TENTHS]; /* ascending: the highest count of groups 1 to `groups` */
};

/* Groups for `shares` equal shares.  train: [items], how often each item is in the training part;
 * items with a count below 0 (not known) take no part. */
struct popularity popularity_of(const int32_t *train, size_t items, int shares);

/* The group of items of this count, at least 0.  A count above all edges is in the last group. */
int popularity_group(const struct popularity *p, int32_t train);

/* The lowest and the highest count of a group. */
int32_t popularity_low(const struct popularity *p, int group);
int32_t popularity_high(const struct popularity *p, int group);

/* The median of n > 0 counts, the lower one of two; orders them. */
int32_t popularity_median(int32_t *train, size_t n);

/* The attribute "train" of an item as a number; -1: not known. */
int32_t popularity_count(struct bytes text);

#endif
