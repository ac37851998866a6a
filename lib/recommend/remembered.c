#include "recommend/remembered.h"

static void forget(struct remembered_user *u, struct model *m)
{
    m->class->forget(m, u->id);
    u->sessions = 0;
}

/* A place for another user: a new one, or the next of somebody who has not returned since the
 * search was there before and is not asked for now. */
static size_t free_place(struct remembered *r, struct model *m)
{
    if (r->at.len < (size_t)r->limit) {
        vec_push(&r->at, ((struct remembered_user){.user = -1}));
        return r->at.len - 1;
    }
    for (;;) {
        size_t place = r->next;
        struct remembered_user *u = &r->at.at[place];
        r->next = (place + 1) % r->at.len;
        if (!u->returned && u->answered != r->batch) {
            forget(u, m);
            return place;
        }
        u->returned = false;
    }
}

size_t remembered_place(struct remembered *r, struct model *m, struct users *users, int32_t user,
                        int32_t unknown)
{
    struct known_user *known = &users->at.at[user];
    size_t place = known->place;
    if (place >= r->at.len || r->at.at[place].user != user) {
        place = free_place(r, m);
        int32_t id = known->known < 0 ? unknown + (int32_t)place : known->known;
        r->at.at[place] = (struct remembered_user){.user = user, .id = id};
        known->place = place;
    } else {
        r->at.at[place].returned = true;
    }
    struct remembered_user *u = &r->at.at[place];
    if (u->dropped != known->dropped)
        forget(u, m);
    u->dropped = known->dropped;
    u->answered = r->batch;
    return place;
}

void remembered_clear(struct remembered *r, struct model *m)
{
    for (size_t i = 0; i < r->at.len; i++)
        forget(&r->at.at[i], m);
    vec_clear(&r->at);
    r->next = 0;
}

void remembered_release(struct remembered *r)
{
    vec_release(&r->at);
}
