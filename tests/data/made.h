/* Sessions written to a stream that is read again. */
#ifndef TESTS_DATA_MADE_H
#define TESTS_DATA_MADE_H

#include "stream/record.h"

#include "../streams.h"

/* A stream in memory, to be read again. */
struct made {
    FILE *file;
    struct output_file sink;
    struct frame_out out;
};

static inline void made_with(struct made *m, const struct meta *meta)
{
    struct err e;
    m->file = tmpfile();
    m->sink = (struct output_file){.fd = fileno(m->file)};
    must(frame_out_open(&m->out, &m->sink, meta, false, &e), &e);
}

/* A stream of sessions. */
static inline void made_open(struct made *m)
{
    struct meta meta;
    stream_meta(&meta, STREAM_SESSIONS);
    made_with(m, &meta);
    meta_release(&meta);
}

/* Ends the stream and adds its bytes to `bytes`. */
static inline void made_end(struct made *m, struct buf *bytes)
{
    struct err e;
    must(frame_out_end(&m->out, &e), &e);
    frame_out_release(&m->out);
    stream_bytes(m->file, bytes);
}

/* Ends the stream and opens it; until the next stream_file. */
static inline struct sessions_in *made_again(struct made *m)
{
    struct err e;
    static const char *path; /* the reader keeps where it is, for its messages */
    struct buf bytes = {0};
    struct sessions_in *in;
    made_end(m, &bytes);
    path = stream_file(bytes.at, bytes.len);
    must(sessions_in_open(&in, &path, 1, &e), &e);
    buf_release(&bytes);
    return in;
}

#endif
