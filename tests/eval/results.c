/* The table of scores: its rows, and the summaries of models over runs and groups. */
#include "eval/results.h"

#include <math.h>

#include "../tap.h"

static const struct scoring *scoring(void)
{
    static struct scoring how;
    struct err e = {0};
    tap_ok(!cuts_parse(&how.cuts, "1,5", &e) && !criterion_parse(&how.criterion, "recall@5", &e) &&
               !breakdown_list_parse(&how.by, "position", &e),
           "scoring");
    return &how;
}

/* A run of test passes: pass i has targets at positions 0 to i, each of the rank `rank[i]`. */
static void add_run(struct scored_run *r, const struct scoring *how, const int32_t *rank, size_t n)
{
    struct err e = {0};
    scored_run_start(r, how, 0);
    for (size_t i = 0; i < n; i++) {
        int32_t at[] = {0, 1, 2, 3}, user[4] = {0}, ranks[4] = {rank[i], rank[i], rank[i], rank[i]};
        struct pass p = {.epoch = {(int64_t)i + 1, PART_TEST}, .events = (int64_t)i + 1};
        struct ranks k = {.user = {user, i + 1}, .position = {at, i + 1}, .rank = {ranks, i + 1}};
        scored_run_ranks(r, &k);
        tap_ok(!scored_run_pass(r, &p, &e), "pass %zu", i);
    }
    tap_ok(!scored_run_end(r, &e), "the run ends");
}

int main(void)
{
    struct scored_run run[3];
    const struct scored_run *runs[] = {&run[0], &run[1], &run[2]};
    const struct scoring *how = scoring();
    struct results t = {0};
    add_run(&run[0], how, (int32_t[]){9, 4}, 2); /* the best passes: 2 targets of rank 4 */
    add_run(&run[1], how, (int32_t[]){1}, 1);    /* 1 of rank 1 */
    add_run(&run[2], how, (int32_t[]){2, 9}, 2); /* 1 of rank 2 */
    results_build(&t, runs, (size_t[]){0, 1, 0}, 3);

    /* a pass of n targets has n positions, each alone and added up */
    tap_ok(t.rows.len == 3 + 5 + 3 + 3 + 5 && t.models.len == 2 && t.columns == 5, "rows");
    tap_ok(t.rows.at[3].run == 0 && t.rows.at[3].best && !t.rows.at[3].group &&
               t.rows.at[3].score->events == 2 && !t.rows.at[0].best,
           "a row of a whole pass comes before its groups");
    tap_ok(t.rows.at[8].run == 1 && t.rows.at[8].model == 1, "rows come run by run");

    const struct summary *s = results_overall(&t, 0);
    tap_ok(s->first->run == 0 && s->epochs[0] == 1 && s->epochs[1] == 2 && s->targets[0] == 1 &&
               s->targets[1] == 2,
           "a summary has the ranges of its runs");
    tap_ok(s->spread[2].n == 2 && s->spread[2].mean == 1 && s->spread[2].deviation == 0 &&
               fabs(s->spread[4].mean - 0.375) < 1e-12,
           "and their mean and deviation");
    s = results_find(&t, 0, "position", "2");
    tap_ok(s && s->spread[4].n == 1 && s->spread[4].mean == 0.25 && isnan(s->spread[4].deviation),
           "a group is summed up over the runs that have it");
    tap_ok(results_find(&t, 0, "position-up-to", "1") && !results_find(&t, 1, "position", "2") &&
               !results_find(&t, 0, "seen", "1") && !results_find(&t, 7, "position", "1"),
           "groups are found by name, where there are such");
    tap_ok(fabs(results_change(&t, 1, 0, 4) - (1 / 0.375 - 1)) < 1e-12,
           "change against another model");
    results_release(&t);
    for (int i = 0; i < 3; i++)
        scored_run_release(&run[i]);
    return tap_done();
}
