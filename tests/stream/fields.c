/* Parts of records that end early, which no stream has: the frame gives whole values. */
#include "stream/attributes.h"
#include "stream/fields.h"
#include "stream/record.h"

#include "../notation.h"
#include "../tap.h"

struct sample {
    struct column numbers;
    double share;
    int64_t count;
};

static const struct field fields[] = {
    FIELD(sample, numbers, FIELD_I32, true, LENGTH_FREE, numbers, 0, HIGH_NONE),
    FIELD(sample, share, FIELD_REAL, true, LENGTH_FREE, share, 0, HIGH_NONE),
    FIELD(sample, count, FIELD_INT, true, LENGTH_FREE, count, 0, HIGH_ONE),
    {.key = NULL},
};

static const int64_t high[HIGH_COUNT] = {[HIGH_NONE] = INT64_MAX, [HIGH_ONE] = 1};

static int read_first(const struct buf *packed, size_t n, struct err *e)
{
    struct sample s = {{0}, 0, 0};
    struct buf arena = {0};
    struct cursor c = cursor_of((struct bytes){packed->at, n});
    *e = (struct err){0};
    arena_begin(&arena, n);
    int status = fields_read(fields, &s, &c, &arena, high, e);
    buf_release(&arena);
    return status;
}

static void cut(void)
{
    struct buf packed = {0};
    struct err e;
    notation_value("{\"other\":{\"a\":[1,2]},\"numbers\":i[1,2],\"share\":0.5,\"count\":1,"
                   "\"last\":1}",
                   &packed);
    tap_ok(!read_first(&packed, packed.len, &e), "a map is read: %s", e.text);
    size_t refused = 0;
    for (size_t n = 0; n < packed.len; n++)
        refused += read_first(&packed, n, &e) == STATUS_DATA && *e.text;
    tap_ok(refused == packed.len, "cut at any byte it is refused: %s", e.text);
    buf_release(&packed);
}

/* A map of the fields with these values; NULL: it is good. */
static void values(void)
{
    static const struct {
        const char *share, *count, *expected;
    } cases[] = {
        {"7", "0", NULL},
        {"0.5", "-1", "\"count\"[0] is -1, expected 0 to 1"},
        {"0.5", "2", "\"count\"[0] is 2, expected 0 to 1"},
        {"0.5", "0.5", "\"count\" is not"},
        {"\"1\"", "1", "\"share\" is not"},
        {"nan", "1", "\"share\" is not"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf text = {0}, packed = {0};
        struct err e;
        buf_format(&text, "{\"numbers\":i[],\"share\":%s,\"count\":%s}", cases[i].share,
                   cases[i].count);
        buf_byte(&text, 0);
        notation_value(text.at, &packed);
        int status = read_first(&packed, packed.len, &e);
        tap_ok(cases[i].expected ? status == STATUS_DATA && strstr(e.text, cases[i].expected)
                                 : !status,
               "%s: %s", text.at, status ? e.text : "read");
        buf_release(&packed);
        buf_release(&text);
    }
}

static void arrays(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"i[1,2]", NULL},
        {"l[1,2]", "\"x\" is not an array of int32 (ext 1)"},
        {"[1,2]", "\"x\" is not an array of int32 (ext 1)"},
        {"x\"c7020100\"", "\"x\" is not an array of int32"},
        {"x\"c702010000\"", "\"x\": 2 bytes are no whole number of int32"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf packed = {0}, arena = {0};
        struct column column = {0};
        struct err e = {0};
        notation_value(cases[i].text, &packed);
        struct cursor c = cursor_of((struct bytes){packed.at, packed.len}), before = c;
        arena_begin(&arena, packed.len);
        int status = field_array(&c, "x", COLUMN_I32, &arena, &column, &e);
        tap_ok(cases[i].expected
                   ? status == STATUS_DATA && strstr(e.text, cases[i].expected) && c.at == before.at
                   : !status && column.len == 2 && c.at == c.end,
               "%s: %s", cases[i].text, status ? e.text : "read");
        buf_release(&packed);
        buf_release(&arena);
    }
}

/* What is sought in attributes, and what they are with another value. */
static void attributes(void)
{
    static const struct {
        const char *packed, *found, *set;
    } cases[] = {
        {"", NULL, "{\"k\":\"new\"}"},
        {"{}", NULL, "{\"k\":\"new\"}"},
        {"{\"a\":\"1\"}", NULL, "{\"a\":\"1\",\"k\":\"new\"}"},
        {"{\"k\":\"1\"}", "1", "{\"k\":\"new\"}"},
        {"{\"a\":\"1\",\"k\":\"2\",\"b\":\"3\"}", "2", "{\"a\":\"1\",\"b\":\"3\",\"k\":\"new\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf packed = {0}, expected = {0}, set = {0};
        if (*cases[i].packed)
            notation_value(cases[i].packed, &packed);
        notation_value(cases[i].set, &expected);
        struct attributes a = {{packed.at, packed.len}};
        struct bytes found = attributes_find(a, "k");
        tap_ok(cases[i].found ? bytes_equal(found, bytes_of(cases[i].found)) : !found.len,
               "in \"%s\": %s", cases[i].packed, cases[i].found ? "found" : "not there");
        attributes_set(&set, a, "k", "new");
        tap_ok(
            bytes_equal((struct bytes){set.at, set.len}, (struct bytes){expected.at, expected.len}),
            "with another value: %s", cases[i].set);
        buf_release(&packed);
        buf_release(&expected);
        buf_release(&set);
    }
}

int main(void)
{
    cut();
    values();
    arrays();
    attributes();
    return tap_done();
}
