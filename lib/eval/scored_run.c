#include "eval/scored_run.h"

#include <inttypes.h>
#include <math.h>

static void start_pass(struct scored_run *r)
{
    rank_counts_start(&r->tally, &r->how->cuts, &r->how->criterion);
    list_counts_start(&r->lists);
    auc_start(&r->auc);
    for (int b = 0; b < r->how->by.count; b++)
        rank_counts_start(&r->by[b], &r->how->cuts, &r->how->criterion);
}

void scored_run_start(struct scored_run *r, const struct scoring *how, int64_t among)
{
    *r = (struct scored_run){
        .how = how, .among = among, .best = SIZE_MAX, .best_merit = NAN, .validated = NAN};
    start_pass(r);
}

void scored_run_item(struct scored_run *r, struct bytes train)
{
    vec_push(&r->train, popularity_count(train));
}

/* What the breakdown needs and the targets lack, in words; NULL: nothing. */
static const char *missing_for(const struct scored_run *r, const struct breakdown *by,
                               const struct ranks *k)
{
    if (by->history && !k->history.at)
        return "the numbers of earlier sessions (\"history\")";
    if (by->length && !k->length.at)
        return "the sessions' lengths (\"length\")";
    if (by->day && !k->day.at && !(by->optional && r->how->by.all))
        return "the days on which sessions ended (\"day\")";
    for (size_t i = 0; by->train && i < k->rank.len; i++) {
        size_t item = k->target.at ? (size_t)column_i32(k->target)[i] : SIZE_MAX;
        if (item >= r->train.len || r->train.at[item] < 0)
            return "the items' counts in the training part (\"train\"; tfilter --split writes "
                   "them)";
    }
    return NULL;
}

static int32_t value_at(struct column c, size_t i)
{
    return c.at ? column_i32(c)[i] : -1;
}

static struct target target_at(const struct scored_run *r, const struct ranks *k, size_t i)
{
    int32_t item = value_at(k->target, i);
    bool known = item >= 0 && (size_t)item < r->train.len;
    return (struct target){.position = value_at(k->position, i),
                           .history = value_at(k->history, i),
                           .length = value_at(k->length, i),
                           .train = known ? r->train.at[item] : -1,
                           .seen = k->seen.at ? column_u8(k->seen)[i] : -1,
                           .day = value_at(k->day, i)};
}

static bool needs_popularity(const struct breakdown_list *by)
{
    for (int b = 0; b < by->count; b++)
        if (by->at[b]->train)
            return true;
    return false;
}

void scored_run_ranks(struct scored_run *r, const struct ranks *k)
{
    const struct breakdown_list *by = &r->how->by;
    for (int b = 0; b < by->count && !r->missing; b++) {
        r->missing = missing_for(r, by->at[b], k);
        r->missing_by = by->at[b];
    }
    if (r->missing) /* an error at the end of the pass */
        return;
    if (r->ranked != r->train.len && needs_popularity(by)) {
        r->popularity = popularity_of(r->train.at, r->train.len, POPULARITY_QUARTERS);
        r->ranked = r->train.len;
    }
    for (size_t i = 0; i < k->rank.len; i++) {
        int32_t rank = column_i32(k->rank)[i];
        double loss = k->loss.at ? column_f32(k->loss)[i] : NAN;
        struct target t = target_at(r, k, i);
        rank_counts_add(&r->tally, 0, rank, loss);
        if (r->how->by_user)
            user_sums_add(&r->sums, &r->how->cuts, column_i32(k->user)[i], rank, loss);
        for (int b = 0; b < by->count; b++) {
            int group = by->at[b]->group(&t, &r->popularity);
            if (group != NO_GROUP)
                rank_counts_add(&r->by[b], (size_t)group, rank, loss);
        }
    }
}

void scored_run_lists(struct scored_run *r, const struct tops *t)
{
    if (r->how->cuts.lists)
        list_counts_add(&r->lists, t, &r->train);
}

void scored_run_intents(struct scored_run *r, const struct intents *n)
{
    auc_add(&r->auc, n);
}

/* The items that are ranked. */
static int64_t candidates_of(const struct scored_run *r)
{
    int64_t items = (int64_t)r->train.len;
    return r->among && r->among < items ? r->among : items;
}

static void add_group(struct scored_run *r, struct pass_score *to, int b, const char *name,
                      size_t group)
{
    struct group_score g = {.by = name, .number = group};
    g.score = rank_counts_metrics(&r->by[b], group, &r->how->cuts, &r->how->criterion);
    r->how->by.at[b]->label((int)group, &r->popularity, g.group);
    if (g.score.events)
        vec_push(&to->groups, g);
}

/* Joins the numbers of a breakdown to up to four groups: a group ends with the least number up to
 * which the numbers have a quarter, a half, three quarters, all of the targets.  Scores them. */
static void score_quarters(struct scored_run *r, struct pass_score *to, int b)
{
    enum { SHARES = 4 };
    const struct rank_counts *t = &r->by[b];
    uint64_t all = 0, below = 0, shares = 0;
    size_t low = SIZE_MAX; /* the first number of the open group, to which the others are added */
    for (size_t g = 0; g < t->events.len; g++)
        all += t->events.at[g];
    for (size_t g = 0; g < t->events.len; g++) {
        if (!t->events.at[g])
            continue;
        below += t->events.at[g];
        if (low == SIZE_MAX)
            low = g;
        else
            rank_counts_merge(&r->by[b], low, g);
        if (below * SHARES < all * (shares + 1))
            continue;
        add_group(r, to, b, r->how->by.at[b]->name, low);
        breakdown_range((int)low, (int)g, to->groups.at[to->groups.len - 1].group);
        shares = below * SHARES / all;
        low = SIZE_MAX;
    }
}

/* Scores each group of a breakdown, then, if the breakdown says so, the groups up to each. */
static void score_groups(struct scored_run *r, struct pass_score *to, int b)
{
    const struct breakdown *by = r->how->by.at[b];
    size_t groups = r->by[b].events.len;
    if (by->quarters) {
        score_quarters(r, to, b);
        return;
    }
    for (size_t g = 0; g < groups; g++)
        add_group(r, to, b, by->name, g);
    for (size_t g = 0; g < groups && by->up_to; g++) {
        if (g)
            rank_counts_merge(&r->by[b], g, g - 1);
        add_group(r, to, b, by->up_to, g);
    }
}

/* The merit of the epoch's validation pass; NaN: it has none. */
static double validation_merit(const struct scored_run *r, int64_t epoch)
{
    for (size_t i = r->passes.len; i-- > 0;) {
        const struct pass_score *p = &r->passes.at[i];
        if (p->epoch.part == PART_VALIDATION && p->epoch.number == epoch)
            return p->overall.merit;
    }
    return NAN;
}

static bool has_validation(const struct scored_run *r)
{
    for (size_t i = 0; i < r->passes.len; i++)
        if (r->passes.at[i].epoch.part == PART_VALIDATION)
            return true;
    return false;
}

/* Makes the pass the best if its merit is above that of all before it. */
static bool challenge(struct scored_run *r, size_t pass, double merit)
{
    if (isnan(merit) || (r->best != SIZE_MAX && merit <= r->best_merit))
        return false;
    r->best = pass;
    r->best_merit = merit;
    return true;
}

/* Keeps the sums of the pass that scored_run_end will choose: the best test pass, or the best
 * validation pass of a run without test passes. */
static void keep_sums(struct scored_run *r, const struct pass_score *p)
{
    bool validates = p->epoch.part == PART_VALIDATION && r->selected_on == PART_NONE;
    bool best = validates ? isnan(r->validated) || p->overall.merit > r->validated
                          : p->epoch.part == PART_TEST && (p->leads || r->best == SIZE_MAX);
    if (best) {
        struct user_sums before = r->best_sums;
        r->best_sums = r->sums;
        r->sums = before;
        r->validated = p->overall.merit;
    }
    vec_clear(&r->sums.at);
}

int scored_run_pass(struct scored_run *r, const struct pass *p, struct err *e)
{
    struct pass_score s = {.epoch = p->epoch, .auc = auc_value(&r->auc)};
    if (r->missing)
        return err_set(e, STATUS_DATA, "a breakdown by %s needs %s, and the input lacks them",
                       r->missing_by->name, r->missing);
    s.overall = rank_counts_metrics(&r->tally, 0, &r->how->cuts, &r->how->criterion);
    for (int b = 0; b < r->how->by.count; b++)
        score_groups(r, &s, b);
    bool ranked = p->epoch.part == PART_TEST || p->epoch.part == PART_VALIDATION;
    if (ranked ? s.overall.events != (uint64_t)p->events : s.overall.events != 0) {
        vec_release(&s.groups);
        return err_set(e, STATUS_DATA,
                       "the %s pass of epoch %" PRId64 " has %" PRId64 " targets but %" PRIu64
                       " ranks",
                       part_name[p->epoch.part], p->epoch.number, p->events, s.overall.events);
    }
    /* the pass's own mean: the order of summing does not change it */
    s.overall.events = (uint64_t)p->events;
    s.overall.value[0] = p->events ? p->loss : NAN;
    list_counts_metrics(&r->lists, candidates_of(r), &r->how->cuts, &s.overall);
    if (r->how->criterion.loss)
        s.overall.merit = -s.overall.value[0];
    if (p->epoch.part == PART_TEST) {
        r->selected_on = has_validation(r) ? PART_VALIDATION : PART_TEST;
        s.leads = challenge(r, r->passes.len,
                            r->selected_on == PART_TEST ? s.overall.merit
                                                        : validation_merit(r, p->epoch.number));
    }
    keep_sums(r, &s);
    vec_push(&r->passes, s);
    start_pass(r);
    return 0;
}

int scored_run_end(struct scored_run *r, struct err *e)
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
    if (r->best == SIZE_MAX) /* no pass has a score: none has targets */
        r->best = fallback;
    return 0;
}

double scored_run_selection(const struct scored_run *r)
{
    return r->how->criterion.loss ? -r->best_merit : r->best_merit;
}

void scored_run_release(struct scored_run *r)
{
    rank_counts_release(&r->tally);
    list_counts_release(&r->lists);
    auc_release(&r->auc);
    for (int b = 0; b < BREAKDOWNS; b++)
        rank_counts_release(&r->by[b]);
    vec_release(&r->train);
    user_sums_release(&r->sums);
    user_sums_release(&r->best_sums);
    for (size_t i = 0; i < r->passes.len; i++)
        vec_release(&r->passes.at[i].groups);
    vec_release(&r->passes);
}
