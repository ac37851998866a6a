#include "data/raw.h"

#include <inttypes.h>

#include "base/file_type.h"
#include "base/text_fields.h"

void raw_open(struct raw_log *log, struct raw_format format, const char *const *paths, int count,
              bool skip_bad, struct input_meter *meter)
{
    *log = (struct raw_log){.format = format, .skip_bad = skip_bad};
    lines_open(&log->lines, paths, count);
    log->lines.meter = meter;
}

struct raw_place raw_place(const struct raw_log *log)
{
    return (struct raw_place){log->lines.name, log->lines.number, log->elements.record};
}

int raw_at_place(const struct raw_place *place, struct err *e)
{
    if (place->record)
        return err_at(e, "%s, line %" PRIu64 ", record %" PRIu64, place->input, place->line,
                      place->record);
    return err_at(e, "%s, line %" PRIu64, place->input, place->line);
}

int raw_at(const struct raw_log *log, struct err *e)
{
    struct raw_place place = raw_place(log);
    return raw_at_place(&place, e);
}

/* With skip_bad a file that is no log would pass as a log of bad rows: it is refused first. */
static int check_start(const struct raw_log *log, struct bytes line, struct err *e)
{
    static const char stream[] = "\x93\xaaSESSPIPE";
    const struct file_type *type = file_type_of(line);
    if (type)
        return err_set(e, STATUS_DATA, "%s is %s, not %s: %s", log->lines.name, type->name,
                       log->format.name, type->advice);
    if (line.len >= strlen(stream) && !memcmp(line.at, stream, strlen(stream)))
        return err_set(e, STATUS_DATA,
                       "%s is a record stream, not %s: sessions are made from raw logs",
                       log->lines.name, log->format.name);
    if (!log->format.json && line.len > 1 &&
        (!memcmp(line.at, "{\"", 2) || !memcmp(line.at, "[{", 2)))
        return err_set(e, STATUS_DATA, "%s is JSON, not %s: json-sessionize reads it",
                       log->lines.name, log->format.name);
    return 0;
}

/* Says of an error in the first line that this has CR in it, where all of the log may be in it;
 * bytes that are no text have NUL among them. */
static void say_returns(const struct raw_log *log, struct bytes line, struct err *e)
{
    if (log->lines.number == 1 && !log->elements.record && line.len &&
        memchr(line.at, '\r', line.len) && !memchr(line.at, '\0', line.len))
        err_set(e, STATUS_DATA, "lines that end in CR alone: pipe it through tr '\\r' '\\n'");
}

/* 1: the line is a row to parse; 0: it was a header; -1: an error. */
static int begin_input(struct raw_log *log, struct bytes line, struct err *e)
{
    if (check_start(log, line, e))
        return -1;
    if (!log->format.header)
        return 1;
    buf_clear(&log->header);
    int status = log->format.header(log->format.state, line, e);
    if (status == RAW_ROW_TOO)
        return 1;
    if (status == RAW_BEFORE) {
        log->begun = false;
        return 0;
    }
    buf_append(&log->header, line.at, line.len);
    if (!status)
        return 0;
    say_returns(log, line, e);
    raw_at(log, e);
    return -1;
}

static struct bytes log_header(const struct raw_log *log)
{
    return (struct bytes){log->header.at, log->header.len};
}

/* At the end of all inputs: 0, or -1 where they were no such log. */
static int finish(struct raw_log *log, struct err *e)
{
    bool empty = !log->any && !log->header.len;
    if (!empty && (!log->bad || log->bad < log->rows))
        return 0;
    if (empty)
        err_set(e, STATUS_DATA, "%s is empty: %s is expected", log->lines.name, log->format.name);
    else
        err_set(e, STATUS_DATA, "all %" PRIu64 " rows are bad; the first: %s", log->bad,
                log->first_bad.text);
    return -1;
}

/* Counts a row by what the format said of it: 1: it is one to give; 0: it is left out, or bad and
 * skipped; -1: it is an error. */
static int judge(struct raw_log *log, int status, struct err *e)
{
    log->rows++;
    input_meter_records(log->lines.meter, 1);
    if (status == RAW_ROW)
        return 1;
    if (status < 0) {
        log->unwanted += status == RAW_UNWANTED;
        log->nobodys += status == RAW_NOBODY;
        return 0;
    }
    raw_at(log, e);
    if (!log->skip_bad)
        return -1;
    if (!log->bad++)
        log->first_bad = *e;
    return 0;
}

/* Joins the line with the lines into which a quoted field of it continues. Where the quotes are
 * never closed rightly, the line is a row of its own, and so are the lines that were tried with it,
 * but for the last, whose quote was not the one that closes: with it a row over several lines may
 * begin.  So a lost quote spoils its own line alone, and no line is tried more than twice. */
static enum line_result join_lines(struct raw_log *log, struct bytes *line, struct err *e)
{
    struct bytes delimiter = *log->format.delimiter;
    enum fields_end end = fields_end(*line, delimiter, FIELDS_CLOSED);
    enum line_result got = LINE_TEXT;
    bool extended = false;
    while (end == FIELDS_OPEN && got == LINE_TEXT) {
        size_t seen = line->len;
        extended = true;
        got = lines_extend(&log->lines, line, e);
        if (got == LINE_TEXT)
            end = fields_end((struct bytes){line->at + seen, line->len - seen}, delimiter, end);
    }
    if (!extended || end == FIELDS_CLOSED || got == LINE_ERROR)
        return got;
    log->broken = log->lines.number + lines_rewind(&log->lines, line) - 1;
    return LINE_TEXT;
}

/* 65: the line is the last one and may be cut off.  Of a mark alone nothing can be. */
static int check_end(const struct raw_log *log, struct bytes line, struct err *e)
{
    if (log->open_end || !line.len || !lines_may_be_cut(&log->lines))
        return 0;
    if (!log->begun && check_start(log, line, e))
        return e->status;
    err_set(e, STATUS_DATA,
            "the last line has no end, as where the program before was cut off or failed; "
            "--open-end takes it");
    say_returns(log, line, e);
    return raw_at(log, e);
}

/* The next line; the first one of an input together with those in which its fields go on. */
static enum line_result find_line(struct raw_log *log, struct bytes *line, struct err *e)
{
    const struct bytes *delimiter = log->format.delimiter;
    enum line_result got = log->format.json
                               ? json_elements_next(&log->elements, &log->lines, line, e)
                               : lines_next(&log->lines, line, e);
    if (got <= LINE_END)
        return got;
    if (log->lines.number == 1 && log->elements.record <= 1) {
        log->begun = false;
        log->broken = 0;
    }
    if (got == LINE_TEXT && !log->begun && delimiter && delimiter->len && line->len &&
        memchr(line->at, '"', line->len))
        got = join_lines(log, line, e);
    return got == LINE_TEXT && log->lines.ended && check_end(log, *line, e) ? LINE_ERROR : got;
}

/* The next line, split if that can be done at once. */
static inline enum line_result next_line(struct raw_log *log, struct bytes *line, struct err *e)
{
    struct line_fields *fields = log->format.fields;
    if (!fields || !fields->delimiter)
        return find_line(log, line, e);
    if (log->begun && lines_split_next(&log->lines, fields, line))
        return LINE_TEXT;
    fields->count = 0;
    return find_line(log, line, e);
}

/* Whether it is another header: the files were joined by cat. */
static bool is_header(const struct raw_log *log, struct bytes line)
{
    return log->header.len && bytes_equal(line, log_header(log));
}

/* Reads a row that goes on in the next line, and returns its status; RAW_NO_MORE: it is a header.
 * Where its quotes match nowhere, the error stays that of the line alone.  *failed: the input could
 * not be read. */
static int continue_row(struct raw_log *log, struct bytes line, struct raw_row *row, bool *failed,
                        struct err *e)
{
    struct err why = *e;
    size_t alone = line.len;
    if (log->lines.number >= log->broken) {
        enum line_result got = join_lines(log, &line, e);
        *failed = got == LINE_ERROR || check_end(log, line, e);
        if (*failed)
            return e->status;
        if (line.len > alone)
            return is_header(log, line) ? RAW_NO_MORE
                                        : log->format.row(log->format.state, line, row, e);
    }
    *e = why;
    return why.status;
}

/* Reads one line: 1: it is a row; 0: it is no row, or a bad one to skip; -1: an error. */
static int read_line(struct raw_log *log, struct bytes line, bool is_long, struct raw_row *row,
                     struct err *e)
{
    bool failed = false;
    if (!line.len && !log->elements.record)
        return 0;
    if (!log->begun) {
        log->begun = true;
        int begun = begin_input(log, line, e);
        if (begun <= 0)
            return begun;
    } else if (is_header(log, line)) {
        return 0;
    }
    log->any = true;
    int status = is_long ? err_set(e, STATUS_DATA, "longer than %d bytes", LINE_LIMIT)
                         : log->format.row(log->format.state, line, row, e);
    if (status == RAW_OPEN)
        status = continue_row(log, line, row, &failed, e);
    if (failed)
        return -1;
    if (status == RAW_NO_MORE)
        return 0;
    if (status > 0)
        say_returns(log, line, e);
    log->in_line = status == RAW_MANY;
    return log->in_line ? 0 : judge(log, status, e);
}

int raw_begin(struct raw_log *log, struct err *e)
{
    int got = raw_next(log, &log->first, e);
    log->held = got > 0;
    return got < 0 ? e->status : 0;
}

int raw_next(struct raw_log *log, struct raw_row *row, struct err *e)
{
    if (log->held) {
        log->held = false;
        *row = log->first;
        return 1;
    }
    for (;;) {
        struct bytes line;
        int status = log->in_line ? log->format.more(log->format.state, row, e) : RAW_NO_MORE;
        log->in_line = status != RAW_NO_MORE;
        int judged = log->in_line ? judge(log, status, e) : 0;
        if (judged)
            return judged;
        if (log->in_line)
            continue;
        enum line_result got = next_line(log, &line, e);
        if (got == LINE_ERROR)
            return -1;
        if (got == LINE_END)
            return finish(log, e);
        int result = read_line(log, line, got == LINE_LONG, row, e);
        if (result)
            return result;
    }
}

void raw_close(struct raw_log *log)
{
    lines_close(&log->lines);
    buf_release(&log->header);
}

int raw_quotes(enum fields_end end, size_t count, struct err *e)
{
    if (end == FIELDS_CLOSED)
        return 0;
    err_set(e, STATUS_DATA, "column %zu: the quotes do not match", count + 1);
    return end == FIELDS_OPEN ? RAW_OPEN : e->status;
}

int raw_no_name(const char *field, struct bytes text, struct err *e)
{
    if (!text.len)
        return err_set(e, STATUS_DATA, "the %s is empty", field);
    return err_set(e, STATUS_DATA, "the %s has %zu bytes: a name has %d at most", field, text.len,
                   NAME_LIMIT);
}
