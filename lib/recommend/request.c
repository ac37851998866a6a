#include "recommend/request.h"

#include "base/json.h"
#include "base/num.h"
#include "base/time.h"

static int bad(const char *what, struct err *e)
{
    return err_set(e, STATUS_DATA, "%s", what);
}

/* ---- values ---- */

static struct request_name keep(struct request *r, struct bytes name)
{
    struct request_name n = {r->text.len, name.len};
    buf_append(&r->text, name.at, name.len);
    return n;
}

/* A string, or a whole number as a name. */
static int read_name(struct request *r, struct json_in *in, struct request_name *to, struct err *e)
{
    struct bytes number;
    bool whole;
    if (json_string(in, &r->word))
        *to = keep(r, (struct bytes){r->word.at, r->word.len});
    else if (json_numeral(in, &number, &whole) && whole)
        *to = keep(r, number);
    else
        return bad("expected a name in quotes, or a whole number", e);
    return 0;
}

static int read_time(struct request *r, struct json_in *in, int64_t *to, struct err *e)
{
    bool good =
        json_string(in, &r->word) ? time_iso(r->word.at, r->word.len, to) : json_integer(in, to);
    if (!good || *to < 0 || *to >= TIME_LIMIT)
        return bad("expected a time, in whole seconds since 1970 or as \"2009-05-04T23:08:57Z\"",
                   e);
    return 0;
}

/* `read` reads an element.  Of equal keys the last one counts. */
static int read_list(struct request *r, struct json_in *in, const char *expected,
                     int (*read)(struct request *r, struct json_in *in, struct err *e),
                     struct err *e)
{
    if (!json_take(in, '['))
        return bad(expected, e);
    if (json_take(in, ']'))
        return 0;
    do
        if (read(r, in, e))
            return e->status;
    while (json_take(in, ','));
    return json_take(in, ']') ? 0 : bad("expected ',' or ']'", e);
}

static int read_item(struct request *r, struct json_in *in, struct err *e)
{
    struct request_name name;
    if (r->items.len == REQUEST_ITEMS)
        return err_set(e, STATUS_DATA, "more than %d names: give the newest of them",
                       REQUEST_ITEMS);
    if (read_name(r, in, &name, e))
        return e->status;
    vec_push(&r->items, name);
    return 0;
}

static int read_items(struct request *r, struct json_in *in, struct err *e)
{
    r->has_items = true;
    vec_clear(&r->items);
    return read_list(r, in, "expected a list of names", read_item, e);
}

static int read_event_time(struct request *r, struct json_in *in, struct err *e)
{
    int64_t time;
    if (read_time(r, in, &time, e))
        return e->status;
    if (r->times.len && time < r->times.at[r->times.len - 1])
        return bad("the times are not in order", e);
    vec_push(&r->times, time);
    return 0;
}

static int read_times(struct request *r, struct json_in *in, struct err *e)
{
    r->has_times = true;
    vec_clear(&r->times);
    return read_list(r, in, "expected a list of times", read_event_time, e);
}

static int read_id(struct request *r, struct json_in *in, struct err *e)
{
    struct bytes number;
    bool whole;
    buf_clear(&r->id);
    if (json_string(in, &r->word))
        json_text(&r->id, (struct bytes){r->word.at, r->word.len});
    else if (json_numeral(in, &number, &whole))
        buf_append(&r->id, number.at, number.len);
    else if (!json_literal(in, "null"))
        return bad("expected a string or a number", e);
    return 0;
}

static int read_user(struct request *r, struct json_in *in, struct err *e)
{
    r->has_user = true;
    return read_name(r, in, &r->user, e);
}

static int read_now(struct request *r, struct json_in *in, struct err *e)
{
    return read_time(r, in, &r->now, e);
}

static int read_top(struct request *r, struct json_in *in, struct err *e)
{
    int64_t top;
    if (!json_integer(in, &top) || top < 1 || top > REQUEST_TOP)
        return err_set(e, STATUS_DATA, "expected a whole number from 1 to %d", REQUEST_TOP);
    r->top = (int32_t)top;
    return 0;
}

static int read_exclude(struct request *r, struct json_in *in, struct err *e)
{
    r->exclude_seen = json_literal(in, "true");
    return r->exclude_seen || json_literal(in, "false") ? 0 : bad("expected true or false", e);
}

static int read_candidates(struct request *r, struct json_in *in, struct err *e)
{
    r->has_candidates = true;
    return read_name(r, in, &r->candidates, e);
}

/* ---- the object ---- */

static const struct request_key {
    const char *name;
    int (*read)(struct request *r, struct json_in *in, struct err *e);
} keys[] = {{"id", read_id},
            {"user", read_user},
            {"items", read_items},
            {"times", read_times},
            {"now", read_now},
            {"top", read_top},
            {"exclude_seen", read_exclude},
            {"candidates", read_candidates}};
enum { KEYS = sizeof keys / sizeof *keys };

static const struct request_key *key_of(struct bytes name)
{
    for (int i = 0; i < KEYS; i++)
        if (bytes_equal(name, bytes_of(keys[i].name)))
            return &keys[i];
    return NULL;
}

static int unknown_key(struct bytes name, struct err *e)
{
    struct buf all = {0};
    for (int i = 0; i < KEYS; i++)
        buf_format(&all, "%s%s", i ? ", " : "", keys[i].name);
    err_set(e, STATUS_DATA, "the key \"%.*s\" is unknown: choose from %.*s",
            name.len < 80 ? (int)name.len : 80, name.at, (int)all.len, all.at);
    buf_release(&all);
    return e->status;
}

/* A key and its value. */
static int read_member(struct request *r, struct json_in *in, struct err *e)
{
    if (!json_string(in, &r->word) || !json_take(in, ':'))
        return bad("expected a key in quotes and ':'", e);
    const struct request_key *key = key_of((struct bytes){r->word.at, r->word.len});
    if (!key)
        return unknown_key((struct bytes){r->word.at, r->word.len}, e);
    return key->read(r, in, e) ? err_at(e, "%s", key->name) : 0;
}

/* Finds the id before anything else can be wrong. */
static void find_id(struct request *r, struct json_in in)
{
    struct err unused;
    if (!json_take(&in, '{'))
        return;
    do {
        if (!json_string(&in, &r->word) || !json_take(&in, ':'))
            return;
        if (bytes_equal((struct bytes){r->word.at, r->word.len}, bytes_of("id"))) {
            read_id(r, &in, &unused);
            return;
        }
    } while (json_skip(&in) && json_take(&in, ','));
}

static void clear(struct request *r)
{
    buf_clear(&r->id);
    buf_clear(&r->text);
    vec_clear(&r->items);
    vec_clear(&r->times);
    r->has_user = r->has_items = r->has_times = r->has_candidates = false;
    r->now = r->exclude_seen = -1;
    r->top = 0;
}

static int check(const struct request *r, struct err *e)
{
    int64_t last = r->times.len ? r->times.at[r->times.len - 1] : -1;
    if (!r->has_user && !r->has_items)
        return bad("neither user nor items: one of them says for whom", e);
    if (r->has_times && r->times.len != r->items.len)
        return err_set(e, STATUS_DATA, "times: there are %zu of them, and %zu items", r->times.len,
                       r->items.len);
    if (r->now >= 0 && last > r->now)
        return bad("now: before the last of the times", e);
    return 0;
}

int request_read(struct request *r, struct bytes line, struct err *e)
{
    struct json_in in = json_in_of(line);
    clear(r);
    find_id(r, in);
    if (!json_take(&in, '{'))
        return bad("expected an object of JSON on a line", e);
    if (!json_take(&in, '}')) {
        do
            if (read_member(r, &in, e))
                return e->status;
        while (json_take(&in, ','));
        if (!json_take(&in, '}'))
            return bad("expected ',' or '}'", e);
    }
    return json_done(&in) ? check(r, e) : bad("something follows the object on its line", e);
}

void request_release(struct request *r)
{
    buf_release(&r->id);
    buf_release(&r->text);
    buf_release(&r->word);
    vec_release(&r->items);
    vec_release(&r->times);
}
