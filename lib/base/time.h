/* Times: int64 seconds since 1970-01-01 00:00 UTC, without leap seconds; never the local zone. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/num.h"

/* A time is valid from 0 to below 2^36 (the year 4147). */
enum { TIME_BITS = 36 };
#define TIME_LIMIT ((int64_t)1 << TIME_BITS)

/* 1995-01-01: logs of users begin later, and times before it are hardly meant. */
#define TIME_EARLY ((int64_t)788918400)

/* Days from 1970-01-01 to a day of the proleptic Gregorian calendar. */
int64_t time_days(int64_t year, unsigned month, unsigned day);

/* Whether the calendar has such a day. */
bool time_is_day(unsigned year, unsigned month, unsigned day);

/* ISO 8601: "2009-05-04", "2009-05-04T23:08:57Z", the basic forms "20090504" and
 * "20090504T230857Z" (or without the T), " " for "T", a fraction after "." or "," (dropped),
 * seconds or none; the zone, perhaps after a blank, "Z", "UTC", "GMT", "+hh:mm", "+hhmm", "+hh" or
 * none (UTC).  False when a field is missing or out of its range. */
bool time_iso(const char *s, size_t n, int64_t *seconds);

/* The same with the fraction, in nanoseconds; digits beyond those are dropped. */
bool time_iso_fine(const char *s, size_t n, int64_t *seconds, int64_t *nanoseconds);

/* The ten bytes "T23:08:57Z": seconds since midnight. */
static inline bool time_of_day_utc(const char *s, int64_t *seconds)
{
    const uint64_t high = 0x8080808080808080, colons = 0x0000ff0000ff0000;
    const uint64_t beyond = (uint64_t)(128 - 61) << 48 | (128 - 60) << 24 | (128 - 24);
    /* "00:00:00" leaves the digits' values, and nothing of the colons */
    uint64_t v = num_eight(s + 1) ^ 0x30303a30303a3030;
    uint64_t above_nine = ((v + 0x7676767676767676) | v) & high;
    /* bytes 0, 3 and 6 are the numbers; their high bits are set from 24 h, 60 min and 61 s on */
    uint64_t pairs = (10 * v + (v >> 8)) & 0x00ff0000ff0000ff;
    *seconds = (int64_t)(3600 * (pairs & 0xff) + 60 * (pairs >> 24 & 0xff) + (pairs >> 48));
    return s[0] == 'T' && s[9] == 'Z' && !(above_nine | (v & colons) | ((pairs + beyond) & high));
}

/* "2009-05-04T23:08:57Z" for a valid time; `to` has room for TIME_TEXT bytes. */
enum { TIME_TEXT = 32 };
void time_text(int64_t seconds, char *to);

/* Hour of the week, 0..167, Monday 00:00 = 0, of t + shift. */
static inline int32_t time_week_hour(int64_t seconds, int64_t shift)
{
    int64_t hour = (seconds + shift) / 3600 - ((seconds + shift) % 3600 < 0);
    int64_t since_monday = (hour + 72) % 168; /* 1970-01-01 was a Thursday */
    return (int32_t)(since_monday < 0 ? since_monday + 168 : since_monday);
}

#endif
