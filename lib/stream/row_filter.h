/* Keeps some rows of a record of predictions, in place. */
#ifndef STREAM_ROW_FILTER_H
#define STREAM_ROW_FILTER_H

#include "base/records.h"

/* Row i stays where keep[i] is not 0; `keep` has as many elements as `user`.  The arrays of the
 * reader are overwritten. */
void ranks_keep(struct ranks *r, const unsigned char *keep);
void tops_keep(struct tops *t, const unsigned char *keep);
void intents_keep(struct intents *n, const unsigned char *keep);

#endif
