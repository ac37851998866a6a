/* How often training has each item (the attribute "train", which tfilter --split writes), and the
 * most supported items: those among which a run was told to rank.
 *
 * The key "rank_among" of a header of predictions says of how many they are; without it ranks are
 * among all items. */
#ifndef STREAM_ITEM_SUPPORT_H
#define STREAM_ITEM_SUPPORT_H

#include "stream/record.h"

/* {0} is empty. */
struct item_support {
    i32_vec count;   /* [items so far]; 0 where the stream does not say */
    int32_t unknown; /* of how many it does not */
};

/* The next item, ids from 0. */
void item_support_note(struct item_support *s, struct attributes a);

/* The `among` most supported of the items, those behind the noted ones with a count of 0; of equal
 * counts the lower id first.  *most [items] is 1 for each of these and 0 for the others, and the
 * caller's to free; NULL where all are.  `among` 0: all.  65: the stream does not say the counts.
 */
int item_support_most(const struct item_support *s, int64_t among, int32_t items,
                      unsigned char **most, struct err *e);

void item_support_release(struct item_support *s);

/* Says in a header how many items ranks are among; 0: all. */
void item_support_describe(struct meta *m, int64_t among);

/* What a header says of it.  65: no number from 1 on. */
int item_support_read(const struct meta *m, int64_t *among, struct err *e);

#endif
