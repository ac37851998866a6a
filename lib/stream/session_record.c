#include "stream/session_record.h"

#include "base/time.h"

static int check_times(struct column times, struct err *e)
{
    const int64_t *t = column_i64(times);
    int falls = 0;
    for (size_t i = 1; i < times.len; i++)
        falls |= t[i] < t[i - 1];
    if (!falls && t[0] >= 0 && t[times.len - 1] < TIME_LIMIT)
        return 0;
    for (size_t i = 1; falls; i++)
        if (t[i] < t[i - 1])
            return err_set(e, STATUS_DATA, "times[%zu] is %lld, less than the %lld before it", i,
                           (long long)t[i], (long long)t[i - 1]);
    return field_check("times", COLUMN_I64, times, 0, TIME_LIMIT - 1, e);
}

static int check_items(struct column items, size_t defined, struct err *e)
{
    for (size_t i = 0; i < items.len; i++)
        if ((uint32_t)column_i32(items)[i] >= defined)
            return err_set(e, STATUS_DATA, "items[%zu] is %d, but %zu items are defined so far", i,
                           column_i32(items)[i], defined);
    return 0;
}

static int read_extra(struct reader *r, struct cursor *c, struct extra *x, size_t events,
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
    if (!cursor_ext(&ahead, &t) || t.type < 1 || !column_size((enum column_type)t.type))
        return err_set(e, STATUS_DATA, "the extra \"%s\" is neither an integer nor a typed array",
                       key);
    x->type = (enum column_type)t.type;
    if (field_array(c, key, x->type, &r->arena, &x->column, e))
        return e->status;
    if (x->column.len != events)
        return err_set(e, STATUS_DATA, "the extra \"%s\" has %zu elements, expected %zu", key,
                       x->column.len, events);
    return field_check(key, x->type, x->column, INT64_MIN, INT64_MAX, e);
}

static int read_extras(struct reader *r, struct tagged *t, extra_vec *extras, struct session *s,
                       struct err *e)
{
    uint32_t count;
    vec_clear(extras);
    if (t->left < 5)
        return 0;
    if (!cursor_map(&t->c, &count))
        return err_set(e, STATUS_DATA, "the extras are not a map");
    for (uint32_t i = 0; i < count; i++) {
        struct extra x;
        if (read_extra(r, &t->c, &x, s->count, e))
            return e->status;
        vec_push(extras, x);
    }
    s->extras = extras->at;
    s->extra_count = count;
    return 0;
}

int session_record_read(struct reader *r, struct tagged *t, size_t users, size_t items,
                        extra_vec *extras, struct session *s, struct err *e)
{
    int64_t user, part;
    struct column times, item;
    *s = (struct session){0};
    if (!cursor_int(&t->c, 0, (int64_t)users - 1, &user))
        return err_set(e, STATUS_DATA, "the session's user is not the id of one of the %zu so far",
                       users);
    if (!cursor_int(&t->c, PART_NONE, PART_TEST, &part))
        return err_set(e, STATUS_DATA, "the session's part is not 0, 1, 2 or 3");
    if (field_array(&t->c, "times", COLUMN_I64, &r->arena, &times, e) ||
        field_array(&t->c, "items", COLUMN_I32, &r->arena, &item, e))
        return e->status;
    if (!times.len || item.len != times.len)
        return err_set(e, STATUS_DATA, "%zu times and %zu items, expected equally many, 1 at least",
                       times.len, item.len);
    if (check_times(times, e) || check_items(item, items, e))
        return e->status;
    s->user = (int32_t)user;
    s->part = (enum part)part;
    s->count = times.len;
    s->times = times.at;
    s->items = item.at;
    return read_extras(r, t, extras, s, e);
}

int session_record_order(const struct session *s, int64_t *last, struct err *e)
{
    if (s->times[0] < *last)
        return err_set(
            e, STATUS_DATA,
            "the session begins at %lld, earlier than the session of the same user before it",
            (long long)s->times[0]);
    *last = s->times[0];
    return 0;
}

int session_record_all_used(size_t users, size_t users_used, size_t items, size_t items_used,
                            struct err *e)
{
    bool of_users = users_used < users;
    if (!of_users && items_used == items)
        return 0;
    return err_set(
        e, STATUS_DATA,
        "%zu %s are defined that no session of this part uses: their count would be wrong",
        of_users ? users - users_used : items - items_used, of_users ? "users" : "items");
}
