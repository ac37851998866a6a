#include "data/fields.h"

#include <stdio.h>

size_t fields_split(struct bytes line, char delimiter, struct bytes *fields, size_t room)
{
    const char *at = line.at, *end = line.at + line.len;
    for (size_t count = 0;;) {
        const char *stop = at < end ? memchr(at, delimiter, (size_t)(end - at)) : NULL;
        if (count < room)
            fields[count] = (struct bytes){at, (size_t)((stop ? stop : end) - at)};
        count++;
        if (!stop)
            return count;
        at = stop + 1;
    }
}

/* Appends what is between the quotes; returns what follows the closing one, or NULL. */
static const char *unquote(const char *at, const char *end, struct buf *scratch)
{
    for (at++;; at++) {
        const char *quote = at < end ? memchr(at, '"', (size_t)(end - at)) : NULL;
        if (!quote)
            return NULL;
        buf_append(scratch, at, (size_t)(quote - at));
        at = quote + 1;
        if (at == end || *at != '"')
            return at;
        buf_byte(scratch, '"');
    }
}

bool fields_split_csv(struct bytes line, char delimiter, struct buf *scratch, struct bytes *fields,
                      size_t room, size_t *count)
{
    *count = 0;
    if (!line.len || !memchr(line.at, '"', line.len)) {
        *count = fields_split(line, delimiter, fields, room);
        return true;
    }
    buf_clear(scratch);
    buf_reserve(scratch, line.len); /* so that fields stay where they are */
    for (const char *at = line.at, *end = line.at + line.len;; at++) {
        struct bytes field = {at, 0};
        if (at < end && *at == '"') {
            size_t from = scratch->len;
            at = unquote(at, end, scratch);
            if (!at || (at < end && *at != delimiter))
                return false;
            field = (struct bytes){scratch->at + from, scratch->len - from};
        } else {
            const char *stop = at < end ? memchr(at, delimiter, (size_t)(end - at)) : NULL;
            at = stop ? stop : end;
            field.len = (size_t)(at - field.at);
        }
        if (*count < room)
            fields[*count] = field;
        ++*count;
        if (at == end)
            return true;
    }
}

const char *field_text(struct bytes field, char *to)
{
    char *at = to;
    *at++ = '"';
    for (size_t i = 0; i < field.len && i < 40; i++) {
        unsigned char c = (unsigned char)field.at[i];
        if (c < 0x20 || c >= 0x7f)
            at += snprintf(at, 5, "\\x%02x", c);
        else
            *at++ = (char)c;
    }
    snprintf(at, 5, "%s", field.len > 40 ? "...\"" : "\"");
    return to;
}
