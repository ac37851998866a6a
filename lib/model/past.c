#include "model/past.h"

#include <stdbool.h>

void past_init(struct past *p, int32_t users, int32_t capacity)
{
    *p = (struct past){.users = users, .capacity = capacity};
    p->entry = mem_zero((size_t)users * (size_t)capacity, sizeof *p->entry);
    p->first = mem_zero((size_t)users, sizeof *p->first);
    p->count = mem_zero((size_t)users, sizeof *p->count);
}

void past_clear(struct past *p)
{
    if (p->users) {
        memset(p->first, 0, (size_t)p->users * sizeof *p->first);
        memset(p->count, 0, (size_t)p->users * sizeof *p->count);
    }
    p->slots = 0;
    vec_clear(&p->spare);
}

void past_release(struct past *p)
{
    mem_free(p->entry);
    mem_free(p->first);
    mem_free(p->count);
    vec_release(&p->spare);
    *p = (struct past){0};
}

/* The user's i-th remembered session, the oldest first. */
static struct past_entry *entry_at(const struct past *p, int32_t user, int32_t i)
{
    int32_t place = p->first[user] + i;
    place -= place >= p->capacity ? p->capacity : 0;
    return &p->entry[(size_t)user * (size_t)p->capacity + (size_t)place];
}

static void forget_oldest(struct past *p, int32_t user)
{
    vec_push(&p->spare, entry_at(p, user, 0)->slot);
    p->first[user] = (p->first[user] + 1) % p->capacity;
    p->count[user]--;
}

static void forget_from(struct past *p, int32_t user, int32_t session)
{
    while (p->count[user] && entry_at(p, user, p->count[user] - 1)->session >= session)
        vec_push(&p->spare, entry_at(p, user, --p->count[user])->slot);
}

int32_t past_add(struct past *p, int32_t user, int32_t session)
{
    if (!p->capacity)
        return -1;
    forget_from(p, user, session);
    if (p->count[user] == p->capacity)
        forget_oldest(p, user);
    int32_t slot = p->spare.len ? p->spare.at[--p->spare.len] : p->slots++;
    *entry_at(p, user, p->count[user]++) = (struct past_entry){session, slot};
    return slot;
}

int past_find(const struct past *p, int32_t user, const int32_t *sessions, int count, int32_t *slot)
{
    int known = 0;
    int32_t i = 0;
    for (int k = 0; k < count; k++) {
        while (i < p->count[user] && entry_at(p, user, i)->session < sessions[k])
            i++;
        bool there = i < p->count[user] && entry_at(p, user, i)->session == sessions[k];
        slot[k] = there ? entry_at(p, user, i)->slot : -1;
        known += there;
    }
    return known;
}
