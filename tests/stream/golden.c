/* The bytes of small streams of each kind are those that were kept: the format does not change by
 * accident.  `golden write FOLDER` writes them anew. */
#include <libgen.h>

#include "../streams.h"
#include "../tap.h"

static void read_kept(const char *folder, int kind, struct buf *to)
{
    char path[2048];
    snprintf(path, sizeof path, "%s/%s", folder, sample_name[kind]);
    FILE *file = fopen(path, "rb");
    if (file)
        stream_bytes(file, to);
}

static int write_kept(const char *folder, int kind, const struct buf *stream)
{
    char path[2048];
    snprintf(path, sizeof path, "%s/%s", folder, sample_name[kind]);
    FILE *file = fopen(path, "wb");
    return !file || fwrite(stream->at, 1, stream->len, file) != stream->len || fclose(file);
}

int main(int argc, char **argv)
{
    char kept_folder[1024];
    snprintf(kept_folder, sizeof kept_folder, "%s/../../../../tests/fuzz/frame", dirname(argv[0]));
    for (int kind = 0; kind < SAMPLE_COUNT; kind++) {
        struct buf made = {0}, kept = {0};
        stream_make(kind, true, &made);
        if (argc == 3 && write_kept(argv[2], kind, &made))
            return 1;
        read_kept(argc == 3 ? argv[2] : kept_folder, kind, &kept);
        tap_ok(made.len == kept.len && !memcmp(made.at, kept.at, made.len),
               "a small stream of %s has the bytes that were kept", sample_name[kind]);
        buf_release(&made);
        buf_release(&kept);
    }
    return tap_done();
}
