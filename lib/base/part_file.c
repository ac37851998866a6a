#include "base/part_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/path.h"

/* PARTS: of one output that several processes write at a time. */
enum { OPEN_LIMIT = 16, PARTS = 32, LONGEST_SUFFIX = sizeof ".sesspipe-31.part" - 1 };

/* ---- names that a signal handler has to remove: the handler has no argument, so they are a
 * variable of the process ---- */

static _Atomic(char *) open_parts[OPEN_LIMIT];

void part_file_forget(const char *name)
{
    for (int i = 0; i < OPEN_LIMIT; i++) {
        char *expected = (char *)(size_t)name;
        if (atomic_compare_exchange_strong(&open_parts[i], &expected, NULL))
            return;
    }
}

int part_file_remember(char *name)
{
    for (int i = 0; i < OPEN_LIMIT; i++) {
        char *expected = NULL;
        if (atomic_compare_exchange_strong(&open_parts[i], &expected, name))
            return 0;
    }
    return -1;
}

void part_file_remove_all(void)
{
    for (int i = 0; i < OPEN_LIMIT; i++) {
        char *name = atomic_exchange(&open_parts[i], NULL);
        if (name)
            unlink(name);
    }
}

/* ---- names ---- */

/* The longest beginning of a name that leaves room for the suffix and cuts no UTF-8 character. */
static size_t stem_length(const char *base)
{
    size_t n = strlen(base), most = NAME_MAX - LONGEST_SUFFIX;
    if (n <= most)
        return n;
    while (most && ((unsigned char)base[most] & 0xc0) == 0x80)
        most--;
    return most;
}

static char *name_of(const char *path, int number)
{
    const char *base = path_base(path);
    struct buf name = {0};
    buf_append(&name, path, (size_t)(base - path) + stem_length(base));
    buf_format(&name, ".sesspipe-%d.part", number);
    buf_byte(&name, 0);
    return name.at;
}

char *part_file_kept(const char *name)
{
    struct buf kept = {0};
    size_t n = strlen(name);
    buf_append(&kept, name, n > 5 && !strcmp(name + n - 5, ".part") ? n - 5 : n);
    buf_text(&kept, kept.len < n ? ".kept" : "");
    buf_byte(&kept, 0);
    return kept.at;
}

static int is_kept(const char *part)
{
    struct stat there;
    char *kept = part_file_kept(part);
    int is = !lstat(kept, &there);
    mem_free(kept);
    return is;
}

/* ---- locks: of the open file, so that two outputs of one process do not share one ---- */

void part_file_lock(int fd)
{
    flock(fd, LOCK_EX | LOCK_NB);
}

/* Whoever locks the file that has the name may remove it: only its owner and who found it without
 * one take the lock. */
static void remove_left(const char *name)
{
    struct stat there;
    int fd = open(name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (!fstat(fd, &there) && S_ISREG(there.st_mode) && !flock(fd, LOCK_EX | LOCK_NB) &&
        path_is_open(name, fd) == 1)
        unlink(name);
    close(fd);
}

void part_file_sweep(const char *path)
{
    for (int i = 0; i < PARTS; i++) {
        char *name = name_of(path, i);
        remove_left(name);
        mem_free(name);
    }
}

/* Creates the file of that name, which is remembered before the file is there, so that no signal
 * falls between; -1 and errno, EEXIST for a name that another process uses.  Another may have swept
 * the new file before it was locked; on a file system without locks no one sweeps. */
static int create(char *name, mode_t mode)
{
    if (part_file_remember(name)) {
        errno = EMFILE;
        return -1;
    }
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    int why = fd < 0 ? errno : EEXIST;
    if (fd >= 0) {
        int locked = !flock(fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK;
        int own = locked && path_is_open(name, fd) != 0;
        if (own && !is_kept(name))
            return fd;
        if (own)
            unlink(name);
        close(fd);
    }
    part_file_forget(name);
    errno = why;
    return -1;
}

int part_file_create(const char *path, mode_t mode, char **name)
{
    for (int i = 0; i < PARTS; i++) {
        *name = name_of(path, i);
        int fd = create(*name, mode);
        int why = errno;
        if (fd >= 0)
            return fd;
        mem_free(*name);
        *name = NULL;
        errno = why;
        if (why != EEXIST)
            return -1;
    }
    return -1;
}
