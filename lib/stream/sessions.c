#include "base/time.h"
#include "stream/reader.h"
#include "stream/readers.h"

/* The state of a user of the whole input. */
struct sessions_user {
    int64_t last_start; /* of the session before */
    bool used;
};

struct sessions_in {
    struct reader r;
    uint64_t part; /* from 1 */
    /* of the current part: the whole input's id of each id of the part, and whether a session used
     * it */
    i32_vec users, items;
    VEC(unsigned char) item_used;
    size_t users_used, items_used;
    /* by the whole input's ids */
    VEC(struct sessions_user) user_states;
    VEC(uint64_t) item_parts; /* the last part that defined it */
    VEC(struct extra) extras;
};

static const struct tag tags[] = {
    {"user", RECORD_USER, 3, 4},
    {"item", RECORD_ITEM, 3, 4},
    {"session", RECORD_SESSION, 5, 6},
    {NULL, RECORD_USER, 0, 0},
};

struct sessions_in *sessions_in_of(struct reader *r)
{
    struct sessions_in *in = mem_zero(1, sizeof *in);
    in->r = *r;
    in->r.tags = tags;
    in->part = 1;
    return in;
}

int sessions_in_open(struct sessions_in **in, const char *const *paths, int count, struct err *e)
{
    struct reader r;
    *in = NULL;
    if (reader_open(&r, paths, count, STREAM_SESSIONS, true, e))
        return e->status;
    *in = sessions_in_of(&r);
    return 0;
}

void sessions_in_close(struct sessions_in *in)
{
    if (!in)
        return;
    reader_release(&in->r);
    vec_release(&in->users);
    vec_release(&in->items);
    vec_release(&in->item_used);
    vec_release(&in->user_states);
    vec_release(&in->item_parts);
    vec_release(&in->extras);
    mem_free(in);
}

const struct meta *sessions_in_meta(const struct sessions_in *in)
{
    return &in->r.meta;
}

const struct names *sessions_in_users(const struct sessions_in *in)
{
    return &in->r.users;
}

const struct names *sessions_in_items(const struct sessions_in *in)
{
    return &in->r.items;
}

bool sessions_in_flushed(const struct sessions_in *in)
{
    return frame_in_flushed(in->r.frame);
}

uint64_t sessions_in_skipped(const struct sessions_in *in)
{
    return in->r.skipped;
}

struct frame_counts sessions_in_counts(const struct sessions_in *in)
{
    return frame_in_counts(in->r.frame);
}

int sessions_in_at(const struct sessions_in *in, struct err *e)
{
    return frame_in_at(in->r.frame, e);
}

/* ---- parts ---- */

static int check_part_end(const struct sessions_in *in, struct err *e)
{
    bool users = in->users_used < in->users.len;
    if (!users && in->items_used == in->items.len)
        return 0;
    err_set(e, STATUS_DATA,
            "%zu %s are defined that no session of this part uses: their count would be wrong",
            users ? in->users.len - in->users_used : in->items.len - in->items_used,
            users ? "users" : "items");
    return frame_in_at(in->r.frame, e);
}

/* The key of the header in which the current part differs from the first one. */
static const char *other_choice(const struct sessions_in *in)
{
    const struct meta *first = &in->r.meta, *here = frame_in_meta(in->r.frame);
    int64_t shift = 0, shift_here = 0;
    struct err unused; /* read_ranges of the reader has checked both */
    meta_get_int(first, "week_shift", &shift, &unused);
    meta_get_int(here, "week_shift", &shift_here, &unused);
    if (!bytes_equal(meta_find(first, "delta_edges"), meta_find(here, "delta_edges")))
        return "delta_edges";
    return shift == shift_here ? NULL : "week_shift";
}

/* All parts must have been made with the same choices. */
static int next_part(struct sessions_in *in, struct err *e)
{
    const char *choice = other_choice(in);
    if (choice) {
        err_set(e, STATUS_DATA,
                "\"%s\" differs from the first part's: make all parts with the same options",
                choice);
        return frame_in_at(in->r.frame, e);
    }
    in->part++;
    vec_clear(&in->users);
    vec_clear(&in->items);
    vec_clear(&in->item_used);
    in->users_used = in->items_used = 0;
    return 0;
}

/* ---- users and items ---- */

static int define_user(struct sessions_in *in, struct tagged *t, struct named *user, struct err *e)
{
    bool is_new;
    char shown[SHOWN_NAME];
    if (reader_named(t, (int64_t)in->users.len, user, e))
        return e->status;
    int32_t id = names_add(&in->r.users, user->name, &is_new);
    if (!is_new)
        return err_set(
            e, STATUS_DATA,
            "user \"%s\" was defined before: all sessions of a user have to be in one part",
            reader_shown(user->name, shown));
    user->id = id;
    vec_push(&in->users, id);
    struct sessions_user new = {.last_start = 0};
    vec_push(&in->user_states, new);
    return 0;
}

static int define_item(struct sessions_in *in, struct tagged *t, struct named *item, bool *is_new,
                       struct err *e)
{
    char shown[SHOWN_NAME];
    if (reader_named(t, (int64_t)in->items.len, item, e))
        return e->status;
    int32_t id = names_add(&in->r.items, item->name, is_new);
    if (*is_new)
        vec_push(&in->item_parts, 0);
    if (in->item_parts.at[id] == in->part)
        return err_set(e, STATUS_DATA, "item \"%s\" is defined twice",
                       reader_shown(item->name, shown));
    in->item_parts.at[id] = in->part;
    item->id = id;
    vec_push(&in->items, id);
    vec_push(&in->item_used, 0);
    return 0;
}

/* ---- sessions ---- */

static int check_times(struct column times, struct err *e)
{
    const int64_t *t = column_i64(times);
    int falls = 0;
    for (size_t i = 1; i < times.len; i++)
        falls |= t[i] < t[i - 1];
    if (!falls && t[0] >= 0 && t[times.len - 1] < TIME_LIMIT)
        return 0;
    for (size_t i = 1; falls && i < times.len; i++)
        if (t[i] < t[i - 1])
            return err_set(e, STATUS_DATA, "times[%zu] is %lld, before the %lld ahead of it", i,
                           (long long)t[i], (long long)t[i - 1]);
    return field_check("times", COLUMN_I64, times, 0, TIME_LIMIT - 1, e);
}

/* Replaces the part's ids by those of the whole input. */
static int join_items(struct sessions_in *in, struct column items, struct err *e)
{
    int32_t *id = column_i32(items);
    size_t known = in->items.len, used = 0;
    for (size_t i = 0; i < items.len; i++) {
        if ((uint32_t)id[i] >= known)
            return err_set(e, STATUS_DATA, "items[%zu] is %d, but %zu items are defined so far", i,
                           id[i], known);
        used += !in->item_used.at[id[i]];
        in->item_used.at[id[i]] = 1;
        id[i] = in->items.at[id[i]];
    }
    in->items_used += used;
    return 0;
}

static int read_extra(struct sessions_in *in, struct cursor *c, struct extra *x, size_t events,
                      struct err *e)
{
    struct cursor ahead = *c;
    struct token t;
    char key[SHOWN_NAME];
    *x = (struct extra){0};
    if (!cursor_str(c, &x->key))
        return err_set(e, STATUS_DATA, "a key of the map of extras is not a string");
    reader_shown(x->key, key);
    if (cursor_int(c, INT64_MIN, INT64_MAX, &x->value)) {
        if (bytes_equal(x->key, bytes_of("week")) && (x->value < 0 || x->value > 167))
            return err_set(e, STATUS_DATA, "\"week\" is %lld, expected 0 to 167",
                           (long long)x->value);
        return 0;
    }
    ahead = *c;
    if (!cursor_next(&ahead, &t) || t.kind != TOKEN_EXT || t.type < 1 ||
        !column_size((enum column_type)t.type))
        return err_set(e, STATUS_DATA, "the extra \"%s\" is neither an integer nor a typed array",
                       key);
    x->type = (enum column_type)t.type;
    if (field_array(c, key, x->type, &in->r.arena, &x->column, e))
        return e->status;
    if (x->column.len != events)
        return err_set(e, STATUS_DATA, "the extra \"%s\" has %zu elements, expected %zu", key,
                       x->column.len, events);
    return field_check(key, x->type, x->column, INT64_MIN, INT64_MAX, e);
}

static int read_extras(struct sessions_in *in, struct tagged *t, struct session *s, struct err *e)
{
    uint32_t count;
    vec_clear(&in->extras);
    if (t->left < 5)
        return 0;
    if (!cursor_map(&t->c, &count))
        return err_set(e, STATUS_DATA, "the extras are not a map");
    for (uint32_t i = 0; i < count; i++) {
        struct extra x;
        if (read_extra(in, &t->c, &x, s->count, e))
            return e->status;
        vec_push(&in->extras, x);
    }
    s->extras = in->extras.at;
    s->extra_count = count;
    return 0;
}

static int read_session(struct sessions_in *in, struct tagged *t, struct session *s, struct err *e)
{
    int64_t user, part;
    struct column times, items;
    *s = (struct session){0};
    if (!cursor_int(&t->c, 0, (int64_t)in->users.len - 1, &user))
        return err_set(e, STATUS_DATA, "the session's user is not the id of one of the %zu so far",
                       in->users.len);
    if (!cursor_int(&t->c, PART_NONE, PART_TEST, &part))
        return err_set(e, STATUS_DATA, "the session's part is not 0, 1, 2 or 3");
    if (field_array(&t->c, "times", COLUMN_I64, &in->r.arena, &times, e) ||
        field_array(&t->c, "items", COLUMN_I32, &in->r.arena, &items, e))
        return e->status;
    if (!times.len || items.len != times.len)
        return err_set(e, STATUS_DATA, "%zu times and %zu items, expected equally many, 1 at least",
                       times.len, items.len);
    if (check_times(times, e) || join_items(in, items, e))
        return e->status;
    s->user = in->users.at[user];
    s->part = (enum part)part;
    s->count = times.len;
    s->times = times.at;
    s->items = items.at;
    struct sessions_user *state = &in->user_states.at[s->user];
    if (s->times[0] < state->last_start)
        return err_set(
            e, STATUS_DATA,
            "the session begins at %lld, before the session ahead of it of the same user",
            (long long)s->times[0]);
    state->last_start = s->times[0];
    in->users_used += !state->used;
    state->used = true;
    return read_extras(in, t, s, e);
}

/* *given: whether the record is new to the whole input. */
static int read_record(struct sessions_in *in, struct tagged *t, struct sessions_record *r,
                       bool *given, struct err *e)
{
    *given = true;
    r->kind = t->kind;
    if (t->kind == RECORD_USER)
        return define_user(in, t, &r->named, e);
    if (t->kind == RECORD_ITEM)
        return define_item(in, t, &r->named, given, e);
    return read_session(in, t, &r->session, e);
}

enum read_result sessions_in_next(struct sessions_in *in, struct sessions_record *r, struct err *e)
{
    for (;;) {
        struct tagged t;
        bool given;
        enum read_result result = reader_next(&in->r, &t, e);
        if (result == READ_ERROR)
            return result;
        if (result != READ_RECORD && check_part_end(in, e))
            return READ_ERROR;
        if (result == READ_END)
            return result;
        if (result == READ_HEADER) {
            if (reader_ranges(&in->r, e) || next_part(in, e))
                return READ_ERROR;
            continue;
        }
        if (read_record(in, &t, r, &given, e)) {
            frame_in_at(in->r.frame, e);
            return READ_ERROR;
        }
        if (given)
            return READ_RECORD;
    }
}

/* ---- writing ---- */

static void pack_extra(msgpack_packer *pk, const struct extra *x)
{
    pack_text(pk, x->key);
    if (x->column.at)
        pack_array(pk, x->type, x->column.at, x->column.len);
    else
        msgpack_pack_int64(pk, x->value);
}

int write_session(struct frame_out *out, const struct session *s, struct err *e)
{
    msgpack_packer *pk = frame_out_record(out);
    msgpack_pack_array(pk, s->extra_count ? 6 : 5);
    pack_text(pk, bytes_of("session"));
    msgpack_pack_int32(pk, s->user);
    msgpack_pack_int(pk, (int)s->part);
    pack_array(pk, COLUMN_I64, s->times, s->count);
    pack_array(pk, COLUMN_I32, s->items, s->count);
    if (s->extra_count)
        msgpack_pack_map(pk, s->extra_count);
    for (size_t i = 0; i < s->extra_count; i++)
        pack_extra(pk, &s->extras[i]);
    return frame_out_commit(out, e);
}
