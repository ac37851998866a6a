#include "base/time.h"
#include "stream/drops.h"
#include "stream/readers.h"
#include "stream/session_record.h"

/* The state of a user and of an item of the whole input: the last part that defined it, and what is
 * known of it there. */
struct sessions_user {
    uint64_t part : 27;
    uint64_t used : 1;
    uint64_t last_start : TIME_BITS; /* of the session before */
};
struct sessions_item {
    uint32_t part : 31;
    uint32_t used : 1;
};
enum { PARTS_LIMIT = (1 << 27) - 1 };

struct sessions_in {
    struct reader r;
    uint64_t part;    /* from 1 */
    bool joins_users; /* a user may be in several */
    /* of the current part: the whole input's id of each id of the part, and how many of them
     * sessions use */
    i32_vec users, items;
    size_t users_used, items_used;
    /* by the whole input's ids */
    VEC(struct sessions_user) user_states;
    VEC(struct sessions_item) item_states;
    extra_vec extras;
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
    vec_release(&in->user_states);
    vec_release(&in->item_states);
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

void sessions_in_meter(struct sessions_in *in, struct input_meter *m)
{
    frame_in_meter(in->r.frame, m);
}

uint64_t sessions_in_part(const struct sessions_in *in)
{
    return in->part;
}

void sessions_in_join_users(struct sessions_in *in)
{
    in->joins_users = true;
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
    return session_record_all_used(in->users.len, in->users_used, in->items.len, in->items_used, e)
               ? frame_in_at(in->r.frame, e)
               : 0;
}

/* The key of the header in which the current part differs from the first one. */
static const char *other_choice(const struct sessions_in *in)
{
    const struct meta *first = &in->r.meta, *here = frame_in_meta(in->r.frame);
    int64_t shift = 0, shift_here = 0;
    struct err unused; /* read_ranges of the reader has checked both */
    meta_get_int(first, "week_shift", &shift, &unused);
    meta_get_int(here, "week_shift", &shift_here, &unused);
    static const char *const keys[] = {"delta_edges", "dwell_edges", "codes"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!bytes_equal(meta_find(first, keys[i]), meta_find(here, keys[i])))
            return keys[i];
    return shift == shift_here ? NULL : "week_shift";
}

/* Rows and what was dropped are of all parts so far. */
static void add_counts(struct meta *all, const struct meta *here)
{
    static const char *const keys[] = {"rows", "bad_rows", "rows_without_user", "rows_left_out"};
    drops_join(all, here);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        int64_t sum = 0, more = 0;
        struct err none;
        if (meta_find(here, keys[i]).at && !meta_get_int(all, keys[i], &sum, &none) &&
            !meta_get_int(here, keys[i], &more, &none) && more <= INT64_MAX - sum)
            meta_set_int(all, keys[i], sum + more);
    }
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
    if (in->part == PARTS_LIMIT) /* cov: takes 2^27 */
        return err_set(e, STATUS_DATA, "more than %d streams", PARTS_LIMIT);
    add_counts(&in->r.meta, frame_in_meta(in->r.frame));
    in->part++;
    vec_clear(&in->users);
    vec_clear(&in->items);
    in->users_used = in->items_used = 0;
    return 0;
}

/* ---- users and items ---- */

/* The user is known. */
static int define_again(const struct sessions_in *in, struct bytes name,
                        const struct sessions_user *state, struct err *e)
{
    char shown[SHOWN_NAME];
    if (state->part == in->part)
        return err_set(e, STATUS_DATA, "user \"%s\" was defined before", reader_shown(name, shown));
    return in->joins_users
               ? 0
               : err_set(e, STATUS_DATA,
                         "user \"%s\" was defined before, in an earlier stream: tfilter --merge "
                         "joins the sessions of users who are in several streams",
                         reader_shown(name, shown));
}

static int define_user(struct sessions_in *in, struct tagged *t, struct named *user, bool *is_new,
                       struct err *e)
{
    if (reader_named(t, (int64_t)in->users.len, user, e))
        return e->status;
    int32_t id = names_add(&in->r.users, user->name, is_new);
    if (*is_new)
        vec_push(&in->user_states, ((struct sessions_user){0}));
    else if (define_again(in, user->name, &in->user_states.at[id], e))
        return e->status;
    in->user_states.at[id] = (struct sessions_user){.part = in->part & PARTS_LIMIT};
    user->id = id;
    vec_push(&in->users, id);
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
        vec_push(&in->item_states, ((struct sessions_item){0}));
    if (in->item_states.at[id].part == in->part)
        return err_set(e, STATUS_DATA, "item \"%s\" is defined twice",
                       reader_shown(item->name, shown));
    in->item_states.at[id] = (struct sessions_item){.part = in->part & PARTS_LIMIT};
    item->id = id;
    vec_push(&in->items, id);
    return 0;
}

/* ---- sessions ---- */

/* Replaces the part's ids by those of the whole input. */
static void join(struct sessions_in *in, struct session *s)
{
    int32_t *id = (int32_t *)s->items; /* the reader's own array */
    for (size_t i = 0; i < s->count; i++) {
        id[i] = in->items.at[id[i]];
        struct sessions_item *state = &in->item_states.at[id[i]];
        in->items_used += !state->used;
        state->used = 1;
    }
    s->user = in->users.at[s->user];
}

static int read_session(struct sessions_in *in, struct tagged *t, struct session *s, struct err *e)
{
    if (session_record_read(&in->r, t, in->users.len, in->items.len, &in->extras, s, e))
        return e->status;
    join(in, s);
    struct sessions_user *state = &in->user_states.at[s->user];
    int64_t last = (int64_t)state->last_start;
    if (session_record_order(s, &last, e))
        return e->status;
    state->last_start = (uint64_t)last & (TIME_LIMIT - 1);
    in->users_used += !state->used;
    state->used = 1;
    return 0;
}

/* *given: whether the record is new to the whole input. */
static int read_record(struct sessions_in *in, struct tagged *t, struct sessions_record *r,
                       bool *given, struct err *e)
{
    *given = true;
    r->kind = t->kind;
    if (t->kind == RECORD_USER)
        return define_user(in, t, &r->named, given, e);
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
