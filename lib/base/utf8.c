#include "base/utf8.h"

size_t utf8_length(const char *s, size_t n, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (!n)
        return 0;
    unsigned char first = (unsigned char)s[0];
    size_t len = first < 0x80             ? 1
                 : (first & 0xe0) == 0xc0 ? 2
                 : (first & 0xf0) == 0xe0 ? 3
                 : (first & 0xf8) == 0xf0 ? 4
                                          : 0;
    if (!len || len > n)
        return 0;
    uint32_t c = len == 1 ? first : first & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | ((unsigned char)s[i] & 0x3f);
    }
    if (c < least[len] || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
        return 0;
    if (code)
        *code = c;
    return len;
}
