#include "eval/table.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

/* Counts characters; a byte that is not UTF-8 is one.  A wide character is one too, because
 * terminals differ in how they show it. */
static size_t characters(struct bytes text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; count++) {
        size_t n = utf8_length(text.at + i, text.len - i, NULL);
        i += n ? n : 1;
    }
    return count;
}

void table_bytes(struct table *t, struct bytes text)
{
    size_t column = t->end.len % t->columns, width = characters(text);
    utf8_clean(&t->text, text);
    vec_push(&t->end, t->text.len);
    if (t->width[column] < width)
        t->width[column] = width;
}

void table_cell(struct table *t, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    table_bytes(t, bytes_of(text));
}

static void pad(struct buf *to, size_t n)
{
    while (n--)
        buf_byte(to, ' ');
}

void table_write(struct table *t, struct buf *to)
{
    size_t begin = 0,
           blank = 0; /* blanks are written with the next text: none at the end of a line */
    while (t->end.len % t->columns)
        table_cell(t, "%s", "");
    for (size_t i = 0; i < t->end.len; i++) {
        size_t column = i % t->columns;
        struct bytes text = {t->text.at + begin, t->end.at[i] - begin};
        size_t gap = t->width[column] - characters(text);
        begin = t->end.at[i];
        if (text.len) {
            pad(to, blank + (column ? gap : 0));
            buf_append(to, text.at, text.len);
            blank = column ? 2 : gap + 2;
        } else {
            blank += t->width[column] + 2;
        }
        if (column == t->columns - 1) {
            buf_byte(to, '\n');
            blank = 0;
        }
    }
    buf_clear(&t->text);
    vec_clear(&t->end);
}

void table_release(struct table *t)
{
    buf_release(&t->text);
    vec_release(&t->end);
}
