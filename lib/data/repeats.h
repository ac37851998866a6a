/* Which events of a session store repeat: the user had the item in an earlier event, of an earlier
 * session or of the same one.  A bit an event. */
#ifndef DATA_REPEATS_H
#define DATA_REPEATS_H

#include <stdbool.h>

#include "data/session_store.h"

struct repeats {
    unsigned char *bit;
};

/* The store is complete; `items` is the number of its items. */
void repeats_find(struct repeats *r, const struct session_store *c, int32_t items);

static inline bool repeats_at(const struct repeats *r, const struct session_store *c,
                              size_t session, size_t event)
{
    size_t at = session_store_place(c, session) + event;
    return r->bit[at / 8] >> at % 8 & 1;
}

void repeats_release(struct repeats *r);

#endif
