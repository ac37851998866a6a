/* Codes of the values of carried columns, and what the header says of them. */
#include "data/extra_columns.h"

#include "stream/cursor.h"
#include "../tap.h"

static int32_t number(struct extra_columns *c, const char *value)
{
    struct err e;
    int32_t n = -1;
    tap_ok(!extra_columns_number(c, bytes_of(value), &n, &e), "\"%s\" is number %d", value, n);
    return n;
}

/* The header's "codes" as bytes. */
static bool described(const struct extra_columns *columns, size_t count, const char *packed)
{
    struct meta m = {0};
    extra_columns_describe(columns, count, &m);
    struct bytes codes = meta_find(&m, "codes");
    bool same = bytes_equal(codes, bytes_of(packed));
    meta_release(&m);
    return same;
}

static void codes(void)
{
    struct extra_columns c[2] = {{.key = "action"}, {.key = "page"}};
    tap_ok(number(&c[0], "view") == 0 && number(&c[0], "buy") == 1 && number(&c[0], "view") == 0 &&
               number(&c[0], "cart") == 2,
           "values are numbered in order of use, each once");
    tap_ok(carried_code(&c[0], 2) == 2, "codes are the numbers");
    tap_ok(described(c, 1,
                     "\x81\xa6"
                     "action"
                     "\x93\xa4"
                     "view"
                     "\xa3"
                     "buy"
                     "\xa4"
                     "cart"),
           "the header names the values by code");
    extra_columns_sort(&c[0]);
    tap_ok(carried_code(&c[0], 0) == 2 && carried_code(&c[0], 1) == 0 &&
               carried_code(&c[0], 2) == 1,
           "after sorting they are places in byte order");
    tap_ok(described(c, 2,
                     "\x82\xa6"
                     "action"
                     "\x93\xa3"
                     "buy"
                     "\xa4"
                     "cart"
                     "\xa4"
                     "view"
                     "\xa4"
                     "page"
                     "\x90"),
           "the header follows, and has a list for a column without values too");
    number(&c[0], "drop");
    extra_columns_sort(&c[0]);
    tap_ok(carried_code(&c[0], 0) == 3 && carried_code(&c[0], 3) == 2 &&
               described(c, 1,
                         "\x81\xa6"
                         "action"
                         "\x94\xa3"
                         "buy"
                         "\xa4"
                         "cart"
                         "\xa4"
                         "drop"
                         "\xa4"
                         "view"),
           "more values can be added and sorted again");
    extra_columns_release(&c[0]);
    extra_columns_release(&c[1]);

    struct meta m = {0};
    extra_columns_describe(c, 0, &m);
    tap_ok(!meta_find(&m, "codes").at, "without columns the header has no codes");
    meta_release(&m);
}

/* A value of `length` bytes costs these and five more. */
static void too_many(void)
{
    struct extra_columns c = {.key = "query"};
    struct err e = {0};
    int32_t n, accepted = 0;
    char value[32];
    for (; accepted < 100000; accepted++) {
        snprintf(value, sizeof value, "value %025d", accepted);
        if (extra_columns_number(&c, bytes_of(value), &n, &e))
            break;
    }
    tap_ok(e.status == STATUS_DATA && strstr(e.text, "query has more values"), "%s", e.text);
    tap_ok(accepted >= (48 << 10) / 36 - 1 && accepted <= (48 << 10) / 36 + 1,
           "%d values of 31 bytes fit", accepted);
    extra_columns_release(&c);
}

int main(void)
{
    codes();
    too_many();
    return tap_done();
}
