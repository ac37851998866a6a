/* The times of raw logs, in the forms that logs have. */
#ifndef DATA_RAW_TIME_H
#define DATA_RAW_TIME_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct raw_row;

/* ANY: ISO 8601, or a number whose digits say the unit. */
enum raw_unit { RAW_SECONDS, RAW_MILLI, RAW_MICRO, RAW_NANO, RAW_ISO, RAW_FORM, RAW_ANY };

/* How the times of a log are to be read. */
struct raw_clock {
    enum raw_unit unit;
    const char *form;      /* with RAW_FORM: as strptime(3), and %f for digits of a fraction */
    bool guessed;          /* with RAW_ANY: a number has said the unit, which holds from then on */
    enum raw_unit numbers; /* that unit */
    uint64_t early;        /* numbers of a guessed unit that are before 1995 */
    char day[10];          /* the day of the last time like 2009-05-04T23:08:57Z, */
    int64_t day_start;     /* and its midnight: days repeat */
};

/* "auto", "s", "ms", "us", "ns" or "iso"; NULL is "auto". */
enum raw_unit raw_unit_of(const char *text);

/* "milliseconds"; of a unit that is a number of seconds or their parts. */
const char *raw_unit_name(enum raw_unit unit);

/* 64: a form that says nothing, or reads what depends on the machine (%s, %Z) or what strptime(3)
 * passes over (%G, %g, %V). */
int raw_clock_check(const struct raw_clock *clock, struct err *e);

/* Reads a time: whole seconds, and nanoseconds for the rest, which goes into row->order.  Blanks
 * around it are passed over. 65: it is none, or not from 1970 to before 2^36 seconds later, or ANY
 * cannot tell what the number is. */
int raw_time(struct raw_clock *clock, const char *field, struct bytes text, struct raw_row *row,
             struct err *e);

#endif
