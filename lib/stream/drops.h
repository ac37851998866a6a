/* What a program left out of its input: said in one line, and kept in the header, where every
 * program of the chain has its own account. */
#ifndef STREAM_DROPS_H
#define STREAM_DROPS_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/meta.h"

/* dropped of of; of 0: not counted. */
struct drop_share {
    uint64_t dropped, of;
};

/* Events that went for one reason, and the whole sessions among them. */
struct drop_reason {
    struct bytes why; /* "repeats", "under --min-events 2"; owned */
    uint64_t events, sessions;
};

struct drops {
    struct drop_share events, sessions, users, items;
    VEC(struct drop_reason) reasons; /* without those of no events */
    uint64_t cut, pieces;            /* sessions that were cut, and what became of them */
};

/* Adds a reason and its events; nothing where there are none. */
void drops_add(struct drops *d, struct bytes why, uint64_t events, uint64_t sessions);

/* Whether there is anything to say. */
bool drops_any(const struct drops *d);

/* Appends "dropped 3 of 10 events (30.0 %): 1 repeats, 2 in 1 session under --min-events 3; with
 * them 1 of 2 users". */
void drops_text(const struct drops *d, struct buf *to);

/* Appends the program's account to the header's list "dropped"; nothing where there is none.  65:
 * "dropped" is not a list. */
int drops_note(const struct drops *d, const char *program, struct meta *m, struct err *e);

/* Appends a line "dropped by PROGRAM<tab>text" for each account in the header.  False: there is no
 * such list. */
bool drops_show(const struct meta *m, struct buf *to);

/* Adds the accounts of another part's header to those of the first: of the same program at the same
 * place of the chain in one; a program without one has dropped none of the events that it read.
 * Items are no longer counted, since the parts may share some, nor are sessions and users where a
 * part does not say how many there were. Accounts that cannot be read change nothing.  Call it
 * before the rows of the parts are added up. */
void drops_join(struct meta *to, const struct meta *from);

void drops_release(struct drops *d);

/* The header's key. */
#define DROPS_KEY "dropped"

#endif
