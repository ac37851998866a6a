#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/num.h"

void *vec_grown(void *p, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return p;
    size_t room = *cap < 8 ? 8 : *cap + *cap / 2;
    if (room < need)
        room = need;
    p = mem_resize(p, room > SIZE_MAX / size ? SIZE_MAX : room * size);
    *cap = room;
    return p;
}

void buf_reserve(struct buf *b, size_t more)
{
    b->at = vec_grown(b->at, &b->cap, b->len + more, 1);
}

void buf_text(struct buf *b, const char *text)
{
    buf_append(b, text, strlen(text));
}

void buf_whole(struct buf *b, int32_t value)
{
    buf_reserve(b, NUM_TEXT);
    b->len += num_whole(value, b->at + b->len);
}

void buf_six_digits(struct buf *b, float value)
{
    buf_reserve(b, NUM_TEXT);
    b->len += num_six_digits(value, b->at + b->len);
}

/* Formats into the room that there is, and once more where it is too small. */
void buf_format(struct buf *b, const char *format, ...)
{
    va_list args;
    buf_reserve(b, 1);
    va_start(args, format);
    int n = vsnprintf(b->at + b->len, b->cap - b->len, format, args);
    va_end(args);
    if ((size_t)n >= b->cap - b->len) {
        buf_reserve(b, (size_t)n + 1);
        va_start(args, format);
        vsnprintf(b->at + b->len, (size_t)n + 1, format, args);
        va_end(args);
    }
    b->len += (size_t)n;
}

int buf_write(void *b, const char *bytes, size_t n)
{
    buf_append(b, bytes, n);
    return 0;
}

void buf_release(struct buf *b)
{
    mem_free(b->at);
    *b = (struct buf){0};
}
