#include "base/temp_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

int temp_file_open(struct temp_file *s, const char *folder, struct err *e)
{
    struct buf name = {0};
    if (!folder)
        folder = getenv("TMPDIR");
    if (!folder || !*folder)
        folder = "/tmp";
    *s = (struct temp_file){.fd = -1, .folder = mem_copy(folder, strlen(folder))};
    buf_format(&name, "%s/sesspipe.XXXXXX", folder);
    buf_byte(&name, '\0');
    s->fd = mkstemp(name.at);
    int why = errno;
    if (s->fd >= 0) {
        unlink(name.at);
        fcntl(s->fd, F_SETFD, FD_CLOEXEC);
    }
    buf_release(&name);
    return s->fd >= 0 ? 0
                      : err_set(e, STATUS_CANTCREATE, "cannot create a temporary file in %s: %s",
                                s->folder, strerror(why));
}

int temp_file_append(struct temp_file *s, const void *bytes, size_t n, struct err *e)
{
    for (size_t done = 0; done < n;) {
        ssize_t now = pwrite(s->fd, (const char *)bytes + done, n - done, (off_t)s->size);
        if (now < 0 && errno == EINTR)
            continue;
        if (now < 0)
            return err_set(e, STATUS_IO, "cannot write a temporary file in %s: %s", s->folder,
                           strerror(errno));
        done += (size_t)now;
        s->size += (uint64_t)now;
    }
    return 0;
}

int temp_file_read(const struct temp_file *s, uint64_t offset, void *to, size_t n, struct err *e)
{
    for (size_t done = 0; done < n;) {
        ssize_t now = pread(s->fd, (char *)to + done, n - done, (off_t)(offset + done));
        if (now < 0 && errno == EINTR)
            continue;
        if (now <= 0)
            return err_set(e, STATUS_IO, "cannot read a temporary file in %s: %s", s->folder,
                           now ? strerror(errno) : "it has become shorter");
        done += (size_t)now;
    }
    return 0;
}

void temp_file_close(struct temp_file *s)
{
    if (s->fd >= 0)
        close(s->fd);
    mem_free(s->folder);
    *s = (struct temp_file){.fd = -1};
}
