#include "data/session_store.h"

#include <inttypes.h>

#include "base/time.h"

/* Users are noted where the sessions of each begin, as long as their ids rise; from the first one
 * on that does not, the user of every session is. */
static void note_user(struct session_store *c, int32_t user)
{
    if (c->sessions == 0)
        vec_clear(&c->first);
    if (!c->user.len && c->first.len > (size_t)user + 1) {
        for (size_t u = 0; u < c->first.len; u++) {
            size_t end = u + 1 < c->first.len ? (size_t)c->first.at[u + 1] : c->sessions;
            while (c->user.len < end)
                vec_push(&c->user, (int32_t)u);
        }
    }
    if (c->user.len)
        vec_push(&c->user, user);
    while (!c->user.len && c->first.len <= (size_t)user)
        vec_push(&c->first, (int32_t)c->sessions);
}

/* `times`: seconds since the start; read where times are kept. */
static int push(struct session_store *c, int32_t user, struct stored_session s,
                const int32_t *items, const int32_t *times, size_t count, struct err *e)
{
    if (count > STORED_EVENTS - c->events) /* cov: takes 2^40 */
        return err_set(e, STATUS_DATA, "more than %" PRIu64 " events", STORED_EVENTS);
    s.item = c->events & STORED_EVENTS;
    note_user(c, user);
    c->events += count;
    c->sessions++;
    c->parts[s.part]++;
    if (spill_append(&c->head, &s, sizeof s, e) ||
        (c->keeps_times && spill_append(&c->time, times, count * sizeof *times, e)))
        return e->status;
    return c->drops_items ? 0 : spill_append(&c->item, items, count * sizeof *items, e);
}

const int32_t *stored_column_codes(const struct stored_column *c, const struct session *s,
                                   struct err *e)
{
    const struct extra *x = s->extras, *end = x + s->extra_count;
    while (x < end && !bytes_equal(x->key, bytes_of(c->key)))
        x++;
    if (x == end || !x->column.at || x->type != COLUMN_I32) {
        err_set(e, STATUS_DATA,
                "a session has no int32 array \"%s\": csv-sessionize --carry %s=...", c->key,
                c->key);
        return NULL;
    }
    const int32_t *code = column_i32(x->column);
    for (size_t i = 0; i < s->count; i++)
        if (code[i] < 0 || code[i] >= c->codes) {
            err_set(e, STATUS_DATA, "\"%s\" has code %d, and the header names %d", c->key, code[i],
                    c->codes);
            return NULL;
        }
    return code;
}

static int add_columns(struct session_store *c, const struct session *s, struct err *e)
{
    for (size_t i = 0; i < c->columns.len; i++) {
        const int32_t *code = stored_column_codes(&c->columns.at[i], s, e);
        if (!code || spill_append(&c->columns.at[i].code, code, s->count * sizeof *code, e))
            return e->status;
    }
    return 0;
}

int session_store_add(struct session_store *c, const struct session *s, struct err *e)
{
    return session_store_add_lasting(c, s, s->times[0], s->times[s->count - 1], e);
}

int session_store_add_lasting(struct session_store *c, const struct session *s, int64_t start,
                              int64_t last, struct err *e)
{
    if (session_store_sessions(c) == INT32_MAX) /* cov: takes 2^31 sessions */
        return err_set(e, STATUS_DATA, "more than %d sessions", INT32_MAX);
    int64_t lasts = last - start;
    uint64_t duration = (uint64_t)(lasts < STORED_LONG ? lasts : STORED_LONG);
    struct stored_session to = {.start = (uint64_t)start & (TIME_LIMIT - 1),
                                .duration = duration & STORED_LONG,
                                .part = (unsigned)s->part & 3};
    vec_clear(&c->since);
    for (size_t i = 0; c->keeps_times && i < s->count; i++) {
        lasts = s->times[i] - start;
        vec_push(&c->since, (int32_t)(lasts < STORED_LONG ? lasts : STORED_LONG));
    }
    return add_columns(c, s, e) || push(c, s->user, to, s->items, c->since.at, s->count, e)
               ? e->status
               : 0;
}

/* Counts each user's sessions, which are mixed, into `first`. */
static void count_users(struct session_store *c)
{
    vec_clear(&c->first);
    vec_push(&c->first, 0);
    for (size_t s = 0; s < c->sessions; s++) {
        size_t user = (size_t)c->user.at[s];
        while (c->first.len < user + 2)
            vec_push(&c->first, 0);
        c->first.at[user + 1]++;
    }
    for (size_t u = 1; u < c->first.len; u++)
        c->first.at[u] += c->first.at[u - 1];
}

/* All that a session has, and the end of the last one. */
static int end_sessions(struct session_store *c, struct err *e)
{
    const struct stored_session end = {.item = c->events & STORED_EVENTS};
    int status = spill_append(&c->head, &end, sizeof end, e) || spill_end(&c->head, e) ||
                         spill_end(&c->item, e) || (c->keeps_times && spill_end(&c->time, e))
                     ? e->status
                     : 0;
    for (size_t i = 0; i < c->columns.len && !status; i++)
        status = spill_end(&c->columns.at[i].code, e);
    return status;
}

/* Appends the columns of session s of another store. */
static int copy_columns(struct session_store *to, const struct session_store *from, size_t s,
                        struct err *e)
{
    size_t bytes = session_store_length(from, s) * sizeof(int32_t);
    for (size_t i = 0; i < to->columns.len; i++)
        if (spill_append(&to->columns.at[i].code, session_store_codes(from, i, s), bytes, e))
            return e->status;
    return 0;
}

/* An empty spill with the limits of another one. */
static struct spill spill_like(const struct spill *s)
{
    return (struct spill){.limit = s->limit, .within = s->within};
}

static struct session_store store_like(const struct session_store *c)
{
    struct session_store to = {.head = spill_like(&c->head),
                               .item = spill_like(&c->item),
                               .time = spill_like(&c->time),
                               .drops_items = c->drops_items,
                               .keeps_times = c->keeps_times};
    for (size_t i = 0; i < c->columns.len; i++) {
        const struct stored_column *column = &c->columns.at[i];
        vec_push(&to.columns,
                 ((struct stored_column){column->key, column->codes, spill_like(&column->code)}));
    }
    return to;
}

/* A stable counting sort: a stream may mix the sessions of its users. */
static int sort_by_user(struct session_store *c, struct err *e)
{
    int32_t *order = mem_alloc(c->sessions * sizeof *order);
    int32_t *next = mem_alloc(c->first.len * sizeof *next);
    memcpy(next, c->first.at, c->first.len * sizeof *next);
    for (size_t s = 0; s < c->sessions; s++)
        order[next[c->user.at[s]]++] = (int32_t)s;
    struct session_store to = store_like(c);
    const int32_t *time = (const int32_t *)(const void *)c->time.at;
    int status = 0;
    for (size_t i = 0; i < c->sessions && !status; i++) {
        size_t s = (size_t)order[i];
        status =
            push(&to, c->user.at[s], *stored_session(c, s), session_store_items(c, s),
                 time ? time + session_store_place(c, s) : NULL, session_store_length(c, s), e) ||
                    copy_columns(&to, c, s, e)
                ? e->status
                : 0;
    }
    mem_free(order);
    mem_free(next);
    session_store_release(c);
    *c = to;
    return status ? status : end_sessions(c, e);
}

int session_store_end(struct session_store *c, struct err *e)
{
    if (c->sessions && end_sessions(c, e))
        return e->status;
    if (c->user.len) {
        count_users(c);
        if (sort_by_user(c, e))
            return e->status;
    }
    vec_push(&c->first, (int32_t)c->sessions);
    vec_release(&c->user);
    vec_release(&c->last);
    reversed_release(&c->turned);
    return 0;
}

/* ---- from a stream ---- */

/* A user's training sessions come first, the test sessions last: else a history would hold what has
 * to be predicted. */
static int check_part(struct session_store *c, const struct session *s, struct err *e)
{
    if (s->part == PART_NONE)
        return err_set(e, STATUS_DATA,
                       "the session is in no part: split the stream with tfilter --split");
    while (c->last.len <= (size_t)s->user)
        vec_push(&c->last, PART_NONE);
    enum part before = c->last.at[s->user];
    c->last.at[s->user] = (unsigned char)s->part;
    return s->part < before
               ? err_set(e, STATUS_DATA, "a %s session comes after a %s session of the same user",
                         part_name[s->part], part_name[before])
               : 0;
}

/* Batches number sessions by user. */
static int check_user(const struct session_store *c, const struct session *s, struct err *e)
{
    return c->first.len > (size_t)s->user + 1
               ? err_set(e, STATUS_DATA,
                         "the sessions of a user do not follow each other, as the sessionizers "
                         "write them")
               : 0;
}

int session_store_take(struct session_store *c, const struct session *s, struct err *e)
{
    if (check_part(c, s, e))
        return e->status;
    return session_store_add(c, s, e);
}

static int take_session(struct session_store *c, const struct session *s, struct frame_out *out,
                        struct err *e)
{
    struct session from_end;
    if (out && check_user(c, s, e))
        return e->status;
    if (c->reverses) {
        from_end = session_reverse(&c->turned, s);
        s = &from_end;
    }
    return session_store_take(c, s, e) || (out && write_session(out, s, e)) ? e->status : 0;
}

static int take(struct session_store *c, struct sessions_in *in, const struct sessions_record *r,
                struct frame_out *out, struct err *e)
{
    const struct named *n = &r->named;
    if (r->kind == RECORD_USER)
        return out ? write_user(out, n->id, n->name, n->attributes, e) : 0;
    if (r->kind == RECORD_ITEM)
        return out ? write_item(out, n->id, n->name, n->attributes, e) : 0;
    int status = take_session(c, &r->session, out, e);
    return status == STATUS_DATA ? sessions_in_at(in, e) : status;
}

int session_store_read(struct session_store *c, struct sessions_in *in, struct frame_out *out,
                       struct err *e)
{
    struct sessions_record r;
    enum read_result got;
    int status = 0;
    while (status == 0 && (got = sessions_in_next(in, &r, e)) != READ_END)
        status = got == READ_ERROR ? e->status : take(c, in, &r, out, e);
    if (status == 0 && session_store_sessions(c) == 0)
        status = err_set(e, STATUS_DATA, "the input holds no session");
    return status ? status : session_store_end(c, e);
}

/* ---- use ---- */

static int set_within(struct spill *s, size_t bytes, bool ended, struct err *e)
{
    s->within = bytes;
    return ended ? spill_end(s, e) : 0;
}

int session_store_within(struct session_store *c, size_t bytes, struct err *e)
{
    bool ended = c->head.at;
    if (set_within(&c->head, bytes, ended, e) || set_within(&c->item, bytes, ended, e) ||
        set_within(&c->time, bytes, ended, e))
        return e->status;
    for (size_t i = 0; i < c->columns.len; i++)
        if (set_within(&c->columns.at[i].code, bytes, ended, e))
            return e->status;
    return 0;
}

void session_store_limit(struct session_store *c, size_t bytes)
{
    c->head.limit = c->item.limit = c->time.limit = bytes;
    for (size_t i = 0; i < c->columns.len; i++)
        c->columns.at[i].code.limit = bytes;
}

size_t session_store_overlaps(const struct session_store *c)
{
    size_t count = 0;
    for (size_t u = 0; u < session_store_users(c); u++) {
        int64_t ended = INT64_MIN;
        for (size_t s = (size_t)c->first.at[u]; s < (size_t)c->first.at[u + 1]; s++) {
            count += session_store_start(c, s) < ended;
            if (session_store_last(c, s) > ended)
                ended = session_store_last(c, s);
        }
    }
    return count;
}

/* The last user whose sessions begin at or before it. */
int32_t session_store_user(const struct session_store *c, size_t session)
{
    size_t low = 0, high = session_store_users(c);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if ((size_t)c->first.at[middle] <= session)
            low = middle;
        else
            high = middle;
    }
    return (int32_t)low;
}

void session_store_forget(const struct session_store *c)
{
    spill_forget(&c->head);
    spill_forget(&c->item);
    spill_forget(&c->time);
    for (size_t i = 0; i < c->columns.len; i++)
        spill_forget(&c->columns.at[i].code);
}

void session_store_clear(struct session_store *c)
{
    c->sessions = c->events = 0;
    memset(c->parts, 0, sizeof c->parts);
    vec_clear(&c->first);
    spill_clear(&c->head);
    vec_clear(&c->user);
    vec_clear(&c->last);
    spill_clear(&c->item);
    spill_clear(&c->time);
    for (size_t i = 0; i < c->columns.len; i++)
        spill_clear(&c->columns.at[i].code);
}

void session_store_release(struct session_store *c)
{
    c->sessions = c->events = 0;
    memset(c->parts, 0, sizeof c->parts);
    vec_release(&c->first);
    spill_release(&c->head);
    vec_release(&c->user);
    vec_release(&c->since);
    vec_release(&c->last);
    reversed_release(&c->turned);
    spill_release(&c->item);
    spill_release(&c->time);
    for (size_t i = 0; i < c->columns.len; i++)
        spill_release(&c->columns.at[i].code);
    vec_release(&c->columns);
}
