/* What a summary says of times. */
#include "stream/time_range.h"

#include <string.h>

#include "../tap.h"

static void shows(const int64_t *times, size_t n, const char *expected)
{
    struct time_range r = {.now = 1700000000}; /* 2023-11-14 */
    struct buf text = {0};
    for (size_t i = 0; i < n; i++) /* one by one, as sessions come */
        time_range_add(&r, times + i, 1);
    time_range_show(&r, &text);
    buf_byte(&text, 0);
    tap_ok(!strcmp(text.at, expected), "the summary of %zu times", n);
    buf_release(&text);
    time_range_release(&r);
}

#define SHOWS(expected, ...)                                                                       \
    shows((const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),      \
          expected)

int main(void)
{
    enum { YEAR = 365 * 86400 };
    const int64_t day = 1400000000; /* 2014-05-13T16:53:20Z */
    shows(NULL, 0, "");
    SHOWS("first event\t2014-05-13T16:53:20Z\nlast event\t2014-05-13T16:53:20Z\n", day);
    SHOWS("first event\t2014-05-13T16:53:20Z\nlast event\t2015-05-13T16:53:20Z\n", day + YEAR, day);
    SHOWS("first event\t2014-05-13T16:53:20Z\nlast event\t2015-05-13T16:53:21Z\n"
          "gap over a year\t2014-05-13T16:53:20Z to 2015-05-13T16:53:21Z (365 days)\n",
          day + YEAR + 1, day);
    SHOWS("first event\t2014-05-13T16:53:20Z\nlast event\t2015-05-13T16:53:21Z\n", day + YEAR + 1,
          day, day + YEAR / 2);
    SHOWS("first event\t1970-01-01T00:00:00Z\nlast event\t4147-08-20T07:32:15Z\n"
          "gap over a year\t1970-01-01T00:00:00Z to 1994-12-31T23:59:59Z (9130 days)\n"
          "gap over a year\t1995-01-01T00:00:00Z to 2023-11-14T22:13:20Z (10544 days)\n"
          "gap over a year\t2023-11-14T22:13:21Z to 4147-08-20T07:32:15Z (775688 days)\n"
          "events before 1995\t2\nevents in the future\t2\n",
          0, 788918399, 788918400, 1700000000, 1700000001, ((int64_t)1 << 36) - 1);
    return tap_done();
}
