/* Keeps some rows of a record, in place: sessions of a batch, positions of ranks. */
#ifndef STREAM_ROW_FILTER_H
#define STREAM_ROW_FILTER_H

#include "base/records.h"

/* Row i stays where keep[i] is not 0, with its elements of ragged arrays; `keep` has as many
 * elements as `user`. The arrays of the reader are overwritten. */
void batch_keep(struct batch *b, const unsigned char *keep);
void ranks_keep(struct ranks *r, const unsigned char *keep);
void tops_keep(struct tops *t, const unsigned char *keep);

#endif
