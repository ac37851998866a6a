/* The header's map: what is kept, what is refused. */
#include "../notation.h"
#include "stream/meta.h"
#include "../tap.h"

static int parse(const char *text, struct meta *m, struct err *e)
{
    struct buf packed = {0};
    notation_value(text, &packed);
    int status = meta_parse(m, (struct bytes){packed.at, packed.len}, e);
    buf_release(&packed);
    return status;
}

static void refused(const char *text, const char *expected)
{
    struct meta m;
    struct err e = {0};
    tap_ok(parse(text, &m, &e) == STATUS_DATA && strstr(e.text, expected), "%s: %s", text, e.text);
}

/* What a program does not know passes through, in order. */
static void passes_through(void)
{
    struct meta m, copy;
    struct err e = {0};
    struct buf first = {0}, second = {0};
    const char *text =
        "{\"kind\":\"batches\",\"minor\":3,\"pipeline\":[[\"a\",\"1\",{\"gap\":1800}]],"
        "\"zeta\":[1,{\"deep\":l[1,2]}],\"alpha\":0.5,\"delta_edges\":l[1,2]}";
    notation_value(text, &first);
    int status = parse(text, &m, &e);
    tap_ok(!status && m.kind == STREAM_BATCHES && m.minor == 3 && m.entries.len == 3,
           "a map is read");
    meta_copy(&copy, &m);
    meta_release(&m);
    tap_ok(!meta_pack(&copy, &second, &e) && first.len == second.len &&
               !memcmp(first.at, second.at, first.len),
           "and packed again as it was");
    meta_add_program(&copy, "b", "2", (struct bytes){"\x80", 1});
    buf_clear(&second);
    meta_pack(&copy, &second, &e);
    tap_ok(!meta_parse(&m, (struct bytes){second.at, second.len}, &e) && m.pipeline.len == 2,
           "a program appends itself");
    meta_release(&copy);
    meta_release(&m);
    buf_release(&first);
    buf_release(&second);
}

static void keys(void)
{
    struct meta m = {.kind = STREAM_SESSIONS};
    struct err e = {0};
    i64_vec edges = {0};
    int64_t number = 7;
    int truth = -1;
    tap_ok(!meta_get_int(&m, "gap", &number, &e) && number == 7 && !meta_find(&m, "gap").at,
           "a key that is not there leaves the default");
    meta_set_int(&m, "gap", 1800);
    meta_set_int(&m, "gap", -5);
    meta_set_bool(&m, "order", 1);
    meta_set_text(&m, "note", "x");
    meta_set_i64s(&m, "edges", (int64_t[]){1, INT64_MAX}, 2);
    tap_ok(m.entries.len == 4, "setting replaces");
    tap_ok(!meta_get_int(&m, "gap", &number, &e) && number == -5, "an integer");
    tap_ok(!meta_get_bool(&m, "order", &truth, &e) && truth == 1, "a truth value");
    tap_ok(!meta_get_i64s(&m, "edges", &edges, &e) && edges.len == 2 && edges.at[1] == INT64_MAX,
           "an array");
    tap_ok(meta_get_int(&m, "note", &number, &e) == STATUS_DATA && strstr(e.text, "\"note\""),
           "a wrong type is an error that names the key: %s", e.text);
    tap_ok(meta_get_i64s(&m, "gap", &edges, &e) && meta_get_bool(&m, "gap", &truth, &e),
           "for every type");
    vec_release(&edges);
    meta_release(&m);
}

static void too_long(void)
{
    struct meta m = {.kind = STREAM_SESSIONS};
    struct err e;
    struct buf packed = {0};
    char *text = mem_alloc(META_LIMIT);
    memset(text, 'x', META_LIMIT);
    text[META_LIMIT - 100] = 0;
    meta_set_text(&m, "long", text);
    tap_ok(!meta_pack(&m, &packed, &e), "nearly 64 KiB are packed");
    meta_set_text(&m, "more", "............................................................");
    buf_clear(&packed);
    tap_ok(meta_pack(&m, &packed, &e) == STATUS_DATA && strstr(e.text, "above the limit of 65535"),
           "more is an error: %s", e.text);
    mem_free(text);
    buf_release(&packed);
    meta_release(&m);
}

int main(void)
{
    passes_through();
    keys();
    too_long();
    refused("[]", "not a map");
    refused("{}", "no kind");
    refused("{\"kind\":\"tables\"}", "kind is not \"sessions\"");
    refused("{\"kind\":1}", "kind is not \"sessions\"");
    refused("{\"kind\":\"sessions\",\"kind\":\"sessions\"}", "key 1 is there twice");
    refused("{\"kind\":\"sessions\",1:2}", "key 1 of the map is not a string");
    refused("{\"kind\":\"sessions\",\"minor\":-1}", "minor is not a number");
    refused("{\"kind\":\"sessions\",\"pipeline\":{}}", "pipeline is not a list");
    refused("{\"kind\":\"sessions\",\"pipeline\":[[\"a\",\"1\"]]}", "pipeline is not a list");
    refused("{\"kind\":\"sessions\",\"a\":[[[[[[[[0]]]]]]]]}", "nested too deep");
    return tap_done();
}
