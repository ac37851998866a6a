/* The smallest test harness: each check prints a TAP line, `return tap_done();` ends main. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdarg.h>
#include <stdio.h>

static int tap_count, tap_failures;

__attribute__((format(printf, 2, 3))) static inline void tap_ok(int ok, const char *name, ...)
{
    va_list args;
    va_start(args, name);
    tap_failures += !ok;
    printf("%sok %d - ", ok ? "" : "not ", ++tap_count);
    vprintf(name, args);
    putchar('\n');
    va_end(args);
}

static inline int tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failures != 0;
}

#endif
