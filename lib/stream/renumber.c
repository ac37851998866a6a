#include "stream/renumber.h"

#include "stream/cursor.h"
#include "stream/pack.h"

/* ---- where a record has its ids ---- */

struct id_places {
    const char *what; /* "user", "item" or "session" */
    int32_t id;       /* of the user or item */
    struct bytes packed;
    struct bytes items; /* of a session: int32 */
};

static bool find_items(struct cursor *c, struct bytes *items)
{
    struct token t;
    if (!cursor_skip(c, CURSOR_DEPTH) || !cursor_skip(c, CURSOR_DEPTH) || !cursor_ext(c, &t) ||
        t.type != COLUMN_I32 || t.bytes.len % sizeof(int32_t))
        return false;
    *items = t.bytes;
    return true;
}

static bool find_places(struct bytes record, struct id_places *p)
{
    static const char *const tags[] = {"user", "item", "session"};
    struct cursor c = cursor_of(record);
    struct bytes tag;
    uint32_t count;
    int64_t id;
    *p = (struct id_places){0};
    if (!cursor_array(&c, &count) || !cursor_str(&c, &tag))
        return false;
    for (int i = 0; i < 3; i++)
        if (bytes_equal(tag, bytes_of(tags[i])))
            p->what = tags[i];
    const char *from = (const char *)c.at;
    if (!p->what || !cursor_int(&c, 0, INT32_MAX, &id))
        return false;
    p->id = (int32_t)id;
    p->packed = (struct bytes){from, (size_t)((const char *)c.at - from)};
    return p->what != tags[2] || find_items(&c, &p->items);
}

static bool is_user(const struct id_places *p)
{
    return p->what[0] == 'u';
}

static bool is_session(const struct id_places *p)
{
    return p->what[0] == 's';
}

static int32_t item_at(struct bytes items, size_t i)
{
    int32_t id;
    memcpy(&id, items.at + i * sizeof id, sizeof id);
    return id;
}

/* ---- ids ---- */

/* The place of the first id that is not below it. */
static size_t place_of(const struct id_map *m, int32_t id)
{
    size_t low = 0, high = m->given.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->given.at[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int define(struct id_map *m, const struct id_places *p, struct err *e)
{
    if (m->given.len && p->id <= m->given.at[m->given.len - 1])
        return err_set(e, STATUS_DATA, "%s %d comes after %s %d: ids have to ascend", p->what,
                       p->id, p->what, m->given.at[m->given.len - 1]);
    vec_push(&m->given, p->id);
    vec_push(&m->becomes, -1);
    return 0;
}

static int use(struct id_map *m, const char *what, int32_t id, struct err *e)
{
    size_t place = place_of(m, id);
    if (place == m->given.len || m->given.at[place] != id)
        return err_set(e, STATUS_DATA, "a session of %s %d, which no line before it defines", what,
                       id);
    m->becomes.at[place] = 0;
    return 0;
}

static int use_all(struct renumber *r, const struct id_places *p, struct err *e)
{
    int status = use(&r->users, "user", p->id, e);
    for (size_t i = 0; i < p->items.len / sizeof(int32_t) && !status; i++)
        status = use(&r->items, "item", item_at(p->items, i), e);
    return status;
}

/* Numbers those that are used. */
static void number(struct id_map *m)
{
    int32_t next = 0;
    for (size_t i = 0; i < m->becomes.len; i++)
        if (m->becomes.at[i] >= 0)
            m->becomes.at[i] = next++;
}

static int32_t becomes(const struct id_map *m, int32_t id)
{
    return m->becomes.at[place_of(m, id)];
}

static void empty(struct id_map *m)
{
    vec_clear(&m->given);
    vec_clear(&m->becomes);
}

/* ---- holding ---- */

static int hold(struct renumber *r, struct bytes record, struct err *e)
{
    uint32_t length = (uint32_t)record.len;
    int status = spill_append(&r->held, &length, sizeof length, e);
    return status ? status : spill_append(&r->held, record.at, length, e);
}

int renumber_take(struct renumber *r, struct bytes record, struct err *e)
{
    struct id_places p;
    int status = 0;
    if (find_places(record, &p))
        status =
            is_session(&p) ? use_all(r, &p, e) : define(is_user(&p) ? &r->users : &r->items, &p, e);
    r->records++;
    return status ? status : hold(r, record, e);
}

int renumber_pause(struct renumber *r, struct err *e)
{
    return hold(r, (struct bytes){0}, e);
}

/* ---- writing ---- */

/* Puts the new ids of the session's items to where the old ones are. */
static void renumber_items(const struct renumber *r, const struct id_places *p, char *to)
{
    for (size_t i = 0; i < p->items.len / sizeof(int32_t); i++) {
        int32_t id = becomes(&r->items, item_at(p->items, i));
        memcpy(to + i * sizeof id, &id, sizeof id);
    }
}

static int write_record(const struct renumber *r, struct frame_out *out, struct bytes record,
                        struct err *e)
{
    struct id_places p;
    const char *end = record.at + record.len;
    bool numbered = find_places(record, &p);
    int32_t id = 0;
    if (numbered)
        id = becomes(is_session(&p) || is_user(&p) ? &r->users : &r->items, p.id);
    if (id < 0)
        return 0;
    msgpack_packer *pk = frame_out_record(out);
    struct buf *to = &out->block;
    const char *rest = numbered ? p.packed.at + p.packed.len : record.at;
    if (numbered) {
        buf_append(to, record.at, (size_t)(p.packed.at - record.at));
        msgpack_pack_int32(pk, id);
    }
    buf_append(to, rest, (size_t)(end - rest));
    if (numbered && is_session(&p))
        renumber_items(r, &p, to->at + to->len - (end - p.items.at));
    return frame_out_commit(out, e);
}

static int write_held(const struct renumber *r, struct frame_out *out, struct err *e)
{
    int status = 0;
    for (size_t at = 0; at < r->held.len && !status;) {
        uint32_t length;
        memcpy(&length, r->held.at + at, sizeof length);
        at += sizeof length;
        status = length ? write_record(r, out, (struct bytes){r->held.at + at, length}, e)
                        : frame_out_pause(out, e);
        at += length;
    }
    return status;
}

int renumber_write(struct renumber *r, struct frame_out *out, struct err *e)
{
    number(&r->users);
    number(&r->items);
    if (spill_end(&r->held, e) || write_held(r, out, e))
        return e->status;
    spill_clear(&r->held);
    empty(&r->users);
    empty(&r->items);

    r->records = 0;
    return 0;
}

void renumber_release(struct renumber *r)
{
    spill_release(&r->held);
    vec_release(&r->users.given);
    vec_release(&r->users.becomes);
    vec_release(&r->items.given);
    vec_release(&r->items.becomes);
}
