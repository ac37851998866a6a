/* Decoders of compressed bytes, one for each format, behind one table.  Checksums are checked. */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include <stdbool.h>
#include <stddef.h>

/* What a decoder reads and where it writes; it moves `in` and `out`. */
struct codec_io {
    const char *in, *in_end;
    char *out, *out_end;
};

enum codec_result {
    CODEC_MORE,   /* it needs input, or room for output */
    CODEC_END,    /* the stream has ended; another one may follow */
    CODEC_BROKEN, /* *why says what is wrong */
    CODEC_BEYOND, /* the stream may be whole, but is not decoded here; *why says why */
};

struct codec {
    const char *name; /* "gzip" */
    const char *tool; /* "gzip -dc" */
    size_t padding;   /* zeros may follow a stream, in multiples of so many; 0: none */
    /* Whether these first bytes are such a stream; *more: they are too few to know. */
    bool (*begins)(const unsigned char *at, size_t n, bool *more);
    void *(*open)(void);
    enum codec_result (*step)(void *state, struct codec_io *io, const char **why);
    void (*close)(void *state);
};

/* NULL after the last. */
extern const struct codec *const codecs[];

#endif
