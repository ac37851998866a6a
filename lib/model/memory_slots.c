#include "model/memory_slots.h"

#include <stdbool.h>

#include "nn/state.h"

void memory_slots_init(struct memory_slots *p, int32_t users, int32_t capacity)
{
    *p = (struct memory_slots){.users = users, .capacity = capacity};
    p->user = mem_zero((size_t)users, sizeof *p->user);
}

void memory_slots_clear(struct memory_slots *p)
{
    for (int32_t i = 0; i < p->users; i++)
        p->user[i].first = p->user[i].count = 0;
    p->slots = 0;
    vec_clear(&p->spare);
}

void memory_slots_release(struct memory_slots *p)
{
    for (int32_t i = 0; i < p->users; i++)
        mem_free(p->user[i].entry);
    mem_free(p->user);
    vec_release(&p->spare);
    *p = (struct memory_slots){0};
}

/* The user's i-th stored session, the oldest first. */
static struct memory_slot *entry_at(const struct memory_user *u, int32_t i)
{
    int32_t place = u->first - u->room + i;
    return &u->entry[place < 0 ? place + u->room : place];
}

static void grow(struct memory_user *u, int32_t capacity)
{
    int32_t room = u->room < capacity / 2 ? 2 * u->room + 1 : capacity;
    struct memory_slot *entry = mem_alloc((size_t)room * sizeof *entry);
    for (int32_t i = 0; i < u->count; i++)
        entry[i] = *entry_at(u, i);
    mem_free(u->entry);
    u->entry = entry;
    u->room = room;
    u->first = 0;
}

static void forget_oldest(struct memory_slots *p, struct memory_user *u)
{
    vec_push(&p->spare, entry_at(u, 0)->slot);
    u->first = u->first + 1 < u->room ? u->first + 1 : 0;
    u->count--;
}

static void forget_from(struct memory_slots *p, struct memory_user *u, int32_t session)
{
    while (u->count && entry_at(u, u->count - 1)->session >= session)
        vec_push(&p->spare, entry_at(u, --u->count)->slot);
}

void memory_slots_forget(struct memory_slots *p, int32_t user)
{
    forget_from(p, &p->user[user], 0);
}

int32_t memory_slots_add(struct memory_slots *p, int32_t user, int32_t session)
{
    struct memory_user *u = &p->user[user];
    if (!p->capacity)
        return -1;
    forget_from(p, u, session);
    if (u->count == p->capacity)
        forget_oldest(p, u);
    else if (u->count == u->room)
        grow(u, p->capacity);
    int32_t slot = p->spare.len ? p->spare.at[--p->spare.len] : p->slots++;
    *entry_at(u, u->count++) = (struct memory_slot){session, slot};
    return slot;
}

int memory_slots_find(const struct memory_slots *p, int32_t user, const int32_t *sessions,
                      int count, int32_t *slot)
{
    const struct memory_user *u = &p->user[user];
    int known = 0;
    int32_t i = 0;
    for (int k = 0; k < count; k++) {
        while (i < u->count && entry_at(u, i)->session < sessions[k])
            i++;
        bool there = i < u->count && entry_at(u, i)->session == sessions[k];
        slot[k] = there ? entry_at(u, i)->slot : -1;
        known += there;
    }
    return known;
}

/* ---- checkpoints ---- */

/* The stored sessions as columns, user after user. */
struct columns {
    i32_vec count; /* [users] */
    i32_vec session, slot;
};

static struct columns columns_of(const struct memory_slots *p)
{
    struct columns c = {0};
    for (int32_t i = 0; i < p->users; i++) {
        const struct memory_user *u = &p->user[i];
        vec_push(&c.count, u->count);
        for (int32_t k = 0; k < u->count; k++) {
            vec_push(&c.session, entry_at(u, k)->session);
            vec_push(&c.slot, entry_at(u, k)->slot);
        }
    }
    return c;
}

/* Whether every slot occurs once, used or spare, and each user's session numbers rise. */
static bool fits(const struct memory_slots *p, const struct columns *c)
{
    size_t at = 0, used = c->slot.len + p->spare.len;
    if (c->count.len != (size_t)p->users || c->session.len != c->slot.len ||
        used != (size_t)p->slots)
        return false;
    bool *seen = mem_zero(used, sizeof *seen), good = true;
    for (size_t i = 0; i < used && good; i++) {
        int32_t slot = i < c->slot.len ? c->slot.at[i] : p->spare.at[i - c->slot.len];
        good = slot < p->slots && !seen[slot];
        if (good)
            seen[slot] = true;
    }
    for (size_t i = 0; i < c->count.len && good; i++)
        for (int32_t k = 0; k < c->count.at[i] && good; k++, at++)
            good = at < c->session.len && (!k || c->session.at[at - 1] < c->session.at[at]);
    mem_free(seen);
    return good && at == c->session.len;
}

static void take_columns(struct memory_slots *p, const struct columns *c)
{
    size_t at = 0;
    for (int32_t i = 0; i < p->users; i++) {
        struct memory_user *u = &p->user[i];
        int32_t count = c->count.at[i];
        mem_free(u->entry);
        *u = (struct memory_user){.room = count, .count = count};
        u->entry = mem_alloc((size_t)count * sizeof *u->entry);
        for (int32_t k = 0; k < count; k++, at++)
            u->entry[k] = (struct memory_slot){c->session.at[at], c->slot.at[at]};
    }
}

void memory_slots_state(struct memory_slots *p, struct state *s)
{
    struct columns c = columns_of(p);
    state_begin(s, "past");
    int64_t most = (int64_t)p->users * p->capacity;
    state_i32(s, "slots", &p->slots, 0, most < INT32_MAX ? (int32_t)most : INT32_MAX);
    state_i32s(s, "spare", &p->spare, 0, INT32_MAX);
    state_i32s(s, "count", &c.count, 0, p->capacity);
    state_i32s(s, "session", &c.session, 0, INT32_MAX);
    state_i32s(s, "slot", &c.slot, 0, INT32_MAX);
    if (state_restoring(s) && state_good(s)) {
        if (fits(p, &c))
            take_columns(p, &c);
        else
            state_refuse(s, "slot", "the sessions, slots and counts do not fit together");
    }
    state_end(s);
    vec_release(&c.count);
    vec_release(&c.session);
    vec_release(&c.slot);
}
