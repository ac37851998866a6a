#include "stream/to_json.h"

#include <inttypes.h>

#include "stream/json.h"

/* ---- lines ---- */

int to_json_header(struct buf *to, const struct meta *m, struct err *e)
{
    const struct json_place place = {bytes_of(PLACE_MAGIC), 2};
    struct buf packed = {0};
    int status = meta_pack(m, &packed, e);
    if (!status) {
        struct cursor c = cursor_of((struct bytes){packed.at, packed.len});
        buf_format(to, "[\"SESSPIPE\\r\\n\",%d,", STREAM_MAJOR);
        json_exact(to, &c, &place, CURSOR_DEPTH);
        buf_text(to, "]\n");
    }
    buf_release(&packed);
    return status;
}

void to_json_record(struct buf *to, struct bytes record)
{
    struct json_place place = {{0}, 0};
    struct cursor c = cursor_of(record), first;
    uint32_t count = 0;
    if (!cursor_array(&c, &count)) { /* whole: the frame checked it */
        json_exact(to, &c, &place, CURSOR_DEPTH);
    } else {
        first = c;
        cursor_str(&first, &place.tag);
        buf_byte(to, '[');
        for (; place.index < count; place.index++) {
            buf_text(to, place.index ? "," : "");
            json_exact(to, &c, &place, CURSOR_DEPTH - 1);
        }
        buf_byte(to, ']');
    }
    buf_byte(to, '\n');
}

/* Shows the counts since `before`, and sets `before` to now. */
static void show_end(struct buf *to, const struct frame_in *in, struct frame_counts *before)
{
    struct frame_counts now = frame_in_counts(in);
    buf_format(to, "[\"E\",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]\n", now.blocks - before->blocks,
               now.records - before->records, now.bytes - before->bytes);
    *before = now;
}

/* Whether a block ended where a writer of full blocks would have continued it: `block` holds what
 * was read until its first record, `now` until the first one of the block after it. */
static bool ended_early(struct frame_counts block, struct frame_counts now, struct bytes record,
                        uint64_t block_bytes)
{
    return block.records && now.blocks != block.blocks && block_bytes < BLOCK_TARGET &&
           block_bytes + record.len <= BLOCK_LIMIT;
}

int to_json_lines(struct frame_in *in, uint64_t most, struct buf *to,
                  int (*write)(void *, struct buf *, struct err *), void *context, struct err *e)
{
    struct frame_counts before = {0}, block = {0};
    uint64_t block_bytes = 0;
    struct bytes record;
    enum read_result result = READ_RECORD;
    while ((!frame_in_counts(in).parts || frame_in_counts(in).records < most) &&
           (result = frame_in_next(in, &record, e)) > READ_END) {
        struct frame_counts now = frame_in_counts(in);
        if (result == READ_HEADER) {
            if (now.parts > 1)
                show_end(to, in, &before);
            if (to_json_header(to, frame_in_meta(in), e))
                return e->status;
            block = (struct frame_counts){0};
        } else {
            if (ended_early(block, now, record, block_bytes))
                buf_text(to, "[\"B\"]\n");
            if (now.blocks != block.blocks) {
                block_bytes = now.bytes - (block.records ? block.bytes : before.bytes);
                block = now;
            }
            to_json_record(to, record);
        }
        if ((to->len >= 1 << 16 || frame_in_would_wait(in)) && write(context, to, e))
            return e->status;
    }
    if (result == READ_END)
        show_end(to, in, &before);
    struct err later; /* what was read is shown before the error */
    int status = write(context, to, &later);
    if (result != READ_ERROR && status)
        *e = later;
    return result != READ_ERROR ? status : e->status;
}
