#include "base/codec.h"

#include <bzlib.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/mem.h"

/* Whether the first bytes are those of the mark, as far as they go. */
static bool begins_with(const unsigned char *at, size_t n, const char *mark, size_t len, bool *more)
{
    *more = n < len;
    bool same = !memcmp(at, mark, n < len ? n : len);
    *more = *more && same;
    return same && !*more;
}

/* The length that a library counts in. */
static unsigned limited(size_t n)
{
    return n < 1u << 30 ? (unsigned)n : 1u << 30; /* cov: takes a block of 1 GiB */
}

static void give_back(void *unused, void *p)
{
    (void)unused;
    mem_free(p);
}

/* ---- gzip ---- */

static void *zlib_alloc(void *unused, unsigned count, unsigned size)
{
    (void)unused;
    return mem_zero(count, size);
}

static bool gzip_begins(const unsigned char *at, size_t n, bool *more)
{
    return begins_with(at, n, "\x1f\x8b\x08", 3, more);
}

static void *gzip_open(void)
{
    z_stream *z = mem_zero(1, sizeof *z);
    z->zalloc = zlib_alloc;
    z->zfree = give_back;
    /* 16: gzip's header, and its checksum */
    if (inflateInit2(z, 16 + MAX_WBITS) != Z_OK) /* cov: our own malloc ends the program */
        mem_fail(sizeof *z);
    return z;
}

static enum codec_result gzip_step(void *state, struct codec_io *io, const char **why)
{
    z_stream *z = state;
    z->next_in = (unsigned char *)(size_t)io->in;
    z->avail_in = limited((size_t)(io->in_end - io->in));
    z->next_out = (unsigned char *)io->out;
    z->avail_out = limited((size_t)(io->out_end - io->out));
    int result = inflate(z, Z_NO_FLUSH);
    io->in = (const char *)z->next_in;
    io->out = (char *)z->next_out;
    if (result == Z_STREAM_END)
        return inflateReset(z) == Z_OK ? CODEC_END : CODEC_BROKEN; /* cov: the state is good */
    if (result == Z_OK || result == Z_BUF_ERROR)
        return CODEC_MORE;
    *why = z->msg ? z->msg : "it cannot be decoded";
    return CODEC_BROKEN;
}

static void gzip_close(void *state)
{
    inflateEnd(state);
    mem_free(state);
}

/* ---- zstd ---- */

/* Frames that are to be skipped come first where several threads have compressed. */
static bool zstd_begins(const unsigned char *at, size_t n, bool *more)
{
    if (n && at[0] >= 0x50 && at[0] <= 0x5f) {
        char skipped[] = {(char)at[0], 0x2a, 0x4d, 0x18};
        return begins_with(at, n, skipped, sizeof skipped, more);
    }
    return begins_with(at, n, "\x28\xb5\x2f\xfd", 4, more);
}

enum { ZSTD_HEADER = 18 }; /* bytes of a frame's header at most */

struct zstd_state {
    ZSTD_DStream *stream;
    unsigned char header[ZSTD_HEADER]; /* the frame's first bytes, */
    size_t held;                       /* so many, */
    unsigned long long written;        /* and the length of its content so far */
};

static void *zstd_open(void)
{
    struct zstd_state *z = mem_zero(1, sizeof *z);
    z->stream = ZSTD_createDStream();
    if (!z->stream) /* cov: our own malloc ends the program */
        mem_fail(sizeof z);
    return z;
}

/* Counts what a step has read and written of a frame. */
static void zstd_count(struct zstd_state *z, const char *from, size_t read, size_t written)
{
    size_t some = read < ZSTD_HEADER - z->held ? read : ZSTD_HEADER - z->held;
    memcpy(z->header + z->held, from, some);
    z->held += some;
    z->written += written;
}

/* Whether the frame that ends is as long as its header says, if it does.  The library looks at that
 * unless the last block is empty and the content comes in pieces. */
static bool zstd_is_whole(struct zstd_state *z)
{
    unsigned long long size = ZSTD_getFrameContentSize(z->header, z->held);
    bool whole = size == ZSTD_CONTENTSIZE_UNKNOWN || size == z->written;
    z->held = 0;
    z->written = 0;
    return whole;
}

static enum codec_result zstd_step(void *state, struct codec_io *io, const char **why)
{
    struct zstd_state *z = state;
    size_t n = (size_t)(io->in_end - io->in);
    /* The library reads a frame in another, stricter way where all of it is there at once: so a
     * frame's first bytes come one by one. */
    ZSTD_inBuffer in = {io->in, z->held < ZSTD_HEADER && n ? 1 : n, 0};
    ZSTD_outBuffer out = {io->out, (size_t)(io->out_end - io->out), 0};
    size_t left = ZSTD_decompressStream(z->stream, &out, &in);
    zstd_count(z, io->in, in.pos, out.pos);
    io->in += in.pos;
    io->out += out.pos;
    if (!left && !zstd_is_whole(z)) {
        *why = "a frame is not as long as it says";
        return CODEC_BROKEN;
    }
    if (!ZSTD_isError(left))
        return left ? CODEC_MORE : CODEC_END;
    ZSTD_ErrorCode code = ZSTD_getErrorCode(left);
    if (code == ZSTD_error_memory_allocation) /* cov: malloc ends the program */
        mem_fail(1);
    *why = ZSTD_getErrorName(left);
    if (code != ZSTD_error_frameParameter_windowTooLarge)
        return CODEC_BROKEN;
    *why = "it takes more than 128 MiB of memory; zstd -dc --long=31 unpacks it into a pipe";
    return CODEC_BEYOND;
}

static void zstd_close(void *state)
{
    struct zstd_state *z = state;
    ZSTD_freeDStream(z->stream);
    mem_free(z);
}

/* ---- xz ---- */

enum { XZ_MEMORY = 256 << 20 }; /* four times what xz -9 needs */

static void *xz_alloc(void *unused, size_t count, size_t size)
{
    (void)unused;
    return mem_zero(count, size);
}

static const lzma_allocator xz_memory = {xz_alloc, give_back, NULL};

static bool xz_begins(const unsigned char *at, size_t n, bool *more)
{
    return begins_with(at, n,
                       "\xfd"
                       "7zXZ",
                       6, more);
}

static void *xz_open(void)
{
    static const lzma_stream empty = LZMA_STREAM_INIT;
    lzma_stream *x = mem_alloc(sizeof *x);
    *x = empty;
    x->allocator = &xz_memory;
    lzma_ret opened = lzma_stream_decoder(x, XZ_MEMORY, LZMA_TELL_UNSUPPORTED_CHECK);
    if (opened != LZMA_OK) /* cov: our own malloc ends the program */
        mem_fail(sizeof *x);
    return x;
}

static enum codec_result xz_error(lzma_ret result, const char **why)
{
    switch (result) {
    case LZMA_FORMAT_ERROR:
        *why = "it does not begin as xz does";
        return CODEC_BROKEN;
    case LZMA_OPTIONS_ERROR:
    case LZMA_UNSUPPORTED_CHECK:
        *why = "it uses what this version of the library does not know";
        return CODEC_BEYOND;
    case LZMA_MEMLIMIT_ERROR:
        *why = "it takes more than 256 MiB of memory; xz -dc unpacks it into a pipe";
        return CODEC_BEYOND;
    case LZMA_DATA_ERROR:
        *why = "the data do not fit their checksum";
        return CODEC_BROKEN;
    default:
        *why = "it cannot be decoded";
        return CODEC_BROKEN;
    }
}

static enum codec_result xz_step(void *state, struct codec_io *io, const char **why)
{
    lzma_stream *x = state;
    x->next_in = (const uint8_t *)io->in;
    x->avail_in = (size_t)(io->in_end - io->in);
    x->next_out = (uint8_t *)io->out;
    x->avail_out = (size_t)(io->out_end - io->out);
    lzma_ret result = lzma_code(x, LZMA_RUN);
    io->in = (const char *)x->next_in;
    io->out = (char *)x->next_out;
    if (result == LZMA_STREAM_END)
        return lzma_stream_decoder(x, XZ_MEMORY, LZMA_TELL_UNSUPPORTED_CHECK) == LZMA_OK
                   ? CODEC_END
                   : CODEC_BROKEN; /* cov: our own malloc ends the program */
    if (result == LZMA_OK || result == LZMA_BUF_ERROR)
        return CODEC_MORE;
    return xz_error(result, why);
}

static void xz_close(void *state)
{
    lzma_end(state);
    mem_free(state);
}

/* ---- bzip2 ---- */

static void *bzip2_alloc(void *unused, int count, int size)
{
    (void)unused;
    return mem_zero((size_t)count, (size_t)size);
}

/* The mark alone is text that a log may begin with: the first block, or the end of an empty stream,
 * has to follow. */
static bool bzip2_begins(const unsigned char *at, size_t n, bool *more)
{
    char block[] = "BZh_1AY&SY", end[] = "BZh_\x17\x72\x45\x38\x50\x90";
    bool level = n < 4 || (at[3] >= '1' && at[3] <= '9'), more_of_block;
    if (n >= 4)
        block[3] = end[3] = (char)at[3];
    bool is_block = begins_with(at, n, block, 10, &more_of_block);
    bool is_end = begins_with(at, n, end, 10, more);
    *more = level && (*more || more_of_block);
    return level && (is_block || is_end);
}

static void bzip2_start(bz_stream *b)
{
    *b = (bz_stream){.bzalloc = bzip2_alloc, .bzfree = give_back};
    if (BZ2_bzDecompressInit(b, 0, 0) != BZ_OK) /* cov: our own malloc ends the program */
        mem_fail(sizeof *b);
}

static void *bzip2_open(void)
{
    bz_stream *b = mem_alloc(sizeof *b);
    bzip2_start(b);
    return b;
}

static enum codec_result bzip2_step(void *state, struct codec_io *io, const char **why)
{
    bz_stream *b = state;
    b->next_in = (char *)(size_t)io->in;
    b->avail_in = limited((size_t)(io->in_end - io->in));
    b->next_out = io->out;
    b->avail_out = limited((size_t)(io->out_end - io->out));
    int result = BZ2_bzDecompress(b);
    io->in = b->next_in;
    io->out = b->next_out;
    if (result == BZ_STREAM_END) {
        BZ2_bzDecompressEnd(b);
        bzip2_start(b);
        return CODEC_END;
    }
    if (result == BZ_OK)
        return CODEC_MORE;
    *why = result == BZ_DATA_ERROR_MAGIC ? "it does not begin as bzip2 does"
                                         : "the data do not fit their checksum";
    return CODEC_BROKEN;
}

static void bzip2_close(void *state)
{
    BZ2_bzDecompressEnd(state);
    mem_free(state);
}

/* ---- all of them ---- */

static const struct codec gzip = {"gzip",    "gzip -dc", 0,         gzip_begins,
                                  gzip_open, gzip_step,  gzip_close};
static const struct codec zstd = {"zstd",    "zstd -dc", 0,         zstd_begins,
                                  zstd_open, zstd_step,  zstd_close};
static const struct codec xz = {"xz", "xz -dc", 4, xz_begins, xz_open, xz_step, xz_close};
static const struct codec bzip2 = {"bzip2",    "bzip2 -dc", 0,          bzip2_begins,
                                   bzip2_open, bzip2_step,  bzip2_close};

const struct codec *const codecs[] = {&gzip, &zstd, &xz, &bzip2, NULL};
