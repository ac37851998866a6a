#include "base/num.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "../tap.h"

static bool i64(const char *text, int64_t *value)
{
    return num_i64(text, strlen(text), value);
}

static bool f64(const char *text, double *value)
{
    return num_f64(text, strlen(text), value);
}

static void whole_numbers(void)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "0x1",
                                      "1e3",
                                      "--1",
                                      "+-1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999"};
    int64_t v = 42;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        tap_ok(!i64(bad[i], &v) && v == 42, "'%s' is not a whole number", bad[i]);
    tap_ok(i64("9223372036854775807", &v) && v == INT64_MAX, "the largest");
    tap_ok(i64("-9223372036854775808", &v) && v == INT64_MIN, "the smallest");
    tap_ok(i64("+007", &v) && v == 7, "a sign and zeros before");
    tap_ok(num_i64("123456", 3, &v) && v == 123, "not a byte further than told");
    tap_ok(!num_i64("1\0002", 3, &v), "a NUL inside");

    struct random r = random_of(1, 1);
    int wrong = 0;
    for (int i = 0; i < 20000; i++) {
        char text[32];
        int64_t expected = (int64_t)((uint64_t)random_u32(&r) << 32 | random_u32(&r));
        expected >>= random_below(&r, 64);
        int n = snprintf(text, sizeof text, "%" PRId64, expected);
        wrong += !num_i64(text, (size_t)n, &v) || v != expected;
    }
    tap_ok(!wrong, "20000 whole numbers of any size");
}

static void texts_of_the_alphabet(void)
{
    struct random r = random_of(2, 2);
    int wrong = 0, numbers = 0;
    for (int i = 0; i < 200000; i++) {
        char text[12];
        size_t n = random_below(&r, 9);
        for (size_t k = 0; k < n; k++)
            text[k] = "0123456789+-.eE"[random_below(&r, 15)];
        text[n] = 0;
        char *end;
        double expected = strtod(text, &end), value = 0;
        bool is_number = n && end == text + n && isfinite(expected);
        bool said = num_f64(text, n, &value);
        wrong += said != is_number || (said && value != expected);
        numbers += is_number;

        int64_t whole = 0;
        errno = 0;
        long long expected_whole = strtoll(text, &end, 10);
        is_number = n && end == text + n && !errno;
        wrong += num_i64(text, n, &whole) != is_number || (is_number && whole != expected_whole);
    }
    tap_ok(!wrong && numbers > 1000, "200000 texts agree with strtod and strtoll");
}

static void numbers(void)
{
    static const char *const bad[] = {"",      "inf", "nan", "0x1p3", " 1",  "1 ",   "1e",
                                      "1e999", "-",   ".",   "e5",    "1,5", "1e5.0"};
    double v = 42;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        tap_ok(!f64(bad[i], &v) && v == 42, "'%s' is not a number", bad[i]);
    tap_ok(f64("17850.0", &v) && v == 17850 && f64(".5", &v) && v == .5 && f64("1e-3", &v) &&
               v == 1e-3,
           "forms that are");
    tap_ok(num_f64("1.25junk", 4, &v) && v == 1.25, "not a byte further than told");
}

static void texts(void)
{
    static const struct {
        double value;
        const char *text;
    } known[] = {{0, "0"},           {0.1, "0.1"},       {1000, "1000"},  {1e30, "1e+30"},
                 {-2.5, "-2.5"},     {100000, "100000"}, {1e-5, "1e-05"}, {123456789, "123456789"},
                 {-1e6, "-1000000"}, {-0.0, "-0"}};
    char text[NUM_TEXT];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        tap_ok(num_text(known[i].value, text) == strlen(known[i].text) &&
                   !strcmp(text, known[i].text),
               "%s is written %s", known[i].text, text);

    struct random r = random_of(3, 3);
    int wrong = 0, longer = 0;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = (uint64_t)random_u32(&r) << 32 | random_u32(&r);
        double value, back = 0;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        size_t n = num_text(value, text);
        wrong += n != strlen(text) || n >= NUM_TEXT || !num_f64(text, n, &back) || back != value;
        longer += n > 24;
    }
    tap_ok(!wrong && !longer, "any finite double reads back as itself");
}

/* As printf writes it. */
static bool six_digits(float value)
{
    char text[NUM_TEXT], expected[64];
    int n = snprintf(expected, sizeof expected, "%.6g", (double)value);
    return num_six_digits(value, text) == (size_t)n && !memcmp(text, expected, (size_t)n);
}

static bool whole(int32_t value)
{
    char text[NUM_TEXT], expected[NUM_TEXT];
    int n = snprintf(expected, sizeof expected, "%" PRId32, value);
    return num_whole(value, text) == (size_t)n && !memcmp(text, expected, (size_t)n);
}

static void texts_of_many(void)
{
    static const float known[] = {0,         -0.0F,    1,         0.5F,       999999,    999999.5F,
                                  1e6F,      1e-4F,    99999.95F, 0.9999999F, 123456.5F, 123457.5F,
                                  0.000125F, 9.99999F, 1e-30F,    1e30F,      INFINITY,  NAN};
    static const int32_t numbers[] = {0, 1, -1, 9, 10, -10, 1234567890, INT32_MAX, INT32_MIN};
    struct random r = random_of(4, 4);
    int wrong = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        tap_ok(six_digits(known[i]) && six_digits(-known[i]), "%g in six digits", (double)known[i]);
    for (int i = 0; i < 200000; i++) {
        uint32_t bits = random_u32(&r);
        float value, near = (float)random_u32(&r) / (float)(1U << random_below(&r, 32));
        memcpy(&value, &bits, sizeof value);
        wrong += !six_digits(value) + !six_digits(near);
        /* halves of the last digit, rounded to even */
        wrong += !six_digits((float)(2 * random_below(&r, 8000000) + 1) / 64);
    }
    tap_ok(!wrong, "600000 floats in six digits, as printf writes them");
    wrong = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        wrong += !whole(numbers[i]);
    for (int i = 0; i < 20000; i++)
        wrong += !whole((int32_t)random_u32(&r) >> random_below(&r, 32));
    tap_ok(!wrong, "whole numbers, as printf writes them");
}

static void sizes(void)
{
    static const struct {
        const char *text;
        int64_t bytes; /* -1: none */
    } cases[] = {
        {"0", 0},
        {"1000", 1000},
        {"64K", 65536},
        {"2M", 2 << 20},
        {"3G", 3LL << 30},
        {"8589934591G", 8589934591LL << 30},
        {"", -1},
        {"K", -1},
        {"1k", -1},
        {"1.5M", -1},
        {"-1K", -1},
        {"1KB", -1},
        {"8589934592G", -1},
        {"9223372036854775808", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t bytes = -1;
        bool is_size = num_size(cases[i].text, strlen(cases[i].text), &bytes);
        tap_ok(is_size == (cases[i].bytes >= 0) && (!is_size || bytes == cases[i].bytes),
               "the size '%s'", cases[i].text);
    }
}

int main(void)
{
    sizes();
    double f = 3;
    int64_t bytes = 3;
    char text[NUM_TEXT];
    tap_ok(!num_f64("", 0, &f) && f == 3, "nothing is no number");
    tap_ok(!num_size("", 0, &bytes) && !num_size("\0", 1, &bytes) && bytes == 3, "nor a size");
    tap_ok(num_text(NAN, text) >= 3 && strstr(text, "nan"), "NaN is written: %s", text);
    whole_numbers();
    numbers();
    texts_of_the_alphabet();
    texts();
    texts_of_many();
    return tap_done();
}
