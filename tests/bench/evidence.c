/* What evidence costs: microseconds a position at the size of a part of a news log (one thread, 200
 * and 50 postings an item), and seconds and bytes of an index over 33 million events.  Items are
 * drawn with a skew, as real ones are. */
#include "index/evidence.h"

#include "base/random.h"

#include "timing.h"

struct log_size {
    int32_t users, items;
    int sessions_each, events_each;
};

static void make_log(struct session_store *c, struct log_size s, uint64_t seed)
{
    struct random random = random_of(seed, 0);
    struct err e;
    c->keeps_times = s.users < 100000;
    for (int32_t u = 0; u < s.users; u++) {
        int64_t now = 1500000000 + random_below(&random, 100000);
        for (int k = 0; k < s.sessions_each; k++) {
            int64_t times[64];
            int32_t items[64];
            size_t n = 2 + random_below(&random, 2 * (uint32_t)s.events_each - 3);
            for (size_t i = 0; i < n; i++) {
                float x = random_between(&random, 0, 1);
                items[i] = (int32_t)(x * x * x * (float)s.items);
                times[i] = now += random_below(&random, 300);
            }
            now += 3600 + random_below(&random, 200000);
            struct session session = {u, PART_TRAIN, n, times, items, NULL, 0};
            if (session_store_add(c, &session, &e))
                exit(1);
        }
    }
    if (session_store_end(c, &e))
        exit(1);
}

static void time_evidence(const struct session_store *c, const struct session_index *x,
                          int postings)
{
    enum { PICKED = 64, ROUNDS = 6, BATCHES = 30 };
    struct evidence_maker maker = {.index = x, .store = c, .postings = postings, .threads = 1};
    double took[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        int64_t positions = 0;
        double begin = now();
        for (int32_t b = 0; b < BATCHES; b++) {
            int32_t picked[PICKED];
            for (int32_t i = 0; i < PICKED; i++)
                picked[i] = (b * 7919 + i * 104729) % (int32_t)session_store_sessions(c);
            positions += evidence_make(&maker, picked, PICKED, true).positions;
        }
        took[round] = (now() - begin) / (double)positions;
    }
    printf("evidence_%d\t%.1f\tµs\n", postings, 1e6 * least(took, ROUNDS));
    fflush(stdout);
    evidence_release(&maker);
}

static void news(void)
{
    struct session_store c = {0};
    struct session_index x;
    make_log(&c, (struct log_size){4000, 2000, 8, 4}, 1);
    session_index_build(&x, &c, 2000, PART_TRAIN, PART_TRAIN);
    time_evidence(&c, &x, 200);
    time_evidence(&c, &x, 50);
    session_index_release(&x);
    session_store_release(&c);
}

static void large(void)
{
    struct session_store c = {0};
    struct session_index x;
    make_log(&c, (struct log_size){500000, 380000, 8, 8}, 2);
    double begin = now();
    session_index_build(&x, &c, 380000, PART_TRAIN, PART_TRAIN);
    double took = now() - begin;
    size_t sessions = (size_t)x.sessions, events = (size_t)x.event[sessions];
    size_t postings = x.posting_end;
    double bytes = 24.0 * (double)sessions + 4.0 * (double)(events + postings) + 8.0 * 380000;
    printf("index_seconds\t%.1f\ts for %.0f million events\n", took, (double)events / 1e6);
    printf("index_mb\t%.0f\tMB\n", bytes / 1e6);
    session_index_release(&x);
    session_store_release(&c);
}

int main(int argc, char **argv)
{
    const char *const *wanted = (const char *const *)argv + (argc > 0);
    if (is_wanted(wanted, "evidence"))
        news();
    if (is_wanted(wanted, "index"))
        large();
    return 0;
}
