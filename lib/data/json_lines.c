#include "data/json_lines.h"

#include <stdio.h>

#include "base/num.h"

#define NO_ELEMENT SIZE_MAX

static const struct bytes missing = {"", 0};

const struct log_preset json_presets[] = {
    /* sessions of clicks, carts and orders */
    {"otto",
     "",
     {.session = "session", .item = "events.aid", .time = "events.ts", .time_unit = "ms"},
     {NULL},
     "action=events.type"},
    /* comments and posts of Reddit */
    {"pushshift",
     "",
     {.user = "author", .item = "subreddit", .time = "created_utc", .time_unit = "s"},
     {"author!=[deleted]"},
     NULL},
    {0},
};

/* ---- paths ---- */

/* Takes the path apart: dots are between keys, "\." is one in a key. */
static void split_path(struct json_path *p)
{
    size_t from = 0;
    buf_reserve(&p->text, strlen(p->name) + 1); /* so that keys stay where they are */
    for (const char *at = p->name;; at++) {
        if (*at == '\\' && (at[1] == '.' || at[1] == '\\')) {
            buf_byte(&p->text, *++at);
        } else if (*at && *at != '.') {
            buf_byte(&p->text, *at);
        } else {
            vec_push(&p->keys, ((struct bytes){p->text.at + from, p->text.len - from}));
            from = p->text.len;
        }
        if (!*at)
            return;
    }
}

/* The place of a path. */
static int find_path(void *state, const char *name, size_t *at, struct err *e)
{
    struct json_lines *j = state;
    for (*at = 0; *at < j->paths.len; ++*at)
        if (!strcmp(j->paths.at[*at].name, name))
            return 0;
    if (*at == JSON_PATHS)
        return err_set(e, STATUS_USAGE, "more than %d paths are named", JSON_PATHS);
    vec_push(&j->paths, ((struct json_path){.name = name}));
    vec_push(&j->fields, missing);
    split_path(&j->paths.at[*at]);
    if (j->paths.at[*at].keys.len > JSON_KEYS)
        return err_set(e, STATUS_USAGE, "the path '%.80s...' has more than %d keys", name,
                       JSON_KEYS);
    return 0;
}

/* Those of the paths, a bit for each, whose key at this depth is the one given. */
static uint64_t with_key(const struct json_lines *j, uint64_t mask, size_t depth, struct bytes key)
{
    uint64_t found = 0;
    for (uint64_t left = mask; left; left &= left - 1) {
        const struct json_path *p = &j->paths.at[__builtin_ctzll(left)];
        if (p->keys.len > depth && bytes_equal(p->keys.at[depth], key))
            found |= left & -left;
    }
    return found;
}

/* Those whose next key is a number: of an element of an array. */
static uint64_t with_number(const struct json_lines *j, uint64_t mask, size_t depth)
{
    uint64_t found = 0;
    int64_t number;
    for (uint64_t left = mask; left; left &= left - 1) {
        const struct json_path *p = &j->paths.at[__builtin_ctzll(left)];
        if (p->keys.len > depth && num_i64(p->keys.at[depth].at, p->keys.at[depth].len, &number))
            found |= left & -left;
    }
    return found;
}

/* ---- values ---- */

/* Sets the value of the paths that end here. */
static void set_value(struct json_lines *j, uint64_t mask, size_t depth, size_t element,
                      struct bytes value)
{
    for (uint64_t left = mask; left; left &= left - 1) {
        struct json_path *p = &j->paths.at[__builtin_ctzll(left)];
        if (p->keys.len != depth)
            continue;
        if (element == NO_ELEMENT)
            p->one = value;
        else
            p->each.at[element] = value;
    }
}

/* A key on these paths is there: of equal keys the last one counts, so that what the paths have of
 * one before goes. */
static void forget(struct json_lines *j, uint64_t mask, size_t element)
{
    for (uint64_t left = mask; left; left &= left - 1) {
        struct json_path *p = &j->paths.at[__builtin_ctzll(left)];
        if (element != NO_ELEMENT) {
            p->each.at[element] = missing;
            continue;
        }
        p->one = missing;
        p->many = false;
        vec_clear(&p->each);
    }
}

/* An array begins on these paths. */
static void begin_array(struct json_lines *j, uint64_t mask)
{
    for (uint64_t left = mask; left; left &= left - 1)
        j->paths.at[__builtin_ctzll(left)].many = true;
}

static void begin_element(struct json_lines *j, uint64_t mask)
{
    for (uint64_t left = mask; left; left &= left - 1)
        vec_push(&j->paths.at[__builtin_ctzll(left)].each, missing);
}

static int expected(const struct json_lines *j, const char *what, struct err *e)
{
    struct json_in in = j->in;
    struct bytes inside;
    bool escaped;
    if (json_raw_string(&in, &inside, &escaped) && escaped)
        return err_set(e, STATUS_DATA,
                       "not JSON: an escape in a string is no character, or half of one: "
                       "jq -c . has another character for a half");
    return err_set(e, STATUS_DATA, "not JSON: %s is expected %s", what,
                   j->in.at == j->in.end ? "where the record ends: jq -c . makes a line of each"
                                         : "before what follows");
}

/* A string; one with escapes is resolved into j->unescaped, which does not move. */
static bool take_string(struct json_lines *j, struct bytes *text)
{
    struct json_in before = j->in;
    bool escaped;
    if (!json_raw_string(&j->in, text, &escaped))
        return false;
    if (!escaped)
        return true;
    struct buf resolved = {j->unescaped.at + j->unescaped.len, 0,
                           j->unescaped.cap - j->unescaped.len};
    j->in = before;
    if (!json_string(&j->in, &resolved))
        return false;
    *text = (struct bytes){resolved.at, resolved.len};
    j->unescaped.len += resolved.len;
    return true;
}

/* null is no value. */
static bool take_scalar(struct json_lines *j, struct bytes *text)
{
    const char *const words[] = {"true", "false"};
    bool whole;
    *text = missing;
    if (take_string(j, text) || json_literal(&j->in, "null") || json_numeral(&j->in, text, &whole))
        return true;
    for (size_t i = 0; i < 2; i++)
        if (json_literal(&j->in, words[i])) {
            *text = bytes_of(words[i]);
            return true;
        }
    return false;
}

/* ---- records ---- */

static int walk(struct json_lines *j, uint64_t mask, size_t depth, size_t element, struct err *e);

_Static_assert(JSON_DEPTH == 1024, "the message says so");

static int skip(struct json_lines *j, struct err *e)
{
    return json_skip(&j->in) ? 0 : expected(j, "a value, nested 1024 deep at most,", e);
}

/* After "{": its members.  Those on the paths are looked at. */
static int walk_object(struct json_lines *j, uint64_t mask, size_t depth, size_t element,
                       struct err *e)
{
    if (json_take(&j->in, '}'))
        return 0;
    do {
        struct bytes key;
        if (!take_string(j, &key))
            return expected(j, "a key in quotes", e);
        if (!json_take(&j->in, ':'))
            return expected(j, "':'", e);
        uint64_t inside = with_key(j, mask, depth, key);
        forget(j, inside, element);
        if (inside ? walk(j, inside, depth + 1, element, e) : skip(j, e))
            return e->status;
    } while (json_take(&j->in, ','));
    return json_take(&j->in, '}') ? 0 : expected(j, "',' or '}'", e);
}

/* One element of an array: of the paths that number elements those that name this one, and those
 * on which each element is an event. */
static int walk_element(struct json_lines *j, uint64_t numbered, uint64_t all, size_t depth,
                        size_t element, size_t number, struct err *e)
{
    struct json_in before = j->in;
    uint64_t named = 0;
    if (numbered) {
        char text[24];
        size_t len = (size_t)snprintf(text, sizeof text, "%zu", number);
        named = with_key(j, numbered, depth, (struct bytes){text, len});
    }
    if (named && walk(j, named, depth + 1, element, e))
        return e->status;
    if (named && !all)
        return 0;
    j->in = before;
    begin_element(j, all);
    return all ? walk(j, all, depth, number, e) : skip(j, e);
}

/* After "[": its elements. */
static int walk_array(struct json_lines *j, uint64_t mask, size_t depth, size_t element,
                      struct err *e)
{
    uint64_t numbered = with_number(j, mask, depth), all = mask & ~numbered;
    if (all && element != NO_ELEMENT)
        return err_set(e, STATUS_DATA,
                       "%s is an array in an array: a number in the path says which "
                       "element",
                       j->paths.at[__builtin_ctzll(all)].name);
    begin_array(j, all);
    if (json_take(&j->in, ']'))
        return 0;
    size_t number = 0;
    do
        if (walk_element(j, numbered, all, depth, element, number++, e))
            return e->status;
    while (json_take(&j->in, ','));
    return json_take(&j->in, ']') ? 0 : expected(j, "',' or ']'", e);
}

/* A value on the paths, `depth` keys of which have led to it; `element`: of the array that is on
 * them. It calls itself no deeper than paths have keys, and one array. */
static int walk(struct json_lines *j, uint64_t mask, size_t depth, size_t element, struct err *e)
{
    struct bytes value;
    if (json_take(&j->in, '{'))
        return walk_object(j, mask, depth, element, e);
    if (json_take(&j->in, '['))
        return walk_array(j, mask, depth, element, e);
    if (!take_scalar(j, &value))
        return expected(j, "a value", e);
    set_value(j, mask, depth, element, value);
    return 0;
}

static void clear_record(struct json_lines *j, size_t room)
{
    for (size_t i = 0; i < j->paths.len; i++) {
        struct json_path *p = &j->paths.at[i];
        p->many = false;
        p->one = missing;
        vec_clear(&p->each);
    }
    buf_clear(&j->unescaped);
    buf_reserve(&j->unescaped, room + 1);
}

/* Finds the number of the record's events, which is that of its items.  65: another path has more
 * values. */
static int count_events(struct json_lines *j, struct err *e)
{
    const struct json_path *item = &j->paths.at[j->columns.item];
    vec_clear(&j->items);
    bool is_text = j->columns.layout.list && !item->many && item->one.len;
    if (is_text && log_columns_list(&j->columns, item->one, &j->items, e))
        return e->status;
    j->events = item->many ? item->each.len : is_text ? j->items.len : 1;
    for (size_t i = 0; i < j->paths.len && (item->many || item->one.len); i++) {
        const struct json_path *p = &j->paths.at[i];
        if (p->many && p->each.len > j->events)
            return err_set(
                e, STATUS_DATA,
                "%.80s has %zu values, and %.80s has %zu: a number in the path takes one", p->name,
                p->each.len, item->name, j->events);
    }
    return RAW_MANY;
}

/* Reads a record; its events are those of the item's path. */
static int read_record(void *state, struct bytes line, struct raw_row *row, struct err *e)
{
    struct json_lines *j = state;
    uint64_t mask = 0;
    (void)row;
    clear_record(j, line.len);
    j->events = j->next = 0;
    j->in = json_in_of(line);
    for (size_t i = 0; i < j->paths.len; i++)
        mask |= (uint64_t)1 << i;
    log_columns_record(&j->columns);
    if (!json_take(&j->in, '{'))
        return err_set(e, STATUS_DATA, "a record in {} is expected: jq -c . makes a line of each");
    if (walk_object(j, mask, 0, NO_ELEMENT, e))
        return e->status;
    if (!json_done(&j->in))
        return err_set(e, STATUS_DATA,
                       "something follows the record: a comma is missing in [], or jq -c . makes a "
                       "line of each");
    return count_events(j, e);
}

static int next_event(void *state, struct raw_row *row, struct err *e)
{
    struct json_lines *j = state;
    if (j->next == j->events)
        return RAW_NO_MORE;
    for (size_t i = 0; i < j->paths.len; i++) {
        const struct json_path *p = &j->paths.at[i];
        j->fields.at[i] = p->one;
        if (p->many)
            j->fields.at[i] = j->next < p->each.len ? p->each.at[j->next] : missing;
    }
    if (j->items.len)
        j->fields.at[j->columns.item] = j->items.at[j->next];
    j->next++;
    return log_columns_row(&j->columns, j->fields.at, row, e);
}

/* ---- the format ---- */

int json_lines_open(struct json_lines *j, struct raw_format *format, struct err *e)
{
    struct log_columns *c = &j->columns;
    const struct log_preset *preset = log_preset_find(json_presets, c->preset, NULL);
    *format = (struct raw_format){
        .state = j,
        .name = "a log of JSON",
        .json = true,
        .row = read_record,
        .more = next_event,
    };
    if (c->given.list && c->given.item)
        return err_set(e, STATUS_USAGE, "--list and --item exclude each other: choose one");
    if (log_columns_settle(c, preset, e) || log_columns_check(c, e) ||
        log_columns_open(c, preset, format, e))
        return e->status;
    return log_columns_place(c, find_path, j, e);
}

void json_lines_release(struct json_lines *j)
{
    log_columns_release(&j->columns);
    for (size_t i = 0; i < j->paths.len; i++) {
        vec_release(&j->paths.at[i].keys);
        vec_release(&j->paths.at[i].each);
        buf_release(&j->paths.at[i].text);
    }
    vec_release(&j->paths);
    vec_release(&j->fields);
    vec_release(&j->items);
    buf_release(&j->unescaped);
}
