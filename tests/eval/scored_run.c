#include "eval/scored_run.h"

#include <math.h>

#include "../tap.h"

static const struct scoring scoring = {.cuts = {.count = 2, .at = {1, 5}},
                                       .criterion = {.measure = MEASURE_RECALL, .at = 5},
                                       .by = {.count = 1, .at = {&breakdowns[0]}}};

static int near(double a, double b)
{
    return fabs(a - b) < 1e-12;
}

static void add_ranks(struct scored_run *r, size_t n, int32_t *position, int32_t *rank,
                      int32_t *ties)
{
    float loss[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    struct ranks k = {
        .position = {position, n}, .rank = {rank, n}, .ties = {ties, n}, .loss = {loss, n}};
    scored_run_ranks(r, &k);
}

/* A pass of one target of the rank. */
static void add_pass(struct scored_run *r, int64_t epoch, enum part part, int32_t rank)
{
    struct err e = {0};
    int32_t position = 0, ties = 0;
    struct pass p = {.epoch = {epoch, part}, .loss = 2, .events = 1};
    if (part != PART_TRAIN)
        add_ranks(r, 1, &position, &rank, &ties);
    if (scored_run_pass(r, &p, &e))
        tap_ok(0, "pass: %s", e.text);
}

static const struct group_score *group_of(const struct pass_score *p, const char *by,
                                          const char *group)
{
    for (size_t i = 0; i < p->groups.len; i++)
        if (!strcmp(p->groups.at[i].by, by) && !strcmp(p->groups.at[i].group, group))
            return &p->groups.at[i];
    return NULL;
}

/* Positions 0: ranks 1, 3; 1: rank 9; 3: rank 2.  Nothing stands at position 2. */
static void test_groups(void)
{
    struct scored_run r;
    struct err e = {0};
    struct pass p = {.epoch = {1, PART_TEST}, .loss = 0.5, .events = 4};
    int32_t position[] = {1, 0, 0, 3}, rank[] = {9, 1, 3, 2}, ties[] = {8, 0, 1, 0};
    scored_run_start(&r, &scoring, 0);

    add_ranks(&r, 4, position, rank, ties);
    tap_ok(!scored_run_pass(&r, &p, &e) && !scored_run_end(&r, &e), "a pass: %s", e.text);
    const struct pass_score *s = &r.passes.at[0];
    tap_ok(s->overall.events == 4 && near(s->overall.value[0], 0.5), "the loss is the pass's own");
    tap_ok(near(s->overall.value[1], 0.25) && near(s->overall.value[2], 0.75), "recall");
    tap_ok(near(s->overall.value[4], (1 + 1 / 3.0 + 0.5) / 4), "mrr");
    const struct group_score *g = group_of(s, "position", "1");
    tap_ok(g && g->score.events == 2 && near(g->score.value[1], 0.5), "the first position");
    g = group_of(s, "position", "4");
    tap_ok(g && g->score.events == 1 && near(g->score.value[4], 0.5), "the fourth");
    tap_ok(!group_of(s, "position", "3"), "none without a target");
    g = group_of(s, "position-up-to", "2");
    tap_ok(g && g->score.events == 3 && near(g->score.value[2], 2 / 3.0), "up to the second");
    g = group_of(s, "position-up-to", "4");
    tap_ok(g && g->score.events == 4 && near(g->score.value[2], s->overall.value[2]),
           "up to the last is overall");
    scored_run_release(&r);
}

static void test_far_positions(void)
{
    struct scored_run r;
    struct err e = {0};
    struct pass p = {.epoch = {1, PART_TEST}, .events = 2};
    int32_t position[] = {INT32_MAX, 999}, rank[] = {1, 2}, ties[] = {0, 0};
    scored_run_start(&r, &scoring, 0);
    add_ranks(&r, 2, position, rank, ties);
    tap_ok(!scored_run_pass(&r, &p, &e), "far positions");
    const struct group_score *g = group_of(&r.passes.at[0], "position", "1000+");
    tap_ok(g && g->score.events == 2, "are one group");
    scored_run_release(&r);
}

/* A breakdown that needs the lengths, days or the items' counts, where they are not there: an
 * error, but for the days where all breakdowns are wanted. */
static void test_missing(const struct breakdown *by, bool all)
{
    static const struct pass p = {.epoch = {1, PART_TEST}, .events = 1};
    struct scoring how = {.cuts = {.count = 1, .at = {5}},
                          .by = {.all = all, .count = 1, .at = {by}}};
    struct scored_run r;
    struct err e = {0};
    scored_run_start(&r, &how, 0);
    add_ranks(&r, 1, (int32_t[]){0}, (int32_t[]){1}, (int32_t[]){0});
    int status = scored_run_pass(&r, &p, &e);
    bool fine = by == breakdowns || (by->optional && (all || !by->day));
    tap_ok(status == (fine ? 0 : STATUS_DATA), "without all but positions, by %s%s: %s", by->name,
           all ? " of all" : "", e.text);
    scored_run_release(&r);
}

/* Repeats of ranks 1 and 9, an exploration of rank 2, and lists of two candidates of three items.
 */
static void test_repeat_and_lists(void)
{
    struct scoring how = {.cuts = {.count = 2, .at = {1, 2}, .lists = true},
                          .criterion = {.measure = MEASURE_RECALL, .at = 2},
                          .by = {.count = 1, .at = {breakdown_repeat}}};
    struct scored_run r;
    struct err e = {0};
    unsigned char seen[] = {1, 0, 1};
    int32_t user[] = {0, 0}, position[] = {0, 1, 2}, rank[] = {1, 2, 9}, item[] = {2, 0, 2, 2};
    struct ranks k = {.position = {position, 3}, .rank = {rank, 3}, .seen = {seen, 3}};
    struct tops lists = {.user = {user, 2}, .k = 2, .item = {item, 4}};
    struct pass p = {.epoch = {1, PART_TEST}, .loss = 1, .events = 3};
    scored_run_start(&r, &how, 2);
    for (const char *const *train = (const char *const[]){"5", "1", "3", NULL}; *train; train++)
        scored_run_item(&r, bytes_of(*train));
    scored_run_ranks(&r, &k);
    scored_run_lists(&r, &lists);
    tap_ok(!scored_run_pass(&r, &p, &e) && !scored_run_end(&r, &e), "a pass with lists");
    const struct pass_score *s = &r.passes.at[0];
    const struct group_score *g = group_of(s, "repeat", "repeat");
    tap_ok(g && g->score.events == 2 && near(g->score.value[1], 0.5), "repeats");
    g = group_of(s, "repeat", "explore");
    tap_ok(g && g->score.events == 1 && near(g->score.value[2], 1), "explorations");
    tap_ok(near(s->overall.value[5], 0.5) && near(s->overall.value[6], 1),
           "coverage is of the candidates");
    tap_ok(near(s->overall.value[7], 3) && near(s->overall.value[8], 3.5),
           "popularity of lists: 3, 3 and 3, 5, 3, 3");
    tap_ok(near(scored_run_selection(&r), 2 / 3.0), "the score that chose the epoch");
    scored_run_release(&r);
}

static void test_refusals(void)
{
    struct scored_run r;
    struct err e = {0};
    struct pass p = {.epoch = {1, PART_TEST}, .events = 3};
    scored_run_start(&r, &scoring, 0);
    tap_ok(scored_run_pass(&r, &p, &e) == STATUS_DATA, "targets without ranks: %s", e.text);
    p = (struct pass){.epoch = {1, PART_TRAIN}, .events = 3, .loss = 1};
    tap_ok(!scored_run_pass(&r, &p, &e), "a training pass has none");
    tap_ok(scored_run_end(&r, &e) == STATUS_DATA, "no test pass: %s", e.text);
    scored_run_release(&r);
}

/* Each step is a pass of one target: what is found at which rank says how good it was. */
static void test_best(const char *name, const char *parts, const int32_t *rank, size_t best,
                      enum part selected_on)
{
    struct scored_run r;
    struct err e = {0};
    int64_t epoch = 0;
    scored_run_start(&r, &scoring, 0);
    for (size_t i = 0; parts[i]; i++) {
        enum part part = parts[i] == 't'   ? PART_TRAIN
                         : parts[i] == 'v' ? PART_VALIDATION
                                           : PART_TEST;
        epoch += part == PART_TRAIN;
        add_pass(&r, epoch, part, rank[i]);
    }
    int status = scored_run_end(&r, &e);
    tap_ok(!status && r.best == best && r.selected_on == selected_on, "%s: pass %zu by %s", name,
           r.best, part_name[r.selected_on]);
    tap_ok(r.passes.at[r.best].leads, "%s: the pass was seen to lead", name);
    scored_run_release(&r);
}

int main(void)
{
    test_groups();
    test_far_positions();
    for (int b = 0; b < BREAKDOWNS; b++) {
        test_missing(&breakdowns[b], false);
        test_missing(&breakdowns[b], true);
    }
    test_repeat_and_lists();
    test_refusals();
    test_best("test part alone", "tTtTtT", (int32_t[]){0, 9, 0, 1, 0, 9}, 3, PART_TEST);
    test_best("of equals the first", "tTtTtT", (int32_t[]){0, 9, 0, 5, 0, 1}, 3, PART_TEST);
    test_best("validation decides", "tvTtvT", (int32_t[]){0, 1, 9, 0, 9, 1}, 2, PART_VALIDATION);
    test_best("untested epochs do not stand", "tvtvT", (int32_t[]){0, 1, 0, 9, 9}, 4,
              PART_VALIDATION);
    test_best("validation alone", "tvtvtv", (int32_t[]){0, 9, 0, 2, 0, 1}, 3, PART_VALIDATION);
    return tap_done();
}
