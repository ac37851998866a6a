#include "stream/drops.h"

#include <inttypes.h>
#include <stddef.h>

#include <msgpack.h>

#include "base/json.h"
#include "stream/cursor.h"
#include "stream/pack.h"

static void push(struct drops *d, struct bytes why, uint64_t events, uint64_t sessions)
{
    why.at = mem_copy(why.at, why.len);
    vec_push(&d->reasons, ((struct drop_reason){why, events, sessions}));
}

void drops_add(struct drops *d, struct bytes why, uint64_t events, uint64_t sessions)
{
    if (!events)
        return;
    push(d, why, events, sessions);
    d->events.dropped += events;
    d->sessions.dropped += sessions;
}

bool drops_any(const struct drops *d)
{
    return d->events.dropped || d->cut;
}

void drops_release(struct drops *d)
{
    for (size_t i = 0; i < d->reasons.len; i++)
        mem_free((char *)d->reasons.at[i].why.at);
    vec_release(&d->reasons);
}

/* ---- as text ---- */

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void put_reason(const struct drop_reason *r, struct buf *to)
{
    buf_format(to, "%" PRIu64 " ", r->events);
    if (r->sessions)
        buf_format(to, "in %" PRIu64 " session%s ", r->sessions, plural(r->sessions));
    buf_append(to, r->why.at, r->why.len);
}

/* "; with them 3 of 10 users, 1 of 5 items" */
static void put_shares(const struct drops *d, struct buf *to)
{
    const struct {
        const char *what;
        const struct drop_share *share;
    } kinds[] = {{"sessions", &d->sessions}, {"users", &d->users}, {"items", &d->items}};
    const char *before = "; with them ";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct drop_share *s = kinds[i].share;
        if (!s->of || !s->dropped)
            continue;
        buf_format(to, "%s%" PRIu64 " of %" PRIu64 " %s", before, s->dropped, s->of, kinds[i].what);
        before = ", ";
    }
}

void drops_text(const struct drops *d, struct buf *to)
{
    const struct drop_share *events = &d->events;
    if (events->dropped) {
        buf_format(to, "dropped %" PRIu64 " of %" PRIu64 " events (%.1f %%): ", events->dropped,
                   events->of, 100 * (double)events->dropped / (double)events->of);
        for (size_t i = 0; i < d->reasons.len; i++) {
            if (i)
                buf_text(to, ", ");
            put_reason(&d->reasons.at[i], to);
        }
        put_shares(d, to);
    }
    if (d->cut)
        buf_format(to, "%scut %" PRIu64 " session%s into %" PRIu64, events->dropped ? "; " : "",
                   d->cut, plural(d->cut), d->pieces);
}

/* ---- in the header ---- */

/* The counts of an account, each with two numbers. */
static const struct {
    const char *key;
    size_t at; /* of the first in struct drops; the second follows it */
} pairs[] = {{"events", offsetof(struct drops, events)},
             {"sessions", offsetof(struct drops, sessions)},
             {"users", offsetof(struct drops, users)},
             {"items", offsetof(struct drops, items)},
             {"cut", offsetof(struct drops, cut)}};
enum { PAIRS = sizeof pairs / sizeof *pairs };
_Static_assert(offsetof(struct drops, pieces) == offsetof(struct drops, cut) + sizeof(uint64_t),
               "the pieces follow the cuts");

static const uint64_t *pair_of(const struct drops *d, size_t i)
{
    return (const uint64_t *)(const void *)((const char *)d + pairs[i].at);
}

static void pack_pair(msgpack_packer *pk, uint64_t a, uint64_t b)
{
    msgpack_pack_array(pk, 2);
    msgpack_pack_uint64(pk, a);
    msgpack_pack_uint64(pk, b);
}

/* [program, {count: [n, of], "by": [[why, events, sessions]]}] */
static void pack(msgpack_packer *pk, const struct drops *d, struct bytes program)
{
    msgpack_pack_array(pk, 2);
    pack_text(pk, program);
    msgpack_pack_map(pk, PAIRS + 1);
    for (size_t i = 0; i < PAIRS; i++) {
        pack_text(pk, bytes_of(pairs[i].key));
        pack_pair(pk, pair_of(d, i)[0], pair_of(d, i)[1]);
    }
    pack_text(pk, bytes_of("by"));
    msgpack_pack_array(pk, d->reasons.len);
    for (size_t i = 0; i < d->reasons.len; i++) {
        msgpack_pack_array(pk, 3);
        pack_text(pk, d->reasons.at[i].why);
        msgpack_pack_uint64(pk, d->reasons.at[i].events);
        msgpack_pack_uint64(pk, d->reasons.at[i].sessions);
    }
}

int drops_note(const struct drops *d, const char *program, struct meta *m, struct err *e)
{
    if (!drops_any(d))
        return 0;
    struct bytes before = meta_find(m, DROPS_KEY);
    struct cursor c = cursor_of(before);
    uint32_t count = 0;
    if (before.at && !cursor_array(&c, &count))
        return err_set(e, STATUS_DATA, "header: " DROPS_KEY ": a list is expected");
    struct buf list = {0};
    msgpack_packer pk;
    msgpack_packer_init(&pk, &list, buf_write);
    msgpack_pack_array(&pk, count + 1);
    buf_append(&list, c.at, (size_t)(c.end - c.at));
    pack(&pk, d, bytes_of(program));
    meta_set(m, DROPS_KEY, (struct bytes){list.at, list.len});
    buf_release(&list);
    return 0;
}

static bool read_number(struct cursor *c, uint64_t *n)
{
    int64_t value;
    bool read = cursor_int(c, 0, INT64_MAX, &value);
    *n = read ? (uint64_t)value : 0;
    return read;
}

static bool read_reasons(struct cursor *c, struct drops *d)
{
    uint32_t count, three;
    struct drop_reason r;
    if (!cursor_array(c, &count))
        return false;
    while (count--) {
        if (!cursor_array(c, &three) || three != 3 || !cursor_str(c, &r.why) ||
            !read_number(c, &r.events) || !read_number(c, &r.sessions))
            return false;
        push(d, r.why, r.events, r.sessions);
    }
    return true;
}

/* The value of the key; one that is not known is stepped over. */
static bool read_value(struct cursor *c, struct bytes key, struct drops *d)
{
    uint32_t two;
    if (bytes_equal(key, bytes_of("by")))
        return read_reasons(c, d);
    for (size_t i = 0; i < PAIRS; i++)
        if (bytes_equal(key, bytes_of(pairs[i].key))) {
            uint64_t *n = (uint64_t *)(void *)((char *)d + pairs[i].at);
            return cursor_array(c, &two) && two == 2 && read_number(c, n) && read_number(c, n + 1);
        }
    return cursor_skip(c, CURSOR_DEPTH);
}

/* What one program of the chain dropped. */
struct account {
    struct bytes program; /* in the header */
    struct drops drops;
};

static bool read_account(struct cursor *c, struct account *a)
{
    uint32_t two, members;
    struct bytes key;
    if (!cursor_array(c, &two) || two != 2 || !cursor_str(c, &a->program) ||
        !cursor_map(c, &members))
        return false;
    while (members--)
        if (!cursor_str(c, &key) || !read_value(c, key, &a->drops))
            return false;
    return true;
}

typedef VEC(struct account) account_vec;

/* Every account of the header.  False: it has none, or what it has is none. */
static bool read_accounts(const struct meta *m, account_vec *list)
{
    struct cursor c = cursor_of(meta_find(m, DROPS_KEY));
    uint32_t count = 0;
    bool read = c.at && cursor_array(&c, &count);
    while (read && count--) {
        vec_push(list, ((struct account){0}));
        read = read_account(&c, &list->at[list->len - 1]);
    }
    return read;
}

static void release_accounts(account_vec *list)
{
    for (size_t i = 0; i < list->len; i++)
        drops_release(&list->at[i].drops);
    vec_release(list);
}

static void show_account(const struct account *a, struct buf *to)
{
    struct buf text = {0};
    drops_text(&a->drops, &text);
    buf_text(to, "dropped by ");
    json_bare(to, a->program);
    buf_byte(to, '\t');
    json_bare(to, (struct bytes){text.at, text.len});
    buf_byte(to, '\n');
    buf_release(&text);
}

bool drops_show(const struct meta *m, struct buf *to)
{
    account_vec list = {0};
    bool read = read_accounts(m, &list);
    for (size_t i = 0; read && i < list.len; i++)
        show_account(&list.at[i], to);
    release_accounts(&list);
    return read;
}

/* ---- of streams that are joined ---- */

static void join_reason(struct drops *to, const struct drop_reason *r)
{
    for (size_t i = 0; i < to->reasons.len; i++)
        if (bytes_equal(to->reasons.at[i].why, r->why)) {
            to->reasons.at[i].events += r->events;
            to->reasons.at[i].sessions += r->sessions;
            return;
        }
    push(to, r->why, r->events, r->sessions);
}

/* Adds counts; one that a part does not have is no longer known of all. */
static void join(struct drops *to, const struct drops *from)
{
    bool both = to->events.of && from->events.of;
    for (size_t i = 0; i < PAIRS; i++) {
        uint64_t *sum = (uint64_t *)(void *)((char *)to + pairs[i].at);
        const uint64_t *more = pair_of(from, i);
        bool known = !both || pairs[i].at == offsetof(struct drops, cut) || !sum[1] == !more[1];
        sum[0] = known ? sum[0] + more[0] : 0;
        sum[1] = known ? sum[1] + more[1] : 0;
    }
    to->items = (struct drop_share){0, 0};
    for (size_t i = 0; i < from->reasons.len; i++)
        join_reason(to, &from->reasons.at[i]);
}

/* The name of a program of the pipeline. */
static struct bytes program_name(const struct meta *m, size_t i)
{
    struct cursor c = cursor_of((struct bytes){m->pipeline.at[i].at, m->pipeline.at[i].len});
    struct bytes name = {"", 0};
    uint32_t count;
    cursor_array(&c, &count); /* meta_is_program */
    cursor_str(&c, &name);
    return name;
}

/* Gives programs that dropped nothing, and so have no account, one of the events that they read:
 * the rows, less what the programs before them dropped. */
static void complete(account_vec *list, const struct meta *m)
{
    account_vec whole = {0};
    size_t next = 0;
    int64_t rows = 0;
    struct err none;
    meta_get_int(m, "rows", &rows, &none);
    uint64_t events = rows > 0 ? (uint64_t)rows : 0;
    for (size_t i = 0; i < m->pipeline.len; i++) {
        struct account a = {.program = program_name(m, i), .drops.events.of = events};
        if (next < list->len && bytes_equal(list->at[next].program, a.program))
            a = list->at[next++];
        const struct drop_share *e = &a.drops.events;
        events = e->of > e->dropped ? e->of - e->dropped : 0;
        vec_push(&whole, a);
    }
    account_vec unused = next < list->len ? whole : *list;
    *list = next < list->len ? *list : whole;
    vec_release(&unused);
}

/* The account that the program at the same place of the other chain has in the list, or a new one.
 */
static struct drops *same_place(account_vec *list, size_t i, struct bytes program)
{
    if (i < list->len && bytes_equal(list->at[i].program, program))
        return &list->at[i].drops;
    vec_push(list, ((struct account){.program = program}));
    return &list->at[list->len - 1].drops;
}

/* Packs the accounts of programs that dropped something; returns how many there are. */
static size_t pack_all(const account_vec *list, struct buf *to)
{
    msgpack_packer pk;
    size_t count = 0;
    for (size_t i = 0; i < list->len; i++)
        count += drops_any(&list->at[i].drops);
    msgpack_packer_init(&pk, to, buf_write);
    msgpack_pack_array(&pk, count);
    for (size_t i = 0; i < list->len; i++)
        if (drops_any(&list->at[i].drops))
            pack(&pk, &list->at[i].drops, list->at[i].program);
    return count;
}

static bool read_all(const struct meta *m, account_vec *list)
{
    if (meta_find(m, DROPS_KEY).at && !read_accounts(m, list))
        return false;
    complete(list, m);
    return true;
}

void drops_join(struct meta *to, const struct meta *from)
{
    account_vec sum = {0}, more = {0};
    struct buf packed = {0};
    bool readable = read_all(to, &sum) && read_all(from, &more);
    for (size_t i = 0; readable && i < more.len; i++)
        join(same_place(&sum, i, more.at[i].program), &more.at[i].drops);
    if (readable && pack_all(&sum, &packed))
        meta_set(to, DROPS_KEY, (struct bytes){packed.at, packed.len});
    buf_release(&packed);
    release_accounts(&sum);
    release_accounts(&more);
}
