/* Groups of popularity: shares of events, ties, items that fill several shares. */
#include "eval/popularity.h"

#include <stdbool.h>

#include "base/random.h"
#include "../tap.h"

static void edges(int shares, const int32_t *train, size_t items, const char *expected)
{
    struct popularity p = popularity_of(train, items, shares);
    struct buf text = {0};
    for (int i = 0; i < p.groups; i++)
        buf_format(&text, "%s%d", i ? " " : "", p.edge[i]);
    buf_byte(&text, 0);
    tap_ok(!strcmp(text.at, expected), "%d shares of %zu items end at \"%s\"", shares, items,
           text.at);
    buf_release(&text);
}

static void worked_out(void)
{
    edges(4, (int32_t[]){1, 1, 1, 1}, 4, "1");
    edges(4, (int32_t[]){4, 1, 3, 2, 2}, 5, "2 3 4");
    edges(4, (int32_t[]){1, 1, 2, 4, 8}, 5, "2 4 8");
    edges(4, (int32_t[]){96, 1, 2, 1}, 4, "96");
    edges(4, (int32_t[]){0, -1, 0}, 3, "");
    edges(4, NULL, 0, "");
    edges(2, (int32_t[]){0, -1, 5, 5, 10, -1}, 6, "5 10");
    edges(10, (int32_t[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 10, "3 5 6 7 8 9 10");
}

/* The definition, share by share: the least count such that items of up to it make up g of n. */
static bool as_defined(const int32_t *train, size_t items, int shares)
{
    struct popularity p = popularity_of(train, items, shares);
    int64_t events = 0;
    int groups = 0;
    for (size_t i = 0; i < items; i++)
        events += train[i] > 0 ? train[i] : 0;
    for (int g = 1; g <= shares && events; g++)
        for (int32_t count = 1;; count++) {
            int64_t below = 0;
            for (size_t i = 0; i < items; i++)
                below += train[i] > 0 && train[i] <= count ? train[i] : 0;
            if (below * shares < events * g)
                continue;
            if (!groups || p.edge[groups - 1] != count) {
                if (groups >= p.groups || p.edge[groups] != count)
                    return false;
                groups++;
            }
            break;
        }
    return groups == p.groups;
}

static void drawn(void)
{
    struct random r = random_of(5, 0);
    int good = 0;
    for (int n = 0; n < 200; n++) {
        int32_t train[30];
        size_t items = random_below(&r, 31);
        uint32_t most = 1 + random_below(&r, 40);
        for (size_t i = 0; i < items; i++)
            train[i] = (int32_t)random_below(&r, most + 1) - 1;
        good += as_defined(train, items, n % 2 ? POPULARITY_QUARTERS : POPULARITY_TENTHS);
    }
    tap_ok(good == 200, "edges as defined (%d of 200)", good);
}

static void groups(void)
{
    struct popularity p = {.groups = 3, .edge = {2, 3, 8}};
    tap_ok(popularity_group(&p, 0) == 0 && popularity_group(&p, 1) == 1 &&
               popularity_group(&p, 2) == 1 && popularity_group(&p, 3) == 2 &&
               popularity_group(&p, 4) == 3 && popularity_group(&p, 8) == 3 &&
               popularity_group(&p, 9) == 3,
           "the group of a count");
    tap_ok(popularity_low(&p, 0) == 0 && popularity_high(&p, 0) == 0 &&
               popularity_low(&p, 1) == 1 && popularity_high(&p, 1) == 2 &&
               popularity_low(&p, 2) == 3 && popularity_high(&p, 2) == 3 &&
               popularity_low(&p, 3) == 4 && popularity_high(&p, 3) == 8,
           "the counts of a group");
    tap_ok(popularity_median((int32_t[]){7, 1, 5}, 3) == 5 &&
               popularity_median((int32_t[]){9, 2, 4, 3}, 4) == 3 &&
               popularity_median((int32_t[]){6}, 1) == 6,
           "medians, the lower one of two");
    tap_ok(popularity_count(bytes_of("12")) == 12 && popularity_count(bytes_of("0")) == 0 &&
               popularity_count(bytes_of("2147483647")) == INT32_MAX &&
               popularity_count(bytes_of("2147483648")) == -1 &&
               popularity_count(bytes_of("-3")) == -1 && popularity_count(bytes_of("1x")) == -1 &&
               popularity_count(bytes_of("")) == -1 &&
               popularity_count((struct bytes){NULL, 0}) == -1,
           "counts as text");
}

int main(void)
{
    worked_out();
    drawn();
    groups();
    return tap_done();
}
