#include "viz/text.h"

#include "base/utf8.h"

enum { REPLACEMENT = 0xfffd, MARKS = 4 /* combining marks on one character */ };

struct text_range {
    uint32_t first, last;
};

/* clang-format off */
static const struct text_range zero_width[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x05bf, 0x05c7}, {0x0610, 0x061a},
    {0x064b, 0x065f}, {0x06d6, 0x06dc}, {0x06df, 0x06ed}, {0x0900, 0x0902}, {0x093c, 0x093c},
    {0x0941, 0x0948}, {0x094d, 0x094d}, {0x0e31, 0x0e31}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e},
    {0x1160, 0x11ff}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200d}, {0x2060, 0x2064},
    {0x20d0, 0x20ff}, {0x302a, 0x302d}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
    {0x1f3fb, 0x1f3ff}, {0xe0000, 0xe0fff},
};
static const struct text_range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2e80, 0x303e}, {0x3041, 0x33ff}, {0x3400, 0x4dbf},
    {0x4e00, 0xa4cf},   {0xac00, 0xd7a3},   {0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60},
    {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff},
    {0x20000, 0x3fffd},
};
static const struct text_range right_to_left[] = {
    {0x0590, 0x08ff}, {0xfb1d, 0xfdff}, {0xfe70, 0xfefe}, {0x10800, 0x10fff}, {0x1e800, 0x1efff},
};
/* clang-format on */

#define IN(ranges, code) is_in(ranges, sizeof(ranges) / sizeof *(ranges), code)

static bool is_in(const struct text_range *r, size_t n, uint32_t code)
{
    for (size_t i = 0; i < n; i++)
        if (code >= r[i].first && code <= r[i].last)
            return true;
    return false;
}

static size_t width_of(uint32_t code)
{
    return code < 0x300 ? 1 : IN(zero_width, code) ? 0 : IN(wide, code) ? 2 : 1;
}

/* Takes one character and makes it harmless. */
static uint32_t take(struct bytes *text)
{
    uint32_t code = REPLACEMENT;
    size_t n = utf8_length(text->at, text->len, &code);
    text->at += n ? n : 1;
    text->len -= n ? n : 1;
    if (code == '\t' || code == '\n' || code == '\r')
        return ' ';
    if (utf8_harmful(code) || (code & 0xfffe) == 0xfffe)
        return REPLACEMENT;
    return code;
}

static void put(struct buf *to, uint32_t c)
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (c < 0x80) {
        buf_byte(to, (char)c);
        return;
    }
    unsigned n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    buf_byte(to, (char)(lead[n] | c >> 6 * (n - 1)));
    for (unsigned i = n - 1; i-- > 0;)
        buf_byte(to, (char)(0x80 | (c >> 6 * i & 0x3f)));
}

/* Appends characters while they fit into `columns`; false: not all of them fit. */
static bool put_clean(struct buf *to, struct bytes name, size_t columns)
{
    size_t used = 0, marks = 0;
    while (name.len) {
        uint32_t code = take(&name);
        size_t width = width_of(code);
        if (used + width > columns)
            return false;
        marks = width ? 0 : marks + 1;
        used += width;
        if (marks <= MARKS)
            put(to, code);
    }
    return true;
}

bool text_clean(struct buf *to, struct bytes name, size_t columns)
{
    size_t before = to->len;
    if (put_clean(to, name, columns ? columns : SIZE_MAX))
        return false;
    to->len = before;
    put_clean(to, name, columns - 1);
    buf_text(to, "…");
    return true;
}

size_t text_columns(struct bytes clean)
{
    size_t columns = 0;
    while (clean.len)
        columns += width_of(take(&clean));
    return columns;
}

bool text_is_rtl(struct bytes clean)
{
    while (clean.len)
        if (IN(right_to_left, take(&clean)))
            return true;
    return false;
}

void text_escape(struct buf *to, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        switch (text.at[i]) {
        case '&':
            buf_text(to, "&amp;");
            break;
        case '<':
            buf_text(to, "&lt;");
            break;
        case '>':
            buf_text(to, "&gt;");
            break;
        case '"':
            buf_text(to, "&quot;");
            break;
        case '\'':
            buf_text(to, "&#39;");
            break;
        default:
            buf_byte(to, text.at[i]);
        }
}

void text_markup(struct buf *to, struct bytes name, size_t columns)
{
    struct buf clean = {0};
    text_clean(&clean, name, columns);
    text_escape(to, (struct bytes){clean.at, clean.len});
    buf_release(&clean);
}

void text_terminal(struct buf *to, struct bytes name, size_t columns, bool fill)
{
    struct buf clean = {0};
    text_clean(&clean, name, columns);
    struct bytes text = {clean.at, clean.len};
    bool isolate = text_is_rtl(text);
    buf_text(to, isolate ? "\u2068" : "");
    buf_append(to, text.at, text.len);
    buf_text(to, isolate ? "\u2069" : "");
    for (size_t used = text_columns(text); fill && used < columns; used++)
        buf_byte(to, ' ');
    buf_release(&clean);
}
