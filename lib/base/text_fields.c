#include "base/text_fields.h"

#include <stdio.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- marks ---- */

enum { STEP = 16 };

/* The bytes of a line that may end a field or quote one, from the first to the last. */
struct marks {
    const char *begin, *end; /* the line */
    const char *next;        /* what has not been looked at */
    const char *from;        /* the bytes that `found` has bits for */
    unsigned found;
    char one, other;
};

/* A bit for each of STEP bytes that is one of the two. */
static inline unsigned marks_of(const char *at, char one, char other)
{
#ifdef __SSE2__
    __m128i bytes = _mm_loadu_si128((const __m128i *)at);
    __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(one)),
                                 _mm_cmpeq_epi8(bytes, _mm_set1_epi8(other)));
    return (unsigned)_mm_movemask_epi8(found);
#else
    unsigned found = 0;
    for (int i = 0; i < STEP; i++)
        found |= (unsigned)(at[i] == one || at[i] == other) << i;
    return found;
#endif
}

/* The last bytes of a line, fewer than STEP: no byte beyond the line is read. */
static void find_last_marks(struct marks *m, size_t left)
{
    unsigned before = STEP - (unsigned)left;
    if (m->end - m->begin >= STEP) {
        m->from = m->end - STEP;
        m->found = marks_of(m->from, m->one, m->other) >> before << before;
    } else {
        char last[STEP] = {0};
        memcpy(last, m->next, left);
        m->from = m->next;
        m->found = marks_of(last, m->one, m->other) & ((1u << left) - 1);
    }
    m->next = m->end;
}

/* The next mark, or NULL. */
static inline const char *next_mark(struct marks *m)
{
    while (!m->found) {
        size_t left = (size_t)(m->end - m->next);
        if (!left)
            return NULL;
        if (left < STEP) {
            find_last_marks(m, left);
            continue;
        }
        m->from = m->next;
        m->found = marks_of(m->from, m->one, m->other);
        m->next += STEP;
    }
    const char *mark = m->from + __builtin_ctz(m->found);
    m->found &= m->found - 1;
    return mark;
}

static inline bool is_delimiter(const char *at, const char *end, struct bytes delimiter)
{
    return *at == *delimiter.at &&
           (delimiter.len == 1 ||
            ((size_t)(end - at) >= delimiter.len && !memcmp(at, delimiter.at, delimiter.len)));
}

static struct marks marks_in(struct bytes line, char one, char other)
{
    return (struct marks){
        .begin = line.at, .end = line.at + line.len, .next = line.at, .one = one, .other = other};
}

/* ---- splitting ---- */

/* The end of the field that begins at `begin` and is not quoted. */
static inline const char *plain_end(struct marks *m, const char *begin, struct bytes delimiter)
{
    for (const char *mark; (mark = next_mark(m));)
        if (mark >= begin && is_delimiter(mark, m->end, delimiter))
            return mark;
    return m->end;
}

/* A bit for each of the next bytes of the line, STEP at most, that is one of the two. */
static inline unsigned next_marks(struct bytes line, size_t from, char one, char other)
{
    size_t left = line.len - from;
    if (left >= STEP)
        return marks_of(line.at + from, one, other);
    if (line.len >= STEP)
        return marks_of(line.at + line.len - STEP, one, other) >> (STEP - left);
    char last[STEP] = {0};
    memcpy(last, line.at + from, left);
    return marks_of(last, one, other) & ((1u << left) - 1);
}

/* Splits at every delimiter of one byte, as long as there is no `quote`; false: there is one. */
static bool split_plain(struct bytes line, char delimiter, char quote, struct bytes *fields,
                        size_t room, size_t *count)
{
    const char *begin = line.at;
    size_t n = 0;
    for (size_t from = 0; from < line.len; from += STEP) {
        unsigned found = next_marks(line, from, delimiter, quote);
        for (; found; found &= found - 1) {
            const char *mark = line.at + from + __builtin_ctz(found);
            if (*mark != delimiter)
                return false;
            if (n < room)
                fields[n] = (struct bytes){begin, (size_t)(mark - begin)};
            n++;
            begin = mark + 1;
        }
    }
    if (n < room)
        fields[n] = (struct bytes){begin, (size_t)(line.at + line.len - begin)};
    *count = n + 1;
    return true;
}

size_t fields_split_at(struct bytes line, struct bytes delimiter, struct bytes *fields, size_t room)
{
    size_t plain;
    if (delimiter.len == 1) {
        split_plain(line, *delimiter.at, *delimiter.at, fields, room, &plain);
        return plain;
    }
    struct marks m = marks_in(line, *delimiter.at, *delimiter.at);
    const char *begin = line.at;
    for (size_t count = 0;;) {
        const char *stop = plain_end(&m, begin, delimiter);
        if (count < room)
            fields[count] = (struct bytes){begin, (size_t)(stop - begin)};
        count++;
        if (stop == m.end)
            return count;
        begin = stop + delimiter.len;
    }
}

size_t fields_split(struct bytes line, char delimiter, struct bytes *fields, size_t room)
{
    return fields_split_at(line, (struct bytes){&delimiter, 1}, fields, room);
}

/* Appends what is between the quotes of [at, end), two quotes as one. */
static void unquote(const char *at, const char *end, struct buf *scratch)
{
    for (const char *quote; (quote = memchr(at, '"', (size_t)(end - at))); at = quote + 2)
        buf_append(scratch, at, (size_t)(quote + 1 - at));
    buf_append(scratch, at, (size_t)(end - at));
}

/* The field whose quote is at `open`, and in *stop what follows its closing quote. One without
 * quotes inside stays where it is; scratch NULL: nobody reads it. */
static enum fields_end take_quoted(struct marks *m, const char *open, struct bytes delimiter,
                                   struct buf *scratch, struct bytes *field, const char **stop)
{
    bool doubled = false;
    const char *mark;
    while ((mark = next_mark(m)) < open)
        ;
    for (;;) {
        if (!(mark = next_mark(m)))
            return FIELDS_OPEN;
        if (*mark != '"')
            continue;
        if (mark + 1 == m->end || mark[1] != '"')
            break;
        next_mark(m);
        doubled = true;
    }
    *field = (struct bytes){open + 1, (size_t)(mark - open - 1)};
    *stop = mark + 1;
    if (*stop < m->end && !is_delimiter(*stop, m->end, delimiter))
        return FIELDS_BROKEN;
    if (!doubled || !scratch)
        return FIELDS_CLOSED;
    if (!scratch->len)
        buf_reserve(scratch, (size_t)(m->end - m->begin)); /* so that fields stay where they are */
    size_t from = scratch->len;
    unquote(open + 1, mark, scratch);
    *field = (struct bytes){scratch->at + from, scratch->len - from};
    return FIELDS_CLOSED;
}

enum fields_end fields_split_csv(struct bytes line, struct bytes delimiter, struct buf *scratch,
                                 struct bytes *fields, size_t room, size_t *count)
{
    if (delimiter.len == 1 && split_plain(line, *delimiter.at, '"', fields, room, count))
        return FIELDS_CLOSED;
    struct marks m = marks_in(line, *delimiter.at, '"');
    const char *begin = line.at, *stop;
    buf_clear(scratch);
    for (*count = 0;; begin = stop + delimiter.len) {
        struct bytes field;
        if (begin < m.end && *begin == '"') {
            enum fields_end end =
                take_quoted(&m, begin, delimiter, *count < room ? scratch : NULL, &field, &stop);
            if (end != FIELDS_CLOSED)
                return end;
        } else {
            stop = plain_end(&m, begin, delimiter);
            field = (struct bytes){begin, (size_t)(stop - begin)};
        }
        if (*count < room)
            fields[*count] = field;
        ++*count;
        if (stop == m.end)
            return FIELDS_CLOSED;
    }
}

/* ---- how a text of fields ends ---- */

/* The first one in [at, end), or NULL. */
static const char *find_delimiter(const char *at, const char *end, struct bytes delimiter)
{
    struct marks m = marks_in((struct bytes){at, (size_t)(end - at)}, *delimiter.at, *delimiter.at);
    const char *found = plain_end(&m, at, delimiter);
    return found < end ? found : NULL;
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
