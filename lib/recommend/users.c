#include "recommend/users.h"

void users_item(struct users *p, int32_t id)
{
    vec_push(&p->row, id);
    p->items_unknown += id < 0;
}

void users_user(struct users *p, struct bytes name, const struct names *known)
{
    vec_push(&p->at, ((struct known_user){.known = names_find(known, name)}));
}

static void forget_oldest(struct known_user *user)
{
    mem_free(user->sessions.at[0].item);
    mem_free(user->sessions.at[0].time);
    user->sessions.len--;
    memmove(user->sessions.at, user->sessions.at + 1,
            user->sessions.len * sizeof *user->sessions.at);
}

void users_session(struct users *p, const struct session *s)
{
    struct known_user *user = &p->at.at[s->user];
    struct user_session session = {.start = s->times[0],
                                   .last = s->times[s->count - 1],
                                   .item = mem_alloc(s->count * sizeof *session.item),
                                   .time = mem_alloc(s->count * sizeof *session.time)};
    for (size_t i = 0; i < s->count; i++) {
        if (p->row.at[s->items[i]] < 0)
            continue;
        session.time[session.count] = s->times[i];
        session.item[session.count++] = p->row.at[s->items[i]];
    }
    p->events += (int64_t)s->count;
    p->unknown += (int64_t)s->count - session.count;
    if (!session.count) {
        mem_free(session.item);
        mem_free(session.time);
        return;
    }
    if (p->keep && user->sessions.len == (size_t)p->keep)
        forget_oldest(user);
    vec_push(&user->sessions, session);
}

void users_release(struct users *p)
{
    for (size_t i = 0; i < p->at.len; i++) {
        for (size_t j = 0; j < p->at.at[i].sessions.len; j++) {
            mem_free(p->at.at[i].sessions.at[j].item);
            mem_free(p->at.at[i].sessions.at[j].time);
        }
        vec_release(&p->at.at[i].sessions);
    }
    vec_release(&p->at);
    vec_release(&p->row);
}
