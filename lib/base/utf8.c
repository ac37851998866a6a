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

bool utf8_harmful(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x0000, 0x001f}, {0x007f, 0x009f}, {0x061c, 0x061c}, {0x200e, 0x200f}, {0x2028, 0x202e},
        {0x2066, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xfdd0, 0xfdef}, {0xe0000, 0xe00ff},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

void utf8_clean(struct buf *to, struct bytes name)
{
    for (size_t i = 0, n; i < name.len; i += n) {
        uint32_t code = (unsigned char)name.at[i]; /* of a byte that is not UTF-8, too */
        if ((n = utf8_plain(name.at + i, name.len - i))) {
            buf_append(to, name.at + i, n);
            continue;
        }
        n = utf8_length(name.at + i, name.len - i, &code);
        n = n ? n : 1;
        if (code < ' ')
            buf_byte(to, ' ');
        else if (utf8_harmful(code))
            buf_text(to, "\xef\xbf\xbd");
        else
            buf_append(to, name.at + i, n);
    }
}
