/* Reasons of each recommended item: the kinds of evidence that speak for it in a wide part.
 *
 * A kind adds to an item what its score loses where the features of the kind are those of an item
 * of which nothing of the kind is known (model/evidence_kinds.h). */
#ifndef RECOMMEND_ITEM_REASONS_H
#define RECOMMEND_ITEM_REASONS_H

#include "recommend/engine.h"

/* Appends the reasons of all recommended items of the batch: of each the kinds that add most, at
 * most ITEM_REASONS, of those that add a tenth of what the first adds. */
void item_reasons_find(struct engine *a);

/* Appends a reason of the item at `at` of the answer's items in words. */
void item_reasons_words(const struct engine *a, const struct recommendation *answer, size_t at,
                        const struct item_reason *r, struct buf *to);

#endif
