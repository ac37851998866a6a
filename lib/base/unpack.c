#include "base/unpack.h"

#include <errno.h>
#include <inttypes.h>

#include "base/descriptor.h"

enum { PACKED_BLOCK = 64 << 10 };

void unpack_open(struct unpack *u, int fd, const char *name, struct input_meter *meter)
{
    *u = (struct unpack){.fd = fd, .name = name, .meter = meter};
}

/* One read. */
static int read_some(struct unpack *u, char *to, size_t room, size_t *got, struct err *e)
{
    *got = 0;
    if (u->wait.before && !descriptor_ready(u->fd) && u->wait.before(u->wait.of, e))
        return e->status;
    ssize_t n = descriptor_read(u->fd, to, room);
    if (n < 0)
        return err_set(e, STATUS_IO, "cannot read %s: %s", u->name, strerror(errno));
    *got = (size_t)n;
    u->ended = n == 0;
    input_meter_bytes(u->meter, (size_t)n);
    return 0;
}

/* Whether the first bytes belong to a codec, which then is the input's; *more: they are too few. */
static bool find_codec(struct unpack *u, const char *at, size_t n, bool *more)
{
    *more = false;
    for (size_t i = 0; codecs[i]; i++) {
        bool few = false;
        if (codecs[i]->begins((const unsigned char *)at, n, &few)) {
            u->codec = codecs[i];
            return true;
        }
        *more = *more || few;
    }
    return false;
}

/* Reads the first bytes, as many as it takes to know what they are. */
static int begin(struct unpack *u, char *to, size_t room, size_t *got, struct err *e)
{
    size_t n = 0, now;
    bool more = true;
    while (more && !u->ended) {
        if (read_some(u, to + n, room - n, &now, e))
            return e->status;
        n += now;
        find_codec(u, to, n, &more);
    }
    u->known = true;
    *got = n;
    if (!u->codec)
        return 0;
    buf_append(&u->packed, to, n);
    u->state = u->codec->open();
    return 0;
}

static int refill(struct unpack *u, struct err *e)
{
    size_t got;
    buf_clear(&u->packed);
    u->at = 0;
    buf_reserve(&u->packed, PACKED_BLOCK);
    if (read_some(u, u->packed.at, PACKED_BLOCK, &got, e))
        return e->status;
    u->packed.len = got;
    return 0;
}

static void consume(struct unpack *u, size_t n)
{
    u->at += n;
    u->decoded += n;
}

/* Between streams: reads up to the next one, past the zeros that may be there. *end: none comes.
 */
static int begin_stream(struct unpack *u, bool *end, struct err *e)
{
    size_t zeros = 0;
    for (*end = false;;) {
        while (u->codec->padding && u->at < u->packed.len && !u->packed.at[u->at]) {
            consume(u, 1);
            zeros++;
        }
        if (u->at < u->packed.len || u->ended)
            break;
        if (refill(u, e))
            return e->status;
    }
    if (zeros && zeros % u->codec->padding)
        return err_set(e, STATUS_DATA, "%s, byte %" PRIu64 ": zeros that are no padding of %s",
                       u->name, u->decoded, u->codec->name);
    *end = u->at == u->packed.len;
    u->between = *end;
    return 0;
}

static int failed(const struct unpack *u, enum codec_result result, const char *why, struct err *e)
{
    return err_set(e, STATUS_DATA, "%s, byte %" PRIu64 ": the %s data are %s: %s", u->name,
                   u->decoded, u->codec->name,
                   result == CODEC_BROKEN ? "damaged" : "not decoded here",
                   why ? why : "it cannot be decoded");
}

/* Decodes what has been read; *stuck: nothing more comes of it. */
static int step(struct unpack *u, char *to, size_t room, size_t *got, bool *stuck, struct err *e)
{
    const char *why = NULL, *from = u->packed.at + u->at;
    struct codec_io io = {from, u->packed.at + u->packed.len, to, to + room};
    enum codec_result result = u->codec->step(u->state, &io, &why);
    *got = (size_t)(io.out - to);
    *stuck = io.in == from && !*got && result == CODEC_MORE;
    consume(u, (size_t)(io.in - from));
    u->between = result == CODEC_END;
    return result >= CODEC_BROKEN ? failed(u, result, why, e) : 0;
}

static int decode(struct unpack *u, char *to, size_t room, size_t *got, struct err *e)
{
    for (*got = 0; !*got;) {
        bool end, stuck;
        if (u->between) {
            if (begin_stream(u, &end, e))
                return e->status;
            if (end)
                return 0;
        }
        if (step(u, to, room, got, &stuck, e))
            return e->status;
        if (!stuck)
            continue;
        if (u->ended)
            return err_set(e, STATUS_DATA,
                           "%s, byte %" PRIu64 ": the %s data are cut off: the file is not whole",
                           u->name, u->decoded, u->codec->name);
        if (refill(u, e))
            return e->status;
    }
    return 0;
}

int unpack_read(struct unpack *u, char *to, size_t room, size_t *got, struct err *e)
{
    if (!u->known) {
        int status = begin(u, to, room, got, e);
        if (status || !u->codec)
            return status;
    }
    return u->codec ? decode(u, to, room, got, e) : read_some(u, to, room, got, e);
}

void unpack_close(struct unpack *u)
{
    if (u->codec)
        u->codec->close(u->state);
    buf_release(&u->packed);
    u->codec = NULL;
    u->known = false;
}
