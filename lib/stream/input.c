#include "stream/input.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/file_type.h"
#include "base/signals.h"

enum { READ_SIZE = 256 << 10 };

static bool is_stdin(const char *path)
{
    return !strcmp(path, "-");
}

int input_open(struct input *in, const char *const *paths, int count, struct err *e)
{
    static const char *const standard[] = {"-"};
    *in = (struct input){.paths = count ? paths : standard, .count = count ? count : 1, .fd = -1};
    for (int i = 0; i < in->count; i++) {
        struct stat there;
        const char *path = in->paths[i];
        if (is_stdin(path))
            continue;
        if (stat(path, &there) || access(path, R_OK))
            return err_set(e, STATUS_NOINPUT, "cannot read %s: %s", path, strerror(errno));
        if (S_ISDIR(there.st_mode))
            return err_set(e, STATUS_NOINPUT, "cannot read %s: it is a folder", path);
    }
    return 0;
}

static void close_current(struct input *in)
{
    if (in->fd > STDIN_FILENO)
        close(in->fd);
    in->fd = -1;
}

int input_advance(struct input *in, bool *any, struct err *e)
{
    close_current(in);
    *any = in->next < in->count;
    if (!*any)
        return 0;
    const char *path = in->paths[in->next++];
    in->ended = false;
    in->at = 0;
    buf_clear(&in->buffer);
    if (is_stdin(path)) {
        in->fd = STDIN_FILENO;
        return 0;
    }
    in->fd = descriptor_open(path, 0);
    if (in->fd < 0)
        return err_set(e, STATUS_NOINPUT, "cannot read %s: %s", path, strerror(errno));
    return 0;
}

const char *input_name(const struct input *in)
{
    const char *path = in->paths[in->next ? in->next - 1 : 0];
    return is_stdin(path) ? "standard input" : path;
}

/* One read into the room that is left. */
static int read_some(struct input *in, struct err *e)
{
    if (!signals_wait(in->fd))
        return err_set(e, STATUS_IO, "stopped while reading %s", input_name(in));
    ssize_t got =
        descriptor_read(in->fd, in->buffer.at + in->buffer.len, in->buffer.cap - in->buffer.len);
    if (got < 0)
        return err_set(e, STATUS_IO, "cannot read %s: %s", input_name(in), strerror(errno));
    in->ended = got == 0;
    in->buffer.len += (size_t)got;
    in->read += (uint64_t)got;
    input_meter_bytes(in->meter, (size_t)got);
    return 0;
}

static void drop_consumed(struct input *in)
{
    if (!in->at)
        return;
    memmove(in->buffer.at, in->buffer.at + in->at, input_available(in));
    in->buffer.len -= in->at;
    in->at = 0;
}

int input_need(struct input *in, size_t n, struct err *e)
{
    while (input_available(in) < n && !in->ended) {
        if (in->buffer.cap - in->at < n)
            drop_consumed(in);
        /* The length may be false, so no memory is reserved by it: the buffer doubles when it is
         * full. */
        if (in->buffer.cap == in->buffer.len)
            buf_reserve(&in->buffer, in->buffer.cap ? in->buffer.cap : READ_SIZE);
        if (read_some(in, e))
            return e->status;
    }
    return 0;
}

bool input_poll(struct input *in)
{
    struct pollfd fd = {.fd = in->fd, .events = POLLIN};
    if (in->buffer.cap == in->buffer.len || poll(&fd, 1, 0) <= 0)
        return false;
    struct err ignored; /* the next input_need fails in the same way */
    return !read_some(in, &ignored);
}

static bool begins(const struct input *in, const char *with)
{
    size_t n = strlen(with);
    return input_available(in) >= n && !memcmp(input_bytes(in), with, n);
}

static bool is_text(const struct input *in)
{
    size_t n = input_available(in) < 64 ? input_available(in) : 64;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = input_bytes(in)[i];
        if (c < ' ' && c != '\t' && c != '\n' && c != '\r')
            return false;
    }
    return true;
}

static const struct {
    const char *begin, *what;
} known[] = {
    {"\x93\xaaSESSPIPE",
     "a stream whose bytes were changed on the way: copy it as binary, without touching line ends"},
    {"{\"", "JSON: programs read the binary streams that programs write"},
    {"[\"", "JSON: programs read the binary streams that programs write"},
};

int input_describe(const struct input *in, const char *kind, struct err *e)
{
    const char *name = input_name(in), *wanted = kind ? kind : "records";
    size_t len = input_available(in);
    if (!len)
        return err_set(e, STATUS_DATA,
                       "%s is empty where a stream of %s is expected: the program before this one "
                       "failed, or there is none",
                       name, wanted);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (begins(in, known[i].begin))
            return err_set(e, STATUS_DATA, "%s is %s", name, known[i].what);
    const struct file_type *type = file_type_of((struct bytes){(const char *)input_bytes(in), len});
    if (type)
        return err_set(e, STATUS_DATA, "%s is %s, not a stream of %s: %s", name, type->name, wanted,
                       type->advice);
    if (is_text(in))
        return err_set(e, STATUS_DATA,
                       "%s is text where a stream of %s is expected: lfm-sessionize, "
                       "reddit-, csv- and json-sessionize make streams of raw logs",
                       name, wanted);
    return err_set(e, STATUS_DATA,
                   "%s is not a stream of %s: it begins with the byte 0x%02x, not with the header "
                   "of a stream",
                   name, wanted, input_bytes(in)[0]);
}

void input_close(struct input *in)
{
    close_current(in);
    buf_release(&in->buffer);
}
