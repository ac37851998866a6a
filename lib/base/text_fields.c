#include "base/text_fields.h"

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

static bool is_delimiter(const char *at, const char *end, struct bytes delimiter)
{
    return (size_t)(end - at) >= delimiter.len && !memcmp(at, delimiter.at, delimiter.len);
}

/* The first one in [at, end), or NULL. */
static const char *find_delimiter(const char *at, const char *end, struct bytes delimiter)
{
    for (; at < end; at++) {
        at = memchr(at, *delimiter.at, (size_t)(end - at));
        if (!at || delimiter.len == 1 || is_delimiter(at, end, delimiter))
            return at;
    }
    return NULL;
}

size_t fields_split_at(struct bytes line, struct bytes delimiter, struct bytes *fields, size_t room)
{
    if (delimiter.len == 1)
        return fields_split(line, *delimiter.at, fields, room);
    const char *at = line.at, *end = line.at + line.len;
    for (size_t count = 0;; at += delimiter.len) {
        const char *stop = find_delimiter(at, end, delimiter);
        if (count < room)
            fields[count] = (struct bytes){at, (size_t)((stop ? stop : end) - at)};
        count++;
        if (!stop)
            return count;
        at = stop;
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

bool fields_split_csv(struct bytes line, struct bytes delimiter, struct buf *scratch,
                      struct bytes *fields, size_t room, size_t *count)
{
    *count = 0;
    if (!line.len || !memchr(line.at, '"', line.len)) {
        *count = fields_split_at(line, delimiter, fields, room);
        return true;
    }
    buf_clear(scratch);
    buf_reserve(scratch, line.len); /* so that fields stay where they are */
    for (const char *at = line.at, *end = line.at + line.len;; at += delimiter.len) {
        struct bytes field = {at, 0};
        if (at < end && *at == '"') {
            size_t from = scratch->len;
            at = unquote(at, end, scratch);
            if (!at || (at < end && !is_delimiter(at, end, delimiter)))
                return false;
            field = (struct bytes){scratch->at + from, scratch->len - from};
        } else {
            const char *stop = find_delimiter(at, end, delimiter);
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

/* What follows the quote that closes a field, or NULL where none does. */
static const char *find_close(const char *at, const char *end)
{
    while (at < end && (at = memchr(at, '"', (size_t)(end - at)))) {
        if (at + 1 == end || at[1] != '"')
            return at + 1;
        at += 2;
    }
    return NULL;
}

enum fields_end fields_end(struct bytes text, struct bytes delimiter, enum fields_end before)
{
    const char *at = text.at, *end = text.at + text.len;
    bool open = before == FIELDS_OPEN;
    for (; at < end || open; at += delimiter.len) {
        if (open || *at == '"') {
            at = find_close(open ? at : at + 1, end);
            if (!at)
                return FIELDS_OPEN;
            if (at < end && !is_delimiter(at, end, delimiter))
                return FIELDS_BROKEN;
            open = false;
        } else {
            at = find_delimiter(at, end, delimiter);
        }
        if (!at || at == end)
            break;
    }
    return FIELDS_CLOSED;
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
