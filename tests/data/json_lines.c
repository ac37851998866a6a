/* Logs of JSON: paths, arrays on them, lists, and what is refused. */
#include "data/json_lines.h"

#include "../tap.h"
#include "log_rows.h"

static const struct log_layout usual = {.user = "u", .item = "i", .time = "t"};

/* The rows of a log, and behind them "! " and the error; json is released. */
static const char *read_json(struct json_lines *j, const char *text)
{
    struct raw_format format;
    struct err e = {0};
    const char *rows =
        json_lines_open(j, &format, &e) ? "not opened" : log_rows(format, text, false, NULL);
    json_lines_release(j);
    return rows;
}

static void is(struct json_lines j, const char *text, const char *rows, const char *name)
{
    const char *got = read_json(&j, text);
    bool same = !strcmp(got, rows);
    tap_ok(same, "%s", name);
    if (!same)
        printf("# %s\n", got);
}

static void fails(struct json_lines j, const char *text, const char *expected)
{
    const char *got = read_json(&j, text);
    tap_ok(*got == '!' && strstr(got, expected), "%s: %s", expected, got);
}

static void records(void)
{
    struct json_lines j = {.columns.given = usual};
    is(j, "{\"u\":\"a\",\"i\":\"x\",\"t\":5}\n{ \"t\" : 6.5 , \"i\":7,\"u\":\"\\u0061\"}\n",
       "a x 5; a 7 6.500000000; ", "a record is a row");
    is(j, "{\"z\":[{\"u\":1},\"\\\"}\"],\"u\":\"a\",\"i\":\"x\",\"t\":5}", "a x 5; ",
       "what is on no path is passed over");
    is(j,
       "{\"u\":null,\"i\":\"x\",\"t\":5}\n{\"i\":\"x\",\"t\":5}\n{}\n{\"u\":[],\"i\":1,\"t\":5}\n",
       "", "rows of nobody");
    fails(j, "{\"u\":\"a\",\"i\":{\"x\":1},\"t\":5}", "line 1: the item is empty");
    fails(j, "{\"u\":\"a\",\"i\":\"x\",\"t\":5", "not JSON");
    fails(j, "{\"u\":\"a\",\"i\":\"x\",\"t\":5} 1", "something follows");
    fails(j, "{}\n[]\n", "a record in {} is expected");
    fails(j, "{\"u\" \"a\"}", "':' is expected");
    j.columns.given = (struct log_layout){.user = "a.b", .item = "a.c.1", .time = "a.c.0.t"};
    is(j, "{\"a\":{\"b\":\"u\",\"c\":[{\"t\":3},\"i\"]}}", "u i 3; ",
       "objects and elements by number");
    fails(j, "{\"a\":{\"b\":\"u\",\"c\":[{\"t\" 3},\"i\"]}}", "':' is expected");
    j.columns.given.item = "a.c.1x";
    is(j, "{\"a\":{\"b\":\"u\",\"c\":{\"0\":{\"t\":3},\"1x\":\"i\"}}}", "u i 3; ",
       "a key that begins with a digit");
    j.columns.given = (struct log_layout){.user = "a\\.b", .item = "c\\\\", .time = "d\\e"};
    is(j, "{\"a.b\":\"u\",\"c\\\\\":\"i\",\"d\\\\e\":3}", "u i 3; ",
       "points and backslashes in keys");
}

static void arrays(void)
{
    struct json_lines j = {
        .columns.given = {.session = "s", .item = "e.i", .time = "e.t", .time_unit = "ms"}};
    const char *text = "{\"s\":\"s\",\"e\":[{\"i\":1,\"t\":1000},{\"t\":2000,\"i\":2}]}\n"
                       "{\"e\":[{\"i\":3,\"t\":3000}],\"s\":\"r\"}\n{\"s\":\"q\",\"e\":[]}\n";
    is(j, text, "s 1 1 in s; s 2 2 in s; r 3 3 in r; ", "each element of an array is an event");
    struct err e;
    must(log_columns_carry(&j.columns, "k=e.k", &e), &e);
    is(j, "{\"s\":\"s\",\"e\":[{\"i\":1,\"t\":1000},{\"t\":2000,\"i\":2,\"k\":\"x\"}]}\n",
       "s 1 1 in s k=; s 2 2 in s k=x; ", "what an element lacks is empty in it alone");
    j = (struct json_lines){.columns.given = {.user = "u", .item = "i", .time = "t"}};
    is(j,
       "{\"u\":\"u\",\"i\":[\"a\",\"b\"],\"t\":[1,2]}\n{\"u\":[\"v\",\"w\"],\"i\":[\"a\",\"b\"],"
       "\"t\":7}\n",
       "u a 1; u b 2; v a 7; w b 7; ", "arrays go in step");
    fails(j, "{\"u\":\"u\",\"i\":[[\"a\"]],\"t\":1}", "line 1: i is an array in an array");
}

static void lists(void)
{
    struct json_lines j = {.columns.given.list = "i"};
    is(j, "{\"i\":[\"a\",\"b\"]}\n{\"i\":[\"c\"]}\n", "1 a 0 in 1; 1 b 1 in 1; 2 c 2 in 2; ",
       "a list of items is a session");
    j.columns.given = (struct log_layout){.list = "i", .user = "u", .time = "t", .session = "s"};
    is(j, "{\"u\":\"u\",\"s\":\"x\",\"t\":9,\"i\":[\"a\",\"b\"]}\n", "u a 9 in x; u b 9 in x; ",
       "with a user, a name and a time");
}

static void layouts(void)
{
    struct raw_format format;
    struct err e;
    struct json_lines j = {.columns.given = {.list = "l", .item = "i"}};
    tap_ok(json_lines_open(&j, &format, &e) == STATUS_USAGE, "%s", e.text);
    j = (struct json_lines){.columns.given = {.user = "u", .item = "i"}};
    tap_ok(json_lines_open(&j, &format, &e) == STATUS_USAGE && strstr(e.text, "--time"), "%s",
           e.text);
    j = (struct json_lines){.columns.given = {.user = "u", .item = "i", .time = "t"},
                            .columns.no_time = true};
    tap_ok(json_lines_open(&j, &format, &e) == STATUS_USAGE && strstr(e.text, "--no-time"), "%s",
           e.text);
    j = (struct json_lines){.columns.given = {.user = "u", .item = "i", .time = "t"}};
    char columns[JSON_PATHS][32];
    for (int i = 0; i < JSON_PATHS; i++) {
        snprintf(columns[i], sizeof columns[i], "k%d=p%d", i, i);
        must(log_columns_carry(&j.columns, columns[i], &e), &e);
    }
    tap_ok(json_lines_open(&j, &format, &e) == STATUS_USAGE && strstr(e.text, "paths are named"),
           "%s", e.text);
    json_lines_release(&j);
    j = (struct json_lines){.columns.preset = "pushshift"};
    is(j,
       "{\"author\":\"a\",\"subreddit\":\"s\",\"created_utc\":\"5\"}\n{\"author\":\"[deleted]\"}\n",
       "a s 5; ", "a preset");
}

int main(void)
{
    records();
    arrays();
    lists();
    layouts();
    return tap_done();
}
