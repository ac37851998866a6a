#define _XOPEN_SOURCE   700 /* strptime */
#define _DEFAULT_SOURCE     /* tm_gmtoff */
#include "data/raw_time.h"

#include <math.h>
#include <time.h>

#include "base/num.h"
#include "base/text_fields.h"
#include "base/time.h"
#include "data/raw.h"

enum { NANO = 1000000000, FORM_LIMIT = 128 };

static const struct {
    const char *option, *name;
    int64_t of_second; /* how many make a second */
} units[] = {
    [RAW_SECONDS] = {"s", "seconds", 1},
    [RAW_MILLI] = {"ms", "milliseconds", 1000},
    [RAW_MICRO] = {"us", "microseconds", 1000000},
    [RAW_NANO] = {"ns", "nanoseconds", NANO},
    [RAW_ISO] = {"iso", NULL, 0},
};

enum raw_unit raw_unit_of(const char *text)
{
    for (size_t i = 0; text && i < sizeof units / sizeof *units; i++)
        if (!strcmp(text, units[i].option))
            return (enum raw_unit)i;
    return RAW_ANY;
}

const char *raw_unit_name(enum raw_unit unit)
{
    return units[unit].name;
}

/* ---- messages ---- */

/* The unit in which a number would be a time of now or so, by its digits before the point. */
static enum raw_unit unit_of_digits(int digits)
{
    return digits < 12 ? RAW_SECONDS : digits < 15 ? RAW_MILLI : digits < 18 ? RAW_MICRO : RAW_NANO;
}

static int digits_of(double number)
{
    return number < 10 ? 1 : 1 + (int)log10(number);
}

/* Checks 0 <= number of units < 2^36 s; the error suggests the unit that it may be in. */
static int check_range(const char *field, double number, enum raw_unit unit, struct err *e)
{
    if (number < 0)
        return err_set(e, STATUS_DATA, "the %s is before 1970", field);
    if (number < (double)TIME_LIMIT * (double)units[unit].of_second)
        return 0;
    enum raw_unit likely = unit_of_digits(digits_of(number));
    if (likely <= unit)
        likely = unit + 1;
    const char *question = likely <= RAW_NANO ? ": is it in " : "";
    return err_set(e, STATUS_DATA, "the %s is beyond 2^36 seconds since 1970 (the year 4147)%s%s%s",
                   field, question, *question ? units[likely].name : "", *question ? "?" : "");
}

static int bad_time(const struct raw_clock *clock, const char *field, struct bytes text,
                    struct err *e)
{
    char shown[FIELD_TEXT];
    double number;
    if (clock->unit == RAW_ISO && num_f64(text.at, text.len, &number) &&
        number >= (double)TIME_LIMIT)
        return check_range(field, number, RAW_SECONDS, e);
    field_text(text, shown);
    if (clock->unit == RAW_FORM)
        return err_set(e, STATUS_DATA, "the %s is %s: the form '%s' is expected", field, shown,
                       clock->form);
    if (clock->unit == RAW_ISO)
        return err_set(e, STATUS_DATA,
                       "the %s is %s: ISO 8601 like 2009-05-04T23:08:57Z is expected", field,
                       shown);
    if (clock->unit == RAW_ANY)
        return err_set(e, STATUS_DATA,
                       "the %s is %s: seconds since 1970, or ISO 8601 like 2009-05-04T23:08:57Z, "
                       "are expected, or what --time-format says",
                       field, shown);
    return err_set(e, STATUS_DATA, "the %s is %s: %s since 1970 are expected", field, shown,
                   units[clock->unit].name);
}

/* ---- numbers ---- */

/* Reads eight digits at once: pairs, then fours, then all are put together side by side in a word.
 */
static bool eight_digits(const char *at, uint64_t *value)
{
    uint64_t v = num_eight(at), digits = v - 0x3030303030303030;
    /* no byte is below '0', and none is above '9' */
    if ((v & 0xf0f0f0f0f0f0f0f0) != 0x3030303030303030 ||
        ((digits + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0))
        return false;
    digits = digits * 10 + (digits >> 8);
    digits = (digits & 0x00ff00ff00ff00ff) * 100 + (digits >> 16 & 0x00ff00ff00ff00ff);
    digits = (digits & 0x0000ffff0000ffff) * 10000 + (digits >> 32 & 0x0000ffff0000ffff);
    *value = digits & 0xffffffff;
    return true;
}

/* Reads digits, perhaps with a point and digits after it, exactly: whole units and billionths. A
 * comma is a point, unless it may be between thousands. */
static bool read_decimal(struct bytes text, uint64_t *whole, int64_t *rest)
{
    enum { DIGITS = 19 };
    const char *at = text.at, *end = text.at + text.len;
    int64_t unit = NANO / 10;
    *whole = 0;
    *rest = 0;
    if (end - at >= 8 && eight_digits(at, whole))
        at += 8;
    for (; at < end && at - text.at < DIGITS && *at >= '0' && *at <= '9'; at++)
        *whole = 10 * *whole + (uint64_t)(*at - '0');
    bool comma = at < end && *at == ',' && at - text.at > 3;
    if (at == text.at || (at < end && *at != '.' && !comma))
        return false;
    for (at += at < end; at < end && *at >= '0' && *at <= '9'; at++, unit /= 10)
        *rest += unit * (*at - '0');
    return at == end;
}

/* Whether whole digits are a day of 1900 to 2099, and perhaps a time of it: 20141118103000. */
static bool looks_like_a_day(struct bytes text)
{
    int64_t seconds;
    return (text.len == 8 || text.len == 12 || text.len == 14) &&
           (!memcmp(text.at, "19", 2) || !memcmp(text.at, "20", 2)) &&
           time_iso(text.at, text.len, &seconds);
}

/* Sets the unit of the log's numbers by the first of them. */
static int guess_unit(struct raw_clock *clock, const char *field, struct bytes text, double number,
                      struct err *e)
{
    char shown[FIELD_TEXT];
    int digits = digits_of(number);
    if (looks_like_a_day(text))
        return err_set(e, STATUS_DATA,
                       "the %s is %s, which looks like a day, not like seconds since 1970: "
                       "--time-unit iso reads days, --time-unit s seconds",
                       field, field_text(text, shown));
    if (digits == 17 || digits > 19)
        return err_set(e, STATUS_DATA,
                       "the %s is %s: its digits do not say its unit, --time-unit does", field,
                       field_text(text, shown));
    clock->numbers = unit_of_digits(digits);
    clock->guessed = true;
    return 0;
}

/* 65: the unit was guessed, and this number is a time of now or so in a larger one. */
static int check_guess(const struct raw_clock *clock, const char *field, struct bytes text,
                       double number, struct err *e)
{
    enum { LEAST = 100000000 }; /* seconds: in 1973 */
    char shown[FIELD_TEXT];
    if (number < LEAST || unit_of_digits(digits_of(number)) >= clock->numbers)
        return 0;
    return err_set(e, STATUS_DATA,
                   "the %s is %s, which looks like %s, but the first was in %s: --time-unit says "
                   "what all are in",
                   field, field_text(text, shown), units[unit_of_digits(digits_of(number))].name,
                   units[clock->numbers].name);
}

/* 0: *row has the time; -1: the text is no number. */
static int read_number(struct raw_clock *clock, const char *field, struct bytes text,
                       struct raw_row *row, struct err *e)
{
    uint64_t whole;
    int64_t rest;
    double number;
    bool exact = read_decimal(text, &whole, &rest);
    if (exact)
        number = (double)whole;
    else if (!num_f64(text.at, text.len, &number))
        return -1;
    if (clock->unit == RAW_ANY && !clock->guessed && number >= 0 &&
        guess_unit(clock, field, text, number, e))
        return e->status;
    if (clock->unit == RAW_ANY && check_guess(clock, field, text, number, e))
        return e->status;
    enum raw_unit unit = clock->unit == RAW_ANY ? clock->numbers : clock->unit;
    int64_t of_second = units[unit].of_second;
    if (check_range(field, number, unit, e))
        return e->status;
    if (exact && of_second == 1) {
        row->time = (int64_t)whole;
        row->order = rest;
    } else if (exact) {
        row->time = (int64_t)(whole / (uint64_t)of_second);
        row->order = ((int64_t)(whole % (uint64_t)of_second) * NANO + rest) / of_second;
    } else {
        number /= (double)of_second;
        row->time = (int64_t)floor(number);
        row->order = (int64_t)((number - floor(number)) * NANO);
    }
    clock->early += clock->unit == RAW_ANY && row->time < TIME_EARLY;
    return 0;
}

/* ---- a form of the log's own ---- */

int raw_clock_check(const struct raw_clock *clock, struct err *e)
{
    const char *form = clock->form;
    if (clock->unit != RAW_FORM)
        return 0;
    if (strlen(form) >= FORM_LIMIT || !strchr(form, '%'))
        return err_set(e, STATUS_USAGE,
                       "--time-format '%.40s': a form as that of strptime(3), such as '%%d/%%m/%%Y "
                       "%%H:%%M:%%S', is expected",
                       form);
    for (const char *at = form; (at = strchr(at, '%')); at++) {
        at += 1 + strspn(at + 1, "-_0^#EO"); /* flags and modifiers, which mean nothing here */
        if (!*at || strchr("sZGgV", *at))
            return err_set(e, STATUS_USAGE,
                           "--time-format: %%%c is not read here; seconds are --time-unit s, and a "
                           "zone is %%z",
                           *at ? *at : '%');
    }
    return 0;
}

/* Reads the digits of a fraction into *nanoseconds; returns what follows them, or NULL. */
static const char *read_fraction(const char *at, int64_t *nanoseconds)
{
    int64_t unit = NANO / 10;
    const char *from = at;
    for (; *at >= '0' && *at <= '9'; at++, unit /= 10)
        *nanoseconds += unit * (*at - '0');
    return at > from ? at : NULL;
}

/* Takes the digits of the fraction out of the text, and %f, which reads them, out of the form:
 * strptime(3) reads the rest at once, since AM or PM behind it counts for the hour before it. */
static bool take_fraction(char *text, char *form, int64_t *nanoseconds)
{
    struct tm before = {0};
    char *mark = strstr(form, "%f");
    *nanoseconds = 0;
    if (!mark)
        return true;
    *mark = '\0';
    char *at = strptime(text, form, &before);
    const char *rest = at ? read_fraction(at, nanoseconds) : NULL;
    if (!rest)
        return false;
    memmove(at, rest, strlen(rest) + 1);
    memmove(mark, mark + 2, strlen(mark + 2) + 1);
    return true;
}

static bool read_form(const char *given, struct bytes field, struct raw_row *row)
{
    char text[FORM_LIMIT], form[FORM_LIMIT];
    struct tm tm = {.tm_mday = 1, .tm_year = 70};
    if (field.len >= sizeof text || memchr(field.at, 0, field.len))
        return false;
    memcpy(text, field.at, field.len);
    text[field.len] = '\0';
    memcpy(form, given, strlen(given) + 1);
    const char *end = take_fraction(text, form, &row->order) ? strptime(text, form, &tm) : NULL;
    if (!end || *end || tm.tm_year < -1900 ||
        !time_is_day((unsigned)tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday))
        return false;
    int64_t days = time_days(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday);
    row->time = days * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec - tm.tm_gmtoff;
    return true;
}

/* ---- all of them ---- */

/* Whether an automatic clock takes the text for ISO 8601: "2014-04-...", "20140407T...". */
static bool looks_iso(struct bytes text)
{
    if (text.len > 4 && text.at[4] == '-')
        return text.at[3] >= '0' && text.at[3] <= '9';
    return text.len > 8 && (text.at[8] == 'T' || text.at[8] == ' ');
}

enum { DAY = 10, USUAL = 20 }; /* bytes of "2009-05-04", and with "T23:08:57Z" */

/* Reads a time of the same day as the one before. */
static inline bool read_same_day(const struct raw_clock *clock, struct bytes text,
                                 struct raw_row *row)
{
    int64_t of_day;
    if (text.len != USUAL || text.at[4] != '-' || memcmp(text.at, clock->day, DAY) ||
        !time_of_day_utc(text.at + DAY, &of_day))
        return false;
    row->time = clock->day_start + of_day;
    row->order = 0;
    return true;
}

static bool read_iso(struct raw_clock *clock, struct bytes text, struct raw_row *row)
{
    int64_t of_day;
    if (!time_iso_fine(text.at, text.len, &row->time, &row->order))
        return false;
    if (text.len == USUAL && time_of_day_utc(text.at + DAY, &of_day) && row->time >= 0 &&
        row->time < TIME_LIMIT - 2 * 86400) {
        memcpy(clock->day, text.at, DAY);
        clock->day_start = row->time - of_day;
    }
    return true;
}

int raw_time(struct raw_clock *clock, const char *field, struct bytes text, struct raw_row *row,
             struct err *e)
{
    if (read_same_day(clock, text, row))
        return 0;
    text = field_trimmed(text);
    bool iso = clock->unit == RAW_ISO || (clock->unit == RAW_ANY && looks_iso(text));
    bool read = false;
    if (iso) {
        read = read_iso(clock, text, row);
    } else if (clock->unit == RAW_FORM) {
        read = read_form(clock->form, text, row);
    } else {
        int status = read_number(clock, field, text, row, e);
        if (status >= 0)
            return status;
    }
    if (!read)
        return bad_time(clock, field, text, e);
    if (row->time >= 0 && row->time < TIME_LIMIT)
        return 0;
    return check_range(field, (double)row->time, RAW_SECONDS, e);
}
