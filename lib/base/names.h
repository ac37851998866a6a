/* Names and their ids: every byte string that is added gets the next id, counted from 0. */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { NAMES_PAGE = 1 << 12 };

struct name_slot {
    uint32_t tag; /* of the name's hash */
    int32_t id;   /* + 1, 0 = free */
};

/* {0} is empty.  Open addressing over XXH3 hashes; the bytes of all names lie end to end in one
 * buffer.  A name takes its bytes and 15 to 25 more; none is longer than 1 MB. */
struct names {
    struct buf text;
    VEC(size_t) page;    /* where the first name of each NAMES_PAGE begins in text */
    VEC(uint32_t) start; /* where each name begins, from there */
    struct name_slot *slot;
    size_t slots; /* a power of two, or 0 */
};

/* The id of the name, added if it is new; *is_new (may be NULL) says whether it was. */
int32_t names_add(struct names *n, struct bytes name, bool *is_new);

/* The ids of `count` names, in this order as by names_add: those that are new have the ids from
 * names_count on.  Faster where the table does not fit into a cache. */
void names_add_all(struct names *n, const struct bytes *names, size_t count, int32_t *ids);

/* The id of the name, or -1. */
int32_t names_find(const struct names *n, struct bytes name);

/* Where the name of an id begins in text. */
static inline size_t names_start(const struct names *n, size_t id)
{
    return n->page.at[id / NAMES_PAGE] + n->start.at[id];
}

/* The name of an id; valid until the next names_add. */
static inline struct bytes names_at(const struct names *n, int32_t id)
{
    size_t next = (size_t)id + 1, from = names_start(n, (size_t)id);
    size_t to = next < n->start.len ? names_start(n, next) : n->text.len;
    return (struct bytes){n->text.at + from, to - from};
}

/* Asks for the memory where these names are, so that names_at need not wait for one after another.
 */
void names_fetch(const struct names *n, const int32_t *ids, size_t count);

size_t names_held(const struct names *n); /* bytes of memory */

static inline int32_t names_count(const struct names *n)
{
    return (int32_t)n->start.len;
}

void names_clear(struct names *n);   /* empties, keeps the memory */
void names_release(struct names *n); /* frees */

#endif
