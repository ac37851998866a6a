/* lib/data/days: each session against a plain count of its part's days. */
#include "data/days.h"

#include "base/random.h"

#include "../tap.h"

enum { SESSIONS = 60, DAY = 86400 };

/* Sessions of two events, some of which begin long before they end; returns the end. */
static int64_t add_session(struct session_store *c, int32_t number, struct random *random)
{
    struct err e;
    int64_t end = 1000000000 + (int64_t)random_below(random, 9 * DAY);
    int64_t times[] = {end - (int64_t)random_below(random, number % 3 ? 900 : 5 * DAY), end};
    session_store_add(c,
                      &(struct session){.user = number,
                                        .part = 1 + (int)random_below(random, 3),
                                        .count = 2,
                                        .times = times,
                                        .items = (int32_t[]){0, 1}},
                      &e);
    return end;
}

static void one_log(uint64_t seed)
{
    struct random random = random_of(seed, 9);
    struct session_store c = {0};
    struct days days;
    struct err e;
    int64_t end[SESSIONS];
    int wrong = 0, late = 0;
    for (int32_t s = 0; s < SESSIONS; s++)
        end[s] = add_session(&c, s, &random);
    session_store_end(&c, &e);
    days_find(&days, &c);
    for (size_t s = 0; s < SESSIONS; s++) {
        int64_t first = INT64_MAX;
        for (size_t h = 0; h < SESSIONS; h++)
            if (session_store_part(&c, h) == session_store_part(&c, s) && end[h] < first)
                first = end[h];
        int32_t day = 0;
        while (first + (day + 1) * (int64_t)DAY <= end[s])
            day++;
        wrong += days_at(&days, &c, s) != day;
        late += day > 3;
    }
    tap_ok(!wrong && late > 10, "log %d: %d sessions after the third day, %d wrong", (int)seed,
           late, wrong);
    session_store_release(&c);
}

static void farthest(void)
{
    struct session_store c = {0};
    struct days days;
    struct err e;
    int64_t times[] = {0, 0, INT64_MAX - 1};
    for (int32_t s = 0; s < 2; s++)
        session_store_add(&c,
                          &(struct session){.user = s,
                                            .part = PART_TEST,
                                            .count = 2,
                                            .times = times + s,
                                            .items = (int32_t[]){0, 1}},
                          &e);
    session_store_end(&c, &e);
    days_find(&days, &c);
    tap_ok(days_at(&days, &c, 0) == 0 && days_at(&days, &c, 1) == INT32_MAX,
           "the last day that can be counted");
    session_store_release(&c);
}

int main(void)
{
    struct session_store none = {0};
    struct days days;
    days_find(&days, &none);
    farthest();
    for (uint64_t seed = 0; seed < 20; seed++)
        one_log(seed);
    return tap_done();
}
