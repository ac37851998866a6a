/* Natural logarithms of whole arrays. */
#ifndef INDEX_LOGS_H
#define INDEX_LOGS_H

#include <stddef.h>

/* x = log x, to 2 units in the last place, for normal numbers above 0; log 1 is 0.  The same on
 * every processor. */
void logs_of(float *x, size_t n);

#endif
