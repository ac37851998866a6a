/* Sizes and leaks of a split, on users small enough to count by hand. */
#include "data/split_report.h"

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

static void user(struct all_user_sessions *all, bool everyones, int64_t edge)
{
    struct user_sessions h = {.user = (int32_t)all->len};
    h.edge[PART_TEST].set = true;
    h.edge[PART_TEST].everyones = everyones;
    h.edge[PART_TEST].time = edge;
    vec_push(all, h);
}

static void clean(void)
{
    struct all_user_sessions all = {0};
    struct split_report r = {0};
    i64_vec train = {0};
    user(&all, false, 100);
    session(&all.at[0], PART_TRAIN, 10, 20, 0, 1);
    session(&all.at[0], PART_VALIDATION, 50, 60, 1, 2);
    session(&all.at[0], PART_TEST, 100, 110, 1, 0);
    split_report_count(&r, &all, &train);
    tap_ok(r.users == 1 && r.sessions[PART_TRAIN] == 1 && r.sessions[PART_VALIDATION] == 1 &&
               r.sessions[PART_TEST] == 1 && r.events[PART_TRAIN] == 2 && r.events[PART_TEST] == 2,
           "sessions and events by part");
    tap_ok(train.len == 3 && train.at[0] == 1 && train.at[1] == 1 && train.at[2] == 0,
           "items by how often training has them");
    check_leaks(&r, "");
    all_user_sessions_release(&all);
    vec_release(&train);
}

static void leaks(void)
{
    struct all_user_sessions all = {0};
    struct split_report r = {0};
    i64_vec train = {0};
    /* one edge for all, at 100 */
    user(&all, true, 100);
    session(&all.at[0], PART_TRAIN, 10, 20, 0, 1);
    session(&all.at[0], PART_TEST, 90, 100, 0, 7); /* astride; 7 is not in training */
    /* without training; item 7 again, item 3 unseen too */
    user(&all, true, 100);
    session(&all.at[1], PART_TEST, 101, 102, 7, 3);
    /* its own edge at 50: one session ends after it, one at it */
    user(&all, false, 50);
    session(&all.at[2], PART_TRAIN, 30, 51, 0, 4);
    session(&all.at[2], PART_TRAIN, 40, 50, 1, 1);
    session(&all.at[2], PART_TEST, 50, 60, 4,
            4); /* training has 4 at 51: once before, once after */
    split_report_count(&r, &all, &train);
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
    all_user_sessions_release(&all);
    vec_release(&train);
}

/* Training has item 0 from 10 on and item 1 from 20 on. */
static void same_time(void)
{
    struct all_user_sessions all = {0};
    struct split_report r = {0};
    i64_vec train = {0};
    user(&all, true, 0);
    session(&all.at[0], PART_TRAIN, 10, 20, 0, 1);
    session(&all.at[0], PART_TEST, 10, 20, 0, 1);
    session(&all.at[0], PART_TEST, 9, 19, 0, 1);
    split_report_count(&r, &all, &train);
    tap_ok(r.test_events_future == 2,
           "an event of the time of the first training event is not early");
    all_user_sessions_release(&all);
    vec_release(&train);
}

int main(void)
{
    same_time();
    clean();
    leaks();
    return tap_done();
}
