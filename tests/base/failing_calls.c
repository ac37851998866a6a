/* Outputs, locks, logs and temporary files while each system call fails in turn. */
#define _GNU_SOURCE
#include "../failing_calls.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/lines.h"
#include "base/lock.h"
#include "base/output_file.h"
#include "base/spill.h"

#include "../files.h"

static const char text[] = "one\ntwo\n";

/* Writes in two parts and commits, or discards. */
static int write_all(struct output_file *s, struct err *e)
{
    int status = output_file_write(s, text, 4, e);
    if (!status)
        status = output_file_write(s, text + 4, 4, e);
    if (!status)
        return output_file_commit(s, e);
    output_file_discard(s);
    return status;
}

static int new_output(struct buf *made, struct err *e)
{
    struct output_file s;
    int status = output_file_open(&s, "out", e);
    status = status ? status : write_all(&s, e);
    struct buf there = bytes_of_file("out");
    if (status && there.len && there.len != sizeof text - 1)
        err_set(e, status = STATUS_FAIL, "an output that failed is there in part");
    buf_release(&there);
    return status ? (unlink("out"), status) : taken("out", made);
}

/* In place of a file that is there, through a link. */
static int replaced(struct buf *made, struct err *e)
{
    struct output_file s;
    text_to_file("file", "before");
    if (symlink("file", "link"))
        return err_set(e, STATUS_IO, "link: %s", strerror(errno));
    int status = output_file_open(&s, "link", e);
    status = status ? status : write_all(&s, e);
    struct buf now = bytes_of_file("file");
    if (status && !(now.len == 6 && !memcmp(now.at, "before", 6)))
        err_set(e, status = STATUS_FAIL, "the file from before has changed");
    buf_release(&now);
    unlink("link");
    return status ? (unlink("file"), status) : taken("file", made);
}

/* To a descriptor. */
static int direct(struct buf *made, struct err *e)
{
    struct output_file s;
    char name[40];
    int fd = (int)syscall(SYS_openat, AT_FDCWD, "there", O_RDWR | O_CREAT | O_TRUNC, 0600);
    snprintf(name, sizeof name, "/dev/fd/%d", fd);
    int status = output_file_open(&s, name, e);
    status = status ? status : write_all(&s, e);
    syscall(SYS_close, fd);
    return status ? (unlink("there"), status) : taken("there", made);
}

static int checked(struct buf *made, struct err *e)
{
    int status = output_file_check("out", e);
    status = status ? status : output_file_check("/dev/null", e);
    buf_byte(made, 'x');
    return status;
}

/* Kept under a name of its own, and gone on with. */
static int kept(struct buf *made, struct err *e)
{
    struct output_file s;
    uint64_t length = 0;
    char left[80] = "";
    int status = output_file_open(&s, "out", e);
    if (status)
        return status;
    status = output_file_write(&s, text, 4, e);
    if (!status)
        status = output_file_keep(&s, &length, e);
    if (!status)
        status = output_file_name_kept(&s, e);
    snprintf(left, sizeof left, "%s", s.temporary);
    output_file_discard(&s);
    if (!status) {
        status = output_file_continue(&s, "out", left, length, e);
        if (!status)
            status = output_file_write(&s, text + 4, 4, e);
        if (!status)
            status = output_file_commit(&s, e);
        else
            output_file_discard(&s);
    }
    unlink(left);
    return status ? (unlink("out"), status) : taken("out", made);
}

static int locked(struct buf *made, struct err *e)
{
    struct lock l;
    int status = lock_take(&l, "run", e);
    lock_release(&l);
    buf_byte(made, 'x');
    return status;
}

static int read_lines(struct buf *made, struct err *e)
{
    static const char *const paths[] = {"log", "log.gz"};
    struct lines l;
    struct bytes line;
    enum line_result got;
    lines_open(&l, paths, 2);
    while ((got = lines_next(&l, &line, e)) == LINE_TEXT)
        buf_append(made, line.at, line.len);
    lines_close(&l);
    return got == LINE_ERROR ? e->status : 0;
}

static int spilled(struct buf *made, struct err *e)
{
    struct spill s = {.limit = 4};
    char back[8];
    int status = spill_append(&s, text, 4, e);
    if (!status)
        status = spill_append(&s, text + 4, 4, e);
    if (!status)
        status = spill_read(&s, 2, 4, back, e);
    if (!status)
        status = spill_end(&s, e);
    if (!status) {
        buf_append(made, back, 4);
        buf_append(made, s.at, s.len);
    }
    spill_release(&s);
    return status;
}

int main(void)
{
    setenv("TMPDIR", ".", 1);
    text_to_file("log", text);
    if (system("gzip -c log >log.gz"))
        return tap_done();
    each_call_fails("a new output", new_output);
    each_call_fails("a file that is replaced", replaced);
    each_call_fails("a descriptor", direct);
    each_call_fails("whether an output can be made", checked);
    each_call_fails("an output that is kept", kept);
    each_call_fails("a lock", locked);
    each_call_fails("a log", read_lines);
    each_call_fails_of(3, "a log, 3 bytes at a time", read_lines);
    each_call_fails("a temporary file", spilled);
    return tap_done();
}
