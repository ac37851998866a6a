/* The rules for sessions on logs small enough to see through. */
#include <string.h>

#include "data/session_cut.h"
#include "../tap.h"

static const struct session_rules thesis = {
    .gap = 1800, .min_events = 2, .max_events = 39, .cut = 20, .order = "auto"};

/* Rows are "time item" pairs in the order of the log; sessions come as "time:item ..." with "|"
 * between them. */
static const char *cut(struct session_rules rules, const int (*rows)[2], size_t count)
{
    static struct buf text;
    event_vec events = {0};
    struct session_set set = {0};
    for (size_t i = 0; i < count; i++)
        vec_push(&events, ((struct event){.time = rows[i][0], .item = rows[i][1]}));
    sessions_cut(&rules, &events, &set);
    buf_clear(&text);
    for (size_t i = 0; i < set.spans.len; i++) {
        for (size_t k = 0, at = set.spans.at[i].from; k < set.spans.at[i].count; k++, at++)
            buf_format(&text, "%s%d:%d",
                       k   ? " "
                       : i ? "|"
                           : "",
                       (int)set.times.at[at], (int)set.items.at[at]);
    }
    buf_byte(&text, '\0');
    vec_release(&events);
    sessions_release(&set);
    return text.at;
}

#define CUT(rules, ...)                                                                            \
    cut(rules, (const int[][2]){__VA_ARGS__},                                                      \
        sizeof((const int[][2]){__VA_ARGS__}) / sizeof(int[2]))

static void check(const char *got, const char *expected, const char *name)
{
    tap_ok(!strcmp(got, expected), "%s: %s", name, got);
}

/* `count` events one second apart, items counting up. */
static const char *cut_run(struct session_rules rules, int count)
{
    static int rows[100][2];
    for (int i = 0; i < count; i++)
        rows[i][0] = rows[i][1] = i;
    return cut(rules, rows, (size_t)count);
}

static size_t sessions_in(const char *text)
{
    size_t count = *text != '\0';
    for (; *text; text++)
        count += *text == '|';
    return count;
}

static void test_order(void)
{
    struct session_rules rules = thesis;
    check(CUT(rules, {9, 1}, {5, 2}, {3, 3}), "3:3 5:2 9:1", "newest first is turned round");
    check(CUT(rules, {5, 1}, {9, 2}, {3, 3}), "3:3 5:1 9:2", "any order is put in order");
    check(CUT(rules, {9, 1}, {5, 2}, {5, 3}, {3, 4}), "3:4 5:3 5:2 9:1",
          "newest first: equal times reversed");
    check(CUT(rules, {3, 4}, {5, 2}, {5, 3}, {9, 1}), "3:4 5:2 5:3 9:1",
          "oldest first: equal times as they stand");
    check(CUT(rules, {5, 1}, {5, 2}), "5:2 5:1", "all equal: newest first is meant");
    check(CUT(rules, {5, 1}, {9, 2}, {5, 3}), "5:3 5:1 9:2", "mixed: newest first is meant");
    rules.order = "oldest-first";
    check(CUT(rules, {9, 1}, {5, 2}, {5, 3}, {3, 4}), "3:4 5:2 5:3 9:1", "order oldest-first");
    check(CUT(rules, {9, 1}, {9, 2}, {5, 3}, {5, 4}, {5, 5}), "5:3 5:4 5:5 9:1 9:2",
          "order oldest-first, of times that fall");
    rules.order = "newest-first";
    check(CUT(rules, {3, 1}, {3, 2}, {5, 3}, {5, 4}), "3:2 3:1 5:4 5:3",
          "order newest-first, of times that rise");
    check(CUT(rules, {3, 4}, {5, 2}, {5, 3}, {9, 1}), "3:4 5:3 5:2 9:1", "order newest-first");
}

static void test_gap_and_repeats(void)
{
    struct session_rules rules = thesis;
    check(CUT(rules, {0, 1}, {1799, 2}, {3599, 3}, {3600, 4}), "0:1 1799:2|3599:3 3600:4",
          "a gap is 1800 s or more");
    check(CUT(rules, {0, 1}, {1, 1}, {2, 2}, {3, 1}), "0:1 2:2 3:1",
          "repeats collapse to the first");
    check(CUT(rules, {0, 1}, {1000, 1}, {2000, 2}), "0:1 2000:2",
          "the gap is taken to a repeat, before it goes");
    check(CUT(rules, {0, 1}, {1, 2}, {1801, 2}, {1802, 3}), "0:1 1:2|1801:2 1802:3",
          "an item may end one session and begin the next");
    check(CUT(rules, {0, 1}, {1, 1}), "", "repeats alone are no session");
    rules.keep_repeats = true;
    check(CUT(rules, {0, 1}, {1, 1}), "0:1 1:1", "keep_repeats");
}

static void test_lengths(void)
{
    struct session_rules rules = thesis;
    check(CUT(rules, {0, 1}, {5000, 2}, {10000, 3}, {10001, 4}), "10000:3 10001:4",
          "single events are dropped");
    tap_ok(sessions_in(cut_run(rules, 20)) == 1, "20 events stay whole");
    const char *pieces = cut_run(rules, 21);
    tap_ok(sessions_in(pieces) == 1 && strstr(pieces, " 19:19") && !strstr(pieces, "20:20"),
           "the 21st alone is dropped: %s", pieces);
    pieces = cut_run(rules, 22);
    tap_ok(sessions_in(pieces) == 2 && strstr(pieces, "|20:20 21:21"), "22 are 20 and 2");
    tap_ok(sessions_in(cut_run(rules, 39)) == 2, "39 events are kept");
    tap_ok(sessions_in(cut_run(rules, 40)) == 0, "40 are dropped");
    rules.max_events = 0;
    tap_ok(sessions_in(cut_run(rules, 61)) == 3, "no limit: 61 are three times 20");
    rules.cut = 0;
    tap_ok(sessions_in(cut_run(rules, 61)) == 1, "never cut");
    rules.min_events = 0;
    check(CUT(rules, {0, 1}), "0:1", "no least length");
    tap_ok(!*cut(rules, NULL, 0), "no events, no sessions");
}

static void test_check(void)
{
    struct err e = {0};
    struct session_rules rules = thesis;
    tap_ok(!session_rules_check(&rules, &e), "the thesis's rules can be meant");
    rules.cut = 1;
    tap_ok(session_rules_check(&rules, &e) == STATUS_USAGE, "pieces of one event cannot");
    rules = thesis;
    rules.max_events = 1;
    tap_ok(session_rules_check(&rules, &e) == STATUS_USAGE, "nor a limit below the least");
}

int main(void)
{
    test_order();
    test_gap_and_repeats();
    test_lengths();
    test_check();
    return tap_done();
}
