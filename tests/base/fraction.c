#include "base/fraction.h"

#include <string.h>

#include "../tap.h"

static bool parsed(const char *text, struct fraction *f)
{
    return fraction_parse(text, strlen(text), f);
}

/* floor(p/100 · n) for every two-decimal fraction, where binary floating point slips. */
static void test_hundredths(void)
{
    int wrong = 0, read = 0;
    for (int p = 0; p <= 100; p++) {
        char text[16];
        struct fraction f;
        snprintf(text, sizeof text, "%d.%02d", p / 100, p % 100);
        read += parsed(text, &f);
        for (int64_t n = 0; n < 2000; n++)
            wrong += fraction_floor(f, n) != p * n / 100;
    }
    tap_ok(read == 101 && wrong == 0, "floor of hundredths is exact");
}

static void test_forms(void)
{
    struct fraction f;
    tap_ok(parsed(".8", &f) && fraction_floor(f, 5) == 4, ".8 of 5");
    tap_ok(parsed("1", &f) && fraction_floor(f, 7) == 7, "1 of 7");
    tap_ok(parsed("1.", &f) && fraction_floor(f, 7) == 7, "1. of 7");
    tap_ok(parsed("1/64", &f) && fraction_floor(f, 640) == 10 && fraction_floor(f, 639) == 9,
           "1/64");
    tap_ok(parsed("0.999999999", &f) && fraction_floor(f, 2147483647) == 2147483644,
           "nine decimals of the largest n");
    tap_ok(parsed("0.1", &f) && fraction_floor(fraction_rest(f), 10) == 9, "1 - 0.1 of 10");
}

static void test_refused(void)
{
    static const char *const bad[] = {"",
                                      ".",
                                      "1.01",
                                      "-0.5",
                                      "+0.5",
                                      "0.8x",
                                      "0.1234567891",
                                      "1/0",
                                      "2/1",
                                      "/2",
                                      "1/",
                                      "nan",
                                      "1e-1",
                                      " 0.5",
                                      "0 ",
                                      "0x1",
                                      "0,8",
                                      "1/2/3",
                                      "1/1000000001",
                                      "1/10000000000",
                                      "0.1000000000000",
                                      "2000000000",
                                      "99999999999999999999"};
    struct fraction f;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        tap_ok(!parsed(bad[i], &f), "'%s' is refused", bad[i]);
}

int main(void)
{
    test_hundredths();
    test_forms();
    test_refused();
    return tap_done();
}
