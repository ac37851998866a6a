/* Lines against the bytes they came from, through pipes that give few bytes at a time. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "base/text_fields.h"
#include "base/lines.h"
#include "../tap.h"

/* Makes the bytes standard input, written in chunks of at most `chunk` by a child. */
static pid_t feed(const char *bytes, size_t n, size_t chunk)
{
    int ends[2];
    if (pipe(ends))
        abort();
    pid_t child = fork();
    if (!child) {
        close(ends[0]);
        for (size_t at = 0; at < n;) {
            ssize_t done = write(ends[1], bytes + at, n - at < chunk ? n - at : chunk);
            if (done < 0)
                _exit(1);
            at += (size_t)done;
        }
        _exit(0);
    }
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    return child;
}

/* Every line, "\n" behind each, "<long>" for one that is too long. */
static void read_all(struct buf *to, uint64_t *count)
{
    struct lines l;
    struct bytes line;
    struct err e = {0};
    enum line_result got;
    lines_open(&l, NULL, 0);
    *count = 0;
    while ((got = lines_next(&l, &line, &e)) > LINE_END) {
        if (got == LINE_LONG)
            buf_text(to, "<long>");
        else
            buf_append(to, line.at, line.len);
        buf_byte(to, '\n');
        *count = l.number;
    }
    lines_close(&l);
}

static void check(const char *name, struct bytes in, size_t chunk, struct bytes out, uint64_t lines)
{
    struct buf got = {0};
    uint64_t count;
    pid_t child = feed(in.at, in.len, chunk);
    read_all(&got, &count);
    waitpid(child, NULL, 0);
    tap_ok(bytes_equal((struct bytes){got.at, got.len}, out) && count == lines,
           "%s, %zu bytes at a time", name, chunk);
    buf_release(&got);
}

#define TEXT(s) ((struct bytes){s, sizeof(s) - 1})

static void test_ends(size_t chunk)
{
    check("nothing", TEXT(""), chunk, TEXT(""), 0);
    check("a newline", TEXT("\n"), chunk, TEXT("\n"), 1);
    check("no last newline", TEXT("a\nb"), chunk, TEXT("a\nb\n"), 2);
    check("CRLF", TEXT("a\r\n\r\nb\r"), chunk, TEXT("a\n\nb\n"), 3);
    check("a return inside", TEXT("a\rb\n"), chunk, TEXT("a\rb\n"), 1);
    check("NUL", TEXT("a\0b\n\0\n"), chunk, TEXT("a\0b\n\0\n"), 2);
}

static void test_random(void)
{
    struct random r = random_of(1, 0);
    struct buf in = {0};
    uint64_t lines = 0;
    while (in.len < 600000) {
        uint32_t length = random_below(&r, random_below(&r, 50) ? 200 : 200000);
        for (uint32_t i = 0; i < length; i++)
            buf_byte(&in, (char)('a' + random_below(&r, 26)));
        buf_byte(&in, '\n');
        lines++;
    }
    struct bytes bytes = {in.at, in.len};
    check("random lines", bytes, 4093, bytes, lines);
    check("random lines", bytes, 65536, bytes, lines);
    buf_release(&in);
}

static void test_limit(void)
{
    static const int lengths[] = {LINE_LIMIT - 1, LINE_LIMIT, LINE_LIMIT + 1,
                                  LINE_LIMIT + LINE_BLOCK, 3 * LINE_LIMIT};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct buf in = {0}, out = {0};
        buf_text(&in, "before\n");
        buf_append(&out, in.at, in.len);
        for (int k = 0; k < lengths[i]; k++)
            buf_byte(&in, 'x');
        if (lengths[i] <= LINE_LIMIT)
            buf_append(&out, in.at + 7, in.len - 7);
        else
            buf_text(&out, "<long>");
        char name[40];
        snprintf(name, sizeof name, "a line of %d", lengths[i]);
        buf_byte(&out, '\n');
        check(name, (struct bytes){in.at, in.len}, 65536, (struct bytes){out.at, out.len}, 2);
        buf_text(&in, "\nafter");
        buf_text(&out, "after\n");
        check(name, (struct bytes){in.at, in.len}, 50000, (struct bytes){out.at, out.len}, 3);
        buf_release(&in);
        buf_release(&out);
    }
}

/* The fields joined by "|", or "bad". */
static const char *csv(const char *line)
{
    static struct buf text;
    struct buf scratch = {0};
    struct bytes fields[8];
    size_t count;
    buf_clear(&text);
    bool good = fields_split_csv(bytes_of(line), bytes_of(","), &scratch, fields, 8, &count) ==
                FIELDS_CLOSED;
    for (size_t i = 0; good && i < count; i++) {
        buf_text(&text, i ? "|" : "");
        buf_append(&text, fields[i].at, fields[i].len);
    }
    if (!good)
        buf_text(&text, "bad");
    buf_byte(&text, '\0');
    buf_release(&scratch);
    return text.at;
}

static void test_csv(void)
{
    static const char *const cases[][2] = {
        {"a,b,c", "a|b|c"},
        {"", ""},
        {",", "|"},
        {"\"a\",b", "a|b"},
        {"\"a,b\",\"c\"\"d\"", "a,b|c\"d"},
        {"a,\"\"", "a|"},
        {"a\"b,c", "a\"b|c"},
        {"\"a", "bad"},
        {"\"a\"b,c", "bad"},
        {"\"a\"\"", "bad"},
        {"\"a\",", "a|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        tap_ok(!strcmp(csv(cases[i][0]), cases[i][1]), "CSV %s: %s", cases[i][0], csv(cases[i][0]));
}

/* Splits byte by byte: fields end in "|", and the text in how they end. */
static void split_plainly(struct bytes line, struct bytes delimiter, struct buf *to)
{
    bool quoted = false, closed = false;
    enum fields_end end = FIELDS_CLOSED;
    size_t from = 0;
    for (size_t at = 0; at < line.len && end == FIELDS_CLOSED; at++) {
        bool quote = line.at[at] == '"';
        bool stop =
            line.len - at >= delimiter.len && !memcmp(line.at + at, delimiter.at, delimiter.len);
        if (quoted && quote && at + 1 < line.len && line.at[at + 1] == '"') {
            buf_byte(to, line.at[at++]);
        } else if (quoted && quote) {
            quoted = false;
            closed = true;
        } else if (!quoted && !closed && quote && at == from) {
            quoted = true;
        } else if (!quoted && stop) {
            buf_byte(to, '|');
            at += delimiter.len - 1;
            from = at + 1;
            closed = false;
        } else if (closed) {
            end = FIELDS_BROKEN;
        } else {
            buf_byte(to, line.at[at]);
        }
    }
    buf_format(to, "|%d", quoted ? FIELDS_OPEN : end);
}

/* Appends random bytes of marks and letters, in which most bytes matter, or, where `well` is given,
 * random texts of that list, most of which are whole fields. */
static void random_line(struct random *r, const char *alphabet, const char *const *well,
                        struct buf *to)
{
    size_t len = random_below(r, 200), count = 0;
    while (well && well[count])
        count++;
    buf_reserve(to, len + 1);
    while (to->len < len)
        if (count)
            buf_text(to, well[random_below(r, (uint32_t)count)]);
        else
            buf_byte(to, alphabet[random_below(r, (uint32_t)strlen(alphabet))]);
}

/* Random lines split both ways. */
static void test_random_fields(struct bytes delimiter, const char *alphabet,
                               const char *const *well)
{
    struct random r = random_of(3, delimiter.len);
    struct buf scratch = {0};
    enum { ROOM = 220 };
    int wrong = 0, ends[3] = {0};
    for (int i = 0; i < 60000; i++) {
        struct buf plain = {0}, got = {0}, made = {0};
        struct bytes fields[ROOM];
        size_t count;
        random_line(&r, alphabet, well, &made);
        char *line = mem_alloc(made.len); /* exactly, so that reading beyond it is noticed */
        struct bytes text = {line, made.len};
        memcpy(line, made.at, made.len);
        enum fields_end end = fields_split_csv(text, delimiter, &scratch, fields, ROOM, &count);
        split_plainly(text, delimiter, &plain);
        for (size_t k = 0; k < count; k++) {
            buf_append(&got, fields[k].at, fields[k].len);
            buf_byte(&got, '|');
        }
        buf_format(&got, "%d", end);
        /* Of a field that does not end, nothing is compared. */
        wrong += end == FIELDS_CLOSED &&
                 !bytes_equal((struct bytes){plain.at, plain.len}, (struct bytes){got.at, got.len});
        wrong += plain.at[plain.len - 1] - '0' != (int)end ||
                 fields_end(text, delimiter, FIELDS_CLOSED) != end;
        ends[end]++;
        buf_release(&plain);
        buf_release(&got);
        buf_release(&made);
        mem_free(line);
    }
    tap_ok(!wrong && ends[0] > 100 && ends[1] > 100 && ends[2] > 100,
           "60000 lines by %zu bytes, %d of them closed, %d open, %d broken", delimiter.len,
           ends[0], ends[1], ends[2]);
    buf_release(&scratch);
}

/* Whether the splitter does with a line in a block what fields_split_csv, or without quoting
 * fields_split_at, does with it alone.  It may leave a line with quotes to that. */
static bool splits_as_alone(line_splitter *split, struct bytes line, bool quoting, size_t room,
                            struct buf *scratch, int *done)
{
    enum { MOST = 220 };
    struct buf block = {0}, other = {0};
    struct bytes fields[MOST], alone[MOST];
    struct line_fields f = {.delimiter = ',', .at = fields, .room = room};
    size_t count = 0, returns = 0;
    enum fields_end end = FIELDS_CLOSED;
    f.unquoted = quoting ? scratch : NULL;
    while (returns < line.len && line.at[line.len - 1 - returns] == '\r')
        returns++;
    buf_append(&block, line.at, line.len);
    buf_text(&block, "\nb,\"");
    struct bytes kept = {block.at, line.len - returns};
    char *copy = mem_alloc(block.len + LINE_MARGIN); /* exactly, as the block of a reader may be */
    memcpy(copy, block.at, block.len);
    memset(copy + block.len, ',', LINE_MARGIN);
    const char *newline = split(copy, copy + block.len, &f);
    if (quoting)
        end = fields_split_csv(kept, bytes_of(","), &other, alone, MOST, &count);
    else
        count = fields_split_at(kept, bytes_of(","), alone, MOST);
    bool good =
        newline ? newline == copy + line.len && f.count == count && end == FIELDS_CLOSED : !f.count;
    good = good && !split(copy, copy + line.len, &f) && !f.count; /* its end has not been read */
    good = good && (newline != NULL || (quoting && memchr(line.at, '"', line.len)));
    split(copy, copy + block.len, &f);
    *done += newline != NULL;
    for (size_t i = 0; good && newline && i < count && i < room; i++)
        good = bytes_equal(fields[i], alone[i]);
    mem_free(copy);
    buf_release(&block);
    buf_release(&other);
    return good;
}

/* Each form of it on random lines with marks, quotes, returns, and room for few fields or all. */
static void test_split_lines(void)
{
    static const char *const well[] = {"a", "\"b,\"", "\"c\"\"\"", ",", ",", ",\"\",", NULL};
    struct random r = random_of(5, 1);
    struct buf scratch = {0};
    line_splitter *split;
    struct bytes fields[2];
    struct line_fields f = {.delimiter = ',', .unquoted = &scratch, .at = fields, .room = 2};
    const char quoted[2 * LINE_MARGIN + 20] = "\"a,b\",\"c\"\r\n";
    tap_ok(fields_split_line(quoted, quoted + 11, &f) == quoted + 10 && f.count == 2 &&
               bytes_equal(fields[0], bytes_of("a,b")) && bytes_equal(fields[1], bytes_of("c")),
           "a line with quotes and a return");
    for (int form = 0; (split = fields_line_splitter(form)); form++) {
        int wrong = 0, done = 0;
        for (int i = 0; i < 40000; i++) {
            struct buf made = {0};
            random_line(&r, ",\"abcdefgh,,\r", i % 3 ? well : NULL, &made);
            if (i % 3 == 2) /* without quotes */
                for (size_t k = 0; k < made.len; k++)
                    made.at[k] = made.at[k] == '"' ? '\0' : made.at[k];
            buf_text(&made, i % 5 ? "" : i % 2 ? "\r" : "\r\r");
            wrong +=
                !splits_as_alone(split, (struct bytes){made.at, made.len}, i % 2,
                                 random_below(&r, 2) ? 220 : random_below(&r, 4), &scratch, &done);
            buf_release(&made);
        }
        tap_ok(!wrong && done > 20000, "40000 lines in a block, form %d, %d of them split", form,
               done);
    }
    buf_release(&scratch);
}

/* How the quotes end, taken at once and taken in two pieces at every place. */
static void test_ends_of_fields(void)
{
    static const struct {
        const char *text;
        enum fields_end end;
    } cases[] = {
        {"", FIELDS_CLOSED},         {"a,b", FIELDS_CLOSED},       {"a,\"b", FIELDS_OPEN},
        {"\"a\"", FIELDS_CLOSED},    {"\"a\"\"", FIELDS_OPEN},     {"\"a\"\"\"", FIELDS_CLOSED},
        {"a\"b", FIELDS_CLOSED},     {"\"a\"b", FIELDS_BROKEN},    {"\"a\",\"", FIELDS_OPEN},
        {"\"a,\",b", FIELDS_CLOSED}, {"\"\",\"\"", FIELDS_CLOSED}, {"\"", FIELDS_OPEN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        tap_ok(fields_end(bytes_of(cases[i].text), bytes_of(","), FIELDS_CLOSED) == cases[i].end,
               "the end of %s", cases[i].text);
    tap_ok(fields_end(bytes_of("b\",c"), bytes_of(","), FIELDS_OPEN) == FIELDS_CLOSED &&
               fields_end(bytes_of("b"), bytes_of(","), FIELDS_OPEN) == FIELDS_OPEN &&
               fields_end(bytes_of(""), bytes_of(","), FIELDS_OPEN) == FIELDS_OPEN,
           "a text that begins inside a field");
    tap_ok(fields_end(bytes_of("\"a:\"::\"b"), bytes_of("::"), FIELDS_CLOSED) == FIELDS_OPEN,
           "a delimiter of two bytes");
}

/* Lines joined and given back, whatever the size of reads. */
static void test_extend(size_t chunk)
{
    static const char text[] = "one\r\ntwo\nthree\nfour";
    struct lines l;
    struct bytes line;
    struct err e = {0};
    pid_t child = feed(text, sizeof text - 1, chunk);
    lines_open(&l, NULL, 0);
    bool good = lines_next(&l, &line, &e) == LINE_TEXT && bytes_equal(line, TEXT("one"));
    good = good && lines_extend(&l, &line, &e) == LINE_TEXT &&
           bytes_equal(line, TEXT("one\r\ntwo")) && l.number == 1;
    good = good && lines_extend(&l, &line, &e) == LINE_TEXT &&
           bytes_equal(line, TEXT("one\r\ntwo\nthree"));
    good = good && lines_rewind(&l, &line) == 3 && bytes_equal(line, TEXT("one"));
    good = good && lines_next(&l, &line, &e) == LINE_TEXT && bytes_equal(line, TEXT("two")) &&
           l.number == 2;
    good =
        good && lines_extend(&l, &line, &e) == LINE_TEXT && bytes_equal(line, TEXT("two\nthree"));
    good = good && lines_next(&l, &line, &e) == LINE_TEXT && bytes_equal(line, TEXT("four")) &&
           l.number == 4;
    good = good && lines_extend(&l, &line, &e) == LINE_END;
    lines_rewind(&l, &line);
    good = good && bytes_equal(line, TEXT("four")) && lines_next(&l, &line, &e) == LINE_END;
    tap_ok(good, "lines joined, %zu bytes at a time", chunk);
    lines_close(&l);
    waitpid(child, NULL, 0);
}

static void test_extend_limit(void)
{
    struct buf in = {0};
    struct lines l;
    struct bytes line;
    struct err e = {0};
    enum line_result got;
    while (in.len < 3 * LINE_LIMIT)
        buf_text(&in, "a line of some length\n");
    pid_t child = feed(in.at, in.len, 65536);
    uint64_t joined = 0, rest = 0;
    lines_open(&l, NULL, 0);
    lines_next(&l, &line, &e);
    while ((got = lines_extend(&l, &line, &e)) == LINE_TEXT)
        joined++;
    bool good = got == LINE_LONG && joined > LINE_LIMIT / 22 - 2;
    lines_rewind(&l, &line);
    good = good && bytes_equal(line, TEXT("a line of some length"));
    while (lines_next(&l, &line, &e) == LINE_TEXT)
        rest += bytes_equal(line, TEXT("a line of some length"));
    tap_ok(good && rest == in.len / 22 - 1 && l.number == rest + 1, "no line is lost at the limit");
    lines_close(&l);
    waitpid(child, NULL, 0);
    buf_release(&in);
}

/* Inputs that cannot be read, before any of their lines is asked for. */
static void test_ready(void)
{
    static const struct {
        const char *path;
        enum line_result ready;
    } cases[] = {{"no-such-file", LINE_ERROR}, {".", LINE_ERROR}, {"/dev/null", LINE_TEXT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lines l;
        struct bytes line;
        struct err e = {0};
        lines_open(&l, &cases[i].path, 1);
        tap_ok(lines_ready(&l, &e) == cases[i].ready, "%s: %s", cases[i].path, e.text);
        if (cases[i].ready == LINE_TEXT)
            tap_ok(lines_ready(&l, &e) == LINE_TEXT && lines_next(&l, &line, &e) == LINE_END &&
                       !lines_may_be_cut(&l),
                   "an empty input is whole");
        lines_close(&l);
    }
}

/* Whether the last line of what comes through a pipe has no end where nothing says that it has. */
static void may_be_cut(const char *name, struct bytes in, bool may)
{
    struct lines l;
    struct bytes line;
    struct err e = {0};
    pid_t child = feed(in.at, in.len, 100);
    lines_open(&l, NULL, 0);
    tap_ok(lines_next(&l, &line, &e) == LINE_TEXT && bytes_equal(line, TEXT("a")) &&
               lines_may_be_cut(&l) == may && lines_next(&l, &line, &e) == LINE_END,
           "%s: %s", name, may ? "may be cut" : "is whole");
    lines_close(&l);
    waitpid(child, NULL, 0);
}

static void test_cut(void)
{
    may_be_cut("no last newline", TEXT("a"), true);
    may_be_cut("a newline", TEXT("a\n"), false);
    may_be_cut("gzip", TEXT("\x1f\x8b\b\0\0\0\0\0\0\x03K\x04\0\x43\xbe\xb7\xe8\x01\0\0\0"), false);
}

static void test_field_text(void)
{
    char text[FIELD_TEXT];
    tap_ok(!strcmp(field_text(TEXT("a\x1b\xff"), text), "\"a\\x1b\\xff\""), "field_text escapes");
    struct buf full = {0};
    for (int i = 0; i < 100; i++)
        buf_byte(&full, '\x01');
    tap_ok(strlen(field_text((struct bytes){full.at, full.len}, text)) < FIELD_TEXT,
           "field_text fits");
    buf_release(&full);
}

int main(void)
{
    static const char *const well[] = {
        "\"\",",          "\"a\",", "\"a,,\"\"b\",", "\"\"\"\",", ",", "a\"b,",
        "\"\"\"\"\"a\",", "a,",     "\"a\"",         "\"b",       NULL};
    setvbuf(stdout, NULL, _IONBF, 0); /* nothing for the children to write twice */
    test_ends(1);
    test_ends(100);
    test_random();
    test_limit();
    test_csv();
    test_ends_of_fields();
    test_random_fields(bytes_of(","), "aaaa\",,\n", NULL);
    test_random_fields(bytes_of("::"), "aaa\":::", NULL);
    test_random_fields(bytes_of(","), NULL, well);
    test_split_lines();
    test_extend(1);
    test_extend(100);
    test_extend_limit();
    test_ready();
    test_cut();
    test_field_text();
    return tap_done();
}
