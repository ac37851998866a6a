#include "eval/run.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

void run_start(struct run *r, const struct scoring *how)
{
    *r = (struct run){.how = how, .best = SIZE_MAX};
    tally_start(&r->tally, &how->cuts, &how->criterion);
}

void run_ranks(struct run *r, const struct ranks *k)
{
    for (size_t i = 0; i < k->rank.len; i++) {
        int32_t position = column_i32(k->position)[i];
        int32_t group = position < POSITION_GROUPS ? position : POSITION_GROUPS - 1;
        tally_add(&r->tally, (size_t)group, column_i32(k->rank)[i], column_f32(k->loss)[i]);
    }
}

static void add_group(struct run *r, struct pass_score *to, const char *by, size_t position)
{
    struct score s = tally_score(&r->tally, position, &r->how->cuts, &r->how->criterion);
    struct group_score g = {.by = by, .score = s};
    snprintf(g.group, sizeof g.group, "%zu%s", position + 1,
             position + 1 == POSITION_GROUPS ? "+" : "");
    if (s.events)
        vec_push(&to->groups, g);
}

/* Scores each position, then the positions up to each, the last of which is all of them. */
static void score_groups(struct run *r, struct pass_score *to)
{
    size_t positions = r->tally.events.len;
    for (size_t p = 0; p < positions && r->how->by_position; p++)
        add_group(r, to, "position", p);
    for (size_t p = 0; p < positions; p++) {
        if (p)
            tally_merge(&r->tally, p, p - 1);
        if (r->how->by_position)
            add_group(r, to, "position-up-to", p);
    }
    to->overall =
        tally_score(&r->tally, positions ? positions - 1 : 0, &r->how->cuts, &r->how->criterion);
}

/* The merit of the epoch's validation pass; NaN where it has none. */
static double validation_merit(const struct run *r, int64_t epoch)
{
    for (size_t i = r->passes.len; i-- > 0;) {
        const struct pass_score *p = &r->passes.at[i];
        if (p->epoch.part == PART_VALIDATION && p->epoch.number == epoch)
            return p->overall.merit;
    }
    return NAN;
}

static bool has_validation(const struct run *r)
{
    for (size_t i = 0; i < r->passes.len; i++)
        if (r->passes.at[i].epoch.part == PART_VALIDATION)
            return true;
    return false;
}

/* Takes the pass as the best if its epoch's merit is above that of all before: of equals the first.
 */
static bool challenge(struct run *r, size_t pass, double merit)
{
    if (isnan(merit) || (r->best != SIZE_MAX && merit <= r->best_merit))
        return false;
    r->best = pass;
    r->best_merit = merit;
    return true;
}

int run_pass(struct run *r, const struct pass *p, struct err *e)
{
    struct pass_score s = {.epoch = p->epoch};
    score_groups(r, &s);
    bool ranked = p->epoch.part == PART_TEST || p->epoch.part == PART_VALIDATION;
    if (ranked ? s.overall.events != (uint64_t)p->events : s.overall.events != 0) {
        vec_release(&s.groups);
        return err_set(e, STATUS_DATA,
                       "the %s pass of epoch %" PRId64 " has %" PRId64
                       " targets, its ranks are %" PRIu64,
                       part_name[p->epoch.part], p->epoch.number, p->events, s.overall.events);
    }
    /* the pass's own mean is the one the trainer showed: not subject to another order of summing */
    s.overall.events = (uint64_t)p->events;
    s.overall.value[0] = p->events ? p->loss : NAN;
    if (r->how->criterion.metric == CRITERION_LOSS)
        s.overall.merit = -s.overall.value[0];
    if (p->epoch.part == PART_TEST) {
        r->selected_on = has_validation(r) ? PART_VALIDATION : PART_TEST;
        s.leads = challenge(r, r->passes.len,
                            r->selected_on == PART_TEST ? s.overall.merit
                                                        : validation_merit(r, p->epoch.number));
    }
    vec_push(&r->passes, s);
    tally_start(&r->tally, &r->how->cuts, &r->how->criterion);
    return 0;
}

int run_end(struct run *r, struct err *e)
{
    size_t fallback = SIZE_MAX;
    bool tested = r->selected_on != PART_NONE;
    for (size_t i = 0; i < r->passes.len; i++) {
        enum part part = r->passes.at[i].epoch.part;
        if (!tested && part == PART_VALIDATION) {
            r->selected_on = PART_VALIDATION;
            r->passes.at[i].leads = challenge(r, i, r->passes.at[i].overall.merit);
        }
        if (part == (tested ? PART_TEST : PART_VALIDATION))
            fallback = i;
    }
    if (fallback == SIZE_MAX)
        return err_set(e, STATUS_DATA,
                       "no validation or test pass to score: does batcher --test-from begin "
                       "after the last epoch?");
    if (r->best == SIZE_MAX) /* no pass has a score to choose by: nothing was tested in any */
        r->best = fallback;
    return 0;
}

void run_release(struct run *r)
{
    tally_release(&r->tally);
    for (size_t i = 0; i < r->passes.len; i++)
        vec_release(&r->passes.at[i].groups);
    vec_release(&r->passes);
}
