/* The report for people: a block for each model and breakdown, and a row for each model. */
#include <inttypes.h>
#include <math.h>

#include "eval/report_check.h"
#include "eval/report_write.h"

static void name_cells(struct table *t, const struct cuts *cuts)
{
    for (int c = 0; c < metrics_columns(cuts); c++) {
        char name[METRICS_NAME];
        metrics_column_name(cuts, c, name);
        table_cell(t, "%s", name);
    }
}

/* "3" or "3-7". */
static void range_cell(struct table *t, const uint64_t range[2])
{
    if (range[0] == range[1])
        table_cell(t, "%" PRIu64, range[0]);
    else
        table_cell(t, "%" PRIu64 "-%" PRIu64, range[0], range[1]);
}

static void score_cell(struct table *t, struct spread s)
{
    if (isnan(s.mean))
        table_cell(t, "-");
    else if (isnan(s.deviation))
        table_cell(t, "%.4f", s.mean);
    else
        table_cell(t, "%.4f ± %.4f", s.mean, s.deviation);
}

static void score_cells(struct table *t, const struct results *results, const struct summary *of)
{
    for (int c = 0; c < results->columns; c++)
        score_cell(t, of->spread[c]);
}

/* ---- breakdowns ---- */

struct table_block {
    const char *by; /* of the rows in `rows`; NULL: none yet */
    struct table rows;
    struct buf *to;
};

static void begin_block(struct table_block *b, const struct report *r, size_t model, const char *by)
{
    const struct report_model *m = &r->models.at[model];
    const struct summary *all = results_overall(&r->results, model);
    struct table title = {.columns = 1};
    table_cell(&title, "%.*s by %s: %s, epoch %" PRIu64 "%s%s%s", (int)m->name.len, m->name.at, by,
               part_name[all->first->pass->epoch.part], all->epochs[0],
               all->epochs[0] < all->epochs[1] ? " and others" : "", r->among ? ", " : "",
               r->ranks);
    buf_text(b->to, b->to->len || !r->best_only ? "\n" : "");
    table_write(&title, b->to);
    table_release(&title);
    b->by = by;
    b->rows = (struct table){.columns = (size_t)r->results.columns + 2};
    table_cell(&b->rows, "%s", by);
    table_cell(&b->rows, "targets");
    name_cells(&b->rows, &r->how->cuts);
}

static void end_block(struct table_block *b)
{
    if (b->by)
        table_write(&b->rows, b->to);
    table_release(&b->rows);
    b->by = NULL;
}

static void add_groups(const struct report *r, size_t model, struct buf *to)
{
    const summary_vec *of = &r->results.models.at[model];
    struct table_block b = {.to = to};
    for (size_t i = 1; i < of->len; i++) { /* the first is the whole pass */
        const struct summary *s = &of->at[i];
        if (!strcmp(s->group->by, breakdown_repeat->name)) /* has a table of its own */
            continue;
        if (!b.by || strcmp(b.by, s->group->by)) {
            end_block(&b);
            begin_block(&b, r, model, s->group->by);
        }
        table_cell(&b.rows, "%s", s->group->group);
        range_cell(&b.rows, s->targets);
        score_cells(&b.rows, &r->results, s);
    }
    end_block(&b);
}

/* ---- a row for each model ---- */

/* Whether a validation part chose any epoch. */
static bool has_validation(const struct report *r)
{
    for (size_t i = 0; i < r->runs.len; i++)
        if (r->runs.at[i].run.selected_on == PART_VALIDATION)
            return true;
    return false;
}

/* The score on the validation part that chose the epoch. */
static void selection_cell(struct table *t, const struct report *r, size_t model)
{
    VEC(double) score = {0};
    for (size_t i = 0; i < r->runs.len; i++) {
        const struct report_run *run = &r->runs.at[i];
        if (run->model == model && run->run.selected_on == PART_VALIDATION)
            vec_push(&score, scored_run_selection(&run->run));
    }
    score_cell(t, spread_of(score.at, score.len));
    vec_release(&score);
}

static void add_model(struct table *t, const struct report *r, size_t model)
{
    const struct report_model *m = &r->models.at[model];
    const struct summary *all = results_overall(&r->results, model);
    table_bytes(t, (struct bytes){m->name.at, m->name.len});
    table_cell(t, "%zu", m->runs);
    range_cell(t, all->epochs);
    range_cell(t, all->targets);
    score_cells(t, &r->results, all);
    if (has_validation(r))
        selection_cell(t, r, model);
}

/* Says which part chose the best epochs, and of which models if not of all. */
static void add_selection(const struct report *r, enum part part, struct buf *to)
{
    size_t with = 0;
    struct buf names = {0};
    for (size_t m = 0; m < r->models.len; m++) {
        if (results_overall(&r->results, m)->first->of->selected_on != part)
            continue;
        const struct buf *name = &r->models.at[m].name;
        buf_text(&names, with++ ? ", " : "");
        buf_append(&names, name->at, name->len);
    }
    if (with)
        buf_format(to, "best epoch by %s, selected_on: %s", r->best_by, part_name[part]);
    if (with && with < r->models.len)
        buf_format(to, " (%.*s)", (int)names.len, names.at);
    if (with)
        buf_byte(to, '\n');
    buf_release(&names);
}

/* Says which items the ranks are among, if not all. */
static void add_ranks(const struct report *r, struct buf *to)
{
    if (r->among)
        buf_format(to, "%s\n", r->ranks);
}

/* Says that the rows do not compare, where a comparison would have refused them. */
static void add_other_targets(const struct report *r, struct buf *to)
{
    for (size_t i = 1; i < r->runs.len; i++)
        if (!targets_same(report_targets(&r->runs.at[i]), report_targets(&r->runs.at[0]))) {
            buf_text(to, "the models were not scored on the same targets: their scores do not "
                         "compare\n");
            return;
        }
}

/* ---- repeat and explore ---- */

static bool asks_repeat(const struct report *r)
{
    for (int i = 0; i < r->how->by.count; i++)
        if (r->how->by.at[i] == breakdown_repeat)
            return true;
    return false;
}

/* Appends the model's rows; false: the model has no such groups. */
static bool add_repeat_rows(struct table *t, const struct report *r, size_t model)
{
    const summary_vec *of = &r->results.models.at[model];
    const struct buf *name = &r->models.at[model].name;
    bool any = false;
    for (size_t i = 1; i < of->len; i++) {
        const struct summary *s = &of->at[i];
        if (strcmp(s->group->by, breakdown_repeat->name))
            continue;
        table_bytes(t, (struct bytes){name->at, name->len});
        table_cell(t, "%s", s->group->group);
        range_cell(t, s->targets);
        score_cells(t, &r->results, s);
        any = true;
    }
    return any;
}

/* The breakdown that every table has: all models below each other. */
static void add_repeat(const struct report *r, struct buf *to)
{
    struct table t = {.columns = (size_t)r->results.columns + 3};
    struct buf unknown = {0};
    bool any = false;
    table_cell(&t, "by repeat");
    table_cell(&t, "target");
    table_cell(&t, "targets");
    name_cells(&t, &r->how->cuts);
    for (size_t m = 0; m < r->models.len; m++) {
        const struct buf *name = &r->models.at[m].name;
        if (add_repeat_rows(&t, r, m)) {
            any = true;
            continue;
        }
        buf_text(&unknown, unknown.len ? ", " : "");
        buf_append(&unknown, name->at, name->len);
    }
    if (any) {
        buf_byte(to, '\n');
        table_write(&t, to);
        buf_text(to, "repeat: the user had the target in an earlier event; explore: not\n");
    }
    if (unknown.len)
        buf_format(to,
                   "by repeat: unknown%s%.*s: the ranks do not say which targets the user had "
                   "before (\"seen\")\n",
                   any ? " of " : "", any ? (int)unknown.len : 0, any ? unknown.at : "");
    buf_release(&unknown);
    table_release(&t);
}

/* ---- the second output ---- */

static void add_aucs(const struct report *r, struct buf *to)
{
    struct table t = {.columns = 2};
    table_cell(&t, "intent");
    table_cell(&t, "AUC");
    for (size_t m = 0; m < r->models.len; m++) {
        const struct buf *name = &r->models.at[m].name;
        table_bytes(&t, (struct bytes){name->at, name->len});
        score_cell(&t, results_overall(&r->results, m)->auc);
    }
    buf_byte(to, '\n');
    table_write(&t, to);
    table_release(&t);
}

/* ---- comparisons with a base ---- */

static void add_contrast(struct table *t, const struct report *r,
                         const struct report_comparison *of, int column)
{
    const struct report_model *m = &r->models.at[of->model];
    const struct contrast *c = &of->numbers.column[column];
    char name[METRICS_NAME];
    double change = results_change(&r->results, of->model, of->base, column);
    metrics_column_name(&r->how->cuts, column, name);
    table_bytes(t, (struct bytes){m->name.at, m->name.len});
    table_cell(t, "%s", name);
    table_cell(t, "%.4f", results_overall(&r->results, of->base)->spread[column].mean);
    table_cell(t, "%.4f", results_overall(&r->results, of->model)->spread[column].mean);
    if (isfinite(change))
        table_cell(t, "%+.1f %%", 100 * change);
    else
        table_cell(t, "-");
    table_cell(t, "%.4f", c->base);
    table_cell(t, "%.4f", c->model);
    table_cell(t, "%+.4f", c->difference);
    table_cell(t, "%+.4f to %+.4f", c->interval.low, c->interval.high);
    table_cell(t, "%.2g", c->test.p);
    if (of->family > 1)
        table_cell(t, "%.2g", c->holm);
}

static void add_pairing(const struct report *r, const struct report_comparison *of, struct buf *to)
{
    const struct comparison *c = &of->numbers;
    const struct buf *name = &r->models.at[of->model].name;
    buf_format(to, "%.*s: %zu users", (int)name->len, name->at, c->users);
    if (c->alone)
        buf_format(to, "; %zu in only one of the two, left out", c->alone);
    if (c->uneven)
        buf_format(to, "; %zu with different numbers of targets", c->uneven);
    buf_byte(to, '\n');
}

/* Says where the mean over targets and the mean over users disagree on which model is better. */
static void add_signs(const struct report *r, const struct report_comparison *of, struct buf *to)
{
    const struct buf *name = &r->models.at[of->model].name;
    for (int column = 1; column < metrics_target_columns(&r->how->cuts); column++) {
        char score[METRICS_NAME];
        double by_target = results_overall(&r->results, of->model)->spread[column].mean -
                           results_overall(&r->results, of->base)->spread[column].mean;
        double by_user = of->numbers.column[column].difference;
        if (!(by_target * by_user < 0))
            continue;
        metrics_column_name(&r->how->cuts, column, score);
        buf_format(to,
                   "%.*s, %s: %s per target, where users with many targets count more, but %s per "
                   "user\n",
                   (int)name->len, name->at, score, by_target > 0 ? "better" : "worse",
                   by_user > 0 ? "better" : "worse");
    }
}

static void add_comparison_head(struct table *t, const struct buf *base, bool several)
{
    table_cell(t, "against %.*s", (int)base->len, base->at);
    table_cell(t, "score");
    table_cell(t, "per target: base");
    table_cell(t, "model");
    table_cell(t, "change");
    table_cell(t, "per user: base");
    table_cell(t, "model");
    table_cell(t, "difference");
    table_cell(t, "95 %% interval");
    table_cell(t, "p");
    if (several)
        table_cell(t, "Holm");
}

/* Of the n models that are compared with one base. */
static void add_against(const struct report *r, const struct report_comparison *of, size_t n,
                        struct buf *to)
{
    struct table t = {.columns = n > 1 ? 11 : 10};
    buf_byte(to, '\n');
    add_comparison_head(&t, &r->models.at[of->base].name, n > 1);
    for (size_t i = 0; i < n; i++)
        for (int c = 1; c < metrics_target_columns(&r->how->cuts); c++)
            add_contrast(&t, r, &of[i], c);
    table_write(&t, to);
    table_release(&t);
    for (size_t i = 0; i < n; i++)
        add_pairing(r, &of[i], to);
    for (size_t i = 0; i < n; i++)
        add_signs(r, &of[i], to);
}

static void add_comparisons(const struct report *r, struct buf *to)
{
    size_t family = r->comparisons.at[0].family;
    for (size_t i = 0; i < r->comparisons.len; i += family)
        add_against(r, &r->comparisons.at[i], family, to);
    buf_byte(to, '\n');
    add_ranks(r, to);
    buf_format(to,
               "per target: every target counts the same, so users with many targets count more; "
               "change: model over base, minus 1\n"
               "per user: every user in both counts the same, by the mean over the user's targets; "
               "difference: model minus base\n"
               "95 %% interval and p are of the difference per user: bootstrap interval of %zu "
               "draws; Wilcoxon signed-rank test, two-sided\n",
               r->resamples);
    if (family > 1)
        buf_format(to, "Holm: p corrected for the %zu models that are compared with one base\n",
                   family);
}

void report_tables(const struct report *r, struct buf *to)
{
    struct table t = {.columns = (size_t)r->results.columns + 4 + has_validation(r)};
    bool several = false;
    for (size_t m = 0; m < r->models.len; m++) {
        if (r->break_down || r->models.len == 1)
            add_groups(r, m, to);
        several |= r->models.at[m].runs > 1;
    }
    buf_text(to, to->len || !r->best_only ? "\n" : "");
    table_cell(&t, "model");
    table_cell(&t, "runs");
    table_cell(&t, "epoch");
    table_cell(&t, "targets");
    name_cells(&t, &r->how->cuts);
    if (has_validation(r))
        table_cell(&t, "validation %s", r->best_by);
    for (size_t m = 0; m < r->models.len; m++)
        add_model(&t, r, m);
    table_write(&t, to);
    table_release(&t);
    add_selection(r, PART_VALIDATION, to);
    add_selection(r, PART_TEST, to);
    add_ranks(r, to);
    if (several)
        buf_text(to,
                 "mean ± sample standard deviation (n - 1) over runs, each at its best epoch\n");
    if (!r->compare)
        add_other_targets(r, to);
    if (asks_repeat(r))
        add_repeat(r, to);
    if (r->results.has_auc)
        add_aucs(r, to);
    if (r->compare)
        add_comparisons(r, to);
}
