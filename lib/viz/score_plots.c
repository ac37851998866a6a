#include "viz/score_plots.h"

#include <math.h>
#include <stdio.h>

#include "viz/folder.h"
#include "viz/breakdown_plot.h"

_Static_assert((int)RESULT_COLUMNS >= (int)METRICS_COLUMNS, "a result holds every column");

/* ---- learning curves ---- */

struct curve_run score_plots_pass(const struct pass_score *p)
{
    struct curve_run x = {.epoch = p->epoch, .events = p->overall.events};
    memcpy(x.value, p->overall.value, sizeof p->overall.value);
    return x;
}

void score_plots_names(const struct report *r, struct score_curve *to)
{
    char name[METRICS_NAME];
    to->ranks = r->ranks;
    to->columns = (size_t)metrics_columns(&r->how->cuts);
    to->shown = (size_t)report_shown_column(r);
    for (size_t c = 0; c < to->columns; c++) {
        metrics_column_name(&r->how->cuts, (int)c, name);
        snprintf(to->name[c], sizeof to->name[c], "%s", name);
    }
    for (size_t i = 0; i < r->runs.len; i++) {
        struct buf label = {0};
        report_run_name(r, i, &label);
        vec_push(&to->runs, label);
    }
}

static void draw_learning(const struct report *r, struct buf *to)
{
    struct score_curve results = {0};
    score_plots_names(r, &results);
    for (size_t i = 0; i < r->runs.len; i++) {
        const struct scored_run *run = &r->runs.at[i].run;
        for (size_t p = 0; p < run->passes.len; p++) {
            struct curve_run x = score_plots_pass(&run->passes.at[p]);
            x.run = i;
            x.best = p == run->best;
            vec_push(&results.at, x);
        }
    }
    score_curve_svg(&results, to);
    score_curve_release(&results);
}

/* ---- breakdowns ---- */

typedef VEC(const struct group_score *) group_vec;

/* Takes in a group of that number and name, in the order of the numbers: popularity may call the
 * groups of one number differently for other training parts. */
static void add_group(group_vec *all, const struct group_score *g)
{
    size_t at = all->len;
    for (size_t i = 0; i < all->len; i++)
        if (all->at[i]->number == g->number && !strcmp(all->at[i]->group, g->group))
            return;
    vec_push(all, g);
    for (; at && all->at[at - 1]->number > g->number; at--)
        all->at[at] = all->at[at - 1];
    all->at[at] = g;
}

/* The groups of all runs, each at its best epoch. */
static group_vec groups_of(const struct report *r, const char *by)
{
    group_vec all = {0};
    for (size_t i = 0; i < r->runs.len; i++) {
        const struct pass_score *p = report_best(&r->runs.at[i]);
        for (size_t g = 0; g < p->groups.len; g++)
            if (!strcmp(p->groups.at[g].by, by))
                add_group(&all, &p->groups.at[g]);
    }
    return all;
}

static struct group_value value_of(const struct report *r, size_t model, const char *by,
                                   const char *group)
{
    const struct report_run *run = report_first(r, model, by, group);
    if (!run)
        return (struct group_value){NAN, NAN, 0};
    struct spread s = report_spread(r, model, by, group, report_shown_column(r));
    return (struct group_value){s.mean, s.deviation, report_score(run, by, group)->events};
}

void score_plots_groups(const struct report *r, const struct breakdown *by, struct buf *to)
{
    char score[METRICS_NAME];
    struct breakdown_plot g = {.by = by->name, .axis = by->axis, .score = score, .ranks = r->ranks};
    group_vec all = groups_of(r, by->name);
    metrics_column_name(&r->how->cuts, report_shown_column(r), score);
    for (size_t m = 0; m < r->models.len; m++)
        vec_push(&g.models, ((struct bytes){r->models.at[m].name.at, r->models.at[m].name.len}));
    for (size_t i = 0; i < all.len; i++) {
        vec_push(&g.labels, all.at[i]->group);
        for (size_t m = 0; m < r->models.len; m++)
            vec_push(&g.value, value_of(r, m, by->name, all.at[i]->group));
    }
    breakdown_plot_svg(&g, to);
    breakdown_plot_release(&g);
    vec_release(&all);
}

int score_plots_write(const struct report *r, const char *folder, struct err *e)
{
    const struct breakdown_list *by = &r->how->by;
    struct buf svg = {0};
    draw_learning(r, &svg);
    int status = folder_write(folder, "", "learning", &svg, e);
    for (int b = 0; b < by->count && !status; b++) {
        buf_clear(&svg);
        score_plots_groups(r, by->at[b], &svg);
        status = folder_write(folder, "by-", by->at[b]->name, &svg, e);
    }
    buf_release(&svg);
    return status;
}
