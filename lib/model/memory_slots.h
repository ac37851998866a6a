/* Which sessions of each user are remembered, and where: the newest few of each, in slots that are
 * numbered from 0 without gaps, so that whoever remembers keeps a growing table of them. */
#ifndef MODEL_MEMORY_SLOTS_H
#define MODEL_MEMORY_SLOTS_H

#include <stdint.h>

#include "base/buf.h"

struct memory_slot {
    int32_t session, slot;
};

/* A user's ring: as large as his sessions need, up to the capacity. */
struct memory_user {
    struct memory_slot *entry;  /* [room] */
    int32_t room, first, count; /* first: place of the oldest */
};

struct memory_slots {
    int32_t users, capacity;  /* users; most sessions kept of each */
    struct memory_user *user; /* [users] */
    int32_t slots;            /* slots ever used */
    i32_vec spare;            /* slots given back */
};

struct state;

void memory_slots_init(struct memory_slots *p, int32_t users, int32_t capacity);
void memory_slots_clear(struct memory_slots *p); /* forgets everything */
void memory_slots_release(struct memory_slots *p);

/* A slot for the user's next session, the oldest forgotten where there is no room; -1 where the
 * capacity is 0.  Sessions are numbered upwards: one that comes again is forgotten first, and all
 * after it. */
int32_t memory_slots_add(struct memory_slots *p, int32_t user, int32_t session);

/* Of `count` sessions of the user, ascending, which are remembered: their slots, in place i where
 * they stand in `sessions`, -1 for the unknown.  Returns how many are known. */
int memory_slots_find(const struct memory_slots *p, int32_t user, const int32_t *sessions,
                      int count, int32_t *slot);

/* All that is remembered, for checkpoints (nn/state.h). */
void memory_slots_state(struct memory_slots *p, struct state *s);

#endif
