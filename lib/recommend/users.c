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

/* ---- the events of a session: times, items, codes ---- */

/* Bytes of a session's events, in words of 8 bytes: the times of the next one are aligned. */
static size_t event_bytes(const struct users *p, size_t count)
{
    size_t ints = count * (1 + p->columns);
    return count * sizeof(int64_t) + (ints + ints % 2) * sizeof(int32_t);
}

/* Makes room for such a session; returns where its items begin, which its codes follow. */
static int32_t *room(struct users *p, size_t count)
{
    vec_clear(&p->word);
    vec_reserve(&p->word, event_bytes(p, count) / sizeof *p->word.at);
    if (count)
        p->word.at[event_bytes(p, count) / sizeof *p->word.at - 1] = 0; /* what pads it */
    return (int32_t *)(void *)(p->word.at + count);
}

static size_t known_items(const struct users *p, const struct session *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++)
        count += p->row.at[s->items[i]] >= 0;
    return count;
}

/* Copies the numbers of events of known items. */
static int32_t *copy_known(const struct users *p, const struct session *s, const int32_t *from,
                           int32_t *to)
{
    for (size_t i = 0; i < s->count; i++)
        if (p->row.at[s->items[i]] >= 0)
            *to++ = from[i];
    return to;
}

static int copy_events(struct users *p, const struct session *s, size_t count, struct err *e)
{
    int32_t *to = room(p, count);
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++)
        if (p->row.at[s->items[i]] >= 0) {
            p->word.at[n++] = s->times[i];
            *to++ = p->row.at[s->items[i]];
        }
    for (size_t k = 0; k < p->columns; k++) {
        const int32_t *code = stored_column_codes(&p->column[k], s, e);
        if (!code)
            return e->status;
        to = copy_known(p, s, code, to);
    }
    return 0;
}

int users_events(struct users *p, const struct user_session *s, struct user_events *to,
                 struct err *e)
{
    const int32_t *item = room(p, (size_t)s->count);
    *to = (struct user_events){p->word.at, item, item + s->count};
    return spill_read(&p->kept, s->at, event_bytes(p, (size_t)s->count), p->word.at, e);
}

/* ---- sessions ---- */

static void forget_oldest(struct users *p, struct known_user *user)
{
    p->dropped += event_bytes(p, (size_t)user->sessions.at[0].count);
    user->dropped++;
    user->sessions.len--;
    memmove(user->sessions.at, user->sessions.at + 1,
            user->sessions.len * sizeof *user->sessions.at);
}

/* Copies the events of the sessions that are left, once they are less than half of all. */
static int compact(struct users *p, struct err *e)
{
    struct spill all = {.limit = p->kept.limit};
    struct user_events unused;
    int status = 0;
    if (p->dropped <= p->kept.len / 2)
        return 0;
    for (size_t u = 0; u < p->at.len; u++)
        for (size_t i = 0; i < p->at.at[u].sessions.len && !status; i++) {
            struct user_session *s = &p->at.at[u].sessions.at[i];
            status = users_events(p, s, &unused, e);
            s->at = all.len;
            if (!status)
                status = spill_append(&all, p->word.at, event_bytes(p, (size_t)s->count), e);
        }
    spill_release(&p->kept);
    p->kept = all;
    p->dropped = 0;
    return status;
}

int users_session(struct users *p, const struct session *s, struct err *e)
{
    struct known_user *user = &p->at.at[s->user];
    size_t count = known_items(p, s);
    struct user_session session = {
        .start = s->times[0], .last = s->times[s->count - 1], .count = (int32_t)count};
    p->events += (int64_t)s->count;
    p->unknown += (int64_t)(s->count - count);
    if (copy_events(p, s, count, e))
        return e->status;
    if (!count)
        return 0;
    session.at = p->kept.len;
    if (spill_append(&p->kept, p->word.at, event_bytes(p, count), e))
        return e->status;
    vec_push(&user->sessions, session);
    if (!p->keep || user->sessions.len <= (size_t)p->keep)
        return 0;
    forget_oldest(p, user);
    return compact(p, e);
}

void users_release(struct users *p)
{
    for (size_t i = 0; i < p->at.len; i++)
        vec_release(&p->at.at[i].sessions), vec_release(&p->at.at[i].excluded);
    spill_release(&p->kept);
    vec_release(&p->word);
    vec_release(&p->at);
    vec_release(&p->row);
}
