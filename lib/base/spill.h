/* A growing run of bytes that moves to a temporary file when it outgrows its limit, and is then
 * read through a mapping: the system keeps in memory what is used. */
#ifndef BASE_SPILL_H
#define BASE_SPILL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/temp_file.h"

/* {.limit = N} is empty.  It goes to the file when it has more than `limit` bytes, or, where
 * `within` is set, when the whole program holds more than that (mem_held); 0: no limit. */
struct spill {
    size_t limit, within;
    const char *at; /* all bytes, valid after spill_end */
    size_t len;
    struct buf memory; /* all of them, or those after what the file holds */
    struct temp_file file;
    bool filed; /* the file is open */
};

/* Whether n bytes more are too many for memory. */
static inline bool spill_is_beyond(const struct spill *s, size_t n)
{
    return s->within ? mem_held() > s->within : s->limit && s->len + n > s->limit;
}

/* Where there is no room in memory. */
int spill_append_far(struct spill *s, const void *bytes, size_t n, struct err *e);

/* 73, 74: the temporary file. */
static inline int spill_append(struct spill *s, const void *bytes, size_t n, struct err *e)
{
    if (s->filed || s->memory.cap - s->memory.len < n || spill_is_beyond(s, n))
        return spill_append_far(s, bytes, n, e);
    buf_append(&s->memory, bytes, n);
    s->len += n;
    return 0;
}

/* Copies the n bytes at `at`, which have been appended; more may be appended after it.  74. */
int spill_read(const struct spill *s, size_t at, size_t n, void *to, struct err *e);

/* Nothing more is appended: sets `at`.  Once more, after `within` was changed: what is in memory
 * goes to the file if it has to now.  71: the file cannot be mapped.  73, 74. */
int spill_end(struct spill *s, struct err *e);

/* Gives back the memory through which the file was read; what is read again comes from the file. */
void spill_forget(const struct spill *s);

/* Empties it, to be filled again. */
void spill_clear(struct spill *s);

void spill_release(struct spill *s);

#endif
