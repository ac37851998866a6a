/* Requests: what is taken, and what is refused by the name of its key. */
#include "recommend/request.h"

#include "../tap.h"

static void refused(const char *line, const char *expected)
{
    struct request r = {0};
    struct err e = {0};
    int status = request_read(&r, bytes_of(line), &e);
    tap_ok(status == STATUS_DATA && strstr(e.text, expected), "%s: %s", line, e.text);
    request_release(&r);
}

static void taken(void)
{
    struct request r = {0};
    struct err e = {0};
    int status =
        request_read(&r,
                     bytes_of(" { \"top\":1, \"id\" : \"a\\\"b\", \"user\":7, "
                              "\"items\":[\"x\",8], \"times\":[5,\"1970-01-01T00:00:06Z\"], "
                              "\"now\":6, \"exclude_seen\":false, \"candidates\":\"new\"} "),
                     &e);
    tap_ok(!status && r.top == 1 &&
               bytes_equal((struct bytes){r.id.at, r.id.len}, bytes_of("\"a\\\"b\"")) &&
               bytes_equal(request_text(&r, r.user), bytes_of("7")) && r.items.len == 2 &&
               bytes_equal(request_text(&r, r.items.at[1]), bytes_of("8")) && r.times.at[1] == 6 &&
               r.now == 6 && !r.exclude_seen && r.has_candidates &&
               bytes_equal(request_text(&r, r.candidates), bytes_of("new")),
           "every key %s", e.text);
    status = request_read(&r, bytes_of("{\"items\":[],\"times\":[],\"exclude_seen\":true}"), &e);
    tap_ok(!status && !r.id.len && !r.has_user && r.has_items && !r.items.len &&
               r.exclude_seen == 1,
           "another one, of which nothing before is left");
    status = request_read(&r, bytes_of("{\"user\":\"u\",\"id\":1.5}"), &e);
    tap_ok(!status && bytes_equal((struct bytes){r.id.at, r.id.len}, bytes_of("1.5")),
           "an id that is a number");
    status = request_read(&r, bytes_of("{\"user\":\"u\",\"id\":null}"), &e);
    tap_ok(!status && !r.id.len, "an id that is none");
    status = request_read(&r, bytes_of("{\"user\":1.5,\"id\":\"late\"}"), &e);
    tap_ok(status && bytes_equal((struct bytes){r.id.at, r.id.len}, bytes_of("\"late\"")),
           "the id is known, whatever is wrong before it");
    request_release(&r);
}

/* The last of equal keys, and the length of a session. */
static void lists(void)
{
    struct request r = {0};
    struct err e = {0};
    struct buf line = {0};
    int status = request_read(
        &r, bytes_of("{\"items\":[1,2],\"times\":[1,2],\"items\":[3],\"times\":[1]}"), &e);
    tap_ok(!status && r.items.len == 1 && r.times.len == 1 &&
               bytes_equal(request_text(&r, r.items.at[0]), bytes_of("3")),
           "of equal keys the last one counts %s", e.text);
    buf_text(&line, "{\"items\":[0");
    for (int i = 1; i < REQUEST_ITEMS; i++)
        buf_text(&line, ",0");
    size_t len = line.len;
    buf_text(&line, "]}");
    status = request_read(&r, (struct bytes){line.at, line.len}, &e);
    tap_ok(!status && r.items.len == REQUEST_ITEMS, "as many items as there may be");
    line.len = len;
    buf_text(&line, ",0]}");
    buf_byte(&line, 0);
    refused(line.at, "items: more than 10000 names: give the newest of them");
    buf_release(&line);
    request_release(&r);
}

int main(void)
{
    lists();
    taken();
    refused("", "expected an object of JSON on a line");
    refused("[1]", "expected an object of JSON on a line");
    refused("{}", "neither user nor items: one of them says for whom");
    refused("{\"user\":1.5}", "user: expected a name in quotes, or a whole number");
    refused("{\"user\":[]}", "user: expected a name in quotes, or a whole number");
    refused("{\"user\":\"u\" 7}", "expected ',' or '}'");
    refused("{\"user\":\"u\"} 7", "something follows the object on its line");
    refused("{7:1}", "expected a key in quotes and ':'");
    refused("{\"user\" 7}", "expected a key in quotes and ':'");
    refused("{\"usr\":1}", "the key \"usr\" is unknown: choose from id, user, items");
    refused(
        "{\"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
        "56789\":1}",
        "the key \"01234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "\" is unknown");
    refused("{\"id\":[1]}", "id: expected a string or a number");
    refused("{\"items\":7}", "items: expected a list of names");
    refused("{\"items\":[7,{}]}", "items: expected a name in quotes");
    refused("{\"items\":[7 8]}", "items: expected ',' or ']'");
    refused("{\"items\":[7],\"times\":7}", "times: expected a list of times");
    refused("{\"items\":[7],\"times\":[8 9]}", "times: expected ',' or ']'");
    refused("{\"items\":[7],\"times\":[1.5]}", "times: expected");
    refused("{\"items\":[7,8],\"times\":[9,8]}", "times: the times are not in order");
    refused("{\"items\":[7,8],\"times\":[9]}", "times: there are 1 of them, and 2 items");
    refused("{\"items\":[7],\"times\":[9],\"now\":8}", "now: before the last of the times");
    refused("{\"user\":1,\"now\":\"noon\"}", "now: expected a time");
    refused("{\"user\":1,\"now\":\"1969-12-31T00:00:00Z\"}", "now: expected a time");
    refused("{\"user\":1,\"now\":68719476736}", "now: expected a time");
    refused("{\"user\":1,\"top\":0}", "top: expected a whole number from 1 to");
    refused("{\"user\":1,\"top\":\"all\"}", "top: expected a whole number from 1 to");
    refused("{\"user\":1,\"top\":9223372036854775807}", "top: expected a whole number from 1 to");
    refused("{\"user\":1,\"exclude_seen\":0}", "exclude_seen: expected true or false");
    refused("{\"user\":1,\"candidates\":true}", "candidates: expected a name in quotes");
    return tap_done();
}
