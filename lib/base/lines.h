/* Lines of files or standard input, one input after another, in memory that no line can outgrow. */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/unpack.h"
#include "base/input_meter.h"
#include "base/text_fields.h"

#ifdef WITH_LIBFUZZER /* short inputs reach the ends of blocks, and lines that are too long */
enum { LINE_LIMIT = 700, LINE_BLOCK = 128 };
#else
enum { LINE_LIMIT = 1 << 20, LINE_BLOCK = 128 << 10 };
#endif

enum line_result {
    LINE_END = 0,
    LINE_TEXT = 1,
    LINE_LONG = 2, /* a line above LINE_LIMIT bytes, whose rest the next call skips */
    LINE_ERROR = -1,
};

struct lines {
    const char *const *paths;
    int count, opened;         /* inputs in all and so far */
    int fd;                    /* -1: none is open */
    struct unpack unpack;      /* gives its bytes */
    const char *name;          /* of the input, for messages */
    uint64_t number;           /* of the line in its input, from 1 */
    uint64_t span;             /* lines that the last one consists of, after lines_extend */
    struct input_meter *meter; /* counts what is read; the caller may set it after lines_open */
    struct input_wait wait;    /* the caller may set it at any time */
    char *block;
    size_t last, first;       /* where the last line begins; its bytes before it was extended */
    size_t at, searched, end; /* the next line begins; no newline before; what is filled */
    bool ended;               /* the input: nothing is left but what is in the block */
    bool skipping;            /* the rest of a line that was too long */
    bool from_file;           /* the input is a regular file */
};

/* `count` = 0 or a path "-": standard input.  `paths` stay the caller's. */
void lines_open(struct lines *l, const char *const *paths, int count);

/* What is compressed by gzip, zstd, xz or bzip2 is read as what was compressed (base/unpack.h).
 *
 * The next line without its "\n" or "\r\n", also with several "\r" as in a text that was converted
 * twice, valid until the next call; the last one may lack its newline.  Byte order marks of UTF-8
 * at the beginning of any line are dropped, since files with marks may have been joined.  Every
 * byte but these is kept, NUL too.  LINE_LONG gives its first LINE_LIMIT bytes. LINE_ERROR: 66 no
 * such input, 74 a failing read, 65 compressed bytes that are damaged or cut off. */
enum line_result lines_next(struct lines *l, struct bytes *line, struct err *e);

/* The next line of the open input, split as well, where both can be done at once in what has been
 * read of it: as nearly always.  False: nothing has happened, and lines_next gives the line. */
static inline bool lines_split_next(struct lines *l, struct line_fields *fields, struct bytes *line)
{
    const char *from = l->block + l->at;
    if (l->searched == l->end || l->skipping || *from == '\xef')
        return false;
    const char *newline = fields_split_line(from, l->block + l->end, fields), *stop = newline;
    if (!newline || newline - from > LINE_LIMIT)
        return false;
    while (stop > from && stop[-1] == '\r')
        stop--;
    *line = (struct bytes){from, (size_t)(stop - from)};
    l->first = (size_t)(newline + 1 - from);
    l->last = l->at;
    l->at += l->first;
    l->searched = l->at;
    l->number += l->span;
    l->span = 1;
    return true;
}

/* The parts of it: opens the next input, unless one is open (LINE_END: there is none); gives the
 * next line of that input (LINE_END: it has no more); closes it. */
enum line_result lines_begin(struct lines *l, struct err *e);
enum line_result lines_next_here(struct lines *l, struct bytes *line, struct err *e);
void lines_end(struct lines *l);

/* For what is no line: reads more of the input behind [at, end) of the block, LINE_LIMIT bytes at
 * most, which moves to its begin; `searched` is where they ended. LINE_END: there is no more. */
enum line_result lines_more(struct lines *l, struct err *e);

/* Reads what there is to read without waiting.  LINE_TEXT: lines_next will not wait, for a line or
 * for the end of the input is there.  LINE_END: it would.  LINE_ERROR: as lines_next. */
enum line_result lines_ready(struct lines *l, struct err *e);

/* Extends the last line by the one after it, the line end between them included; its number stays.
 * LINE_END: it is the last line of its input. LINE_LONG: it would be too long; the caller has to
 * call lines_rewind. */
enum line_result lines_extend(struct lines *l, struct bytes *line, struct err *e);

/* Gives the line back as it was before it was extended; the lines after it are read again. Returns
 * the number of lines that it had. */
uint64_t lines_rewind(struct lines *l, struct bytes *line);

/* Whether the last line is the end of its input, without a newline, and may be a part of a line: a
 * pipe ends in the same way where the program before has failed. A file is as it is, and compressed
 * bytes have an end of their own. */
bool lines_may_be_cut(const struct lines *l);

void lines_close(struct lines *l);

#endif
