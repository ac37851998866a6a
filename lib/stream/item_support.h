/* How often training has each item (the attribute "train", which tfilter --split writes), and the
 * most supported items, among which --rank-among ranks.
 *
 * The key "rank_among" of a header of predictions says of how many they are; without it ranks are
 * among all items. */
#ifndef STREAM_ITEM_SUPPORT_H
#define STREAM_ITEM_SUPPORT_H

#include "stream/record.h"

/* {0} is empty. */
struct item_support {
    i32_vec count;   /* [items so far]; 0 where the stream does not say */
    int32_t unknown; /* items whose count the stream does not say */
};

/* The next item, ids from 0. */
void item_support_note(struct item_support *s, struct attributes a);

/* Finds the `among` most supported items, of equal counts those with the lower ids. Items that were
 * not noted have a count of 0.  *most [items] is 1 for these and 0 for the others, and the caller
 * frees it; NULL: all items are. `among` 0: all. 65: the stream does not say the counts.
 */
int item_support_most(const struct item_support *s, int64_t among, int32_t items,
                      unsigned char **most, struct err *e);

void item_support_release(struct item_support *s);

/* Writes into a header among how many items ranks are; 0: all. */
void item_support_describe(struct meta *m, int64_t among);

/* Reads it from a header. 65: no number from 1 on. */
int item_support_read(const struct meta *m, int64_t *among, struct err *e);

#endif
