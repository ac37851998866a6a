/* Ages, hours of the week and numbers as people read them. */
#ifndef VIZ_FORMAT_H
#define VIZ_FORMAT_H

#include "viz/names.h"

/* The age bucket by its least age: "5 h", "1 h 30 min", "168 h+" for the last one. */
void format_age(const struct run_names *c, size_t bucket, struct buf *to);

/* "Mon 14 h"; "no hour" for 168. */
void format_week(const struct run_names *c, size_t hour, struct buf *to);

extern const char *const format_day[7]; /* "Mon".. */

/* A number for TSV: every digit; nothing where there is none (NaN). */
void format_exact(struct buf *to, double value);

/* A number with so many decimals; "–" where there is none. */
void format_number(struct buf *to, double value, int decimals);

#endif
