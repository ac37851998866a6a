/* Sizes and leaks of a split, on users small enough to count by hand. */
#include "data/split_report.h"

#include "../streams.h"
#include "../tap.h"

static void session(struct user_sessions *h, enum part part, int64_t first, int64_t last,
                    int32_t item, int32_t second)
{
    user_sessions_add(h, &(struct session){h->user, part, 2, (int64_t[]){first, last},
                                           (int32_t[]){item, second}, NULL, 0});
}

static void check_leaks(const struct split_report *r, const char *expected)
{
    struct buf text = {0};
    split_report_leaks(r, &text);
    tap_ok(bytes_equal((struct bytes){text.at, text.len}, bytes_of(expected)), "\"%.*s\"",
           (int)text.len, text.at ? text.at : "");
    buf_release(&text);
}

struct log {
    struct user_sessions *at;
    size_t len, cap;
};

static void user(struct log *log, bool everyones, int64_t edge)
{
    struct user_sessions h = {.user = (int32_t)log->len};
    h.edges.of[PART_TEST] = (struct edge){true, everyones, edge};
    vec_push(log, h);
}

/* Counts the log, and frees it. */
static void count(struct split_report *r, struct log *log, i64_vec *train)
{
    struct all_user_sessions all;
    struct err e;
    all_user_sessions_open(&all, 0);
    for (size_t u = 0; u < log->len; u++) {
        must(all_user_sessions_add(&all, &log->at[u], &e), &e);
        user_sessions_release(&log->at[u]);
    }
    must(all_user_sessions_end(&all, &e), &e);
    split_report_count(r, &all, train);
    all_user_sessions_release(&all);
    vec_release(log);
}

static void clean(void)
{
    struct log log = {0};
    struct split_report r = {0};
    i64_vec train = {0};
    user(&log, false, 100);
    session(&log.at[0], PART_TRAIN, 10, 20, 0, 1);
    session(&log.at[0], PART_VALIDATION, 50, 60, 1, 2);
    session(&log.at[0], PART_TEST, 100, 110, 1, 0);
    count(&r, &log, &train);
    tap_ok(r.users == 1 && r.sessions[PART_TRAIN] == 1 && r.sessions[PART_VALIDATION] == 1 &&
               r.sessions[PART_TEST] == 1 && r.events[PART_TRAIN] == 2 && r.events[PART_TEST] == 2,
           "sessions and events by part");
    tap_ok(train.len == 3 && train.at[0] == 1 && train.at[1] == 1 && train.at[2] == 0,
           "items by how often training has them");
    check_leaks(&r, "");
    vec_release(&train);
}

static void leaks(void)
{
    struct log log = {0};
    struct split_report r = {0};
    i64_vec train = {0};
    /* one edge for all, at 100 */
    user(&log, true, 100);
    session(&log.at[0], PART_TRAIN, 10, 20, 0, 1);
    session(&log.at[0], PART_TEST, 90, 100, 0, 7); /* astride; 7 is not in training */
    /* without training; item 7 again, item 3 unseen too */
    user(&log, true, 100);
    session(&log.at[1], PART_TEST, 101, 102, 7, 3);
    /* its own edge at 50: one session ends after it, one at it */
    user(&log, false, 50);
    session(&log.at[2], PART_TRAIN, 30, 51, 0, 4);
    session(&log.at[2], PART_TRAIN, 40, 50, 1, 1);
    session(&log.at[2], PART_TEST, 50, 60, 4,
            4); /* training has 4 at 51: once before, once after */
    count(&r, &log, &train);
    tap_ok(r.users == 3 && r.users_untrained == 1, "users without training");
    tap_ok(r.test_items == 4 && r.test_items_unseen == 2 && r.test_events_unseen == 3,
           "%lld of %lld items of the test are not in training, with %lld events",
           (long long)r.test_items_unseen, (long long)r.test_items,
           (long long)r.test_events_unseen);
    tap_ok(r.test_events_future == 1, "an event whose item training sees only later");
    tap_ok(r.sessions_astride == 2 && r.users_tied == 1, "sessions astride, users tied");
    tap_ok(r.sessions_overlapping == 2, "sessions that begin before an earlier one has ended");
    tap_ok(train.len == 8 && train.at[0] == 2 && train.at[1] == 3 && train.at[4] == 1 &&
               !train.at[7],
           "training alone counts");
    check_leaks(&r, "1 users have no training session; 2 test items are never seen in training; "
                    "1 test events are of items that training sees only later; "
                    "2 sessions straddle the edge between two parts; "
                    "2 sessions begin before an earlier one of their user has ended; "
                    "1 users have events of one time on both sides of the edge");
    vec_release(&train);
}

/* Training has item 0 from 10 on and item 1 from 20 on. */
static void same_time(void)
{
    struct log log = {0};
    struct split_report r = {0};
    i64_vec train = {0};
    user(&log, true, 0);
    session(&log.at[0], PART_TRAIN, 10, 20, 0, 1);
    session(&log.at[0], PART_TEST, 10, 20, 0, 1);
    session(&log.at[0], PART_TEST, 9, 19, 0, 1);
    count(&r, &log, &train);
    tap_ok(r.test_events_future == 2,
           "an event of the time of the first training event is not early");
    vec_release(&train);
}

int main(void)
{
    same_time();
    clean();
    leaks();
    return tap_done();
}
