#include "base/json.h"

#include <math.h>

#include "base/num.h"
#include "base/utf8.h"

static void escape(struct buf *to, char c)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    const char *at = c ? strchr(plain, c) : NULL;
    if (at)
        buf_format(to, "\\%c", letter[at - plain]);
    else
        buf_format(to, "\\u%04x", (unsigned char)c);
}

void json_text(struct buf *to, struct bytes text)
{
    buf_byte(to, '"');
    for (size_t i = 0; i < text.len;) {
        char c = text.at[i];
        uint32_t code;
        size_t n = utf8_length(text.at + i, text.len - i, &code);
        if (!n)
            buf_format(to, "\\udc%02x", (unsigned char)c);
        else if (n == 2 && code < 0xa0) /* control characters too, which terminals may obey */
            buf_format(to, "\\u%04x", (unsigned)code);
        else if (c == '"' || c == '\\' || (unsigned char)c < 0x20 || c == 0x7f)
            escape(to, c);
        else
            buf_append(to, text.at + i, n);
        i += n ? n : 1;
    }
    buf_byte(to, '"');
}

void json_number(struct buf *to, double value)
{
    char text[NUM_TEXT];
    if (isfinite(value))
        buf_append(to, text, num_text(value, text));
    else
        buf_text(to, "null");
}
