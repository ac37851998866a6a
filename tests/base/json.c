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

int main(void)
{
    text_is("", 0, "\"\"");
    text_is("a \"b\"\\", 6, "\"a \\\"b\\\"\\\\\"");
    text_is("\0\t\n\x1f\x7f", 5, "\"\\u0000\\t\\n\\u001f\\u007f\"");
    text_is("Bj\xc3\xb6rk", 6, "\"Bj\xc3\xb6rk\"");
    text_is("Bj\xf6rk", 5, "\"Bj\\udcf6rk\"");
    text_is("\xc3", 1, "\"\\udcc3\"");
    text_is("\xed\xa0\x80", 3, "\"\\udced\\udca0\\udc80\"");
    number_is(0.1, "0.1");
    number_is(-3, "-3");
    number_is(1.0 / 3, "0.3333333333333333");
    number_is(NAN, "null");
    number_is(-INFINITY, "null");
    return tap_done();
}
