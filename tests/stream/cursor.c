/* The cursor against msgpack-c's unpacker. */
#include <math.h>

#include <msgpack.h>

#include "base/random.h"
#include "stream/cursor.h"
#include "stream/pack.h"
#include "../tap.h"

static struct random dice;

/* Integers near all the edges of the format. */
static void pack_integer(msgpack_packer *pk)
{
    uint64_t v = ((uint64_t)random_u32(&dice) << 32 | random_u32(&dice)) >> random_below(&dice, 64);
    if (random_below(&dice, 4) == 0)
        v = ((uint64_t)1 << random_below(&dice, 64)) - random_below(&dice, 2);
    if (random_below(&dice, 2))
        msgpack_pack_uint64(pk, v);
    else
        msgpack_pack_int64(pk, (int64_t)v);
}

static void pack_bytes(msgpack_packer *pk, uint32_t kind)
{
    static const uint32_t lengths[] = {0, 1, 2, 4, 8, 16, 31, 32, 255, 256, 65535, 65536};
    static char bytes[65536];
    uint32_t n = lengths[random_below(&dice, random_below(&dice, 8) ? 8 : 12)];
    for (uint32_t i = 0; i < n && i < 40; i++)
        bytes[i] = (char)random_u32(&dice);
    if (kind == 0) {
        msgpack_pack_str(pk, n);
        msgpack_pack_str_body(pk, bytes, n);
    } else if (kind == 1) {
        msgpack_pack_bin(pk, n);
        msgpack_pack_bin_body(pk, bytes, n);
    } else {
        msgpack_pack_ext(pk, n, (int8_t)random_u32(&dice));
        msgpack_pack_ext_body(pk, bytes, n);
    }
}

static void pack_random(msgpack_packer *pk, int depth)
{
    uint32_t kind = random_below(&dice, depth ? 10 : 8), n = random_below(&dice, 20);
    switch (kind) {
    case 0:
        msgpack_pack_nil(pk);
        break;
    case 1:
        random_below(&dice, 2) ? msgpack_pack_true(pk) : msgpack_pack_false(pk);
        break;
    case 2:
        msgpack_pack_float(pk, (float)random_u32(&dice) - 2e9f);
        break;
    case 3:
        msgpack_pack_double(pk, random_below(&dice, 9) ? 1 / (random_u32(&dice) + 0.5) : INFINITY);
        break;
    case 4:
        pack_integer(pk);
        break;
    case 8:
        msgpack_pack_array(pk, n);
        while (n--)
            pack_random(pk, depth - 1);
        break;
    case 9:
        msgpack_pack_map(pk, n);
        for (n *= 2; n--;)
            pack_random(pk, depth - 1);
        break;
    default:
        pack_bytes(pk, kind - 5);
    }
}

static bool same_bytes(struct bytes a, const char *at, size_t n)
{
    return bytes_equal(a, (struct bytes){at, n});
}

static bool same(struct cursor *c, const msgpack_object *o)
{
    struct token t;
    if (!cursor_next(c, &t))
        return false;
    switch (o->type) {
    case MSGPACK_OBJECT_NIL:
        return t.kind == TOKEN_NIL;
    case MSGPACK_OBJECT_BOOLEAN:
        return t.kind == TOKEN_BOOL && t.boolean == o->via.boolean;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return o->via.u64 > INT64_MAX ? t.kind == TOKEN_UINT && t.u == o->via.u64
                                      : t.kind == TOKEN_INT && t.i == (int64_t)o->via.u64;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return t.kind == TOKEN_INT && t.i == o->via.i64;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return t.kind == TOKEN_REAL &&
               (t.real == o->via.f64 || (isnan(t.real) && isnan(o->via.f64)));
    case MSGPACK_OBJECT_STR:
        return t.kind == TOKEN_STR && same_bytes(t.bytes, o->via.str.ptr, o->via.str.size);
    case MSGPACK_OBJECT_BIN:
        return t.kind == TOKEN_BIN && same_bytes(t.bytes, o->via.bin.ptr, o->via.bin.size);
    case MSGPACK_OBJECT_EXT:
        return t.kind == TOKEN_EXT && t.type == o->via.ext.type &&
               same_bytes(t.bytes, o->via.ext.ptr, o->via.ext.size);
    case MSGPACK_OBJECT_ARRAY:
        if (t.kind != TOKEN_ARRAY || t.count != o->via.array.size)
            return false;
        for (uint32_t i = 0; i < t.count; i++)
            if (!same(c, &o->via.array.ptr[i]))
                return false;
        return true;
    case MSGPACK_OBJECT_MAP:
        if (t.kind != TOKEN_MAP || t.count != o->via.map.size)
            return false;
        for (uint32_t i = 0; i < t.count; i++)
            if (!same(c, &o->via.map.ptr[i].key) || !same(c, &o->via.map.ptr[i].val))
                return false;
        return true;
    }
    return false;
}

/* Values that msgpack-c packs are read as msgpack-c reads them. */
static void packed_values(void)
{
    int differ = 0, left = 0;
    for (int round = 0; round < 2000; round++) {
        struct buf b = {0};
        msgpack_packer pk;
        msgpack_packer_init(&pk, &b, buf_write);
        pack_random(&pk, 3);
        msgpack_unpacked object;
        msgpack_unpacked_init(&object);
        size_t offset = 0;
        msgpack_unpack_next(&object, b.at, b.len, &offset);
        struct cursor c = cursor_of((struct bytes){b.at, b.len});
        struct bytes whole;
        differ += !same(&c, &object.data);
        left += c.at != c.end;
        c = cursor_of((struct bytes){b.at, b.len});
        left += !cursor_value(&c, CURSOR_DEPTH, &whole) || whole.len != b.len;
        msgpack_unpacked_destroy(&object);
        buf_release(&b);
    }
    tap_ok(!differ, "2000 random values are read as msgpack-c reads them");
    tap_ok(!left, "and stepped over as wholes");
}

/* Any bytes: what msgpack-c refuses the cursor refuses, and both step as far. */
static void random_bytes(void)
{
    int differ = 0, taken = 0;
    for (int round = 0; round < 200000; round++) {
        char bytes[32];
        size_t n = random_below(&dice, sizeof bytes), offset = 0;
        for (size_t i = 0; i < n; i++) {
            /* Half of them headers; msgpack-c would reserve memory for counts of 32 bits. */
            bytes[i] = (char)(random_below(&dice, 2) ? random_u32(&dice) : random_below(&dice, 4));
            if ((unsigned char)bytes[i] == 0xdd || (unsigned char)bytes[i] == 0xdf)
                bytes[i] = 0;
        }
        msgpack_unpacked object;
        msgpack_unpacked_init(&object);
        bool theirs = msgpack_unpack_next(&object, bytes, n, &offset) == MSGPACK_UNPACK_SUCCESS;
        struct cursor c = cursor_of((struct bytes){bytes, n});
        const unsigned char *from = c.at;
        bool ours = cursor_skip(&c, 32);
        differ += ours != theirs || (ours && (size_t)(c.at - from) != offset);
        if (ours && theirs) {
            c = cursor_of((struct bytes){bytes, n});
            differ += !same(&c, &object.data);
            taken++;
        }
        msgpack_unpacked_destroy(&object);
    }
    tap_ok(!differ && taken > 50000, "200000 runs of random bytes (%d are values) read alike",
           taken);
}

/* A value that is refused leaves the cursor where it was; claims beyond the bytes are refused. */
static void refusals(void)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *what;
    } bombs[] = {
        {"\xc6\xff\xff\xff\xff", 5, "bin of 4 GiB"},
        {"\xdb\xff\xff\xff\xff", 5, "str of 4 GiB"},
        {"\xc9\xff\xff\xff\xff\1", 6, "ext of 4 GiB"},
        {"\xdd\xff\xff\xff\xff", 5, "array of 4 G"},
        {"\xdf\xff\xff\xff\xff\0", 6, "map of 4 G"},
        {"\x93\0\0", 3, "array of 3 with 2"},
        {"\x82\0\0\0", 4, "map of 2 with 3 values"},
        {"\xc1", 1, "the byte that is never used"},
        {"\x91\x91\x91\x91\x91\x91\x91\x91\x91\0", 10, "nesting of 9"},
        {"", 0, "nothing"},
    };
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        struct cursor c = cursor_of((struct bytes){bombs[i].bytes, bombs[i].n});
        const unsigned char *at = c.at;
        tap_ok(!cursor_skip(&c, CURSOR_DEPTH) && c.at == at, "%s is refused", bombs[i].what);
    }
    struct cursor c = cursor_of((struct bytes){"\x91\x91\x91\x91\x91\x91\x91\x91\0", 9});
    tap_ok(cursor_skip(&c, CURSOR_DEPTH) && c.at == c.end, "nesting of 8 is taken");
}

static void typed_steps(void)
{
    struct cursor c = cursor_of((struct bytes){"\xcd\x01\x00\xa1x\x80", 6}), before = c;
    struct bytes text;
    uint32_t count;
    int64_t i = 0;
    tap_ok(!cursor_int(&c, 0, 255, &i) && !cursor_int(&c, 257, 300, &i) && !cursor_str(&c, &text) &&
               c.at == before.at,
           "an integer out of range and a wrong type are not stepped over");
    tap_ok(cursor_int(&c, 256, 256, &i) && i == 256, "an integer in range is");
    tap_ok(!cursor_array(&c, &count) && cursor_str(&c, &text) && text.len == 1, "then the string");
    tap_ok(cursor_map(&c, &count) && !count && c.at == c.end, "then the map");
}

int main(void)
{
    dice = random_of(1, 0);
    packed_values();
    random_bytes();
    refusals();
    typed_steps();
    return tap_done();
}
