/* Compressed inputs against what was compressed: every format, several streams, any size of read,
 * cut at each byte and with each bit flipped. */
#include "base/unpack.h"

#include <bzlib.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/random.h"
#include "../tap.h"
#include "../streams.h"

enum { ROOM = 1 << 20 };

/* ---- compressing ---- */

static void pack_gzip(struct bytes text, struct buf *to)
{
    z_stream z = {0};
    buf_reserve(to, ROOM);
    if (deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    z.next_in = (unsigned char *)(size_t)text.at;
    z.avail_in = (unsigned)text.len;
    z.next_out = (unsigned char *)to->at + to->len;
    z.avail_out = ROOM;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    to->len += z.total_out;
    deflateEnd(&z);
}

static void pack_zstd(struct bytes text, struct buf *to)
{
    ZSTD_CCtx *z = ZSTD_createCCtx();
    buf_reserve(to, ROOM);
    ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
    size_t n = ZSTD_compress2(z, to->at + to->len, ROOM, text.at, text.len);
    if (ZSTD_isError(n))
        abort();
    to->len += n;
    ZSTD_freeCCtx(z);
}

static void pack_xz(struct bytes text, struct buf *to)
{
    size_t n = 0;
    buf_reserve(to, ROOM);
    if (lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, (const uint8_t *)text.at, text.len,
                                (uint8_t *)to->at + to->len, &n, ROOM) != LZMA_OK)
        abort();
    to->len += n;
}

static void pack_bzip2(struct bytes text, struct buf *to)
{
    unsigned n = ROOM;
    buf_reserve(to, ROOM);
    if (BZ2_bzBuffToBuffCompress(to->at + to->len, &n, (char *)(size_t)(text.len ? text.at : ""),
                                 (unsigned)text.len, 1, 0, 0) != BZ_OK)
        abort();
    to->len += n;
}

static const struct {
    const char *name;
    void (*pack)(struct bytes text, struct buf *to);
    size_t mark; /* bytes without which it is no such stream */
} formats[] = {
    {"gzip", pack_gzip, 3},
    {"zstd", pack_zstd, 4},
    {"xz", pack_xz, 6},
    {"bzip2", pack_bzip2, 10},
};
enum { FORMATS = sizeof formats / sizeof *formats };

/* ---- reading ---- */

static struct buf read_back;

static struct bytes bytes_in(const struct buf *b)
{
    return (struct bytes){b->at, b->len};
}

/* Reads the bytes as a file into read_back, at most `room` at a time. */
static int unpack(struct bytes packed, size_t room, struct err *e)
{
    int fd = open(stream_file(packed.at, packed.len), O_RDONLY | O_CLOEXEC);
    struct input_meter meter = {0};
    struct unpack u;
    size_t got = 1;
    int status = 0;
    buf_clear(&read_back);
    unpack_open(&u, fd, "a file", &meter);
    while (!status && got) {
        buf_reserve(&read_back, room);
        status = unpack_read(&u, read_back.at + read_back.len, room, &got, e);
        read_back.len += status ? 0 : got;
    }
    if (!status && meter.bytes != packed.len)
        status = err_set(e, STATUS_FAIL, "%zu bytes were counted", (size_t)meter.bytes);
    unpack_close(&u);
    close(fd);
    return status;
}

static void is_whole(struct bytes packed, struct bytes text, const char *name)
{
    static const size_t rooms[] = {UNPACK_ROOM, 999, 128 << 10};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        struct err e = {0};
        int status = unpack(packed, rooms[i], &e);
        tap_ok(!status && bytes_equal(bytes_in(&read_back), text), "%s, %zu bytes at a time %s",
               name, rooms[i], e.text);
    }
}

static void fails(struct bytes packed, const char *expected, const char *name)
{
    struct err e = {0};
    int status = unpack(packed, 4096, &e);
    tap_ok(status == STATUS_DATA && strstr(e.text, expected), "%s: %s", name, e.text);
}

/* Text of repeats and of noise, so that every kind of block stands in the packed bytes. */
static void make_text(struct buf *to, size_t n)
{
    struct random r = random_of(7, n);
    while (to->len < n / 2)
        buf_format(to, "user %u,item %u\n", random_below(&r, 20), random_below(&r, 300));
    while (to->len < n)
        buf_byte(to, (char)random_u32(&r));
}

/* ---- tests ---- */

static void whole(size_t f)
{
    static const size_t sizes[] = {0, 1, 5000, 500000};
    char name[100];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct buf text = {0}, packed = {0}, twice = {0};
        make_text(&text, sizes[i]);
        formats[f].pack(bytes_in(&text), &packed);
        snprintf(name, sizeof name, "%zu bytes by %s", sizes[i], formats[f].name);
        is_whole(bytes_in(&packed), bytes_in(&text), name);
        buf_append(&packed, "", 0);
        formats[f].pack(bytes_in(&text), &packed);
        buf_append(&twice, text.at, text.len);
        buf_append(&twice, text.at, text.len);
        snprintf(name, sizeof name, "two streams of %zu bytes by %s", sizes[i], formats[f].name);
        is_whole(bytes_in(&packed), bytes_in(&twice), name);
        buf_release(&text);
        buf_release(&packed);
        buf_release(&twice);
    }
}

static void cut(size_t f)
{
    struct buf text = {0}, packed = {0};
    int wrong = 0;
    make_text(&text, 600);
    formats[f].pack(bytes_in(&text), &packed);
    for (size_t n = formats[f].mark; n < packed.len; n++) {
        struct err e = {0};
        char place[100];
        snprintf(place, sizeof place, "a file, byte %zu: the %s data are cut off", n,
                 formats[f].name);
        wrong +=
            unpack((struct bytes){packed.at, n}, 4096, &e) != STATUS_DATA || !strstr(e.text, place);
    }
    tap_ok(!wrong, "%s that is cut at each of %zu bytes", formats[f].name, packed.len);
    buf_byte(&packed, 'x');
    fails(bytes_in(&packed), "data", "a byte after the end");
    buf_release(&text);
    buf_release(&packed);
}

/* A flipped bit is an error, or one of those that say nothing of the contents. */
static void flipped(size_t f)
{
    struct buf text = {0}, packed = {0};
    size_t wrong = 0, noticed = 0;
    make_text(&text, 300);
    formats[f].pack(bytes_in(&text), &packed);
    for (size_t bit = 8 * formats[f].mark; bit < 8 * packed.len; bit++) {
        struct err e = {0};
        packed.at[bit / 8] ^= (char)(1 << bit % 8);
        int status = unpack(bytes_in(&packed), 4096, &e);
        noticed += status == STATUS_DATA;
        wrong +=
            status ? status != STATUS_DATA : !bytes_equal(bytes_in(&read_back), bytes_in(&text));
        packed.at[bit / 8] ^= (char)(1 << bit % 8);
    }
    tap_ok(!wrong && noticed > 8 * (packed.len - formats[f].mark) * 9 / 10,
           "%s with each bit flipped: %zu of %zu are noticed, none reads as other text",
           formats[f].name, noticed, 8 * (packed.len - formats[f].mark));
    buf_release(&text);
    buf_release(&packed);
}

static void plain(void)
{
    static const char *const texts[] = {"",
                                        "B",
                                        "BZh",
                                        "BZh9",
                                        "BZh9,item,1\n",
                                        "P",
                                        "PxMx",
                                        "\x1f",
                                        "\x1f\x8b",
                                        "\xfd"
                                        "7zX",
                                        "(\xb5/",
                                        "BZh9\x17r",
                                        "user,item,time\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        is_whole(bytes_of(texts[i]), bytes_of(texts[i]), "what is not compressed");
}

static void joined(void)
{
    struct buf packed = {0};
    pack_gzip(bytes_of("a\n"), &packed);
    buf_append(&packed, "\0\0\0\0", 4);
    fails(bytes_in(&packed), "the gzip data are damaged", "zeros after gzip");
    buf_clear(&packed);
    pack_xz(bytes_of("a\n"), &packed);
    buf_append(&packed, "\0\0\0\0", 4);
    is_whole(bytes_in(&packed), bytes_of("a\n"), "padding of xz");
    pack_xz(bytes_of("b\n"), &packed);
    is_whole(bytes_in(&packed), bytes_of("a\nb\n"), "padding of xz between streams");
    buf_append(&packed, "\0\0\0", 3);
    fails(bytes_in(&packed), "zeros that are no padding of xz", "three zeros");
    buf_clear(&packed);
    buf_append(&packed, "\x51\x2a\x4d\x18\x04\0\0\0skip", 12);
    pack_zstd(bytes_of("a\n"), &packed);
    is_whole(bytes_in(&packed), bytes_of("a\n"), "a frame of zstd to be skipped");
    pack_gzip(bytes_of("b\n"), &packed);
    fails(bytes_in(&packed), "the zstd data are damaged", "gzip after zstd");
    buf_release(&packed);
}

/* Appends the CRC32 of the bytes from `from` on, the lowest first. */
static void add_crc(struct buf *to, size_t from)
{
    unsigned long crc = crc32(0, (const unsigned char *)to->at + from, (unsigned)(to->len - from));
    for (int i = 0; i < 4; i++)
        buf_byte(to, (char)(crc >> 8 * i));
}

static void pack_xz_head(struct buf *to, const char flags[2])
{
    buf_append(to,
               "\xfd"
               "7zXZ\0",
               6);
    buf_append(to, flags, 2);
    add_crc(to, 6);
}

/* Streams of xz that are whole, and ask for what there is not. */
static void xz_demands(void)
{
    struct buf packed = {0};
    pack_xz_head(&packed, "\0\x02");
    fails(bytes_in(&packed), "what this version of the library does not know", "another check");
    buf_clear(&packed);
    pack_xz_head(&packed, "\x01\x01");
    fails(bytes_in(&packed), "what this version of the library does not know", "another flag");
    buf_clear(&packed);
    pack_xz_head(&packed, "\0\x01");
    buf_append(&packed, "\x02\0\x21\x01\x28\0\0\0", 8); /* LZMA2 with a dictionary of 4 GiB */
    add_crc(&packed, 12);
    fails(bytes_in(&packed), "not decoded here: it takes more than 256 MiB of memory",
          "a large dictionary");
    buf_release(&packed);
}

/* A frame of zstd with a window of 2 GiB, as zstd --long=31 writes. */
static void zstd_demands(void)
{
    struct buf packed = {0};
    buf_append(&packed, "\x28\xb5\x2f\xfd\0\xa8\x09\0\0a", 10);
    fails(bytes_in(&packed),
          "not decoded here: it takes more than 128 MiB of memory; zstd -dc --long=31",
          "a large window");
    buf_release(&packed);
}

/* A frame of zstd that says it has 48 bytes, and has none: read whole and in pieces. */
static void zstd_lies(void)
{
    const struct bytes frame = {"\x28\xb5\x2f\xfd\x20\x30\x01\0\0", 9};
    const size_t rooms[] = {UNPACK_ROOM, 4096};
    struct err e = {0};
    for (size_t i = 0; i < 2; i++)
        tap_ok(unpack(frame, rooms[i], &e) == STATUS_DATA && strstr(e.text, "damaged"),
               "a frame shorter than it says: %s", e.text);
}

int main(void)
{
    zstd_lies();
    xz_demands();
    zstd_demands();
    plain();
    joined();
    for (size_t f = 0; f < FORMATS; f++) {
        whole(f);
        cut(f);
        flipped(f);
    }
    buf_release(&read_back);
    return tap_done();
}
