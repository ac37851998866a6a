/* Rows that another thread takes while the next ones are read: all of them, in order, up to an
 * error of either side, and as soon as the input has no more. */
#define _POSIX_C_SOURCE 200809L
#include "data/row_batch.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/num.h"
#include "../streams.h"
#include "../tap.h"

enum { ROWS = 5 * ROWS_TOGETHER / 2 };

/* A row is "user item title time tag". */
static int row_of(void *state, struct bytes line, struct raw_row *row, struct err *e)
{
    struct bytes *field = state;
    if (fields_split(line, ' ', field, 5) != 5 || !num_i64(field[3].at, field[3].len, &row->time))
        return err_set(e, STATUS_DATA, "not a row");
    row->user = field[0], row->item = field[1], row->title = field[2], row->session = field[4];
    row->carried = field + 4;
    return 0;
}

static struct bytes fields[5];
static const char *const keys[] = {"tag"};
static const struct raw_format format = {
    .state = fields, .name = "rows", .row = row_of, .carried = keys, .carried_count = 1};

/* What was taken. */
struct taken {
    struct buf text;
    int64_t rows, batches, widest;
    int64_t fails_at; /* the batch that is not taken; 0: none */
    int told;         /* where a byte is written for each batch; 0: nowhere */
};

static int take(void *state, const struct row_batch *b, struct err *e)
{
    struct taken *t = state;
    if (++t->batches == t->fails_at)
        return err_set(e, STATUS_IO, "batch %d is not taken", (int)t->fails_at);
    for (size_t i = 0; i < b->runs.len; i++) {
        const struct row_run *run = &b->runs.at[i];
        buf_format(&t->text, "%" PRIu64 ":", run->place.line);
        for (size_t k = run->from; k < run->from + run->count; k++)
            buf_format(&t->text, "%.*s %.*s %.*s %" PRId64 " %d;", (int)run->user.len, run->user.at,
                       (int)b->items.at[k].len, b->items.at[k].at, (int)b->titles.at[k].len,
                       b->titles.at[k].at, b->events.at[k].time, b->codes.at[k]);
    }
    t->rows += (int64_t)b->events.len;
    t->widest = (int64_t)b->events.len > t->widest ? (int64_t)b->events.len : t->widest;
    if (t->told && write(t->told, "", 1) != 1)
        return err_set(e, STATUS_IO, "nobody listens");
    return 0;
}

static int read_rows(const char *path, struct taken *t, struct err *e)
{
    struct raw_log log;
    struct extra_columns tags = {.key = "tag"};
    buf_clear(&t->text);
    raw_open(&log, format, &path, 1, false, NULL);
    int status = row_batches_read(&log, &tags, take, t, e);
    raw_close(&log);
    extra_columns_release(&tags);
    return status;
}

/* The n-th row as in the log, and as it is taken. */
static void add_row(struct buf *log, struct buf *wanted, int n, int title)
{
    static char long_title[60000];
    memset(long_title, 'x', sizeof long_title);
    buf_format(log, "u%d i%d %.*s %d t%d\n", n / 3, n % 17, title, long_title, 10 * n, n % 2);
    if (n % 3 == 0)
        buf_format(wanted, "%d:", n + 1);
    else if (wanted->len == 0 || n % ROWS_TOGETHER == 0) /* a run begins with its batch */
        buf_format(wanted, "%d:", n + 1);
    buf_format(wanted, "u%d i%d %.*s %d %d;", n / 3, n % 17, title, long_title, 10 * n, n % 2);
}

static void many(void)
{
    struct buf log = {0}, wanted = {0};
    struct taken t = {0};
    struct err e = {0};
    for (int n = 0; n < ROWS; n++)
        add_row(&log, &wanted, n, n % 5 + 1);
    const char *path = stream_file(log.at, log.len);
    bool read = !read_rows(path, &t, &e);
    tap_ok(read && t.rows == ROWS && t.batches == 3 && t.text.len == wanted.len &&
               !memcmp(t.text.at, wanted.at, wanted.len),
           "%d rows in %d batches", (int)t.rows, (int)t.batches);
    t = (struct taken){.text = t.text, .fails_at = 2};
    tap_ok(read_rows(path, &t, &e) == STATUS_IO && !strcmp(e.text, "batch 2 is not taken") &&
               t.rows == ROWS_TOGETHER && t.batches == 2,
           "a batch that is not taken is the last: %s", e.text);
    buf_format(&log, "no row\n");
    path = stream_file(log.at, log.len);
    t = (struct taken){.text = t.text};
    tap_ok(read_rows(path, &t, &e) == STATUS_DATA && strstr(e.text, ", line 10241: not a row") &&
               t.rows == ROWS,
           "an error of reading comes behind all rows: %s", e.text);
    t = (struct taken){.text = t.text, .fails_at = 3};
    tap_ok(read_rows(path, &t, &e) == STATUS_IO && !strcmp(e.text, "batch 3 is not taken"),
           "and behind an error of taking: %s", e.text);
    buf_release(&log);
    buf_release(&wanted);
    buf_release(&t.text);
}

static void long_names(void)
{
    struct buf log = {0}, wanted = {0};
    struct taken t = {0};
    struct err e = {0};
    for (int n = 0; n < 40; n++)
        add_row(&log, &wanted, n, 60000);
    bool read = !read_rows(stream_file(log.at, log.len), &t, &e);
    tap_ok(read && t.rows == 40 && t.widest < 10, "%d rows of long names, %d at most in a batch",
           (int)t.rows, (int)t.widest);
    buf_release(&log);
    buf_release(&wanted);
    buf_release(&t.text);
}

/* The writer waits after each row until it has been taken. */
static void live(void)
{
    int in[2], told[2];
    struct taken t = {0};
    struct err e = {0};
    char byte;
    if (pipe(in) || pipe(told))
        return tap_ok(false, "pipes");
    fflush(stdout); /* which ThreadSanitizer's _exit does too */
    pid_t child = fork();
    if (!child) {
        close(told[1]);
        for (int n = 0; n < 20; n++)
            if (dprintf(in[1], "ann i%d x %d t\n", n, n) < 0 || read(told[0], &byte, 1) != 1)
                _exit(1);
        _exit(0);
    }
    close(in[1]);
    int before = dup(STDIN_FILENO);
    dup2(in[0], STDIN_FILENO);
    t.told = told[1];
    bool read = !read_rows("-", &t, &e);
    tap_ok(read && t.rows == 20 && t.batches == 20, "%d rows, each taken before the next is there",
           (int)t.rows);
    dup2(before, STDIN_FILENO);
    buf_release(&t.text);
}

int main(void)
{
    many();
    long_names();
    live();
    return tap_done();
}
