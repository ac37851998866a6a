/* Lines of JSON: what is taken for a stream comes back as the same lines. */
#include "stream/from_json.h"

#include "fuzz.h"
#include "streams.h"

static int append_text(void *to, struct buf *text, struct err *e)
{
    (void)e;
    buf_append(to, text->at, text->len);
    buf_clear(text);
    return 0;
}

static int build(const void *lines, size_t n, struct buf *stream)
{
    const char *path = stream_file(lines, n);
    FILE *file = stream_temporary();
    struct output_file sink = {.fd = fileno(file)};
    struct from_json b = {.sink = &sink};
    struct err e;
    int status = from_json_inputs(&b, &path, 1, &e);
    from_json_release(&b);
    stream_bytes(file, stream);
    return status;
}

static void show(const struct buf *stream, struct buf *lines)
{
    const char *path = stream_file(stream->at, stream->len);
    struct frame_in *in;
    struct buf text = {0};
    struct err e;
    must(frame_in_open(&in, &path, 1, -1, true, &e), &e);
    must(to_json_lines(in, UINT64_MAX, &text, append_text, lines, &e), &e);
    frame_in_close(in);
    buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf stream = {0}, lines = {0}, again = {0};
    if (!build(data, size, &stream)) {
        read_every_way(stream.at, stream.len);
        show(&stream, &lines);
        if (build(lines.at, lines.len, &again) ||
            !bytes_equal((struct bytes){stream.at, stream.len},
                         (struct bytes){again.at, again.len}))
            __builtin_trap();
    }
    buf_release(&stream);
    buf_release(&lines);
    buf_release(&again);
    return 0;
}
