#include "base/lines.h"

#include <errno.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptor.h"

void lines_open(struct lines *l, const char *const *paths, int count)
{
    static const char *const standard_input[] = {"-"};
    *l = (struct lines){.paths = count ? paths : standard_input, .count = count ? count : 1};
    l->fd = -1;
    l->block = mem_alloc(LINE_LIMIT + LINE_BLOCK + LINE_MARGIN);
}

enum line_result lines_begin(struct lines *l, struct err *e)
{
    if (l->fd >= 0)
        return LINE_TEXT;
    if (l->opened == l->count)
        return LINE_END;
    const char *path = l->paths[l->opened++];
    bool standard = !strcmp(path, "-");
    l->name = standard ? "standard input" : path;
    l->number = 0;
    l->span = 1;
    l->ended = l->skipping = false;
    l->fd = standard ? STDIN_FILENO : descriptor_open(path, 0);
    if (l->fd < 0) {
        err_set(e, STATUS_NOINPUT, "cannot open %s: %s", path, strerror(errno));
        return LINE_ERROR;
    }
    struct stat there;
    l->from_file = !fstat(l->fd, &there) && S_ISREG(there.st_mode);
    unpack_open(&l->unpack, l->fd, l->name, l->meter);
    return LINE_TEXT;
}

void lines_end(struct lines *l)
{
    if (l->fd < 0)
        return;
    unpack_close(&l->unpack);
    if (l->fd > STDIN_FILENO)
        close(l->fd);
    l->fd = -1;
}

/* Reads more after what is left of the block; *got = 0 at the end of the input. */
static int fill(struct lines *l, size_t *got, struct err *e)
{
    size_t left = l->end - l->at;
    if (l->at)
        memmove(l->block, l->block + l->at, left);
    l->at = 0;
    l->searched = l->end = left;
    l->unpack.wait = l->wait;
    if (unpack_read(&l->unpack, l->block + l->end, LINE_BLOCK, got, e))
        return e->status;
    l->end += *got;
    return 0;
}

/* Hands out [at, stop); the next line begins at `next`. */
static inline enum line_result deliver(struct lines *l, size_t stop, size_t next,
                                       struct bytes *line)
{
    char *from = l->block + l->at;
    size_t len = stop - l->at;
    bool is_long = len > LINE_LIMIT;
    if (is_long)
        len = LINE_LIMIT;
    else
        while (len && from[len - 1] == '\r')
            len--;
    *line = (struct bytes){from, len};
    l->last = l->at;
    l->at = l->searched = next;
    return is_long ? LINE_LONG : LINE_TEXT;
}

/* Skips what the block has of a line that was too long. */
static void skip_some(struct lines *l)
{
    const char *newline = memchr(l->block + l->at, '\n', l->end - l->at);
    l->at = l->searched = newline ? (size_t)(newline + 1 - l->block) : l->end;
    l->skipping = !newline;
}

/* Skips what is left of it. */
static int skip_rest(struct lines *l, struct err *e)
{
    size_t got = 1;
    while (l->skipping && got) {
        skip_some(l);
        if (l->skipping && fill(l, &got, e))
            return e->status;
    }
    l->ended |= !got;
    l->skipping = false;
    return 0;
}

/* Searches the end of the line from `searched` on. LINE_END: no line is left that ends in a
 * newline.  LINE_LONG as soon as the line is too long: its end may never come. */
static inline enum line_result find_end(struct lines *l, struct bytes *line, struct err *e)
{
    for (;;) {
        size_t unsearched = l->end - l->searched, got = 0;
        char *newline = unsearched ? memchr(l->block + l->searched, '\n', unsearched) : NULL;
        if (newline) {
            size_t stop = (size_t)(newline - l->block);
            return deliver(l, stop, stop + 1, line);
        }
        if (l->ended)
            return LINE_END;
        if (l->end - l->at > LINE_LIMIT) {
            l->skipping = true;
            return deliver(l, l->end, l->end, line);
        }
        if (fill(l, &got, e))
            return LINE_ERROR;
        l->ended = !got;
    }
}

static inline void drop_mark(struct lines *l, struct bytes *line)
{
    while (line->len >= 3 && !memcmp(line->at, "\xef\xbb\xbf", 3)) {
        line->at += 3;
        line->len -= 3;
        l->last += 3;
    }
}

enum line_result lines_next_here(struct lines *l, struct bytes *line, struct err *e)
{
    enum line_result got = l->skipping && skip_rest(l, e) ? LINE_ERROR : find_end(l, line, e);
    if (got == LINE_END && l->end > l->at) /* without a newline */
        got = deliver(l, l->end, l->end, line);
    if (got <= LINE_END)
        return got;
    drop_mark(l, line);
    l->first = l->at - l->last;
    l->number += l->span;
    l->span = 1;
    return got;
}

enum line_result lines_next(struct lines *l, struct bytes *line, struct err *e)
{
    for (;;) {
        enum line_result begun = lines_begin(l, e);
        if (begun != LINE_TEXT)
            return begun;
        enum line_result got = lines_next_here(l, line, e);
        if (got != LINE_END)
            return got;
        lines_end(l);
    }
}

enum line_result lines_more(struct lines *l, struct err *e)
{
    size_t got;
    if (l->ended)
        return LINE_END;
    if (fill(l, &got, e))
        return LINE_ERROR;
    l->ended = !got;
    return got ? LINE_TEXT : LINE_END;
}

enum line_result lines_ready(struct lines *l, struct err *e)
{
    size_t got;
    if (lines_begin(l, e) == LINE_ERROR)
        return LINE_ERROR;
    while (l->fd >= 0 && !l->ended) {
        if (l->skipping)
            skip_some(l);
        if (!l->skipping && (l->end - l->at > LINE_LIMIT ||
                             memchr(l->block + l->searched, '\n', l->end - l->searched)))
            break;
        l->searched = l->end;
        if (!descriptor_ready(l->fd))
            return LINE_END;
        if (fill(l, &got, e))
            return LINE_ERROR;
        l->ended = !got;
    }
    return LINE_TEXT;
}

enum line_result lines_extend(struct lines *l, struct bytes *line, struct err *e)
{
    size_t had = l->at - l->last;
    l->at = l->last; /* what was searched is not searched again */
    enum line_result got = find_end(l, line, e);
    if (got == LINE_END) {
        bool more = l->end - l->at > had;
        deliver(l, l->end, l->end, line);
        got = more ? LINE_TEXT : LINE_END;
    }
    l->span++;
    return got;
}

uint64_t lines_rewind(struct lines *l, struct bytes *line)
{
    uint64_t lines = l->span;
    size_t next = l->last + l->first;
    l->at = l->last;
    l->span = 1;
    l->skipping = false;
    deliver(l, next - (l->block[next - 1] == '\n'), next, line);
    return lines;
}

bool lines_may_be_cut(const struct lines *l)
{
    return l->ended && l->at == l->end && l->end && l->block[l->end - 1] != '\n' && !l->from_file &&
           !l->unpack.codec;
}

void lines_close(struct lines *l)
{
    lines_end(l);
    mem_free(l->block);
    l->block = NULL;
}
