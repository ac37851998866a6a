#include "viz/score_plots.h"

#include <math.h>
#include <stdlib.h>

#include "viz/folder.h"
#include "viz/breakdown_plot.h"

/* ---- learning curves ---- */

struct curve_pass score_plots_pass(const struct pass_score *p, const struct criterion *by)
{
    struct curve_pass x = {.epoch = p->epoch, .events = p->overall.events};
    x.choice = by->loss ? p->overall.value[0] : p->overall.merit;
    memcpy(x.value, p->overall.value, sizeof p->overall.value);
    return x;
}

static void names_of_models(const struct report *r, series_names *to)
{
    for (size_t m = 0; m < r->models.len; m++)
        vec_push(to, ((struct bytes){r->models.at[m].name.at, r->models.at[m].name.len}));
}

void score_plots_names(const struct report *r, struct score_curve *to)
{
    to->ranks = r->ranks;
    to->choice = r->best_by;
    to->columns = (size_t)metrics_columns(&r->how->cuts);
    to->shown = (size_t)report_shown_column(r);
    for (size_t c = 0; c < to->columns; c++)
        metrics_column_name(&r->how->cuts, (int)c, to->name[c]);
    names_of_models(r, &to->models);
    for (size_t i = 0; i < r->runs.len; i++) {
        to->runs.at[i].model = r->runs.at[i].model;
        report_run_name(r, i, &to->runs.at[i].name);
    }
}

static void draw_learning(const struct report *r, struct buf *to)
{
    struct score_curve curve = {0};
    for (size_t i = 0; i < r->results.rows.len; i++) {
        const struct result *row = &r->results.rows.at[i];
        if (row->group)
            continue;
        if (row->run == curve.runs.len)
            score_curve_begin_run(&curve);
        score_curve_add(&curve, score_plots_pass(row->pass, &r->how->criterion));
        if (row->best)
            score_curve_best_pass(&curve, (size_t)(row->pass - row->of->passes.at),
                                  row->of->selected_on);
    }
    score_plots_names(r, &curve);
    score_curve_svg(&curve, to);
    score_curve_release(&curve);
}

/* ---- breakdowns ---- */

struct labelled_group {
    const struct group_score *group;
    size_t order; /* as they come; the second key of the order */
};

static int by_number(const void *a, const void *b)
{
    const struct labelled_group *x = a, *y = b;
    if (x->group->number != y->group->number)
        return x->group->number < y->group->number ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

typedef VEC(struct labelled_group) labelled_group_vec;

/* The groups of all runs at their best epochs, each once, in the order of their numbers. Popularity
 * gives a number different labels for different training parts. */
static labelled_group_vec groups_of(const struct report *r, const char *by)
{
    labelled_group_vec all = {0};
    struct names labels = {0};
    for (size_t i = 0; i < r->results.rows.len; i++) {
        const struct result *row = &r->results.rows.at[i];
        bool is_new = false;
        if (!row->best || !row->group || strcmp(row->group->by, by))
            continue;
        names_add(&labels, bytes_of(row->group->group), &is_new);
        struct labelled_group group = {row->group, all.len};
        if (is_new)
            vec_push(&all, group);
    }
    if (all.len)
        qsort(all.at, all.len, sizeof *all.at, by_number);
    names_release(&labels);
    return all;
}

static struct group_value value_of(const struct report *r, size_t model, const char *by,
                                   const char *group, int column)
{
    const struct summary *s = results_find(&r->results, model, by, group);
    if (!s)
        return (struct group_value){NAN, NAN, 0};
    return (struct group_value){s->spread[column].mean, s->spread[column].deviation,
                                s->first->score->events};
}

bool score_plots_groups(const struct report *r, const struct breakdown *by, bool legend,
                        struct buf *to)
{
    char score[METRICS_NAME];
    int column = report_shown_column(r);
    struct breakdown_plot g = {.by = by->name, .axis = by->axis, .score = score, .ranks = r->ranks};
    labelled_group_vec all = groups_of(r, by->name);
    metrics_column_name(&r->how->cuts, column, score);
    names_of_models(r, &g.models);
    for (size_t i = 0; i < all.len; i++) {
        const char *label = all.at[i].group->group;
        vec_push(&g.labels, label);
        for (size_t m = 0; m < r->models.len; m++)
            vec_push(&g.value, value_of(r, m, by->name, label, column));
    }
    bool drawn = all.len || !by->optional;
    if (drawn)
        breakdown_plot_svg(&g, legend, to);
    breakdown_plot_release(&g);
    vec_release(&all);
    return drawn;
}

int score_plots_write(const struct report *r, const char *folder, struct err *e)
{
    const struct breakdown_list *by = &r->how->by;
    struct buf svg = {0};
    draw_learning(r, &svg);
    int status = folder_write(folder, "", "learning", &svg, e);
    for (int b = 0; b < by->count && !status; b++) {
        buf_clear(&svg);
        if (score_plots_groups(r, by->at[b], true, &svg))
            status = folder_write(folder, "by-", by->at[b]->name, &svg, e);
    }
    buf_release(&svg);
    return status;
}
