/* Times: int64 seconds since 1970-01-01 00:00 UTC, without leap seconds; never the local zone. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
bool time_of_day_utc(const char *s, int64_t *seconds);

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
