/* Characters in UTF-8: names come from logs and may be any bytes. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The length, 1..4, of the character that begins at s, of which n bytes are there; 0 where these
 * are not UTF-8 (cut off, overlong, a surrogate, above U+10FFFF).  *code may be NULL. */
size_t utf8_length(const char *s, size_t n, uint32_t *code);

#endif
