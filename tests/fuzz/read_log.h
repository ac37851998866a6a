/* The bytes as a log of a format: what is read as a row must be one, and a failure has a status. */
#ifndef FUZZ_READ_LOG_H
#define FUZZ_READ_LOG_H

#include <stdlib.h>

#include "../streams.h"
#include "data/raw.h"

static inline void check_row(const struct raw_row *row)
{
    if (!row->user.len || !row->item.len || row->user.len > NAME_LIMIT ||
        row->item.len > NAME_LIMIT || row->time < 0 || row->time >= (int64_t)1 << 36)
        abort();
}

static inline void read_log(struct raw_format format, const void *bytes, size_t n)
{
    const char *path = stream_file(bytes, n);
    struct raw_log log;
    struct raw_row row = {0};
    struct err e = {0};
    int got;
    raw_open(&log, format, &path, 1, true, NULL);
    while ((got = raw_next(&log, &row, &e)) > 0)
        check_row(&row);
    if (got < 0 && !e.status)
        abort();
    raw_close(&log);
}

#endif
