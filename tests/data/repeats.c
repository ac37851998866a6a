/* lib/data/repeats: each event against a plain search of the user's events before it. */
#include "data/repeats.h"

#include "base/random.h"

#include "../tap.h"

enum { USERS = 5, ITEMS = 12, SESSIONS = 60 };

static void one_log(uint64_t seed)
{
    struct random random = random_of(seed, 9);
    struct session_store c = {0};
    struct repeats r;
    struct err e;
    for (int32_t s = 0; s < SESSIONS; s++) {
        int64_t times[6];
        int32_t items[6], user = s * USERS / SESSIONS;
        size_t count = 1 + random_below(&random, 6);
        for (size_t i = 0; i < count; i++) {
            times[i] = 1000 * s + (int64_t)i;
            items[i] = (int32_t)random_below(&random, ITEMS);
        }
        session_store_add(&c,
                          &(struct session){.user = user * 2, /* every second has no session */
                                            .part = PART_TRAIN,
                                            .count = count,
                                            .times = times,
                                            .items = items},
                          &e);
    }
    session_store_end(&c, &e);
    repeats_find(&r, &c, ITEMS);
    int wrong = 0, repeated = 0;
    for (size_t s = 0; s < SESSIONS; s++)
        for (size_t i = 0; i < session_store_length(&c, s); i++) {
            bool had = false;
            for (size_t h = (size_t)c.first.at[session_store_user(&c, s)]; h <= s; h++)
                for (size_t k = 0; k < (h < s ? session_store_length(&c, h) : i); k++)
                    had |= session_store_items(&c, h)[k] == session_store_items(&c, s)[i];
            wrong += repeats_at(&r, &c, s, i) != had;
            repeated += had;
        }
    tap_ok(!wrong && repeated > 20, "log %d: %d events repeat, %d wrong", (int)seed, repeated,
           wrong);
    repeats_release(&r);
    session_store_release(&c);
}

int main(void)
{
    struct session_store none = {0};
    struct repeats r;
    repeats_find(&r, &none, 0);
    repeats_release(&r);
    for (uint64_t seed = 0; seed < 20; seed++)
        one_log(seed);
    return tap_done();
}
