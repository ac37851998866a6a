/* The chain of programs in a header: how two differ, in words. */
#include "stream/provenance.h"

#include <msgpack.h>

#include "../streams.h"
#include "../tap.h"

/* {"seed": seed, "inter": inter} */
static void add(struct meta *m, const char *program, const char *version, int seed,
                const char *inter)
{
    struct buf options = {0};
    msgpack_packer pk;
    msgpack_packer_init(&pk, &options, buf_write);
    msgpack_pack_map(&pk, 2);
    msgpack_pack_str(&pk, 4);
    msgpack_pack_str_body(&pk, "seed", 4);
    msgpack_pack_int(&pk, seed);
    msgpack_pack_str(&pk, 5);
    msgpack_pack_str_body(&pk, "inter", 5);
    if (inter) {
        msgpack_pack_str(&pk, strlen(inter));
        msgpack_pack_str_body(&pk, inter, strlen(inter));
    } else {
        msgpack_pack_nil(&pk);
    }
    meta_add_program(m, program, version, (struct bytes){options.at, options.len});
    buf_release(&options);
}

static void check(const char *what, const struct meta *was, const struct meta *is, int expected,
                  const char *words)
{
    struct buf said = {0};
    struct err e;
    int got = provenance_difference(was, is, &said, &e);
    bool same = bytes_equal((struct bytes){said.at, said.len}, bytes_of(words));
    tap_ok(got == expected && same, "%s: %.*s", what, (int)said.len, said.at ? said.at : "");
    buf_release(&said);
}

/* ---- values as text ---- */

static void collect(void *to, int program, struct bytes option, struct bytes value)
{
    buf_format(to, "%d %.*s=%.*s;", program, (int)option.len, option.at, (int)value.len,
               value.at ? value.at : "");
}

/* Status of the chain whose one program is the packed bytes; `to` gets what was told. */
static int told(struct bytes packed, struct buf *to, struct err *e)
{
    struct meta m = {0};
    struct buf program = {0};
    buf_append(&program, packed.at, packed.len);
    vec_push(&m.pipeline, program);
    int status = provenance_each(&m, collect, to, e);
    meta_release(&m);
    return status;
}

static void values(void)
{
    struct buf packed = {0}, text = {0};
    struct err e = {0};
    notation_value("[\"p\",\"1\",{\"none\":x\"c0\",\"yes\":x\"c3\",\"no\":x\"c2\",\"less\":-3,"
                   "\"more\":x\"cfffffffffffffffff\",\"real\":0.5,\"list\":[1,\"a\",[]],"
                   "\"map\":{\"k\":2}}]",
                   &packed);
    must(told((struct bytes){packed.at, packed.len}, &text, &e), &e);
    buf_byte(&text, 0);
    tap_ok(!strcmp(text.at, "0 =p;0 none=;0 yes=true;0 no=false;0 less=-3;"
                            "0 more=18446744073709551615;0 real=0.5;0 list=1,a,;0 map=k,2;"),
           "values of every kind: %s", text.at);
    bool refused = true;
    for (size_t n = 0; n < packed.len; n++) {
        buf_clear(&text);
        refused = refused && told((struct bytes){packed.at, n}, &text, &e) == STATUS_DATA;
    }
    tap_ok(refused && strstr(e.text, "program 0 of the header's pipeline"),
           "cut off at any byte it is refused: %s", e.text);
    buf_release(&packed);
    buf_release(&text);
}

static void other_forms(void)
{
    static const char *const forms[] = {"7",
                                        "[\"p\",\"1\"]",
                                        "[1,\"1\",{}]",
                                        "[\"p\",1,{}]",
                                        "[\"p\",\"1\",[]]",
                                        "[\"p\",\"1\",{1:2}]",
                                        "[\"p\",\"1\",{\"deep\":[[[[[[[[[[1]]]]]]]]]]}]"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct buf packed = {0}, text = {0};
        struct err e = {0};
        notation_value(forms[i], &packed);
        tap_ok(told((struct bytes){packed.at, packed.len}, &text, &e) == STATUS_DATA,
               "no program: %s", forms[i]);
        buf_release(&packed);
        buf_release(&text);
    }
}

/* A program that is none before one that is. */
static void first_of_two(void)
{
    struct meta m = {.kind = STREAM_SESSIONS};
    struct buf packed = {0}, text = {0};
    struct err e = {0};
    notation_value("7", &packed);
    vec_push(&m.pipeline, packed);
    meta_add_program(&m, "p", "1", (struct bytes){0});
    tap_ok(provenance_each(&m, collect, &text, &e) == STATUS_DATA && !text.len &&
               strstr(e.text, "program 0 of"),
           "nothing is told after one that is none: %s", e.text);
    meta_release(&m);
    buf_release(&text);
}

int main(void)
{
    struct meta was = {0}, same = {0}, seed = {0}, inter = {0}, version = {0}, name = {0},
                longer = {0}, bad = {0}, alone = {0}, none = {0}, bare = {0};
    struct meta *all[] = {&was, &same, &seed, &inter, &version, &name, &longer};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        add(all[i], "tfilter", "1", all[i] == &seed ? 2 : 1, NULL);
        add(all[i], all[i] == &name ? "baseline" : "trainer", all[i] == &version ? "2" : "1", 1,
            all[i] == &inter ? "hidden" : NULL);
    }
    add(&longer, "scorer", "1", 1, NULL);
    struct buf one = {0};
    buf_byte(&one, 1);
    vec_push(&bad.pipeline, one);
    check("the same", &was, &same, -1, "");
    check("an option", &was, &seed, 0, "tfilter --seed was 1, is 2");
    check("one that was not given", &was, &inter, 1, "trainer --inter was not given, is hidden");
    check("one that is not given any more", &inter, &was, 1,
          "trainer --inter was hidden, is not given");
    check("another program", &was, &name, 1, "trainer came where baseline comes now");
    check("another version", &was, &version, 1, "program 2 of the pipeline was of another version");
    check("a program more", &was, &longer, 2, "scorer has other options or is at another place");
    add(&alone, "tfilter", "1", 1, NULL);
    meta_add_program(&bare, "tfilter", "1", (struct bytes){0});
    meta_add_program(&bare, "trainer", "1", (struct bytes){0});
    check("fewer programs", &was, &alone, 0, "tfilter has other options or is at another place");
    check("more programs", &alone, &was, 1, "trainer has other options or is at another place");
    check("no program any more", &was, &none, 0,
          "the pipeline has other options or is at another place");
    check("no program before", &none, &was, 0, "tfilter has other options or is at another place");
    check("options where a program was", &bare, &was, 0,
          "tfilter has other options or is at another place");
    check("a program where options were", &was, &bare, 1,
          "trainer has other options or is at another place");
    struct meta *more[] = {&alone, &none, &bare};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        meta_release(more[i]);
    check("no chain", &was, &bad, -2, "");
    check("a chain of before that is none", &bad, &was, -2, "");
    check("a program less", &longer, &was, 1, "trainer has other options or is at another place");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        meta_release(all[i]);
    meta_release(&bad);
    values();
    other_forms();
    first_of_two();
    return tap_done();
}
