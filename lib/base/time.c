#include "base/time.h"

#include <stdio.h>

/* Years are counted from March, so that the leap day is the last of its year. */
int64_t time_days(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool digits(const char **s, const char *end, int count, unsigned *value)
{
    if (end - *s < count)
        return false;
    unsigned v = 0;
    for (int i = 0; i < count; i++, (*s)++) {
        unsigned digit = (unsigned char)**s - '0';
        if (digit > 9)
            return false;
        v = 10 * v + digit;
    }
    *value = v;
    return true;
}

static bool literal(const char **s, const char *end, char c)
{
    return *s < end && **s == c && (*s)++;
}

static bool zone(const char **s, const char *end, int64_t *offset)
{
    *offset = 0;
    if (*s == end || literal(s, end, 'Z'))
        return true;
    int sign = literal(s, end, '+') ? 1 : literal(s, end, '-') ? -1 : 0;
    unsigned hour, minute = 0;
    if (!sign || !digits(s, end, 2, &hour) || hour > 23)
        return false;
    bool minutes = literal(s, end, ':') || *s < end;
    if (minutes && (!digits(s, end, 2, &minute) || minute > 59))
        return false;
    *offset = sign * (int64_t)(hour * 3600 + minute * 60);
    return true;
}

/* The digits after a point, at least one. */
static bool fraction(const char **s, const char *end, int64_t *nanoseconds)
{
    const char *from = *s;
    int64_t unit = 100000000;
    for (; *s < end && **s >= '0' && **s <= '9'; ++*s, unit /= 10)
        *nanoseconds += unit * (**s - '0');
    return *s > from;
}

bool time_iso(const char *s, size_t n, int64_t *seconds)
{
    int64_t nanoseconds;
    return time_iso_fine(s, n, seconds, &nanoseconds);
}

bool time_iso_fine(const char *s, size_t n, int64_t *seconds, int64_t *nanoseconds)
{
    static const unsigned char longest[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *end = s + n;
    unsigned year, month, day, hour = 0, minute = 0, second = 0;
    int64_t offset = 0;
    *nanoseconds = 0;
    if (!digits(&s, end, 4, &year) || !literal(&s, end, '-') || !digits(&s, end, 2, &month) ||
        !literal(&s, end, '-') || !digits(&s, end, 2, &day) || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day > longest[month - 1] + (unsigned)(month == 2 && leap))
        return false;
    if (s < end) {
        if (!(literal(&s, end, 'T') || literal(&s, end, ' ')) || !digits(&s, end, 2, &hour) ||
            !literal(&s, end, ':') || !digits(&s, end, 2, &minute))
            return false;
        bool seconds_given = literal(&s, end, ':');
        if (seconds_given && !digits(&s, end, 2, &second))
            return false;
        if (hour > 23 || minute > 59 || second > 60)
            return false;
        if (seconds_given && literal(&s, end, '.') && !fraction(&s, end, nanoseconds))
            return false;
        if (!zone(&s, end, &offset) || s != end)
            return false;
    }
    *seconds = time_days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
    return true;
}

void time_text(int64_t seconds, char *to)
{
    int64_t days = seconds / 86400, rest = seconds % 86400;
    int64_t z = days + 719468, era = z / 146097, of_era = z - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t mp = (5 * of_year + 2) / 153;
    int64_t day = of_year - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
    snprintf(to, TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)(y + era * 400 + (month <= 2)),
             (int)month, (int)day, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
}
