/* Slots for the newest sessions of each user.  Slots are numbered from 0 without gaps; the caller
 * keeps what is stored of each session in a table with a row for each slot. */
#ifndef MODEL_MEMORY_SLOTS_H
#define MODEL_MEMORY_SLOTS_H

#include <stdint.h>

#include "base/buf.h"

struct memory_slot {
    int32_t session, slot;
};

/* A user's ring of sessions, which grows up to the capacity. */
struct memory_user {
    struct memory_slot *entry;  /* [room] */
    int32_t room, first, count; /* first: index of the oldest */
};

struct memory_slots {
    int32_t users, capacity;  /* users; largest number of sessions of each */
    struct memory_user *user; /* [users] */
    int32_t slots;            /* slots ever used */
    i32_vec spare;            /* slots that are free again */
};

struct state;

void memory_slots_init(struct memory_slots *p, int32_t users, int32_t capacity);
void memory_slots_clear(struct memory_slots *p);                /* forgets everything */
void memory_slots_forget(struct memory_slots *p, int32_t user); /* the user's sessions */
void memory_slots_release(struct memory_slots *p);

/* Returns a slot for the user's next session and forgets the oldest if there are too many; -1: the
 * capacity is 0.  Session numbers rise: if this one was stored before, it and all after it are
 * forgotten first. */
int32_t memory_slots_add(struct memory_slots *p, int32_t user, int32_t session);

/* Sets the slots of `count` ascending sessions of the user, -1 for those that are not stored.
 * Returns how many are stored. */
int memory_slots_find(const struct memory_slots *p, int32_t user, const int32_t *sessions,
                      int count, int32_t *slot);

/* For checkpoints (nn/state.h). */
void memory_slots_state(struct memory_slots *p, struct state *s);

#endif
