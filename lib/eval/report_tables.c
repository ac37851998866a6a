/* The report as text: a block for each model and breakdown, and the comparison of the models. */
#include <inttypes.h>
#include <math.h>

#include "eval/report.h"

static void name_cells(struct table *t, const struct cuts *cuts)
{
    for (int c = 0; c < metrics_columns(cuts); c++) {
        char name[METRICS_NAME];
        metrics_column_name(cuts, c, name);
        table_cell(t, "%s", name);
    }
}

/* "3" or "3-7". */
static void range_cell(struct table *t, uint64_t low, uint64_t high)
{
    if (low == high)
        table_cell(t, "%" PRIu64, low);
    else
        table_cell(t, "%" PRIu64 "-%" PRIu64, low, high);
}

static void widen(uint64_t range[2], uint64_t value, bool first)
{
    if (first || value < range[0])
        range[0] = value;
    if (first || value > range[1])
        range[1] = value;
}

/* The best epochs of the model's runs, and the targets of the group. */
static void ranges_of(const struct report *r, size_t model, const char *by, const char *group,
                      uint64_t epochs[2], uint64_t targets[2])
{
    bool first = true;
    for (size_t i = 0; i < r->runs.len; i++) {
        const struct report_run *run = &r->runs.at[i];
        const struct metrics *s = run->model == model ? report_score(run, by, group) : NULL;
        if (!s)
            continue;
        widen(epochs, (uint64_t)report_best(run)->epoch.number, first);
        widen(targets, s->events, first);
        first = false;
    }
}

static void score_cells(struct table *t, const struct report *r, size_t model, const char *by,
                        const char *group)
{
    for (int c = 0; c < metrics_columns(&r->how->cuts); c++) {
        struct spread s = report_spread(r, model, by, group, c);
        if (isnan(s.mean))
            table_cell(t, "-");
        else if (isnan(s.deviation))
            table_cell(t, "%.4f", s.mean);
        else
            table_cell(t, "%.4f ± %.4f", s.mean, s.deviation);
    }
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
    const struct report_run *run = report_first(r, model, NULL, NULL);
    uint64_t epochs[2], targets[2];
    ranges_of(r, model, NULL, NULL, epochs, targets);
    struct table title = {.columns = 1};
    table_cell(&title, "%.*s by %s: %s, epoch %" PRIu64 "%s%s%s", (int)m->name.len, m->name.at, by,
               part_name[report_best(run)->epoch.part], epochs[0],
               epochs[0] < epochs[1] ? " and others" : "", r->among ? ", " : "", r->ranks);
    buf_text(b->to, b->to->len || !r->best_only ? "\n" : "");
    table_write(&title, b->to);
    table_release(&title);
    b->by = by;
    b->rows = (struct table){.columns = (size_t)metrics_columns(&r->how->cuts) + 2};
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

static void add_group(void *to, const struct report *r, size_t model, const char *by,
                      const char *group)
{
    struct table_block *b = to;
    uint64_t epochs[2], targets[2];
    if (!b->by || strcmp(b->by, by)) {
        end_block(b);
        begin_block(b, r, model, by);
    }
    ranges_of(r, model, by, group, epochs, targets);
    table_cell(&b->rows, "%s", group);
    range_cell(&b->rows, targets[0], targets[1]);
    score_cells(&b->rows, r, model, by, group);
}

/* ---- the comparison ---- */

static void add_model(struct table *t, const struct report *r, size_t model)
{
    const struct report_model *m = &r->models.at[model];
    uint64_t epochs[2], targets[2];
    ranges_of(r, model, NULL, NULL, epochs, targets);
    table_bytes(t, (struct bytes){m->name.at, m->name.len});
    table_cell(t, "%zu", m->runs);
    range_cell(t, epochs[0], epochs[1]);
    range_cell(t, targets[0], targets[1]);
    score_cells(t, r, model, NULL, NULL);
}

/* Says which part chose the epochs, and of which models where they are not of one kind. */
static void add_selection(const struct report *r, enum part part, struct buf *to)
{
    size_t with = 0;
    struct buf names = {0};
    for (size_t m = 0; m < r->models.len; m++) {
        if (report_first(r, m, NULL, NULL)->run.selected_on != part)
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

/* What the ranks are among, where not all items. */
static void add_ranks(const struct report *r, struct buf *to)
{
    if (r->among)
        buf_format(to, "%s\n", r->ranks);
}

/* ---- one against the others ---- */

static void add_contrast(struct table *t, const struct report *r, size_t model, int column)
{
    const struct report_model *m = &r->models.at[model];
    const struct contrast *c = &m->comparison.column[column];
    char name[METRICS_NAME];
    double change = report_change(r, model, column);
    metrics_column_name(&r->how->cuts, column, name);
    table_bytes(t, (struct bytes){m->name.at, m->name.len});
    table_cell(t, "%s", name);
    table_cell(t, "%.4f", report_spread(r, 0, NULL, NULL, column).mean);
    table_cell(t, "%.4f", report_spread(r, model, NULL, NULL, column).mean);
    if (isfinite(change))
        table_cell(t, "%+.1f %%", 100 * change);
    else
        table_cell(t, "-");
    table_cell(t, "%+.4f", c->difference);
    table_cell(t, "%+.4f to %+.4f", c->interval.low, c->interval.high);
    table_cell(t, "%.2g", c->test.p);
}

static void add_pairing(const struct report *r, size_t model, struct buf *to)
{
    const struct comparison *c = &r->models.at[model].comparison;
    const struct buf *name = &r->models.at[model].name;
    buf_format(to, "%.*s: %zu users", (int)name->len, name->at, c->users);
    if (c->alone)
        buf_format(to, "; %zu in one of the two alone, left out", c->alone);
    if (c->uneven)
        buf_format(to, "; %zu with other numbers of targets", c->uneven);
    buf_byte(to, '\n');
}

static void add_comparisons(const struct report *r, struct buf *to)
{
    const struct buf *base = &r->models.at[0].name;
    struct table t = {.columns = 8};
    buf_byte(to, '\n');
    table_cell(&t, "against %.*s", (int)base->len, base->at);
    table_cell(&t, "score");
    table_cell(&t, "base");
    table_cell(&t, "model");
    table_cell(&t, "change");
    table_cell(&t, "difference");
    table_cell(&t, "95 %% interval");
    table_cell(&t, "p");
    for (size_t m = 1; m < r->models.len; m++)
        for (int c = 1; c < metrics_columns(&r->how->cuts); c++)
            add_contrast(&t, r, m, c);
    table_write(&t, to);
    table_release(&t);
    for (size_t m = 1; m < r->models.len; m++)
        add_pairing(r, m, to);
    add_ranks(r, to);
    buf_format(to,
               "difference: mean over users of the user's mean score, bootstrap interval of %zu "
               "draws;\np: Wilcoxon signed-rank test over users, two-sided\n",
               r->resamples);
}

void report_tables(const struct report *r, struct buf *to)
{
    struct table_block block = {.to = to};
    struct table t = {.columns = (size_t)metrics_columns(&r->how->cuts) + 4};
    bool several = false;
    for (size_t m = 0; m < r->models.len; m++) {
        if (r->break_down || r->models.len == 1)
            report_each_group(r, m, add_group, &block);
        end_block(&block);
        several |= r->models.at[m].runs > 1;
    }
    buf_text(to, to->len || !r->best_only ? "\n" : "");
    table_cell(&t, "model");
    table_cell(&t, "runs");
    table_cell(&t, "epoch");
    table_cell(&t, "targets");
    name_cells(&t, &r->how->cuts);
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
    if (r->compare)
        add_comparisons(r, to);
}
