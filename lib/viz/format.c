#include "viz/format.h"

#include <inttypes.h>
#include <math.h>

#include "base/num.h"

const char *const words_day[7] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

void words_age(const struct cast *c, size_t bucket, struct buf *to)
{
    int64_t from = cast_age_from(c, bucket);
    int64_t hours = from / 3600, minutes = from % 3600 / 60;
    if (hours || !minutes)
        buf_format(to, "%" PRId64 " h", hours);
    if (minutes)
        buf_format(to, "%s%" PRId64 " min", hours ? " " : "", minutes);
    buf_text(to, bucket && cast_age_to(c, bucket) == INT64_MAX ? "+" : "");
}

void words_week(const struct cast *c, size_t hour, struct buf *to)
{
    (void)c;
    if (hour < 168)
        buf_format(to, "%s %zu h", words_day[hour / 24], hour % 24);
    else
        buf_text(to, "no hour");
}

void words_exact(struct buf *to, double value)
{
    char text[NUM_TEXT];
    if (isfinite(value))
        buf_append(to, text, num_text(value, text));
}

void words_number(struct buf *to, double value, int decimals)
{
    if (isfinite(value))
        buf_format(to, "%.*f", decimals, value);
    else
        buf_text(to, "–");
}
