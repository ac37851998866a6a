/* Characters in UTF-8: names come from logs and may be any bytes. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>

#include "base/buf.h"

/* The length, 1..4, of the character that begins at s, of which n bytes are there; 0 where these
 * are not UTF-8 (cut off, overlong, a surrogate, above U+10FFFF).  *code may be NULL. */
size_t utf8_length(const char *s, size_t n, uint32_t *code);

/* Whether the character is not shown but obeyed: control characters, and marks that change the
 * direction of text or hide some of it. */
bool utf8_harmful(uint32_t code);

/* How many bytes from the first on are printable characters of ASCII. */
static inline size_t utf8_plain(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n && s[i] >= ' ' && s[i] < 0x7f)
        i++;
    return i;
}

/* Appends a name as a part of a line that a terminal may show: a blank for each tab, line end and
 * other ASCII control character, U+FFFD for each other character that is harmful. */
void utf8_clean(struct buf *to, struct bytes name);

#endif
