/* Raw logs: the first byte chooses the format, the others are the log; what is read as a row must
 * be one. */
#include <stdlib.h>

#include "data/csv.h"
#include "fuzz.h"
#include "read_log.h"

static void read_csv(struct csv *csv, const void *bytes, size_t n)
{
    struct raw_format format;
    struct err e = {0};
    if (csv_open(csv, &format, &e))
        abort();
    read_log(format, bytes, n);
    csv_release(csv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const presets[] = {"yoochoose", "diginetica",   "xing",    "movielens",
                                          "globo",     "retailrocket", "tianchi", "recbole"};
    struct lastfm lastfm = {.track = true};
    struct reddit reddit = {0};
    struct csv csv = {.columns.given = {.user = "1", .item = "2", .time = "3", .header = "no"}};
    struct err e;
    if (!size)
        return 0;
    unsigned format = *data++ % 13;
    size--;
    if (format < 8) {
        csv = (struct csv){.columns.preset = presets[format]};
        read_csv(&csv, data, size);
    } else if (format == 8) {
        log_columns_where(&csv.columns.where, "4=a*", &e);
        log_columns_carry(&csv.columns, "4", &e);
        read_csv(&csv, data, size);
    } else if (format == 9) {
        csv.no_quotes = true;
        csv.columns.given.delimiter = "::";
        read_csv(&csv, data, size);
    } else if (format == 12) {
        csv.columns.given = (struct log_layout){.list = "1", .item = "2", .header = "no"};
        read_csv(&csv, data, size);
    } else if (format == 10) {
        read_log(lastfm_format(&lastfm), data, size);
        lastfm_release(&lastfm);
    } else {
        read_log(reddit_format(&reddit), data, size);
        reddit_release(&reddit);
    }
    return 0;
}
