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

/* ---- many numbers ---- */

/* Writes digits before `end`, at least `least` of them; returns where they begin. */
static char *digits_before(char *end, uint32_t value, int least)
{
    char *at = end;
    for (; value || end - at < least; value /= 10)
        *--at = (char)('0' + value % 10);
    return at;
}

static size_t copy_to(char *to, const char *from, const char *end)
{
    memcpy(to, from, (size_t)(end - from));
    return (size_t)(end - from);
}

size_t num_whole(int32_t value, char *to)
{
    char text[NUM_TEXT], *end = text + sizeof text;
    uint32_t size = value < 0 ? -(uint32_t)value : (uint32_t)value;
    char *at = digits_before(end, size, 1);
    if (value < 0)
        *--at = '-';
    return copy_to(to, at, end);
}

/* A float has 24 bits and 10^9 is 2^9 times a number of 21 bits, so that the products here are
 * exact, and lrint rounds as printf does. */
size_t num_six_digits(float value, char *to)
{
    static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    char text[NUM_TEXT], *end = text + sizeof text, *at = end;
    double size = fabs((double)value);
    int places = 0;
    if (!(size >= 1e-4 && size < 999999))
        return (size_t)snprintf(to, NUM_TEXT, "%.6g", (double)value);
    while (size * power[places] < 1e5)
        places++;
    uint32_t digits = (uint32_t)lrint(size * power[places]);
    for (; places && digits % 10 == 0; digits /= 10)
        places--;
    if (places) {
        uint32_t whole = digits / (uint32_t)power[places];
        at = digits_before(at, digits - whole * (uint32_t)power[places], places);
        *--at = '.';
        digits = whole;
    }
    at = digits_before(at, digits, 1);
    if (value < 0)
        *--at = '-';
    return copy_to(to, at, end);
}
