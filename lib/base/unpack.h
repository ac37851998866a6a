/* The bytes of an input, decoded where their first ones say that they are compressed by gzip, zstd,
 * xz or bzip2. */
#ifndef BASE_UNPACK_H
#define BASE_UNPACK_H

#include <stdint.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/input_meter.h"

/* Called before a read that will have to wait; fails as the read itself. */
struct input_wait {
    int (*before)(void *of, struct err *e); /* NULL: nothing is to be done */
    void *of;
};

struct unpack {
    int fd;
    struct input_wait wait;    /* the caller may set it before each unpack_read */
    const char *name;          /* of the input, for messages */
    struct input_meter *meter; /* counts the bytes that are read */
    bool known;                /* it is settled whether they are compressed */
    const struct codec *codec; /* NULL: they are not */
    void *state;               /* of the codec */
    struct buf packed;         /* what was read and is not decoded yet begins at `at` */
    size_t at;
    uint64_t decoded; /* bytes before that */
    bool ended;       /* read(2) said so */
    bool between;     /* no stream has begun that has not ended */
};

/* The descriptor and the name stay the caller's. */
void unpack_open(struct unpack *u, int fd, const char *name, struct input_meter *meter);

/* Up to `room` bytes, at least UNPACK_ROOM; *got = 0 at the end.  74: a failing read. 65:
 * compressed bytes that are damaged or cut off; the text names the input and the byte. */
enum { UNPACK_ROOM = 16 };
int unpack_read(struct unpack *u, char *to, size_t room, size_t *got, struct err *e);

void unpack_close(struct unpack *u);

#endif
