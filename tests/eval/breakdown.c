#include "eval/breakdown.h"

#include "../tap.h"

static const struct breakdown *named(const char *name)
{
    const struct breakdown *b = breakdowns;
    while (b->name && strcmp(b->name, name))
        b++;
    return b;
}

/* Into which group a target comes; "" is none. */
static void falls(const char *by, struct target t, const struct popularity *p, const char *expected)
{
    char label[GROUP_NAME] = "";
    int group = named(by)->group(&t, p);
    if (group != NO_GROUP)
        named(by)->label(group, p, label);
    tap_ok(!strcmp(label, expected), "by %s: %s", by, expected);
}

static void test_groups(void)
{
    struct popularity p = {0};
    falls("position", (struct target){.position = 0}, &p, "1");
    falls("position", (struct target){.position = 998}, &p, "999");
    falls("position", (struct target){.position = 999}, &p, "1000+");
    falls("position", (struct target){.position = INT32_MAX}, &p, "1000+");
    falls("history", (struct target){.history = 0}, &p, "<=6");
    falls("history", (struct target){.history = 6}, &p, "<=6");
    falls("history", (struct target){.history = 7}, &p, ">6");
    falls("cold", (struct target){.history = 0}, &p, "0");
    falls("cold", (struct target){.history = 1}, &p, "1-3");
    falls("cold", (struct target){.history = 3}, &p, "1-3");
    falls("cold", (struct target){.history = 4}, &p, ">3");
    falls("day", (struct target){.day = 0}, &p, "1");
    falls("day", (struct target){.day = 998}, &p, "999");
    falls("day", (struct target){.day = INT32_MAX}, &p, "1000+");
    falls("length", (struct target){.length = 2}, &p, "2");
    falls("length", (struct target){.length = 999}, &p, "999");
    falls("length", (struct target){.length = 1000}, &p, "1000+");
    falls("phase", (struct target){.length = 4, .position = 0}, &p, "");
    falls("phase", (struct target){.length = 5, .position = 0}, &p, "beginning");
    falls("phase", (struct target){.length = 5, .position = 1}, &p, "beginning");
    falls("phase", (struct target){.length = 5, .position = 2}, &p, "middle");
    falls("phase", (struct target){.length = 9, .position = 3}, &p, "middle");
    falls("phase", (struct target){.length = 9, .position = 4}, &p, "end");
    falls("seen", (struct target){.train = 0}, &p, "unseen");
    falls("seen", (struct target){.train = 1}, &p, "seen");
    falls("repeat", (struct target){.seen = 1}, &p, "repeat");
    falls("repeat", (struct target){.seen = 0}, &p, "explore");
    falls("repeat", (struct target){.seen = -1}, &p, "");
}

/* 20 events: items of 1, 1, 1, 2 make up a quarter, the one of 5 the second, the one of 10 two. */
static void test_popularity(void)
{
    static const int32_t train[] = {10, 0, 1, 2, 5, 1, 1, 0};
    struct popularity p = popularity_of(train, 8, POPULARITY_QUARTERS);
    tap_ok(p.groups == 3 && p.edge[0] == 2 && p.edge[1] == 5 && p.edge[2] == 10, "quarters");
    falls("popularity", (struct target){.train = 0}, &p, "0");
    falls("popularity", (struct target){.train = 1}, &p, "1-2");
    falls("popularity", (struct target){.train = 2}, &p, "1-2");
    falls("popularity", (struct target){.train = 5}, &p, "3-5");
    falls("popularity", (struct target){.train = 10}, &p, "6-10");
    p = popularity_of((const int32_t[]){3, 3, 3, 3}, 4, POPULARITY_QUARTERS);
    falls("popularity", (struct target){.train = 3}, &p, "1-3");
    p = popularity_of(train, 0, POPULARITY_QUARTERS);
    tap_ok(!p.groups, "no item, no popularity");
    p = popularity_of((const int32_t[]){0, 0}, 2, POPULARITY_QUARTERS);
    falls("popularity", (struct target){.train = 0}, &p, "0");
    p = popularity_of((const int32_t[]){-1, 1, -1, 2, 3, -1}, 6, POPULARITY_QUARTERS);
    falls("popularity", (struct target){.train = 1}, &p, "1-2"); /* as without those not known */
    falls("popularity", (struct target){.train = 3}, &p, "3");
}

/* 20 events of items 1, 1, 1, 2, 5, 10: tenths of 2 end with 1, 2, 5 and 10. */
static void test_tenths(void)
{
    static const int32_t train[] = {10, 0, 1, 2, 5, 1, 1, 0};
    struct popularity p = popularity_of(train, 8, POPULARITY_TENTHS);
    int32_t counts[] = {7, -1, 3, 9};
    tap_ok(p.groups == 4 && popularity_high(&p, 1) == 1 && popularity_low(&p, 2) == 2 &&
               popularity_high(&p, 2) == 2 && popularity_low(&p, 4) == 6 &&
               popularity_high(&p, 4) == 10,
           "tenths");
    tap_ok(popularity_group(&p, 11) == 4 && popularity_group(&p, 3) == 3, "a count of no item");
    tap_ok(popularity_median(counts, 4) == 3 && counts[0] == -1, "the lower one of two medians");
    tap_ok(popularity_count(bytes_of("12")) == 12 && popularity_count(bytes_of("-1")) == -1 &&
               popularity_count(bytes_of("")) == -1 &&
               popularity_count(bytes_of("4294967296")) == -1,
           "counts are read, or not known");
}

static void test_parsing(void)
{
    struct breakdown_list l;
    struct err e = {0};
    tap_ok(!breakdown_list_parse(&l, "seen,position", &e) && l.count == 3 &&
               l.at[0] == named("seen") && l.at[1] == named("position") &&
               l.at[2] == named("repeat"),
           "a list in the order given, and repeat");
    tap_ok(!breakdown_list_parse(&l, "repeat,seen", &e) && l.count == 2 &&
               l.at[0] == breakdown_repeat,
           "repeat once");
    tap_ok(!breakdown_list_parse(&l, "all", &e) && l.count == BREAKDOWNS, "all");
    tap_ok(!breakdown_list_parse(&l, "none", &e) && !l.count, "none");
    tap_ok(breakdown_list_parse(&l, "", &e) == STATUS_USAGE, "an empty one: %s", e.text);
    tap_ok(breakdown_list_parse(&l, "position,", &e) == STATUS_USAGE, "an empty end: %s", e.text);
    tap_ok(breakdown_list_parse(&l, "seen,seen", &e) == STATUS_USAGE, "twice: %s", e.text);
    tap_ok(breakdown_list_parse(&l, "all,seen", &e) == STATUS_USAGE, "all and more: %s", e.text);
}

int main(void)
{
    test_groups();
    test_popularity();
    test_tenths();
    test_parsing();
    return tap_done();
}
