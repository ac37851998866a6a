#define _DEFAULT_SOURCE /* madvise */
#include "base/spill.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum { CHUNK = 1 << 18 }; /* bytes written at a time */

static int write_memory(struct spill *s, struct err *e)
{
    int status = temp_file_append(&s->file, s->memory.at, s->memory.len, e);
    buf_clear(&s->memory);
    return status;
}

static int begin_file(struct spill *s, struct err *e)
{
    if (temp_file_open(&s->file, NULL, e)) {
        temp_file_close(&s->file);
        return e->status;
    }
    s->filed = true;
    s->at = NULL; /* of what was in memory */
    int status = write_memory(s, e);
    buf_release(&s->memory);
    return status;
}

int spill_append_far(struct spill *s, const void *bytes, size_t n, struct err *e)
{
    buf_append(&s->memory, bytes, n);
    s->len += n;
    if (s->filed)
        return s->memory.len < CHUNK ? 0 : write_memory(s, e);
    return spill_is_beyond(s, 0) ? begin_file(s, e) : 0;
}

int spill_read(const struct spill *s, size_t at, size_t n, void *to, struct err *e)
{
    size_t filed = s->filed ? (size_t)s->file.size : 0;
    size_t first = at >= filed ? 0 : n < filed - at ? n : filed - at; /* bytes in the file */
    if (first && temp_file_read(&s->file, at, to, first, e))
        return e->status;
    if (n > first)
        memcpy((char *)to + first, s->memory.at + (at + first - filed), n - first);
    return 0;
}

int spill_end(struct spill *s, struct err *e)
{
    if (s->filed && s->at)
        return 0;
    if (!s->filed && s->len && spill_is_beyond(s, 0) && begin_file(s, e))
        return e->status;
    if (!s->filed) {
        s->at = s->memory.at;
        return 0;
    }
    if (s->memory.len && write_memory(s, e))
        return e->status;
    buf_release(&s->memory);
    void *at = mmap(NULL, s->len, PROT_READ, MAP_PRIVATE, s->file.fd, 0);
    s->at = at == MAP_FAILED ? NULL : at;
    return s->at ? 0
                 : err_set(e, STATUS_MEMORY, "cannot map a temporary file in %s: %s",
                           s->file.folder, strerror(errno));
}

void spill_forget(const struct spill *s)
{
    if (s->filed && s->at)
        madvise((void *)(uintptr_t)s->at, s->len, MADV_DONTNEED);
}

void spill_clear(struct spill *s)
{
    struct spill empty = {.limit = s->limit, .within = s->within};
    if (s->filed) {
        spill_release(s);
        *s = empty;
        return;
    }
    buf_clear(&s->memory);
    s->at = NULL;
    s->len = 0;
}

void spill_release(struct spill *s)
{
    if (s->filed && s->at)
        munmap((void *)(uintptr_t)s->at, s->len);
    if (s->filed)
        temp_file_close(&s->file);
    buf_release(&s->memory);
    *s = (struct spill){0};
}
