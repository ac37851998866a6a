#include "stream/output.h"

static void make_header(struct meta *meta, const struct meta *base, const char *program,
                        const char *version, struct bytes options)
{
    meta_copy(meta, base);
    meta->minor = STREAM_MINOR;
    meta_add_program(meta, program, version, options);
}

int output_hold(struct output *s, const char *path, struct err *e)
{
    *s = (struct output){.sink.fd = -1, .holds = true};
    if (spool_open(&s->held, path, e))
        return e->status;
    frame_out_hold(&s->out, spool_add, &s->held);
    return 0;
}

static void close_held(struct output *s)
{
    if (s->holds)
        spool_close(&s->held);
    frame_out_release(&s->last);
    s->holds = false;
}

int output_pour(struct output *s, struct err *e)
{
    struct frame_stand last = frame_out_stand(&s->last, 0); /* of the block that has not ended */
    int status = spool_pour(&s->held, &s->out, e);
    if (!status)
        frame_out_resume(&s->out, &last);
    close_held(s);
    return status;
}

int output_open(struct output *s, const char *path, bool flush, const struct meta *base,
                const char *program, const char *version, struct bytes options, struct err *e)
{
    struct meta meta;
    s->begun = true;
    s->sink = (struct output_file){.fd = -1};
    s->last = s->out; /* of zeros, unless records are held */
    s->out = (struct frame_out){0};
    if (output_file_open(&s->sink, path, e))
        return e->status;
    make_header(&meta, base, program, version, options);
    int status = frame_out_open(&s->out, &s->sink, &meta, flush, e);
    meta_release(&meta);
    if (status)
        output_file_discard(&s->sink);
    return status;
}

int output_continue(struct output *s, const char *path, bool flush, const struct meta *base,
                    const char *program, const char *version, struct bytes options,
                    const char *temporary, const struct frame_stand *stand, struct err *e)
{
    struct meta meta;
    *s = (struct output){.sink.fd = -1, .begun = true};
    if (output_file_continue(&s->sink, path, temporary, stand->length, e))
        return e->status;
    make_header(&meta, base, program, version, options);
    int status = frame_out_continue(&s->out, &s->sink, &meta, flush, stand, e);
    meta_release(&meta);
    if (status)
        output_file_discard(&s->sink);
    return status;
}

int output_finish(struct output *s, struct err *e)
{
    if (s->out.open && frame_out_end(&s->out, e)) /* output_abort cleans up */
        return e->status;
    frame_out_release(&s->out);
    close_held(s);
    return output_file_commit(&s->sink, e);
}

void output_abort(struct output *s, const struct err *why)
{
    close_held(s);
    if (!s->out.hash) { /* no header is written, or the end is */
        frame_out_release(&s->out);
        return;
    }
    frame_out_abort(&s->out, why);
    frame_out_release(&s->out);
    output_file_discard(&s->sink);
}
