#include "data/spool.h"

#include <string.h>

#include "base/output_path.h"
#include "base/path.h"

/* The folder of the file that the output's name leads to, to be freed; NULL: it leads to none. */
static int find_folder(const char *path, char **folder, struct err *e)
{
    struct output_path to = {.name = NULL};
    *folder = NULL;
    int status = path && strcmp(path, "-") ? output_path_follow(&to, path, e) : 0;
    if (!status && to.name && !to.direct)
        *folder = path_folder(to.name);
    output_path_release(&to);
    return status;
}

int spool_open(struct spool *h, const char *path, const struct meta *m, struct err *e)
{
    char *folder;
    if (find_folder(path, &folder, e))
        return e->status;
    int status = temp_file_open(&h->scratch, folder, e);
    mem_free(folder);
    if (status)
        return path ? err_at(e, "%s", path) : status;
    struct buf name = {0}; /* the sink frees it */
    buf_format(&name, "a temporary file in %s%s%s", h->scratch.folder, path ? " for " : "",
               path ? path : "");
    h->sink = (struct output_file){.fd = h->scratch.fd, .path = name.at};
    return frame_out_open(&h->out, &h->sink, m, false, e);
}

int spool_pour(struct spool *h, struct frame_out *out, struct err *e)
{
    struct frame_in *in = NULL;
    struct buf name = {0}; /* the name by which the system opens a file that has none */
    buf_format(&name, "/dev/fd/%d", h->scratch.fd);
    const char *path = name.at;
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
    buf_release(&name);
    return got == READ_END ? 0 : e->status;
}

void spool_close(struct spool *h)
{
    frame_out_release(&h->out);
    h->sink.fd = -1; /* that of the temporary file */
    output_file_discard(&h->sink);
    temp_file_close(&h->scratch);
}
