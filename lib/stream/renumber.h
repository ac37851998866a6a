/* Makes a part of a `sessions` stream of what a filter has left of one: definitions that no session
 * uses are left out, and the other ids count from 0 again. */
#ifndef STREAM_RENUMBER_H
#define STREAM_RENUMBER_H

#include "base/spill.h"
#include "stream/frame.h"

/* Ids of users or of items. */
struct id_map {
    i32_vec given;   /* as they came, ascending */
    i32_vec becomes; /* -1: no session uses it */
};

/* {0} is empty; held.limit: bytes in memory, beyond which records go to a temporary file. */
struct renumber {
    struct spill held; /* each record after its length; 0: a pause */
    uint64_t records;
    struct id_map users, items;
};

/* Holds a packed record of a part.  What is neither a user, an item nor a session passes unchanged,
 * and so does a record that has not their form.  65: an id that is not above the one before; a
 * session of a user or item that was not defined before.  73, 74. */
int renumber_take(struct renumber *r, struct bytes record, struct err *e);

/* The block ends here. */
int renumber_pause(struct renumber *r, struct err *e);

/* Writes the part, and is empty again. */
int renumber_write(struct renumber *r, struct frame_out *out, struct err *e);

void renumber_release(struct renumber *r);

#endif
