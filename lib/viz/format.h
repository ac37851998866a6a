/* Ages, hours of the week and numbers for people. */
#ifndef VIZ_FORMAT_H
#define VIZ_FORMAT_H

#include "viz/names.h"

enum { FORMAT_DAY = 24 * 3600, FORMAT_WEEK = 7 * FORMAT_DAY };

/* The age bucket by its least age: "5 h", "1 h 30 min", "9 d" from a week on, and "7 d+" if it is
 * the last one. */
void format_age(const struct run_names *c, size_t bucket, struct buf *to);

/* "Mon 14 h"; "no hour" for 168. */
void format_week(const struct run_names *c, size_t hour, struct buf *to);

extern const char *const format_day[7]; /* "Mon".. */

/* Appends a number with all digits, for TSV; nothing for NaN. */
void format_exact(struct buf *to, double value);

/* Appends a number with so many decimals; "–" for NaN. */
void format_number(struct buf *to, double value, int decimals);

#endif
