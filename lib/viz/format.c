#include "viz/format.h"

#include <inttypes.h>
#include <math.h>

#include "base/num.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE };

const char *const format_day[7] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

static const char *part_of_age(struct buf *to, const char *gap, int64_t n, const char *unit)
{
    buf_format(to, "%s%" PRId64 " %s", gap, n, unit);
    return " ";
}

void format_age(const struct run_names *c, size_t bucket, struct buf *to)
{
    int64_t from = run_names_age_from(c, bucket);
    int64_t days = from >= FORMAT_WEEK ? from / FORMAT_DAY : 0, left = from - days * FORMAT_DAY;
    const char *gap = "";
    if (days)
        gap = part_of_age(to, gap, days, "d");
    if (left / HOUR || !from)
        gap = part_of_age(to, gap, left / HOUR, "h");
    if (left % HOUR / MINUTE)
        part_of_age(to, gap, left % HOUR / MINUTE, "min");
    buf_text(to, bucket && run_names_age_to(c, bucket) == INT64_MAX ? "+" : "");
}

void format_week(const struct run_names *c, size_t hour, struct buf *to)
{
    (void)c;
    if (hour < 168)
        buf_format(to, "%s %zu h", format_day[hour / 24], hour % 24);
    else
        buf_text(to, "no hour");
}

void format_exact(struct buf *to, double value)
{
    char text[NUM_TEXT];
    if (isfinite(value))
        buf_append(to, text, num_text(value, text));
}

void format_number(struct buf *to, double value, int decimals)
{
    if (isfinite(value))
        buf_format(to, "%.*f", decimals, value);
    else
        buf_text(to, "–");
}
