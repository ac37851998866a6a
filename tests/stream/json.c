/* Packed values as JSON for people: what JSON has not, what is nested, what is cut. */
#include "stream/json.h"

#include "../notation.h"
#include "../tap.h"

/* The JSON of a value nested no deeper than `depth`; "cut" in front where it is no whole value. */
static void is_at(const char *value, int depth, const char *json)
{
    struct buf packed = {0}, text = {0};
    notation_value(value, &packed);
    struct cursor c = cursor_of((struct bytes){packed.at, packed.len});
    if (!json_packed(&text, &c, depth))
        buf_text(&text, " cut");
    tap_ok(bytes_equal((struct bytes){text.at, text.len}, bytes_of(json)), "%s is %.*s", value,
           (int)text.len, text.at);
    buf_release(&packed);
    buf_release(&text);
}

static void is(const char *value, const char *json)
{
    is_at(value, CURSOR_DEPTH, json);
}

int main(void)
{
    is("f[1,0.1,16777217,0.30000001192092896,1.17549449e-38]",
       "[1,0.1,16777216,0.3,1.1754945e-38]");
    is("f[nan,inf,-inf]", "[null,null,null]");
    is("[1,-5,\"a\"]", "[1,-5,\"a\"]");
    is("x\"c403000102\"", "\"\\u0000\\u0001\\u0002\"");
    is("x\"d50103ff\"", "{\"ext\":1,\"bytes\":\"\\u0003\\udcff\"}");
    is("x\"d409ff\"", "{\"ext\":9,\"bytes\":\"\\udcff\"}");
    is("{\"a\":1,2:3,x\"c0\":4,x\"c3\":5}", "{\"a\":1,\"2\":3,\"null\":4,\"true\":5}");
    is("{[1,2]:3,{}:4,f[1]:5}", "{\"...\":3,\"...\":4,\"[1]\":5}");
    is("[[[]],{\"a\":{}}]", "[[[]],{\"a\":{}}]");
    is_at("[[[1]]]", 3, "[[[1]]]");
    is_at("[[[1]]]", 2, "[[[]]] cut");
    is_at("[[[1]],2]", 2, "[[[]]] cut");
    is_at("{[[1]]:2}", 2, "{:} cut");
    is_at("7", 0, "7");
    is_at("[7]", 0, "[] cut");
    is("x\"9301\"", " cut");
    is("x\"82a16101a1\"", "{\"a\":1,:} cut");
    is("x\"8201\"", " cut");
    is("x\"\"", " cut");
    return tap_done();
}
