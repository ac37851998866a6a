/* The report as a script for gnuplot that holds its data: the learning curves, and the breakdowns
 * of the best epochs, one plot below another. */
#include <inttypes.h>
#include <math.h>

#include "eval/report.h"

static void number(struct buf *to, double value)
{
    if (isnan(value))
        buf_text(to, " NaN");
    else
        buf_format(to, " %.9g", value);
}

/* A name as gnuplot's string: in single quotes nothing but these is special. */
static void quoted(struct buf *to, const struct buf *name)
{
    buf_byte(to, '\'');
    for (size_t i = 0; i < name->len; i++) {
        if (name->at[i] == '\'')
            buf_byte(to, '\'');
        buf_byte(to, (unsigned char)name->at[i] < 0x20 ? ' ' : name->at[i]);
    }
    buf_byte(to, '\'');
}

/* ---- learning curves ---- */

static void add_passes(const struct report *r, size_t run, struct buf *to)
{
    const struct report_run *x = &r->runs.at[run];
    int column = report_shown_column(r);
    buf_format(to, "$run%zu << EOD\n", run);
    for (size_t i = 0; i < x->run.passes.len; i++) {
        const struct pass_score *p = &x->run.passes.at[i];
        if (p->epoch.part != report_best(x)->epoch.part)
            continue;
        buf_format(to, "%" PRId64, p->epoch.number);
        number(to, p->overall.value[column]);
        number(to, p->overall.value[0]);
        buf_byte(to, '\n');
    }
    buf_text(to, "EOD\n");
}

/* Ranks of other programs may come without a loss, and gnuplot stops at a plot without a point. */
static bool has_loss(const struct report *r)
{
    for (size_t i = 0; i < r->runs.len; i++)
        for (size_t p = 0; p < r->runs.at[i].run.passes.len; p++)
            if (r->runs.at[i].run.passes.at[p].epoch.part != PART_TRAIN &&
                !isnan(r->runs.at[i].run.passes.at[p].overall.value[0]))
                return true;
    return false;
}

static void plot_learning(const struct report *r, int column, const char *name, struct buf *to)
{
    buf_format(to, "set title '%s by epoch%s%s' noenhanced\nset xlabel 'epoch'\nplot ", name,
               r->among ? ", " : "", r->ranks);
    for (size_t i = 0; i < r->runs.len; i++) {
        struct buf label = {0};
        report_run_name(r, i, &label);
        buf_format(to, "%s$run%zu using 1:%d with linespoints title ", i ? ", \\\n    " : "", i,
                   column);
        quoted(to, &label);
        buf_release(&label);
    }
    buf_byte(to, '\n');
}

/* ---- breakdowns ---- */

struct group {
    const char *by, *name;
};

struct plot_groups {
    VEC(struct group) at; /* of all models */
    VEC(const char *) by; /* each once, in the order in which they come */
};

static void add_group(void *to, const struct report *r, size_t model, const char *by,
                      const char *name)
{
    struct plot_groups *g = to;
    (void)r;
    (void)model;
    for (size_t i = 0; i < g->at.len; i++)
        if (!strcmp(g->at.at[i].by, by) && !strcmp(g->at.at[i].name, name))
            return;
    vec_push(&g->at, ((struct group){by, name}));
    for (size_t i = 0; i < g->by.len; i++)
        if (!strcmp(g->by.at[i], by))
            return;
    vec_push(&g->by, by);
}

/* A row of a group: its name, then mean and deviation of each model (0 of a single run). */
static void add_row(const struct report *r, const struct group *g, struct buf *to)
{
    buf_format(to, "\"%s\"", g->name);
    for (size_t m = 0; m < r->models.len; m++) {
        struct spread s = report_spread(r, m, g->by, g->name, report_shown_column(r));
        number(to, s.mean);
        number(to, isnan(s.deviation) && !isnan(s.mean) ? 0 : s.deviation);
    }
    buf_byte(to, '\n');
}

static void add_data(const struct report *r, const struct plot_groups *g, const char *by,
                     size_t block, struct buf *to)
{
    buf_format(to, "$by%zu << EOD\n", block);
    for (size_t i = 0; i < g->at.len; i++)
        if (!strcmp(g->at.at[i].by, by))
            add_row(r, &g->at.at[i], to);
    buf_text(to, "EOD\n");
}

/* Whether the model has a group of it: gnuplot stops at a histogram without a point. */
static bool has_any(const struct report *r, const struct plot_groups *g, size_t model,
                    const char *by)
{
    for (size_t i = 0; i < g->at.len; i++)
        if (!strcmp(g->at.at[i].by, by) && report_first(r, model, by, g->at.at[i].name))
            return true;
    return false;
}

static void plot_groups(const struct report *r, const struct plot_groups *g, const char *by,
                        size_t block, const char *score, struct buf *to)
{
    buf_format(to, "set title '%s by %s%s%s' noenhanced\nset xlabel '%s'\nplot ", score, by,
               r->among ? ", " : "", r->ranks, by);
    for (size_t m = 0, shown = 0; m < r->models.len; m++) {
        if (!has_any(r, g, m, by))
            continue;
        buf_format(to, "%s$by%zu using %zu:%zu:xtic(1) title ", shown++ ? ", \\\n    " : "", block,
                   2 * m + 2, 2 * m + 3);
        quoted(to, &r->models.at[m].name);
    }
    buf_byte(to, '\n');
}

void report_gnuplot(const struct report *r, struct buf *to)
{
    struct plot_groups g = {0};
    char score[METRICS_NAME];
    bool loss = has_loss(r);
    metrics_column_name(&r->how->cuts, report_shown_column(r), score);
    for (size_t m = 0; m < r->models.len; m++)
        report_each_group(r, m, add_group, &g);
    buf_text(to, "# gnuplot -p FILE shows it; to draw it into a file:\n"
                 "# gnuplot -e \"set term svg size 800,1600; set output 'FILE.svg'\" FILE\n");
    for (size_t i = 0; i < r->runs.len; i++)
        add_passes(r, i, to);
    for (size_t i = 0; i < g.by.len; i++)
        add_data(r, &g, g.by.at[i], i, to);
    buf_format(to,
               "set encoding utf8\nset key noenhanced\nset key outside\nset grid y\n"
               "set multiplot layout %zu,1\n",
               g.by.len + 1 + loss);
    plot_learning(r, 2, score, to);
    if (loss)
        plot_learning(r, 3, "loss", to);
    buf_text(to, "set yrange [0:*]\nset style data histograms\nset style histogram errorbars\n"
                 "set style fill solid 0.6\nset xtics rotate by -45 noenhanced\n");
    for (size_t i = 0; i < g.by.len; i++)
        plot_groups(r, &g, g.by.at[i], i, score, to);
    buf_text(to, "unset multiplot\n");
    vec_release(&g.at);
    vec_release(&g.by);
}
