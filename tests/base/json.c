#include "base/json.h"

#include <math.h>

#include "../tap.h"

static void text_is(const char *text, size_t n, const char *json)
{
    struct buf b = {0};
    json_text(&b, (struct bytes){text, n});
    tap_ok(bytes_equal((struct bytes){b.at, b.len}, bytes_of(json)), "%s: %.*s", json, (int)b.len,
           b.at);
    buf_release(&b);
}

static void number_is(double value, const char *json)
{
    struct buf b = {0};
    json_number(&b, value);
    tap_ok(bytes_equal((struct bytes){b.at, b.len}, bytes_of(json)), "%s: %.*s", json, (int)b.len,
           b.at);
    buf_release(&b);
}

/* Whether json_skip takes the first `n` bytes of the text and no more. */
static void skips(const char *text, size_t n)
{
    struct json_in in = json_in_of(bytes_of(text));
    bool taken = json_skip(&in);
    tap_ok(n ? taken && in.at == text + n : !taken, "%zu bytes of %.60s are passed over", n, text);
}

static void passing_over(void)
{
    static const char *const good[] = {"1",          "-1e5",
                                       "true",       "\"\"",
                                       "\"a\\\"]\"", "[]",
                                       "{}",         "[1,[2,{}],\"]\"]",
                                       "[1\"a\"]",   "{\"a\":[{\"b\":null}],\"}\":\"\\\\\"}"};
    static const char *const bad[] = {"",         " ",  "\"", "\"a\\\"", "\"\\", "[",
                                      "{\"a\":1", "[}", "{]", "]",       ",",    "[\"]"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct buf more = {0};
        skips(good[i], strlen(good[i]));
        buf_format(&more, "%s , 7%c", good[i], 0);
        skips(more.at, strlen(good[i]));
        buf_release(&more);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        skips(bad[i], 0);
    for (size_t depth = JSON_DEPTH - 1; depth <= JSON_DEPTH + 1; depth++) {
        struct buf nested = {0};
        for (size_t i = 0; i < depth; i++)
            buf_byte(&nested, '[');
        for (size_t i = 0; i < depth; i++)
            buf_byte(&nested, ']');
        buf_byte(&nested, 0);
        skips(nested.at, depth <= JSON_DEPTH ? 2 * depth : 0);
        buf_release(&nested);
    }
}

static void raw_string_is(const char *text, const char *inside, bool escaped)
{
    struct json_in in = json_in_of(bytes_of(text));
    struct bytes got;
    bool is_escaped;
    bool taken = json_raw_string(&in, &got, &is_escaped);
    tap_ok(inside ? taken && bytes_equal(got, bytes_of(inside)) && is_escaped == escaped : !taken,
           "the string in %s", text);
}

/* The ends of the elements of [ ... ], cut in two anywhere. */
static void test_scan(void)
{
    static const char text[] = "1, {\"a\":[\"]\\\",\",{}],\"\\\\\":2} ,[[],\",\"], \"x\"]";
    static const size_t ends[] = {1, 28, 37, 42};
    const char *end = text + sizeof text - 1;
    int wrong = 0;
    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct json_scan s = {0};
        const char *at = text;
        for (size_t i = 0; i < 4; i++, at++, s = (struct json_scan){0}) {
            const char *first = at < text + cut ? text + cut : at;
            const char *stop = json_scan_element(&s, at, first);
            at = stop ? stop : json_scan_element(&s, first, end);
            wrong += !at || at != text + ends[i];
            if (!at)
                break;
        }
    }
    tap_ok(!wrong, "elements of an array, in parts: %d wrong ends", wrong);
}

/* What a string means; NULL: it is none, and nothing is taken. */
static void string_is(const char *text, size_t n, const char *meant)
{
    struct json_in in = json_in_of((struct bytes){text, n});
    struct buf b = {0};
    bool taken = json_string(&in, &b);
    tap_ok(meant ? taken && bytes_equal((struct bytes){b.at, b.len}, bytes_of(meant)) : !taken,
           "%.*s means %s", (int)n, text, meant ? meant : "nothing");
    buf_release(&b);
}

static void strings(void)
{
    static const char *const none[] = {"a",
                                       "\"",
                                       "\"a",
                                       "\"\n\"",
                                       "\"\\",
                                       "\"\\x\"",
                                       "\"\\u00\"",
                                       "\"\\u00g0\"",
                                       "\"\\ud83d\"",
                                       "\"\\ud83d\\n0000\"",
                                       "\"\\ud83dabcdef\"",
                                       "\"\\ud83d\\u0041\"",
                                       "\"\\ud83d\\ue000\"",
                                       "\"\\udd00\"",
                                       "\"\\udc7f\""};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        string_is(none[i], strlen(none[i]), NULL);
    string_is("\"\\\0\"", 4, NULL);
    string_is("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"", 25, "a\"\\/\b\f\n\r\tA");
    string_is("\"\\ud83d\\ude00\\udcff\\ue000\"", 26, "\xf0\x9f\x98\x80\xff\xee\x80\x80");
    string_is(" \t\r\n\"a\"", 7, "a");
}

int main(void)
{
    passing_over();
    strings();
    raw_string_is(" \"ab\" ", "ab", false);
    raw_string_is("\"a\\\"b\",\"c\"", "a\\\"b", true);
    raw_string_is("\"a\\\\\"", "a\\\\", true);
    raw_string_is("\"a\\\"", NULL, false);
    raw_string_is("a", NULL, false);
    text_is("", 0, "\"\"");
    text_is("a \"b\"\\", 6, "\"a \\\"b\\\"\\\\\"");
    text_is("\0\t\n\x1f\x7f", 5, "\"\\u0000\\t\\n\\u001f\\u007f\"");
    text_is("Bj\xc3\xb6rk", 6, "\"Bj\xc3\xb6rk\"");
    text_is("Bj\xf6rk", 5, "\"Bj\\udcf6rk\"");
    text_is("\xe2\x80\xae\xf3\xa0\x80\x81", 7, "\"\\u202e\\udb40\\udc01\"");
    text_is("\xc3", 1, "\"\\udcc3\"");
    text_is("\xed\xa0\x80", 3, "\"\\udced\\udca0\\udc80\"");
    number_is(0.1, "0.1");
    number_is(-3, "-3");
    number_is(1.0 / 3, "0.3333333333333333");
    number_is(NAN, "null");
    number_is(-INFINITY, "null");
    test_scan();
    return tap_done();
}
