/* Records behind a good frame: the first byte chooses the kind (3: parallel), the others are the
 * records. */
#include "fuzz.h"
#include "streams.h"

static void any_bytes(struct frame_out *out, const void *context, struct err *e)
{
    struct cursor c = cursor_of(*(const struct bytes *)context);
    struct bytes record;
    while (c.at != c.end) {
        if (!cursor_value(&c, CURSOR_DEPTH, &record)) {
            record = (struct bytes){(const char *)c.at, (size_t)(c.end - c.at)};
            c.at = c.end;
        }
        frame_out_record(out);
        buf_append(&out->block, record.at, record.len);
        must(frame_out_commit(out, e), e);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf stream = {0};
    if (!size)
        return 0;
    struct bytes records = {(const char *)data + 1, size - 1};
    stream_of(data[0] % SAMPLE_COUNT, false, any_bytes, &records, &stream);
    read_every_way(stream.at, stream.len);
    buf_release(&stream);
    return 0;
}
