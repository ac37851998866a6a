#include "data/held.h"

#include <stdlib.h>

int held_open(struct held *h, const char *path, const struct meta *m, struct err *e)
{
    struct buf name = {0};
    const char *folder = getenv("TMPDIR");
    if (path)
        buf_format(&name, "%s.held", path);
    else
        buf_format(&name, "%s/sesspipe", folder && *folder ? folder : "/tmp");
    buf_byte(&name, '\0');
    *h = (struct held){.sink.fd = -1};
    int status = sink_open(&h->sink, name.at, e);
    buf_release(&name);
    return status ? status : frame_out_open(&h->out, &h->sink, m, false, e);
}

int held_pour(struct held *h, struct frame_out *out, struct err *e)
{
    struct frame_in *in = NULL;
    const char *path = h->sink.temporary;
    enum read_result got = READ_ERROR;
    if (!frame_out_end(&h->out, e) && !frame_in_open(&in, &path, 1, STREAM_SESSIONS, false, e)) {
        struct bytes record;
        while ((got = frame_in_next(in, &record, e)) > READ_END) {
            if (got == READ_HEADER)
                continue;
            msgpack_packer *packer = frame_out_record(out);
            packer->callback(packer->data, record.at, record.len);
            if (frame_out_commit(out, e)) {
                got = READ_ERROR;
                break;
            }
        }
    }
    frame_in_close(in);
    return got == READ_END ? 0 : e->status;
}

void held_close(struct held *h)
{
    frame_out_release(&h->out);
    sink_discard(&h->sink);
}
