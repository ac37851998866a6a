#include "base/time.h"

#include <string.h>
#include <time.h>

#include "base/random.h"
#include "../tap.h"

static bool iso(const char *text, int64_t *seconds)
{
    return time_iso(text, strlen(text), seconds);
}

static void every_day(void)
{
    int wrong = 0;
    for (int64_t day = 0; day < TIME_LIMIT / 86400; day++) {
        time_t t = (time_t)(day * 86400);
        struct tm tm;
        gmtime_r(&t, &tm);
        wrong += time_days(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday) != day;
        wrong += time_week_hour(t, 0) != (tm.tm_wday + 6) % 7 * 24;
    }
    tap_ok(!wrong, "every day from 1970 to 4147 has the number and weekday that gmtime gives it");
    tap_ok(time_days(1969, 12, 31) == -1 && time_days(1600, 2, 29) == -135081,
           "days before 1970, across a year 400 divides");
}

static void there_and_back(void)
{
    struct random r = random_of(5, 5);
    int wrong = 0;
    for (int i = 0; i < 50000; i++) {
        int64_t seconds = (int64_t)((uint64_t)random_u32(&r) << 4 | random_below(&r, 16)), back;
        time_t t = (time_t)seconds;
        struct tm tm;
        char text[TIME_TEXT], expected[64];
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
        time_text(seconds, text);
        wrong += strcmp(text, expected) != 0 || !iso(text, &back) || back != seconds;
        wrong += time_week_hour(seconds, 0) != (tm.tm_wday + 6) % 7 * 24 + tm.tm_hour;
        int64_t shift = (int64_t)random_below(&r, 2000000) - 1000000;
        int32_t hour = time_week_hour(seconds, shift);
        wrong += hour < 0 || hour > 167 || hour != time_week_hour(seconds + shift, 0);
    }
    tap_ok(!wrong, "50000 times are written as strftime writes them and read back");
    tap_ok(time_week_hour(0, 0) == 72 && time_week_hour(0, -1) == 71 &&
               time_week_hour(0, -72 * 3600 - 1) == 167,
           "the hour of the week before 1970");
}

static void forms(void)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {
        {"1970-01-01", 0},
        {"2009-05-04T23:08:57Z", 1241478537},
        {"2009-05-04 23:08:57", 1241478537},
        {"2009-05-04T23:08:57.999Z", 1241478537},
        {"2009-05-05T01:08:57+02:00", 1241478537},
        {"2009-05-05T01:08:57+0200", 1241478537},
        {"2009-05-05T01:08:57+02", 1241478537},
        {"2009-05-04T18:38:57-0430", 1241478537},
        {"2009-05-04T23:08Z", 1241478480},
        {"2000-02-29", 951782400},
        {"2016-12-31T23:59:60Z", 1483228800},
        {"2009-05-04T23:08:57,999Z", 1241478537},
        {"2009-05-04 23:08:57 UTC", 1241478537},
        {"2009-05-04 23:08:57UTC", 1241478537},
        {"2009-05-04T23:08:57 GMT", 1241478537},
        {"2009-05-05 01:08:57 +02:00", 1241478537},
        {"2009-05-05 01:08:57.5 +0200", 1241478537},
        {"2009-05-04t23:08:57z", 1241478537},
        {"20090504", 1241395200},
        {"20090504T230857Z", 1241478537},
        {"20090504T2308", 1241478480},
        {"20090504 230857,25+00", 1241478537},
        {"20090504230857", 1241478537},
    };
    static const char *const bad[] = {
        "",
        "2009",
        "2009-5-4",
        "2009-13-01",
        "2009-00-01",
        "2009-02-29",
        "1900-02-29",
        "2009-04-31",
        "2009-01-00",
        "2009-01-01T",
        "2009-01-01T24:00:00Z",
        "2009-01-01T00:60:00Z",
        "2009-01-01T00:00:61Z",
        "2009-01-01T00:00:00.Z",
        "2009-01-01T00:00:00+",
        "2009-01-01T00:00:00+24:00",
        "2009-01-01T00:00:00+01:60",
        "2009-01-01T00:00:00+01:",
        "2009-01-01T00:00:00Zx",
        "2009-01-01x",
        " 2009-01-01",
        "2009-01-01T00:00:",
        "2009-01-01Z",
        "2009-01-01T00:00.5Z",
        "2009-01-01T00:00:00 ",
        "2009-01-01T00:00:00  Z",
        "2009-01-01T00:00:00,",
        "2009-01-01T00:00:00 EST",
        "2009-01-01T00:0000",
        "2009-01-0100:00",
        "2009-0101",
        "200901-01",
        "200901",
        "20090132",
        "200901011",
        "20090101T1",
        "2009010123",
        "2009-05-04X23:08:57Z",
        "2009-05-04T23:08:57Q",
        "2009x05-04T23:08:57Z",
        "2009-05x04T23:08:57Z",
        "2o09-05-04T23:08:57Z",
        "2009-05-04T24:08:57Z",
        "2009-05-04T23:60:57Z",
        "2009-05-04T23:08:61Z",
        "2009-05-04T23;08:57Z",
        "2009-05-04T23:08;57Z",
        "2009-02-30T23:08:57Z",
        "2009-05-04T2:308:57Z",
        "20090504T2308x",
        "20090504T2308/",
        "20090504T23:0857",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t seconds = -1;
        tap_ok(iso(good[i].text, &seconds) && seconds == good[i].seconds, "%s", good[i].text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t seconds = 42;
        tap_ok(!iso(bad[i], &seconds) && seconds == 42, "'%s' is refused", bad[i]);
    }
    int64_t seconds;
    tap_ok(!time_iso("2009-05-04T23:08:57Z", 15, &seconds), "not a byte further than told");
}

static void fractions(void)
{
    static const struct {
        const char *text;
        int64_t nanoseconds;
    } cases[] = {
        {"1970-01-01T00:00:05Z", 0},
        {"1970-01-01T00:00:05.277Z", 277000000},
        {"1970-01-01 00:00:05.000000001+00:00", 1},
        {"1970-01-01T01:00:05.1234567899+01:00", 123456789},
        {"1970-01-01T00:00:05,25Z", 250000000},
        {"19700101T000005.5", 500000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t seconds = -1, nanoseconds = -1;
        tap_ok(time_iso_fine(cases[i].text, strlen(cases[i].text), &seconds, &nanoseconds) &&
                   seconds == 5 && nanoseconds == cases[i].nanoseconds,
               "the fraction of %s", cases[i].text);
    }
}

static void weeks(void)
{
    tap_ok(time_week_hour(0, 0) == 72 && time_week_hour(3 * 86400 + 86399, 0) == 167 &&
               time_week_hour(4 * 86400, 0) == 0 && time_week_hour(0, 3600) == 73,
           "hours of the week");
    tap_ok(time_week_hour(0, -1) == 71 && time_week_hour(0, -3 * 86400) == 0 &&
               time_week_hour(0, -3 * 86400 - 1) == 167 &&
               time_week_hour(0, -3 * 86400 - 3601) == 166,
           "and before 1970");
}

int main(void)
{
    weeks();
    fractions();
    every_day();
    there_and_back();
    forms();
    return tap_done();
}
