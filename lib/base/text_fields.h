/* The fields of one line of a delimited log. */
#ifndef BASE_TEXT_FIELDS_H
#define BASE_TEXT_FIELDS_H

#include <stdbool.h>

#include "base/buf.h"

/* Splits at every delimiter.  Returns the number of fields, of which the first `room` are stored;
 * an empty line has one, empty. */
size_t fields_split(struct bytes line, char delimiter, struct bytes *fields, size_t room);

/* The same at every place of a delimiter of one byte or more. */
size_t fields_split_at(struct bytes line, struct bytes delimiter, struct bytes *fields,
                       size_t room);

/* Without blanks and tabs around it. */
static inline struct bytes field_trimmed(struct bytes field)
{
    while (field.len && (*field.at == ' ' || *field.at == '\t'))
        field = (struct bytes){field.at + 1, field.len - 1};
    while (field.len && (field.at[field.len - 1] == ' ' || field.at[field.len - 1] == '\t'))
        field.len--;
    return field;
}

/* How the quotes of a text of fields end; OPEN: the row continues in the next line; BROKEN: bytes
 * stand between a closing quote and the delimiter. */
enum fields_end { FIELDS_CLOSED, FIELDS_OPEN, FIELDS_BROKEN };

/* Splits as CSV (RFC 4180): a field that begins with a quote ends at the next single one, and ""
 * in it is a quote; a quote in the middle of a field that does not begin with one is a byte as
 * others. Fields with "" are unquoted into `scratch`, which they then point to.  *count is the
 * number of fields, or of those before the one that does not end. */
enum fields_end fields_split_csv(struct bytes line, struct bytes delimiter, struct buf *scratch,
                                 struct bytes *fields, size_t room, size_t *count);

/* The fields of the lines of a log, split as the end of each line is found. */
struct line_fields {
    char delimiter;       /* NUL: lines are not split */
    struct buf *unquoted; /* for fields with ""; NULL: a quote is a byte as others */
    struct bytes *at;
    size_t room;
    size_t count; /* of the last line, of which the first `room` are stored; 0: it was not split */
};

/* Splits the line that begins at `at` and ends before `end`, behind which LINE_MARGIN bytes can be
 * read; at < end.  Returns its newline; or NULL, and count is 0: there is none, or its quotes are
 * not as they should be, or it ends inside them.  Returns before the newline are none of the last
 * field's bytes. */
enum { LINE_MARGIN = 64 };
typedef const char *line_splitter(const char *at, const char *end, struct line_fields *f);
line_splitter fields_split_line;

/* Its forms that this processor can run, the one that it is first, for tests; then NULL. */
line_splitter *fields_line_splitter(int i);

/* `before`: OPEN where the text begins inside a quoted field, CLOSED where it begins with a field.
 */
enum fields_end fields_end(struct bytes text, struct bytes delimiter, enum fields_end before);

/* A field as a message shows it: at most 40 bytes, in quotes, "\xNN" for what does not
 * print.  `to` has room for FIELD_TEXT bytes. */
enum { FIELD_TEXT = 4 * 40 + 8 };
const char *field_text(struct bytes field, char *to);

#endif
