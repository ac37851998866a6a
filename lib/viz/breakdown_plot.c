#include "viz/breakdown_plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "viz/scale.h"
#include "viz/svg.h"

enum {
    WIDTH = 640,
    LEFT = 60,
    RIGHT = WIDTH - 16,
    TOP = 62,
    BOTTOM = 250,
    COUNT_TOP = 267, /* the strip of the groups' sizes */
    COUNT_BOTTOM = 296,
    LEGEND = 356,
    COLORS = 8,
    BARRED = 12, /* more groups than these are shown as lines */
    NAME = 80    /* columns */
};

struct bars {
    const struct breakdown_plot *g;
    double slot, bar; /* widths: of a group, of a model's bar in it */
    struct scale y;
};

static const struct group_value *value_of(const struct breakdown_plot *g, size_t group,
                                          size_t model)
{
    return &g->value.at[group * g->models.len + model];
}

static double middle(const struct bars *c, size_t group)
{
    return LEFT + c->slot * ((double)group + 0.5);
}

static double error_of(const struct group_value *v)
{
    return v->deviation > 0 ? v->deviation : 0;
}

/* Whether there is room for bars. */
static bool has_bars(const struct bars *c)
{
    return c->bar >= 3 && c->g->labels.len <= BARRED;
}

static struct bars chart_of(const struct breakdown_plot *g)
{
    struct bars c = {.g = g, .y = {0, 0, BOTTOM, TOP}};
    c.slot = (double)(RIGHT - LEFT) / (double)g->labels.len;
    c.bar = fmin(c.slot * 0.8 / (double)g->models.len, 60);
    for (size_t i = 0; i < g->value.len; i++)
        if (!isnan(g->value.at[i].mean))
            c.y.high = fmax(c.y.high, g->value.at[i].mean + error_of(&g->value.at[i]));
    c.y.high = fmin(c.y.high, 1);
    if (!(c.y.high > 0)) /* all scores are 0: show them at the bottom, not in the middle */
        c.y.high = 1;
    return c;
}

/* ---- axes ---- */

static void draw_grid(const struct bars *c, double step, struct buf *to)
{
    for (double v = 0; v <= c->y.high + step / 1e6; v += step) {
        double y = scale_at(&c->y, v);
        svg_line(to, "grid", LEFT, y, RIGHT, y);
        svg_text(to, "s q e", LEFT - 6, y + 4, "%.*f", scale_decimals(step), v);
    }
    svg_line(to, "axis", LEFT, BOTTOM, RIGHT, BOTTOM);
}

/* The names of the groups, as many as there is room for. */
static void draw_names(const struct bars *c, struct buf *to)
{
    size_t widest = 1, every = 1;
    for (size_t i = 0; i < c->g->labels.len; i++) {
        size_t n = strlen(c->g->labels.at[i]);
        widest = n > widest ? n : widest;
    }
    while ((double)every * c->slot < (double)widest * 6.2 + 4)
        every++;
    for (size_t i = 0; i < c->g->labels.len; i += every) {
        svg_line(to, "axis", middle(c, i), COUNT_BOTTOM, middle(c, i), COUNT_BOTTOM + 5);
        svg_text(to, "s q m", middle(c, i), COUNT_BOTTOM + 18, "%s", c->g->labels.at[i]);
    }
    svg_line(to, "axis", LEFT, COUNT_BOTTOM, RIGHT, COUNT_BOTTOM);
    svg_text(to, "q m", (LEFT + RIGHT) / 2.0, COUNT_BOTTOM + 38, "%s", c->g->axis);
}

/* The number of targets; the highest where models differ. */
static uint64_t size_of(const struct breakdown_plot *g, size_t group)
{
    uint64_t most = 0;
    for (size_t m = 0; m < g->models.len; m++) {
        const struct group_value *v = value_of(g, group, m);
        most = v->targets > most ? v->targets : most;
    }
    return most;
}

/* How many targets each group has: a strip of bars, with numbers if there is room for them. */
static void draw_sizes(const struct bars *c, struct buf *to)
{
    uint64_t top = 1;
    char hint[100], digits[24];
    for (size_t i = 0; i < c->g->labels.len; i++)
        top = size_of(c->g, i) > top ? size_of(c->g, i) : top;
    bool numbers = snprintf(digits, sizeof digits, "%" PRIu64, top) * 6.2 + 4 < c->slot;
    double wide = c->slot * 0.8;
    for (size_t i = 0; i < c->g->labels.len; i++) {
        uint64_t n = size_of(c->g, i);
        double high = (double)n / (double)top * (COUNT_BOTTOM - COUNT_TOP - (numbers ? 10 : 0));
        snprintf(hint, sizeof hint, "%s: %" PRIu64 " targets", c->g->labels.at[i], n);
        svg_rect(to, "count", middle(c, i) - wide / 2, COUNT_BOTTOM - high, wide, high, hint);
        if (numbers)
            svg_text(to, "s q m", middle(c, i), COUNT_BOTTOM - high - 3, "%" PRIu64, n);
    }
    if (!numbers)
        svg_text(to, "s q e", LEFT - 6, COUNT_TOP + 8, "%" PRIu64, top);
    svg_text(to, "s q e", LEFT - 6, COUNT_TOP + 20, "targets");
}

/* ---- scores ---- */

static void hint_of(const struct bars *c, size_t group, const struct group_value *v, char *to,
                    size_t room)
{
    char error[40] = "";
    if (v->deviation > 0)
        snprintf(error, sizeof error, " ± %.4f", v->deviation);
    snprintf(to, room, "%s: %.4f%s; %" PRIu64 " targets", c->g->labels.at[group], v->mean, error,
             v->targets);
}

static double above(const struct bars *c, const struct group_value *v)
{
    return scale_at(&c->y, fmin(v->mean + error_of(v), c->y.high));
}

static void draw_error(const struct bars *c, const char *class, double x,
                       const struct group_value *v, struct buf *to)
{
    if (v->deviation > 0)
        svg_line(to, class, x, scale_at(&c->y, fmax(v->mean - v->deviation, 0)), x, above(c, v));
}

static void draw_bar(const struct bars *c, size_t group, size_t model, struct buf *to)
{
    const struct group_value *v = value_of(c->g, group, model);
    double left = middle(c, group) + c->bar * ((double)model - (double)c->g->models.len / 2);
    double y = scale_at(&c->y, v->mean), x = left + c->bar / 2;
    char class[16], hint[200];
    snprintf(class, sizeof class, "f%zu", model % COLORS);
    hint_of(c, group, v, hint, sizeof hint);
    svg_rect(to, class, left, y, c->bar - (c->bar > 6), BOTTOM - y, hint);
    draw_error(c, "whisker", x, v, to);
    if (c->bar >= 36)
        svg_text(to, "s m", x, above(c, v) - 4, "%.4f", v->mean);
}

static void draw_dot(const struct bars *c, size_t group, size_t model, struct buf *to)
{
    const struct group_value *v = value_of(c->g, group, model);
    double x = middle(c, group), y = scale_at(&c->y, v->mean);
    char class[16], hint[200];
    snprintf(class, sizeof class, "line l%zu", model % COLORS);
    if (group && !isnan(value_of(c->g, group - 1, model)->mean))
        svg_line(to, class, middle(c, group - 1),
                 scale_at(&c->y, value_of(c->g, group - 1, model)->mean), x, y);
    snprintf(class, sizeof class, "l%zu", model % COLORS);
    draw_error(c, class, x, v, to);
    snprintf(class, sizeof class, "f%zu", model % COLORS);
    hint_of(c, group, v, hint, sizeof hint);
    svg_dot(to, class, x, y, c->slot > 8 ? 2.5 : 1.5, hint);
}

static void draw_legend(const struct breakdown_plot *g, bool bars, struct buf *to)
{
    for (size_t m = 0; m < g->models.len; m++) {
        double y = LEGEND + 18 * (double)m + 10;
        char class[32];
        snprintf(class, sizeof class, bars ? "f%zu" : "line l%zu", m % COLORS);
        if (bars)
            svg_rect(to, class, LEFT + 6, y - 9, 10, 10, NULL);
        else
            svg_line(to, class, LEFT, y - 4, LEFT + 22, y - 4);
        svg_name(to, "", LEFT + 30, y, g->models.at[m], NAME);
    }
}

static bool has_errors(const struct breakdown_plot *g)
{
    for (size_t i = 0; i < g->value.len; i++)
        if (g->value.at[i].deviation > 0)
            return true;
    return false;
}

void breakdown_plot_svg(const struct breakdown_plot *g, struct buf *to)
{
    char title[160];
    bool some = g->ranks && *g->ranks;
    struct bars c = chart_of(g);
    double step = scale_step(0, c.y.high, 6);
    scale_round(&c.y, step);
    snprintf(title, sizeof title, "%s by %s%s%s", g->score, g->by, some ? ", " : "",
             some ? g->ranks : "");
    svg_begin(to, WIDTH, LEGEND + 18 * (double)g->models.len + 8, title);
    if (!g->labels.len) {
        svg_text(to, "q m", WIDTH / 2.0, (TOP + BOTTOM) / 2.0, "no target is in any group");
    } else {
        svg_text(to, "q", 12, 42, "%s at the best epoch%s", g->score,
                 has_errors(g) ? ": mean of a model's runs ± standard deviation" : "");
        draw_grid(&c, step, to);
        draw_sizes(&c, to);
        draw_names(&c, to);
    }
    for (size_t m = 0; m < g->models.len; m++)
        for (size_t i = 0; i < g->labels.len; i++)
            if (!isnan(value_of(g, i, m)->mean))
                (has_bars(&c) ? draw_bar : draw_dot)(&c, i, m, to);
    draw_legend(g, has_bars(&c), to);
    svg_end(to);
}

void breakdown_plot_release(struct breakdown_plot *g)
{
    vec_release(&g->models);
    vec_release(&g->labels);
    vec_release(&g->value);
}
