/* Sessions read from their end (trainer --teacher). */
#ifndef DATA_REVERSE_H
#define DATA_REVERSE_H

#include "base/buf.h"
#include "stream/record.h"

/* Memory of a session that is reversed; {0} at first. */
struct reversed {
    i32_vec item;
    i64_vec time;
    VEC(struct extra) extra;
    struct buf columns; /* the values of the extra columns, one after another */
};

/* The session from its end, valid until the next one: the last event first, with the same time
 * between two events.  Begin and end stay; reversed twice it is itself. */
struct session session_reverse(struct reversed *r, const struct session *s);

void reversed_release(struct reversed *r);

#endif
