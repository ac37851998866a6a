#include "base/text_fields.h"

#include <stdio.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

/* For functions that processors with AVX2 alone run: the program looks before it calls them. */
#ifdef __x86_64__
#define WIDE __attribute__((target("avx2,bmi,popcnt")))
#endif

/* For what is compiled into each of its callers, with their instructions. */
#define INLINED static inline __attribute__((always_inline))
/* For what is rare, so that its caller does not keep registers for it. */
#define SEPARATE __attribute__((noinline))

/* ---- marks ---- */

enum { STEP = 16, CHUNK = 64 };

/* The bytes of a line that may end a field or quote one, from the first to the last. */
struct marks {
    const char *begin, *end; /* the line */
    const char *next;        /* what has not been looked at */
    const char *from;        /* the bytes that `found` has bits for */
    unsigned found;
    char one, other;
};

/* A byte that is searched for, and a bit for each of STEP bytes that is the one. */
#ifdef __SSE2__
typedef __m128i sought;

static inline sought sought_of(char byte)
{
    return _mm_set1_epi8(byte);
}

static inline unsigned bits_of(const char *at, sought byte)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)at), byte));
}
#else
typedef char sought;

static inline sought sought_of(char byte)
{
    return byte;
}

static inline unsigned bits_of(const char *at, sought byte)
{
    unsigned found = 0;
    for (int i = 0; i < STEP; i++)
        found |= (unsigned)(at[i] == byte) << i;
    return found;
}
#endif

static inline unsigned marks_of(const char *at, char one, char other)
{
    return bits_of(at, sought_of(one)) | bits_of(at, sought_of(other));
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

/* What is between the quotes of the field [at, end), two quotes as one: where it is if there are
 * none in it, else in scratch.  All fields of the line have `most` bytes at most. */
static struct bytes unquoted(size_t most, const char *at, const char *end, struct buf *scratch)
{
    if (!memchr(at, '"', (size_t)(end - at)))
        return (struct bytes){at, (size_t)(end - at)};
    if (!scratch->len)
        buf_reserve(scratch, most); /* so that fields stay where they are */
    size_t from = scratch->len;
    for (const char *quote; (quote = memchr(at, '"', (size_t)(end - at))); at = quote + 2)
        buf_append(scratch, at, (size_t)(quote + 1 - at));
    buf_append(scratch, at, (size_t)(end - at));
    return (struct bytes){scratch->at + from, scratch->len - from};
}

/* The marks among the next bytes of a line, CHUNK at most, a bit for each byte. */
struct marked {
    uint64_t stops, quotes; /* delimiters and quotes */
    uint64_t all;           /* bytes of the line */
};

/* A bit for each of CHUNK bytes that is the one. */
typedef uint64_t chunk_bits(const char *at, char byte);

static inline uint64_t bits_of_chunk(const char *at, char byte)
{
    sought s = sought_of(byte);
    uint64_t low = bits_of(at, s) | (uint64_t)bits_of(at + STEP, s) << STEP;
    uint64_t high = bits_of(at + 2 * STEP, s) | (uint64_t)bits_of(at + 3 * STEP, s) << STEP;
    return low | high << (2 * STEP);
}

#ifdef WIDE
WIDE static inline uint64_t bits_of_chunk_wide(const char *at, char byte)
{
    __m256i s = _mm256_set1_epi8(byte);
    __m256i low = _mm256_loadu_si256((const __m256i *)at);
    __m256i high = _mm256_loadu_si256((const __m256i *)(at + CHUNK / 2));
    return (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, s)) |
           (uint64_t)(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, s)) << (CHUNK / 2);
}
#endif

/* The end of a line, `left` bytes, fewer than CHUNK: no byte beyond the line is read. */
static inline struct marked last_chunk(struct bytes line, unsigned left, char delimiter, char quote)
{
    char copy[CHUNK];
    const char *at = copy;
    uint64_t all = ((uint64_t)1 << left) - 1;
    unsigned before = 0;
    if (!left)
        return (struct marked){0};
    if (line.len >= CHUNK) { /* together with bytes before it */
        at = line.at + line.len - CHUNK;
        before = CHUNK - left;
    } else {
        memset(copy, 0, sizeof copy);
        memcpy(copy, line.at, line.len);
    }
    return (struct marked){bits_of_chunk(at, delimiter) >> before & all,
                           bits_of_chunk(at, quote) >> before & all, all};
}

static inline struct marked chunk_of(struct bytes line, size_t from, char delimiter, char quote)
{
    const char *at = line.at + from;
    if (line.len - from < CHUNK)
        return last_chunk(line, (unsigned)(line.len - from), delimiter, quote);
    return (struct marked){bits_of_chunk(at, delimiter), bits_of_chunk(at, quote), ~(uint64_t)0};
}

/* Whether the quotes of the line so far enclose fields, and where the next byte is. */
struct quoting {
    uint64_t inside; /* all ones: between quotes */
    uint64_t begins,
        has_ended; /* 1: at the begin of a field; behind a quote that may have ended one */
    bool doubled;  /* a field has two quotes for one */
};

/* Takes the delimiters between quotes from the chunk's stops; false: a quote is neither at the
 * begin of a field nor at its end nor one of two. Every second quote ends what the one before it
 * begins; of two in a row the first seems to end the field, and the second begins it again. */
static inline bool skip_quoted(struct quoting *q, struct marked *c)
{
    uint64_t in = c->quotes;
    for (unsigned by = 1; by < CHUNK; by *= 2)
        in ^= in << by;
    in ^= q->inside;
    c->stops &= ~in;
    uint64_t opening = c->quotes & in, closing = c->quotes & ~in;
    uint64_t begins = c->stops << 1 | q->begins, ended = closing << 1 | q->has_ended;
    bool well = !(opening & ~(begins | ended)) && !(ended & c->all & ~(c->stops | opening));
    q->doubled |= (opening & ended) != 0;
    q->has_ended = closing >> (CHUNK - 1);
    q->inside = in >> (CHUNK - 1) ? ~(uint64_t)0 : 0;
    return well;
}

/* What a line has been split into so far. */
struct splitting {
    const char *begin; /* of the next field */
    size_t count;      /* fields that have ended */
    bool quoted;       /* there has been a quote; before, fields are as they stand */
    struct quoting q;
};

/* The field that ends at `stop`; `left`: bytes of the line from its begin on, or more. */
static inline struct bytes field_to(const struct splitting *s, const char *stop, size_t left,
                                    struct buf *scratch)
{
    const char *begin = s->begin;
    if (!s->quoted || begin == stop || *begin != '"')
        return (struct bytes){begin, (size_t)(stop - begin)};
    if (s->q.doubled)
        return unquoted(left, begin + 1, stop - 1, scratch);
    return (struct bytes){begin + 1, (size_t)(stop - begin - 2)};
}

/* Goes through the chunk at `from`, of a line of `left` bytes or fewer; false: the quotes are not
 * as they should be. */
static inline bool split_chunk(struct splitting *s, struct marked c, const char *from, size_t left,
                               struct buf *scratch, struct bytes *fields, size_t room)
{
    size_t n = s->count;
    s->quoted |= c.quotes != 0;
    if (s->quoted && !skip_quoted(&s->q, &c))
        return false;
    s->q.begins = c.stops >> (CHUNK - 1);
    for (; c.stops && n < room; c.stops &= c.stops - 1) {
        const char *stop = from + __builtin_ctzll(c.stops);
        fields[n++] = field_to(s, stop, left, scratch);
        s->begin = stop + 1;
    }
    s->count = n + (size_t)__builtin_popcountll(c.stops);
    return true;
}

/* Takes the last field of a line, which ends at `stop`; false: inside quotes. */
static inline bool split_last(struct splitting *s, const char *stop, size_t left,
                              struct buf *scratch, struct bytes *fields, size_t room)
{
    if (s->q.inside)
        return false;
    if (s->count < room)
        fields[s->count] = field_to(s, stop, left, scratch);
    s->count++;
    return true;
}

/* Splits at every delimiter of one byte that is not between quotes; with scratch NULL, a quote is a
 * byte as others.  False: the quotes are not as they should be. */
static inline bool split_at_marks(struct bytes line, char delimiter, struct buf *scratch,
                                  struct bytes *fields, size_t room, size_t *count)
{
    char quote = scratch ? '"' : delimiter;
    struct splitting s = {.begin = line.at, .q.begins = 1};
    for (size_t from = 0;; from += CHUNK) {
        struct marked c = chunk_of(line, from, delimiter, quote);
        if (!scratch)
            c.quotes = 0;
        if (!split_chunk(&s, c, line.at + from, line.len, scratch, fields, room))
            return false;
        if (line.len - from <= CHUNK)
            break;
    }
    bool whole = split_last(&s, line.at + line.len, line.len, scratch, fields, room);
    *count = s.count;
    return whole;
}

/* ---- lines that are searched for their end and split at once ---- */

/* The length of [from, from + len) without the returns at its end. */
static inline size_t without_returns(const char *from, size_t len)
{
    while (len && from[len - 1] == '\r')
        len--;
    return len;
}

/* Goes on from the chunk at `from`, which has a quote; the line has `most` bytes at most. */
INLINED const char *split_quoted_by(struct splitting s, const char *from, const char *end,
                                    size_t most, struct line_fields *f, chunk_bits *bits)
{
    buf_clear(f->unquoted);
    for (; from < end; from += CHUNK) {
        uint64_t ends = bits(from, '\n'), line = ~(uint64_t)0;
        size_t newline = ends ? (size_t)__builtin_ctzll(ends) : CHUNK, len = CHUNK;
        if (ends) {
            len = without_returns(from, newline);
            line = ((uint64_t)1 << len) - 1;
            if (!len && from[-1] == '\r') /* of a chunk that has been split */
                return NULL;
        }
        struct marked c = {bits(from, f->delimiter) & line, bits(from, '"') & line, line};
        if (!split_chunk(&s, c, from, most, f->unquoted, f->at, f->room))
            return NULL;
        if (!ends)
            continue;
        if (from + newline >= end || !split_last(&s, from + len, most, f->unquoted, f->at, f->room))
            return NULL;
        f->count = s.count;
        return from + newline;
    }
    return NULL;
}

typedef const char *quoted_splitter(struct splitting s, const char *from, const char *end,
                                    size_t most, struct line_fields *f);

/* The newline is a mark as the delimiters before it. */
INLINED const char *split_line_by(const char *at, const char *end, struct line_fields *f,
                                  chunk_bits *bits, quoted_splitter *quoted)
{
    char delimiter = f->delimiter;
    bool quoting = f->unquoted != NULL;
    struct bytes *field = f->at, *beyond = f->at + f->room;
    const char *begin = at;
    size_t count = 0;
    f->count = 0;
    if (quoting && *at == '"')
        return quoted((struct splitting){.begin = at, .q.begins = 1}, at, end, (size_t)(end - at),
                      f);
    for (const char *from = at; from < end; from += CHUNK) {
        uint64_t ends = bits(from, '\n'), line = ends ^ (ends - 1);
        uint64_t marks = (bits(from, delimiter) | ends) & line;
        if (quoting && bits(from, '"') & line) {
            struct splitting s = {
                .begin = begin, .count = count, .q.begins = from == at || from[-1] == delimiter};
            return quoted(s, from, end, (size_t)(end - at), f);
        }
        count += (size_t)__builtin_popcountll(marks);
        for (; marks && field < beyond; marks &= marks - 1) {
            const char *stop = from + __builtin_ctzll(marks);
            *field++ = (struct bytes){begin, (size_t)(stop - begin)};
            begin = stop + 1;
        }
        if (!ends)
            continue;
        const char *newline = from + __builtin_ctzll(ends);
        if (newline >= end)
            return NULL;
        if (count <= f->room)
            field[-1].len = without_returns(field[-1].at, field[-1].len);
        f->count = count;
        return newline;
    }
    return NULL;
}

SEPARATE static const char *split_quoted(struct splitting s, const char *from, const char *end,
                                         size_t most, struct line_fields *f)
{
    return split_quoted_by(s, from, end, most, f, bits_of_chunk);
}

static const char *split_line(const char *at, const char *end, struct line_fields *f)
{
    return split_line_by(at, end, f, bits_of_chunk, split_quoted);
}

#ifdef WIDE
WIDE SEPARATE static const char *split_quoted_wide(struct splitting s, const char *from,
                                                   const char *end, size_t most,
                                                   struct line_fields *f)
{
    return split_quoted_by(s, from, end, most, f, bits_of_chunk_wide);
}

WIDE static const char *split_line_wide(const char *at, const char *end, struct line_fields *f)
{
    return split_line_by(at, end, f, bits_of_chunk_wide, split_quoted_wide);
}
#endif

line_splitter *fields_line_splitter(int i)
{
#ifdef WIDE
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("popcnt") && !i--)
        return split_line_wide;
#endif
    return i ? NULL : split_line;
}

const char *fields_split_line(const char *at, const char *end, struct line_fields *f)
{
    return fields_line_splitter(0)(at, end, f);
}

size_t fields_split_at(struct bytes line, struct bytes delimiter, struct bytes *fields, size_t room)
{
    size_t count = 0;
    if (delimiter.len == 1) {
        split_at_marks(line, *delimiter.at, NULL, fields, room, &count);
        return count;
    }
    struct marks m = marks_in(line, *delimiter.at, *delimiter.at);
    const char *begin = line.at;
    for (;;) {
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
    *field = unquoted((size_t)(m->end - m->begin), open + 1, mark, scratch);
    return FIELDS_CLOSED;
}

enum fields_end fields_split_csv(struct bytes line, struct bytes delimiter, struct buf *scratch,
                                 struct bytes *fields, size_t room, size_t *count)
{
    buf_clear(scratch);
    if (delimiter.len == 1 && split_at_marks(line, *delimiter.at, scratch, fields, room, count))
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
