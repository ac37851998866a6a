#include "base/time.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"

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
    bool is = *s < end && **s == c;
    *s += is;
    return is;
}

/* Whether one of the two words is next; if so, it is passed over. */
static bool word(const char **s, const char *end, const char *one, const char *other)
{
    for (int i = 0; i < 2; i++) {
        const char *text = i ? other : one;
        size_t n = strlen(text);
        if ((size_t)(end - *s) < n || memcmp(*s, text, n))
            continue;
        *s += n;
        return true;
    }
    return false;
}

/* A zone, perhaps after a blank, or nothing. */
static bool zone(const char **s, const char *end, int64_t *offset)
{
    *offset = 0;
    if (*s == end || (literal(s, end, ' ') && *s == end))
        return end[-1] != ' ';
    if (word(s, end, "Z", "z") || word(s, end, "UTC", "GMT"))
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

bool time_is_day(unsigned year, unsigned month, unsigned day)
{
    static const unsigned char longest[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= longest[month - 1] + (unsigned)(month == 2 && leap);
}

/* YYYY-MM-DD or, *basic, YYYYMMDD. */
static bool date(const char **s, const char *end, int64_t *days, bool *basic)
{
    unsigned year, month, day;
    if (!digits(s, end, 4, &year))
        return false;
    *basic = !literal(s, end, '-');
    if (!digits(s, end, 2, &month) || (!*basic && !literal(s, end, '-')) ||
        !digits(s, end, 2, &day) || !time_is_day(year, month, day))
        return false;
    *days = time_days(year, month, day);
    return true;
}

/* hh:mm, hh:mm:ss or the same without colons, then perhaps a fraction of the second. */
static bool time_of_day(const char **s, const char *end, int64_t *seconds, int64_t *nanoseconds)
{
    unsigned hour, minute, second = 0;
    if (!digits(s, end, 2, &hour))
        return false;
    bool colons = literal(s, end, ':');
    if (!digits(s, end, 2, &minute))
        return false;
    bool with_seconds = colons ? literal(s, end, ':') : *s < end && **s >= '0' && **s <= '9';
    if (with_seconds && !digits(s, end, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    *seconds = hour * 3600 + minute * 60 + second;
    bool more = with_seconds && (literal(s, end, '.') || literal(s, end, ','));
    return !more || fraction(s, end, nanoseconds);
}

bool time_iso(const char *s, size_t n, int64_t *seconds)
{
    int64_t nanoseconds;
    return time_iso_fine(s, n, seconds, &nanoseconds);
}

/* Two digits; *bad gets a bit where they are none. */
static unsigned two_digits(const char *s, unsigned *bad)
{
    unsigned tens = (unsigned char)s[0] - '0', ones = (unsigned char)s[1] - '0';
    *bad |= (tens > 9) | (ones > 9);
    return 10 * tens + ones;
}

/* The form that most logs have, "2009-05-04T23:08:57Z", in a fraction of the time. */
static bool read_usual(const char *s, int64_t *seconds)
{
    int64_t of_day;
    unsigned bad = s[4] != '-' || s[7] != '-';
    unsigned year = 100 * two_digits(s, &bad);
    year += two_digits(s + 2, &bad);
    unsigned month = two_digits(s + 5, &bad), day = two_digits(s + 8, &bad);
    if (bad || !time_of_day_utc(s + 10, &of_day) || !time_is_day(year, month, day))
        return false;
    *seconds = time_days(year, month, day) * 86400 + of_day;
    return true;
}

bool time_iso_fine(const char *s, size_t n, int64_t *seconds, int64_t *nanoseconds)
{
    const char *end = s + n;
    int64_t days, of_day = 0, offset = 0;
    bool basic;
    *nanoseconds = 0;
    if (n == 20 && read_usual(s, seconds))
        return true;
    if (!date(&s, end, &days, &basic))
        return false;
    if (s < end) {
        bool begun = literal(&s, end, 'T') || literal(&s, end, ' ') || literal(&s, end, 't');
        if (!(begun || basic) || !time_of_day(&s, end, &of_day, nanoseconds) ||
            !zone(&s, end, &offset) || s != end)
            return false;
    }
    *seconds = days * 86400 + of_day - offset;
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
