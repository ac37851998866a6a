#define _XOPEN_SOURCE 700 /* realpath */
#include "base/output_path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/path.h"

enum { LINKS = 40 }; /* as many as the system follows */

static int cannot(const char *name, int why, struct err *e)
{
    return err_set(e, STATUS_CANTCREATE, "cannot create %s: %s", name, strerror(why));
}

/* The descriptor that a name in /dev/fd or /proc/self/fd means; -1: it is another name. */
static int descriptor_of(const char *name)
{
    char own[40], real[PATH_MAX];
    int64_t number;
    const char *base = path_base(name);
    if (!num_i64(base, strlen(base), &number) || number < 0 || number > INT_MAX)
        return -1;
    char *folder = path_folder(name);
    snprintf(own, sizeof own, "/proc/%ld/fd", (long)getpid());
    bool is = realpath(folder, real) && !strcmp(real, own);
    mem_free(folder);
    return is ? (int)number : -1;
}

/* Replaces p->name, a symbolic link, by the name that it holds. */
static int follow_link(struct output_path *p, struct err *e)
{
    char target[PATH_MAX];
    ssize_t n = readlink(p->name, target, sizeof target - 1);
    if (n < 0)
        return cannot(p->name, errno, e);
    struct buf next = {0};
    if (n && target[0] != '/') {
        char *folder = path_folder(p->name);
        buf_format(&next, "%s/", folder);
        mem_free(folder);
    }
    buf_append(&next, target, (size_t)n);
    buf_byte(&next, 0);
    mem_free(p->name);
    p->name = next.at;
    return 0;
}

/* As descriptor_of, of a link to such a name too, as /dev/stdout is one: opened by its name, what
 * the descriptor has open could take what the descriptor does not, and a socket could not be
 * opened. */
static int descriptor_behind(const char *name)
{
    struct output_path p = {.name = mem_copy(name, strlen(name))};
    struct err unused;
    int descriptor = descriptor_of(p.name);
    for (int links = 0; descriptor < 0 && links < LINKS; links++) {
        if (lstat(p.name, &p.stat) || !S_ISLNK(p.stat.st_mode) || follow_link(&p, &unused))
            break;
        descriptor = descriptor_of(p.name);
    }
    mem_free(p.name);
    return descriptor;
}

int output_path_follow(struct output_path *p, const char *name, struct err *e)
{
    *p = (struct output_path){.name = mem_copy(name, strlen(name)), .descriptor = -1};
    if (!*name)
        return err_set(e, STATUS_CANTCREATE, "an output has an empty name");
    p->descriptor = descriptor_behind(name);
    p->direct = p->descriptor >= 0;
    for (int links = 0; !p->direct; links++) {
        p->direct = !stat(p->name, &p->stat) && !S_ISREG(p->stat.st_mode);
        if (p->direct && S_ISDIR(p->stat.st_mode))
            return err_set(e, STATUS_CANTCREATE, "%s is a folder: name another output", name);
        if (p->direct)
            return 0;
        if (lstat(p->name, &p->stat))
            return errno == ENOENT ? 0 : cannot(name, errno, e);
        p->there = S_ISREG(p->stat.st_mode);
        if (!S_ISLNK(p->stat.st_mode))
            return 0;
        if (links == LINKS)
            return cannot(name, ELOOP, e);
        if (follow_link(p, e))
            return e->status;
    }
    return 0;
}

void output_path_release(struct output_path *p)
{
    mem_free(p->name);
    p->name = NULL;
}

char *output_path_file(const char *name)
{
    struct output_path p;
    struct err unused;
    if (!name || !strcmp(name, "-"))
        return NULL;
    if (!output_path_follow(&p, name, &unused) && !p.direct)
        return p.name;
    output_path_release(&p);
    return NULL;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat first, second;
    return !stat(a, &first) && !stat(b, &second) && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* Whether both are, or will be, files of one name in one folder. */
static bool is_same_place(const char *a, const char *b)
{
    char *first = path_folder(a), *second = path_folder(b);
    bool same = !strcmp(path_base(a), path_base(b)) && is_same_file(first, second);
    mem_free(first);
    mem_free(second);
    return same;
}

bool output_path_same(const char *a, const char *b)
{
    char *first = output_path_file(a), *second = output_path_file(b);
    bool same = first && second && (is_same_file(first, second) || is_same_place(first, second));
    mem_free(first);
    mem_free(second);
    return same;
}
