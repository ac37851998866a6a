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

static void free_session(struct user_session *s)
{
    mem_free(s->item);
    mem_free(s->time);
    mem_free(s->code);
}

static void forget_oldest(struct known_user *user)
{
    free_session(&user->sessions.at[0]);
    user->sessions.len--;
    memmove(user->sessions.at, user->sessions.at + 1,
            user->sessions.len * sizeof *user->sessions.at);
}

/* Copies the codes of known items, column by column. */
static int copy_codes(const struct users *p, const struct session *s, int32_t *to, struct err *e)
{
    for (size_t k = 0; k < p->columns; k++) {
        const int32_t *code = stored_column_codes(&p->column[k], s, e);
        if (!code)
            return e->status;
        for (size_t i = 0; i < s->count; i++)
            if (p->row.at[s->items[i]] >= 0)
                *to++ = code[i];
    }
    return 0;
}

int users_session(struct users *p, const struct session *s, struct err *e)
{
    struct known_user *user = &p->at.at[s->user];
    struct user_session session = {.start = s->times[0],
                                   .last = s->times[s->count - 1],
                                   .item = mem_alloc(s->count * sizeof *session.item),
                                   .time = mem_alloc(s->count * sizeof *session.time),
                                   .code = mem_alloc(p->columns * s->count * sizeof *session.code)};
    int status = copy_codes(p, s, session.code, e);
    for (size_t i = 0; i < s->count; i++) {
        if (p->row.at[s->items[i]] < 0)
            continue;
        session.time[session.count] = s->times[i];
        session.item[session.count++] = p->row.at[s->items[i]];
    }
    p->events += (int64_t)s->count;
    p->unknown += (int64_t)s->count - session.count;
    if (!session.count || status) {
        free_session(&session);
        return status;
    }
    if (p->keep && user->sessions.len == (size_t)p->keep)
        forget_oldest(user);
    vec_push(&user->sessions, session);
    return 0;
}

void users_release(struct users *p)
{
    for (size_t i = 0; i < p->at.len; i++) {
        for (size_t j = 0; j < p->at.at[i].sessions.len; j++)
            free_session(&p->at.at[i].sessions.at[j]);
        vec_release(&p->at.at[i].sessions);
    }
    vec_release(&p->at);
    vec_release(&p->row);
}
