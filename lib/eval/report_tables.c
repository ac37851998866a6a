/* The report for people: a block for each model and breakdown, and a row for each model. */
#include <inttypes.h>
#include <math.h>

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

static void score_cells(struct table *t, const struct results *results, const struct summary *of)
{
    for (int c = 0; c < results->columns; c++) {
        struct spread s = of->spread[c];
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

static void add_model(struct table *t, const struct report *r, size_t model)
{
    const struct report_model *m = &r->models.at[model];
    const struct summary *all = results_overall(&r->results, model);
    table_bytes(t, (struct bytes){m->name.at, m->name.len});
    table_cell(t, "%zu", m->runs);
    range_cell(t, all->epochs);
    range_cell(t, all->targets);
    score_cells(t, &r->results, all);
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

/* ---- the comparison with the first model ---- */

static void add_contrast(struct table *t, const struct report *r, size_t model, int column)
{
    const struct report_model *m = &r->models.at[model];
    const struct contrast *c = &m->comparison.column[column];
    char name[METRICS_NAME];
    double change = results_change(&r->results, model, column);
    metrics_column_name(&r->how->cuts, column, name);
    table_bytes(t, (struct bytes){m->name.at, m->name.len});
    table_cell(t, "%s", name);
    table_cell(t, "%.4f", results_overall(&r->results, 0)->spread[column].mean);
    table_cell(t, "%.4f", results_overall(&r->results, model)->spread[column].mean);
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
        buf_format(to, "; %zu in only one of the two, left out", c->alone);
    if (c->uneven)
        buf_format(to, "; %zu with different numbers of targets", c->uneven);
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
        for (int c = 1; c < r->results.columns; c++)
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
    struct table t = {.columns = (size_t)r->results.columns + 4};
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
