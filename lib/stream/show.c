#include "stream/show.h"

#include <inttypes.h>

#include "stream/json.h"

/* ---- lines ---- */

static int show_header(struct buf *to, const struct meta *m, struct err *e)
{
    struct buf packed = {0};
    int status = meta_pack(m, &packed, e);
    if (!status) {
        struct cursor c = cursor_of((struct bytes){packed.at, packed.len});
        buf_format(to, "[\"SESSPIPE\\r\\n\",%d,", STREAM_MAJOR);
        json_packed(to, &c, CURSOR_DEPTH);
        buf_text(to, "]\n");
    }
    buf_release(&packed);
    return status;
}

/* What came since `before`, which is brought up to date. */
static void show_end(struct buf *to, const struct frame_in *in, struct frame_counts *before)
{
    struct frame_counts now = frame_in_counts(in);
    buf_format(to, "[\"E\",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]\n", now.blocks - before->blocks,
               now.records - before->records, now.bytes - before->bytes);
    *before = now;
}

int show_lines(struct frame_in *in, struct buf *to,
               int (*write)(void *, struct buf *, struct err *), void *context, struct err *e)
{
    struct frame_counts before = {0};
    struct bytes record;
    enum read_result result;
    while ((result = frame_in_next(in, &record, e)) > READ_END) {
        if (result == READ_HEADER) {
            if (frame_in_counts(in).parts > 1)
                show_end(to, in, &before);
            if (show_header(to, frame_in_meta(in), e))
                return e->status;
        } else {
            struct cursor c = cursor_of(record);
            json_packed(to, &c, CURSOR_DEPTH); /* whole: the frame looked */
            buf_byte(to, '\n');
        }
        if ((to->len >= 1 << 16 || frame_in_would_wait(in)) && write(context, to, e))
            return e->status;
    }
    if (result == READ_END)
        show_end(to, in, &before);
    struct err later; /* what was read is shown before the error is told */
    int status = write(context, to, &later);
    if (result == READ_END && status)
        *e = later;
    return result == READ_END ? status : e->status;
}
