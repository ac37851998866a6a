#include "stream/spool.h"

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

/* The head of a block in the file; its records follow. */
struct held_block {
    uint64_t len, records;
};

int spool_open(struct spool *h, const char *path, struct err *e)
{
    *h = (struct spool){.path = path, .scratch.fd = -1};
    return find_folder(path, &h->folder, e);
}

static int open_scratch(struct spool *h, struct err *e)
{
    int status = temp_file_open(&h->scratch, h->folder, e);
    return status && h->path ? err_at(e, "%s", h->path) : status;
}

int spool_add(void *spool, struct bytes block, uint32_t records, struct err *e)
{
    struct spool *h = spool;
    struct held_block head = {block.len, records};
    if (h->scratch.fd < 0 && open_scratch(h, e))
        return e->status;
    return temp_file_append(&h->scratch, &head, sizeof head, e)
               ? e->status
               : temp_file_append(&h->scratch, block.at, block.len, e);
}

int spool_pour(const struct spool *h, struct frame_out *out, struct err *e)
{
    struct held_block head;
    for (uint64_t at = 0; at < h->scratch.size; at += sizeof head + head.len) {
        if (temp_file_read(&h->scratch, at, &head, sizeof head, e) ||
            temp_file_read(&h->scratch, at + sizeof head, frame_out_room(out, head.len), head.len,
                           e) ||
            frame_out_block(out, head.len, (uint32_t)head.records, e))
            return e->status;
    }
    return 0;
}

void spool_close(struct spool *h)
{
    temp_file_close(&h->scratch);
    mem_free(h->folder);
    h->folder = NULL;
}
