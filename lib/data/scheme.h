/* Schemes: which sessions a batch holds, and in which order. A new scheme is one function and one
 * row. */
#ifndef DATA_SCHEME_H
#define DATA_SCHEME_H

#include "data/batch.h"

struct scheme {
    const char *name;
    bool keeps_order; /* each user's sessions come in order, none twice in a batch */
    bool parallel;    /* emits steps of a parallel mini-batch, of sessions of two events and more */

    /* One pass: emits every session of the epoch's part exactly once.  Random choices depend on the
     * batching's seed and the epoch alone. */
    int (*pass)(struct batching *b, struct epoch epoch, struct err *e);
};

extern const struct scheme scheme_table[]; /* ends with a name of NULL */

const struct scheme *scheme_find(const char *name); /* NULL: no such scheme */
void scheme_names(struct buf *to);                  /* "one|other", with a NUL behind */

#endif
