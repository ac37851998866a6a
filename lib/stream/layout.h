/* The fixed-width heads of the frame's objects and their hashes (sesspipe-stream(5)), for the
 * reading and the writing side. */
#ifndef STREAM_LAYOUT_H
#define STREAM_LAYOUT_H

#include <stdint.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* 93 aa "SESSPIPE\r\n" major c5 len16 | meta */
#define LAYOUT_MAGIC "\x93\xaaSESSPIPE\r\n"

enum {
    LAYOUT_MAGIC_SIZE = 12,
    LAYOUT_HEADER = 16,
    LAYOUT_BLOCK = 31, /* 95 a1 "B" cf sequence ce records cf xxh3 c6 len32 | records */
    LAYOUT_END = 39,   /* 95 a1 "E" cf blocks cf records cf bytes cf xxh3 */
    LAYOUT_ABORT = 7,  /* 93 a1 "X" cc status d9 len8 | message */
    LAYOUT_TAG = 3,    /* distinguishes blocks, ends and aborts */
};

static inline void layout_put(unsigned char *p, unsigned bytes, uint64_t v)
{
    for (; bytes--; v >>= 8)
        p[bytes] = (unsigned char)v;
}

static inline uint64_t layout_get(const unsigned char *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return v;
}

/* The hash of a block's bytes, bound to its stream (the hash of the header), place and count. */
static inline uint64_t layout_block_hash(uint64_t header, uint64_t sequence, uint32_t records,
                                         const void *bytes, size_t len)
{
    unsigned char place[20];
    layout_put(place, 8, header);
    layout_put(place + 8, 8, sequence);
    layout_put(place + 16, 4, records);
    return XXH3_64bits_withSeed(bytes, len, XXH3_64bits(place, sizeof place));
}

/* Adds a number to the hash of the end. */
static inline void layout_hash_number(XXH3_state_t *state, uint64_t v)
{
    unsigned char bytes[8];
    layout_put(bytes, 8, v);
    XXH3_64bits_update(state, bytes, sizeof bytes);
}

#endif
