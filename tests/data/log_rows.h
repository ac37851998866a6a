/* The rows of a raw log, as text. */
#ifndef TESTS_DATA_LOG_ROWS_H
#define TESTS_DATA_LOG_ROWS_H

#include "data/raw.h"

#include "../streams.h"

static inline void log_row_text(struct buf *to, const struct raw_log *log, const struct raw_row *r)
{
    buf_format(to, "%.*s %.*s %lld", (int)r->user.len, r->user.at, (int)r->item.len, r->item.at,
               (long long)r->time);
    if (r->order)
        buf_format(to, ".%lld", (long long)r->order);
    if (r->title.len)
        buf_format(to, " \"%.*s\"", (int)r->title.len, r->title.at);
    if (r->session.len)
        buf_format(to, " in %.*s", (int)r->session.len, r->session.at);
    for (size_t i = 0; i < log->format.carried_count; i++)
        buf_format(to, " %s=%.*s", log->format.carried[i], (int)r->carried[i].len,
                   r->carried[i].at);
    buf_text(to, "; ");
}

/* Reads the log to its end or first error.  Returns its rows, "user item time.order ...; ", and
 * behind them "! " and the error; valid until the next call.  *counts, unless NULL, gets the log as
 * it was at its end. */
static inline const char *log_rows(struct raw_format format, const char *text, bool skip_bad,
                                   struct raw_log *counts)
{
    static struct buf rows;
    const char *path = stream_file(text, strlen(text));
    struct raw_log log;
    struct raw_row row = {0};
    struct err e = {0};
    int got;
    buf_clear(&rows);
    raw_open(&log, format, &path, 1, skip_bad, NULL);
    while ((got = raw_next(&log, &row, &e)) > 0)
        log_row_text(&rows, &log, &row);
    if (got < 0)
        buf_format(&rows, "! %s", e.text);
    buf_byte(&rows, 0);
    if (counts)
        *counts = log;
    raw_close(&log);
    return rows.at;
}

#endif
