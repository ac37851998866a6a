/* Times of raw logs: units, which a log's first number may say, ISO 8601, forms as of strptime(3).
 */
#include "data/raw.h"

#include <stdio.h>
#include <time.h>

#include "base/random.h"
#include "../tap.h"

static int read_time(struct raw_clock *clock, const char *text, struct raw_row *row, struct err *e)
{
    return raw_time(clock, "time", bytes_of(text), row, e);
}

static void on_clock(struct raw_clock *clock, const char *text, int64_t time, int64_t order)
{
    struct raw_row row = {0};
    struct err e = {0};
    int status = read_time(clock, text, &row, &e);
    tap_ok(!status && row.time == time && row.order == order, "%s is %lld and %lld ns %s", text,
           (long long)row.time, (long long)row.order, e.text);
}

static void time_is(const char *text, enum raw_unit unit, int64_t time, int64_t order)
{
    on_clock(&(struct raw_clock){.unit = unit}, text, time, order);
}

static void not_on_clock(struct raw_clock *clock, const char *text, const char *expected)
{
    struct raw_row row = {0};
    struct err e = {0};
    tap_ok(read_time(clock, text, &row, &e) == STATUS_DATA && strstr(e.text, expected), "%s: %s",
           text, e.text);
}

static void no_time(const char *text, enum raw_unit unit, const char *expected)
{
    not_on_clock(&(struct raw_clock){.unit = unit}, text, expected);
}

static void numbers(void)
{
    time_is("12", RAW_SECONDS, 12, 0);
    time_is("12.5", RAW_SECONDS, 12, 500000000);
    time_is(" 12.5\t", RAW_SECONDS, 12, 500000000);
    time_is("1e3", RAW_SECONDS, 1000, 0);
    time_is("1500", RAW_MILLI, 1, 500000000);
    time_is("1500.25", RAW_MILLI, 1, 500250000);
    time_is("1575779411418001", RAW_MICRO, 1575779411, 418001000);
    time_is("1575779411418001002", RAW_NANO, 1575779411, 418001002);
    time_is("9223372036854775807", RAW_NANO, 9223372036, 854775807);
    no_time("-1", RAW_SECONDS, "is before 1970");
    no_time("68719476736", RAW_SECONDS, "is it in milliseconds?");
    no_time("1575779411418000", RAW_SECONDS, "is it in microseconds?");
    no_time("68719476736000", RAW_MILLI, "is it in microseconds?");
    no_time("1575779411418000000", RAW_MILLI, "is it in nanoseconds?");
    no_time("99999999999999999999", RAW_NANO, "(the year 4147)");
    no_time("noon", RAW_SECONDS, "seconds since 1970 are expected");
    no_time("", RAW_MILLI, "milliseconds since 1970 are expected");
    no_time("  ", RAW_MILLI, "milliseconds since 1970 are expected");
}

static void iso(void)
{
    time_is("1970-01-02T00:00:01Z", RAW_ISO, 86401, 0);
    time_is("  1970-01-02 00:00:01 UTC ", RAW_ISO, 86401, 0);
    time_is("19700102", RAW_ISO, 86400, 0);
    time_is("1970-01-01T00:00:01.5Z", RAW_ANY, 1, 500000000);
    time_is("1970-01-01T00:00:01,5", RAW_ANY, 1, 500000000);
    time_is("19700102T000001Z", RAW_ANY, 86401, 0);
    no_time("1e12", RAW_ISO, "is it in milliseconds?");
    no_time("noon", RAW_ISO, "the time is \"noon\": ISO 8601 like");
    no_time("1969-12-31", RAW_ISO, "is before 1970");
    no_time("4148-01-01", RAW_ISO, "is beyond 2^36 seconds since 1970");
}

/* Digits of every number, against those that strtoull(3) reads. */
static void all_digits(void)
{
    struct random r = random_of(2, 9);
    int wrong = 0;
    for (int i = 0; i < 20000; i++) {
        char text[24];
        struct raw_clock clock = {.unit = RAW_NANO};
        struct raw_row row = {0};
        struct err e = {0};
        uint64_t value = ((uint64_t)random_u32(&r) << 32 | random_u32(&r)) >> random_below(&r, 64);
        value %= 9000000000000000000u;
        snprintf(text, sizeof text, "%llu", (unsigned long long)value);
        wrong += read_time(&clock, text, &row, &e) ||
                 (uint64_t)row.time * 1000000000 + (uint64_t)row.order != value;
        /* a byte that is no digit, in any place */
        text[random_below(&r, (uint32_t)strlen(text))] = "/:;a +-\xb0"[random_below(&r, 8)];
        clock.unit = RAW_SECONDS;
        wrong += strspn(text, " +0123456789") < strlen(text) && *text != '-' &&
                 !read_time(&clock, text, &row, &e);
    }
    tap_ok(!wrong, "20000 numbers of up to 19 digits, and others that are none");
}

/* A day that is kept from the time before is that day's alone. */
static void days(void)
{
    struct raw_clock clock = {.unit = RAW_ISO};
    on_clock(&clock, "2009-05-04T23:08:57Z", 1241478537, 0);
    on_clock(&clock, "2009-05-04T00:00:00Z", 1241395200, 0);
    on_clock(&clock, "2009-05-05T00:00:00Z", 1241481600, 0);
    on_clock(&clock, "2009-05-05T23:59:60Z", 1241568000, 0);
    on_clock(&clock, "2009-05-05T00:00:01.5Z", 1241481601, 500000000);
    on_clock(&clock, "2009-05-05T00:00:02Z", 1241481602, 0);
    not_on_clock(&clock, "2009-05-05T24:00:00Z", "ISO 8601");
    not_on_clock(&clock, "2009-05-32T00:00:00Z", "ISO 8601");
    on_clock(&clock, "2009-05-05T00:00:03Z", 1241481603, 0);
}

/* The first number says the unit of all. */
static void guesses(void)
{
    static const struct {
        const char *text;
        enum raw_unit unit;
    } cases[] = {
        {"0", RAW_SECONDS},
        {"86401", RAW_SECONDS},
        {"1575779411", RAW_SECONDS},
        {"1575779411418", RAW_MILLI},
        {"315532800000", RAW_MILLI}, /* 1980 */
        {"1.5e12", RAW_MILLI},
        {"1575779411418.25", RAW_MILLI},
        {"1575779411418000", RAW_MICRO},
        {"1575779411418000000", RAW_NANO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct raw_clock clock = {.unit = RAW_ANY};
        struct raw_row row;
        struct err e = {0};
        tap_ok(!read_time(&clock, cases[i].text, &row, &e) && clock.guessed &&
                   clock.numbers == cases[i].unit,
               "%s is in %s", cases[i].text, raw_unit_name(clock.numbers));
    }
    struct raw_clock clock = {.unit = RAW_ANY};
    on_clock(&clock, "1970-01-01", 0, 0);
    tap_ok(!clock.guessed, "ISO 8601 says no unit");
    on_clock(&clock, "1575779411418", 1575779411, 418000000);
    on_clock(&clock, "5", 0, 5000000);
    not_on_clock(&clock, "1575779411418000", "is it in microseconds?");
    no_time("20141118", RAW_ANY,
            "which looks like a day, not like seconds since 1970: --time-unit iso");
    no_time("20141118103000", RAW_ANY, "which looks like a day");
    no_time("15757794114180000", RAW_ANY, "its digits do not say its unit");
    no_time("157577941141800000002", RAW_ANY, "its digits do not say its unit");
    no_time("-5", RAW_ANY, "is before 1970");
    time_is("30141118", RAW_ANY, 30141118, 0);
    time_is("20141118", RAW_SECONDS, 20141118, 0);
    time_is("20141332", RAW_ANY, 20141332, 0);
    no_time("yesterday", RAW_ANY, "seconds since 1970, or ISO 8601");
    no_time("next-week", RAW_ANY, "seconds since 1970, or ISO 8601");
    no_time("199:-1", RAW_ANY, "seconds since 1970, or ISO 8601");
    time_is("19700102 000001", RAW_ANY, 86401, 0);
}

static void form_is(const char *form, const char *text, int64_t time, int64_t order)
{
    on_clock(&(struct raw_clock){.unit = RAW_FORM, .form = form}, text, time, order);
}

static void forms(void)
{
    struct err e;
    form_is("%d/%m/%Y %H:%M:%S %z", "26/02/2019 08:34:33 +00:00", 1551170073, 0);
    form_is("%d/%m/%Y %H:%M:%S %z", "26/02/2019 09:34:33 +0100", 1551170073, 0);
    form_is("%d %b %Y %H:%M", "26 Feb 2019 08:34", 1551170040, 0);
    form_is("%m/%d/%Y", " 2/26/2019 ", 1551139200, 0);
    form_is("%Y%m%d", "20190226", 1551139200, 0);
    form_is("%-d/%Om/%y %%", "26/2/19 %", 1551139200, 0);
    form_is("%H:%M:%S.%f on %d.%m.%y", "08:34:33.25 on 26.02.19", 1551170073, 250000000);
    form_is("%I:%M %p %d %B %Y", "08:34 PM 26 February 2019", 1551213240, 0);
    /* what follows a fraction may say what is before it */
    form_is("%m/%d/%Y %I:%M:%S.%f %p", "02/26/2019 08:34:33.250 PM", 1551213273, 250000000);
    form_is("%m/%d/%Y %I:%M:%S.%f%p", "02/26/2019 12:34:33.5AM", 1551141273, 500000000);
    form_is("%Y %U %S.%f %w", "2019 09 1.25 2", 1551744001, 250000000);
    form_is("%Y%m%d%H%M%S%f%z", "20190226093433250+0100", 1551170073, 250000000);
    struct raw_clock day = {.unit = RAW_FORM, .form = "%Y-%m-%d"};
    not_on_clock(&day, "2019-02-30", "the time is \"2019-02-30\": the form '%Y-%m-%d' is expected");
    not_on_clock(&day, "2019-02-28x", "is expected");
    not_on_clock(&day, "2019-02", "is expected");
    not_on_clock(&day, "1969-02-28", "before 1970");
    struct raw_row row;
    char far[400];
    memset(far, '1', sizeof far);
    tap_ok(raw_time(&day, "time", (struct bytes){far, sizeof far}, &row, &e) == STATUS_DATA &&
               raw_time(&day, "time", (struct bytes){"2019-02-28\0", 11}, &row, &e) == STATUS_DATA,
           "nor is what is long or has a NUL: %s", e.text);
    struct raw_clock part = {.unit = RAW_FORM, .form = "%H:%M.%f on %Y"};
    not_on_clock(&part, "x", "is expected");
    not_on_clock(&part, "08:34.x on 2019", "is expected");
    not_on_clock(&part, "08:34.: on 2019", "is expected");
    struct raw_clock early = {.unit = RAW_FORM, .form = "%s%Y"};
    not_on_clock(&early, "-99999999999999 1", "is expected");
    static const char *const refused[] = {"%s",       "%d %Z",   "%G-W%V-%u", "%Y %V %u",
                                          "%g-%m-%d", "%Y-%m-%", "day",       "",
                                          "%-s",      "%OV",     "%Y%E"};
    memset(far, '%', sizeof far - 1);
    far[sizeof far - 1] = '\0';
    tap_ok(raw_clock_check(&(struct raw_clock){.unit = RAW_FORM, .form = far}, &e) == STATUS_USAGE,
           "a long form is refused: %s", e.text);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        tap_ok(raw_clock_check(&(struct raw_clock){.unit = RAW_FORM, .form = refused[i]}, &e) ==
                   STATUS_USAGE,
               "the form '%s' is refused: %s", refused[i], e.text);
    tap_ok(!raw_clock_check(&day, &e) && !raw_clock_check(&(struct raw_clock){.unit = RAW_ANY}, &e),
           "others are not");
}

/* Times that strftime(3) writes are read back. */
static void there_and_back(void)
{
    static const char *const written[] = {"%d/%m/%Y %H:%M:%S", "%a, %d %b %Y %T", "%Y%m%d%H%M%S",
                                          "%m/%d/%y %I:%M:%S %p", "%c"};
    struct random r = random_of(11, 3);
    int wrong = 0;
    for (int i = 0; i < 5000; i++) {
        struct raw_clock clock = {.unit = RAW_FORM, .form = written[i % 5]};
        /* before 2069, which years of two digits reach */
        time_t t = (time_t)random_below(&r, 3124224000u);
        struct raw_row row = {0};
        struct tm tm;
        struct err e = {0};
        char text[100];
        strftime(text, sizeof text, clock.form, gmtime_r(&t, &tm));
        wrong += read_time(&clock, text, &row, &e) || row.time != t || row.order;
    }
    tap_ok(!wrong, "5000 times in five forms");
}

int main(void)
{
    tap_ok(raw_unit_of(NULL) == RAW_ANY && raw_unit_of("auto") == RAW_ANY &&
               raw_unit_of("us") == RAW_MICRO && raw_unit_of("iso") == RAW_ISO,
           "units by name");
    numbers();
    all_digits();
    iso();
    days();
    guesses();
    forms();
    there_and_back();
    return tap_done();
}
