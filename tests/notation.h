/* Records in a short notation, packed: ["session",0,1,l[0,10],i[0,1],{"week":5}].
 * i[] l[] f[] u[] are typed arrays of int32, int64, float32, uint8; -, nan and inf are numbers too;
 * x"..." holds bytes as they are to stand in the stream, in hexadecimal. */
#ifndef TESTS_NOTATION_H
#define TESTS_NOTATION_H

#include <stdio.h>
#include <stdlib.h>

#include "stream/pack.h"

static inline const char *notation_value(const char *s, struct buf *to);

static inline const char *notation_blank(const char *s)
{
    return s + strspn(s, " ,:\n");
}

/* Values up to the closing bracket; *count of them. */
static inline const char *notation_values(const char *s, char close, struct buf *to, size_t *count)
{
    *count = 0;
    for (s = notation_blank(s); *s != close; s = notation_blank(s)) {
        s = notation_value(s, to);
        ++*count;
    }
    return s + 1;
}

static inline const char *notation_list(const char *s, msgpack_packer *pk, struct buf *to)
{
    struct buf inside = {0};
    size_t count;
    bool map = *s == '{';
    s = notation_values(s + 1, map ? '}' : ']', &inside, &count);
    if (map)
        msgpack_pack_map(pk, count / 2);
    else
        msgpack_pack_array(pk, count);
    buf_append(to, inside.at, inside.len);
    buf_release(&inside);
    return s;
}

static inline const char *notation_array(const char *s, msgpack_packer *pk)
{
    static const char letters[] = "ilfu";
    enum column_type type = (enum column_type)(strchr(letters, *s) - letters + 1);
    struct buf bytes = {0};
    size_t count = 0;
    for (s = notation_blank(s + 2); *s != ']'; s = notation_blank(s), count++) {
        char *end;
        float f = strtof(s, &end);
        int64_t l =
            type == COLUMN_F32 ? 0 : strtoll(s, NULL, 10); /* its first bytes: any integer */
        buf_append(&bytes, type == COLUMN_F32 ? (const void *)&f : &l, column_size(type));
        s = end;
    }
    pack_array(pk, type, bytes.at, count);
    buf_release(&bytes);
    return s + 1;
}

static inline const char *notation_number(const char *s, msgpack_packer *pk)
{
    char *end;
    double v = strtod(s, &end);
    if (strcspn(s, ".ni") < (size_t)(end - s))
        msgpack_pack_double(pk, v);
    else
        msgpack_pack_int64(pk, strtoll(s, NULL, 10)); /* a double has not all its digits */
    return end;
}

/* Packs the value at s; what is behind it. */
static inline const char *notation_value(const char *s, struct buf *to)
{
    msgpack_packer pk;
    msgpack_packer_init(&pk, to, buf_write);
    if (*s == '[' || *s == '{')
        return notation_list(s, &pk, to);
    if (*s == '"') {
        size_t n = strcspn(s + 1, "\"");
        pack_text(&pk, (struct bytes){s + 1, n});
        return s + n + 2;
    }
    if (*s == 'x') {
        for (s += 2; *s != '"'; s += 2)
            buf_byte(to, (char)strtol((char[]){s[0], s[1], 0}, NULL, 16));
        return s + 1;
    }
    if (*s && strchr("ilfu", *s) && s[1] == '[')
        return notation_array(s, &pk);
    return notation_number(s, &pk);
}

#endif
