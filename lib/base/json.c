#include "base/json.h"

#include <math.h>

#include "base/num.h"
#include "base/utf8.h"

/* ---- writing ---- */

static void escape(struct buf *to, char c)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    const char *at = c ? strchr(plain, c) : NULL;
    if (at)
        buf_format(to, "\\%c", letter[at - plain]);
    else
        buf_format(to, "\\u%04x", (unsigned char)c);
}

/* A character above U+FFFF is two escapes. */
static void escape_code(struct buf *to, uint32_t code)
{
    if (code < 0x10000)
        buf_format(to, "\\u%04x", (unsigned)code);
    else
        buf_format(to, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((code - 0x10000) >> 10)),
                   (unsigned)(0xdc00 + ((code - 0x10000) & 0x3ff)));
}

/* How many bytes from i on need no escape, characters of ASCII alone. */
static size_t bare(struct bytes text, size_t i)
{
    size_t from = i;
    while (i < text.len && text.at[i] >= ' ' && text.at[i] < 0x7f && text.at[i] != '"' &&
           text.at[i] != '\\')
        i++;
    return i - from;
}

void json_text(struct buf *to, struct bytes text)
{
    buf_byte(to, '"');
    for (size_t i = 0, n; i < text.len; i += n) {
        char c = text.at[i];
        uint32_t code;
        if ((n = bare(text, i))) {
            buf_append(to, text.at + i, n);
            continue;
        }
        n = utf8_length(text.at + i, text.len - i, &code);
        if (!n)
            buf_format(to, "\\udc%02x", (unsigned char)c);
        else if (n > 1 && utf8_harmful(code)) /* which terminals may obey */
            escape_code(to, code);
        else if (c == '"' || c == '\\' || (unsigned char)c < 0x20 || c == 0x7f)
            escape(to, c);
        else
            buf_append(to, text.at + i, n);
        n = n ? n : 1;
    }
    buf_byte(to, '"');
}

void json_bare(struct buf *to, struct bytes text)
{
    size_t from = to->len;
    json_text(to, text);
    memmove(to->at + from, to->at + from + 1, to->len - from - 2);
    to->len -= 2;
}

void json_number(struct buf *to, double value)
{
    char text[NUM_TEXT];
    if (isfinite(value))
        buf_append(to, text, num_text(value, text));
    else
        buf_text(to, "null");
}

/* ---- reading ---- */

static void skip_space(struct json_in *in)
{
    while (in->at < in->end &&
           (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r'))
        in->at++;
}

bool json_take(struct json_in *in, char mark)
{
    skip_space(in);
    bool there = in->at < in->end && *in->at == mark;
    in->at += there;
    return there;
}

bool json_done(struct json_in *in)
{
    skip_space(in);
    return in->at == in->end;
}

/* What follows the quote that ends a string which begins before `at`; NULL: none does. */
static const char *past_string(const char *at, const char *end, bool *escaped)
{
    *escaped = false;
    for (;;) {
        const char *quote = at < end ? memchr(at, '"', (size_t)(end - at)) : NULL;
        const char *escape = quote ? memchr(at, '\\', (size_t)(quote - at)) : NULL;
        if (!escape)
            return quote ? quote + 1 : NULL;
        *escaped = true;
        at = escape + 2;
    }
}

bool json_raw_string(struct json_in *in, struct bytes *inside, bool *escaped)
{
    skip_space(in);
    if (in->at == in->end || *in->at != '"')
        return false;
    const char *after = past_string(in->at + 1, in->end, escaped);
    if (!after)
        return false;
    *inside = (struct bytes){in->at + 1, (size_t)(after - in->at - 2)};
    in->at = after;
    return true;
}

/* The bytes that json_skip looks at; a word or a number goes up to one of them. */
static bool is_mark(char c)
{
    return c == '"' || c == '[' || c == ']' || c == '{' || c == '}' || c == ',' || c == ':';
}

/* A number, or true, false or null: what is no mark and no blank. */
static bool skip_word(struct json_in *in)
{
    const char *from = in->at;
    while (in->at < in->end && !is_mark(*in->at) && (unsigned char)*in->at > ' ')
        in->at++;
    return in->at > from;
}

/* The brackets that are open. */
struct json_depth {
    uint64_t is_list[JSON_DEPTH / 64]; /* a bit for each: it is "[" */
    unsigned count;
};

static bool open_bracket(struct json_depth *d, bool is_list)
{
    if (d->count == JSON_DEPTH)
        return false;
    uint64_t *word = &d->is_list[d->count / 64], bit = 1ull << d->count % 64;
    *word = is_list ? *word | bit : *word & ~bit;
    d->count++;
    return true;
}

static bool close_bracket(struct json_depth *d, bool is_list)
{
    if (!d->count)
        return false;
    d->count--;
    return (d->is_list[d->count / 64] >> d->count % 64 & 1) == is_list;
}

/* Passes over one thing: a bracket, a mark, a string, a word. */
static bool skip_one(struct json_in *in, struct json_depth *d)
{
    const char *at = in->at;
    bool escaped;
    if (*at == '"') {
        const char *after = past_string(at + 1, in->end, &escaped);
        in->at = after ? after : at;
        return after;
    }
    if (!is_mark(*at))
        return skip_word(in);
    in->at++;
    if (*at == '[' || *at == '{')
        return open_bracket(d, *at == '[');
    if (*at == ']' || *at == '}')
        return close_bracket(d, *at == ']');
    return d->count;
}

bool json_skip(struct json_in *in)
{
    struct json_depth d;
    d.count = 0;
    do {
        skip_space(in);
        if (in->at == in->end || !skip_one(in, &d))
            return false;
    } while (d.count);
    return true;
}

/* The quote that ends the string, or NULL. */
static const char *scan_string(struct json_scan *s, const char *at, const char *end)
{
    for (; at < end; at++) {
        if (s->escaped)
            s->escaped = false;
        else if (*at == '"')
            return at;
        else
            s->escaped = *at == '\\';
    }
    return NULL;
}

const char *json_scan_element(struct json_scan *s, const char *at, const char *end)
{
    for (; at < end; at++) {
        if (s->in_string) {
            at = scan_string(s, at, end);
            if (!at)
                return NULL;
            s->in_string = false;
        } else if (*at == '"') {
            s->in_string = true;
        } else if (!s->depth && (*at == ',' || *at == ']')) {
            return at;
        } else if (*at == '[' || *at == '{') {
            s->depth++;
        } else if ((*at == ']' || *at == '}') && s->depth) {
            s->depth--;
        }
    }
    return NULL;
}

bool json_integer(struct json_in *in, int64_t *value)
{
    skip_space(in);
    const char *end = in->at;
    while (end < in->end && *end >= '0' && *end <= '9')
        end++;
    if (end < in->end && (*end == '.' || *end == 'e' || *end == 'E'))
        return false;
    if (!num_i64(in->at, (size_t)(end - in->at), value))
        return false;
    in->at = end;
    return true;
}

/* Digits from `at`, one at least; NULL: none. */
static const char *past_digits(const char *at, const char *end)
{
    const char *from = at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at > from ? at : NULL;
}

bool json_numeral(struct json_in *in, struct bytes *text, bool *whole)
{
    skip_space(in);
    const char *at = in->at, *end = in->end;
    at += at < end && *at == '-';
    /* no zero leads other digits */
    at = at < end && *at == '0' ? at + 1 : past_digits(at, end);
    *whole = true;
    if (at && at < end && *at == '.') {
        *whole = false;
        at = past_digits(at + 1, end);
    }
    if (at && at < end && (*at == 'e' || *at == 'E')) {
        *whole = false;
        at++;
        at += at < end && (*at == '+' || *at == '-');
        at = past_digits(at, end);
    }
    if (!at)
        return false;
    *text = (struct bytes){in->at, (size_t)(at - in->at)};
    in->at = at;
    return true;
}

bool json_literal(struct json_in *in, const char *word)
{
    size_t n = strlen(word);
    skip_space(in);
    if ((size_t)(in->end - in->at) < n || memcmp(in->at, word, n))
        return false;
    in->at += n;
    return true;
}

/* The four hexadecimal digits after \u; -1: they are not there. */
static int32_t hex4(const char *at, const char *end)
{
    int32_t code = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code;
}

static void push_utf8(struct buf *to, int32_t code)
{
    if (code < 0x80) {
        buf_byte(to, (char)code);
        return;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const int lead[] = {0, 0xc0, 0xe0, 0xf0};
    buf_byte(to, (char)(lead[more] | code >> 6 * more));
    while (more--)
        buf_byte(to, (char)(0x80 | (code >> 6 * more & 0x3f)));
}

/* What follows "\u": one code or a pair of surrogates. */
static bool take_code(struct json_in *in, struct buf *to)
{
    int32_t code = hex4(in->at, in->end);
    if (code < 0)
        return false;
    in->at += 4;
    if (code < 0xd800 || code > 0xdfff) {
        push_utf8(to, code);
        return true;
    }
    if (code >= 0xdc80 && code <= 0xdcff) {
        buf_byte(to, (char)(code - 0xdc00));
        return true;
    }
    if (code >= 0xdc00 || in->end - in->at < 6 || in->at[0] != '\\' || in->at[1] != 'u')
        return false;
    int32_t low = hex4(in->at + 2, in->end);
    if (low < 0xdc00 || low > 0xdfff)
        return false;
    in->at += 6;
    push_utf8(to, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
    return true;
}

static bool take_escape(struct json_in *in, struct buf *to)
{
    static const char mark[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (in->at == in->end)
        return false;
    char c = *in->at++;
    if (c == 'u')
        return take_code(in, to);
    const char *found = c ? strchr(mark, c) : NULL;
    if (!found)
        return false;
    buf_byte(to, meant[found - mark]);
    return true;
}

bool json_string(struct json_in *in, struct buf *to)
{
    const char *before;
    skip_space(in);
    before = in->at;
    if (!json_take(in, '"'))
        return false;
    buf_clear(to);
    while (in->at < in->end && (unsigned char)*in->at >= 0x20) {
        char c = *in->at++;
        if (c == '"')
            return true;
        if (c != '\\')
            buf_byte(to, c);
        else if (!take_escape(in, to))
            break;
    }
    in->at = before;
    return false;
}
