/* Some rows of a record of many, in place: the sessions of a batch, the positions of ranks. */
#ifndef STREAM_ROW_FILTER_H
#define STREAM_ROW_FILTER_H

#include "base/records.h"

/* Row i stays where keep[i] is not 0, with all that belongs to it in ragged arrays; `keep` has as
 * many as `user`.  The arrays are those of the reader, which are written over. */
void batch_keep(struct batch *b, const unsigned char *keep);
void ranks_keep(struct ranks *r, const unsigned char *keep);
void tops_keep(struct tops *t, const unsigned char *keep);

#endif
