#include "data/session_store.h"

static void push(struct session_store *c, int32_t user, enum part part, int64_t start,
                 const int32_t *items, size_t count)
{
    if (c->event.len == 0)
        vec_push(&c->event, 0);
    vec_push(&c->user, user);
    vec_push(&c->part, (unsigned char)part);
    vec_push(&c->start, start);
    vec_append(&c->item, items, count);
    vec_push(&c->event, c->item.len);
}

void session_store_add(struct session_store *c, const struct session *s)
{
    push(c, s->user, s->part, s->times[0], s->items, s->count);
}

/* Counts each user's sessions into `first`; returns whether they are grouped by user. */
static bool count_users(struct session_store *c)
{
    bool grouped = true;
    vec_clear(&c->first);
    vec_push(&c->first, 0);
    for (size_t s = 0; s < session_store_sessions(c); s++) {
        size_t user = (size_t)c->user.at[s];
        grouped = grouped && (s == 0 || c->user.at[s - 1] <= c->user.at[s]);
        while (c->first.len < user + 2)
            vec_push(&c->first, 0);
        c->first.at[user + 1]++;
    }
    for (size_t u = 1; u < c->first.len; u++)
        c->first.at[u] += c->first.at[u - 1];
    return grouped;
}

/* A stable counting sort: a stream may mix the sessions of its users. */
void session_store_group(struct session_store *c)
{
    if (count_users(c))
        return;
    size_t sessions = session_store_sessions(c);
    size_t *order = mem_alloc(sessions * sizeof *order);
    size_t *next = mem_alloc(c->first.len * sizeof *next);
    memcpy(next, c->first.at, c->first.len * sizeof *next);
    for (size_t s = 0; s < sessions; s++)
        order[next[c->user.at[s]]++] = s;
    struct session_store to = {0};
    for (size_t i = 0; i < sessions; i++) {
        size_t s = order[i];
        push(&to, c->user.at[s], c->part.at[s], c->start.at[s], session_store_items(c, s),
             session_store_length(c, s));
    }
    count_users(&to);
    mem_free(order);
    mem_free(next);
    session_store_release(c);
    *c = to;
}

/* The part of each user's last session so far. */
typedef VEC(unsigned char) part_vec;

/* A user's training sessions come first, the test sessions last: else a history would hold what has
 * to be predicted. */
static int check_part(const struct session *s, part_vec *last, struct err *e)
{
    if (s->part == PART_NONE)
        return err_set(e, STATUS_DATA,
                       "the session is in no part: split the stream with tfilter --split");
    while (last->len <= (size_t)s->user)
        vec_push(last, PART_NONE);
    enum part before = last->at[s->user];
    last->at[s->user] = (unsigned char)s->part;
    return s->part < before
               ? err_set(e, STATUS_DATA, "a %s session comes after a %s session of the same user",
                         part_name[s->part], part_name[before])
               : 0;
}

static int take(struct session_store *c, struct sessions_in *in, const struct sessions_record *r,
                struct frame_out *names, part_vec *last, struct err *e)
{
    const struct named *n = &r->named;
    if (r->kind == RECORD_USER)
        return names ? write_user(names, n->id, n->name, n->attributes, e) : 0;
    if (r->kind == RECORD_ITEM)
        return names ? write_item(names, n->id, n->name, n->attributes, e) : 0;
    if (check_part(&r->session, last, e) != 0)
        return sessions_in_at(in, e);
    session_store_add(c, &r->session);
    return 0;
}

int session_store_read(struct session_store *c, struct sessions_in *in, struct frame_out *names,
                       struct err *e)
{
    struct sessions_record r;
    part_vec last = {0};
    enum read_result got;
    int status = 0;
    while (status == 0 && (got = sessions_in_next(in, &r, e)) != READ_END)
        status = got == READ_ERROR ? e->status : take(c, in, &r, names, &last, e);
    vec_release(&last);
    if (status == 0 && session_store_sessions(c) == 0)
        status = err_set(e, STATUS_DATA, "the input holds no session");
    if (status == 0)
        session_store_group(c);
    return status;
}

size_t session_store_part(const struct session_store *c, enum part part)
{
    size_t count = 0;
    for (size_t s = 0; s < session_store_sessions(c); s++)
        count += c->part.at[s] == part;
    return count;
}

void session_store_release(struct session_store *c)
{
    vec_release(&c->first);
    vec_release(&c->user);
    vec_release(&c->start);
    vec_release(&c->part);
    vec_release(&c->event);
    vec_release(&c->item);
}
