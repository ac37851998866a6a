#include "base/num.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool num_i64(const char *s, size_t n, int64_t *value)
{
    const char *end = s + n;
    bool negative = s < end && *s == '-';
    if (s < end && (*s == '-' || *s == '+'))
        s++;
    if (s == end)
        return false;
    int64_t v = 0;
    for (; s < end; s++) {
        if (*s < '0' || *s > '9')
            return false;
        int digit = *s - '0';
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, negative ? -digit : digit, &v))
            return false;
    }
    *value = v;
    return true;
}

/* strtod reads the decimal point of the C locale: no program here ever calls setlocale.  The set of
 * allowed characters keeps out what strtod takes beside decimals: blanks, hexadecimal, inf, nan. */
bool num_f64(const char *s, size_t n, double *value)
{
    char text[128], *end;
    if (n == 0 || n >= sizeof text)
        return false;
    memcpy(text, s, n);
    text[n] = 0;
    if (strspn(text, "0123456789+-.eE") != n)
        return false;
    double v = strtod(text, &end);
    if (end != text + n || !isfinite(v))
        return false;
    *value = v;
    return true;
}

bool num_size(const char *s, size_t n, int64_t *bytes)
{
    static const char units[] = "KMG";
    const char *unit = n && s[n - 1] ? strchr(units, s[n - 1]) : NULL;
    int64_t count;
    if (!num_i64(s, n - (unit != NULL), &count) || count < 0)
        return false;
    return !__builtin_mul_overflow(count, (int64_t)1 << (unit ? 10 * (unit - units + 1) : 0),
                                   bytes);
}

size_t num_text(double value, char *to)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(to, NUM_TEXT, "%.*g", digits, value);
        if (strtod(to, NULL) == value)
            break;
    }
    if (strchr(to, 'e') && fabs(value) < 1e15 && fabs(value) >= 1) /* "1000", not "1e+03" */
        snprintf(to, NUM_TEXT, "%.0f", value);
    return strlen(to);
}
