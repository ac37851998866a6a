/* The chain of programs in a header: how two differ, in words. */
#include "stream/provenance.h"

#include <msgpack.h>

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

int main(void)
{
    struct meta was = {0}, same = {0}, seed = {0}, inter = {0}, version = {0}, name = {0},
                longer = {0}, bad = {0};
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
    check("no chain", &was, &bad, -2, "");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        meta_release(all[i]);
    meta_release(&bad);
    return tap_done();
}
