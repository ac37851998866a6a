#include "viz/breakdown_plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "viz/scale.h"
#include "viz/svg.h"

enum {
    LEFT = 54,
    RIGHT = SVG_WIDTH - SVG_MARGIN,
    TOP = 8,
    BOTTOM = 168,
    COUNT_TOP = 184, /* the strip of the groups' sizes */
    COUNT_BOTTOM = 214,
    AXIS = COUNT_BOTTOM + 34,
    NOTE = AXIS + 20,
    BARRED = 12, /* more groups than these are shown as lines */
    ENOUGH = 10  /* targets of a group to say much */
};

struct bars {
    const struct breakdown_plot *g;
    double slot, bar; /* widths: of a group, of a model's bar in it */
    struct scale y;
    double step;  /* of the marks of y */
    bool all_few; /* no group has enough targets */
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

/* Whether the value is of too few targets to say much beside the others: it is hollow, and the
 * scale is not made for it. */
static bool is_few(const struct bars *c, const struct group_value *v)
{
    return v->targets < ENOUGH && !c->all_few;
}

static bool counts(const struct bars *c, const struct group_value *v)
{
    return !isnan(v->mean) && !is_few(c, v);
}

static struct bars bars_of(const struct breakdown_plot *g)
{
    struct bars c = {.g = g, .y = {0, 0, BOTTOM, TOP}, .all_few = true};
    double highest = 0;
    c.slot = (double)(RIGHT - LEFT) / (double)(g->labels.len ? g->labels.len : 1);
    c.bar = fmin(c.slot * 0.8 / (double)g->models.len, 60);
    for (size_t i = 0; i < g->value.len; i++)
        c.all_few &= g->value.at[i].targets < ENOUGH;
    for (size_t i = 0; i < g->value.len; i++)
        if (counts(&c, &g->value.at[i]))
            highest = fmax(highest, g->value.at[i].mean);
    for (size_t i = 0; i < g->value.len; i++)
        if (counts(&c, &g->value.at[i]))
            c.y.high = fmax(c.y.high,
                            scale_reach(g->value.at[i].mean, error_of(&g->value.at[i]), highest));
    c.y.high = fmin(c.y.high, 1);
    if (!(c.y.high > 0)) /* all scores are 0: show them at the bottom, not in the middle */
        c.y.high = 1;
    c.step = scale_step(0, c.y.high, 6);
    scale_round(&c.y, c.step);
    return c;
}

/* ---- axes ---- */

static void draw_grid(const struct bars *c, struct buf *to)
{
    for (double v = 0; v <= c->y.high + c->step / 1e6; v += c->step) {
        double y = scale_at(&c->y, v);
        svg_line(to, "grid", LEFT, y, RIGHT, y);
        svg_text(to, "s q e", LEFT - 6, y + 4, "%.*f", scale_decimals(c->step), v);
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
    while ((double)every * c->slot < (double)widest * 6.6 + 4)
        every++;
    for (size_t i = 0; i < c->g->labels.len; i += every) {
        svg_line(to, "axis", middle(c, i), COUNT_BOTTOM, middle(c, i), COUNT_BOTTOM + 5);
        svg_text(to, "s q m", middle(c, i), COUNT_BOTTOM + 18, "%s", c->g->labels.at[i]);
    }
    svg_line(to, "axis", LEFT, COUNT_BOTTOM, RIGHT, COUNT_BOTTOM);
    svg_text(to, "q m", (LEFT + RIGHT) / 2.0, AXIS, "%s", c->g->axis);
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
    bool numbers = snprintf(digits, sizeof digits, "%" PRIu64, top) * 6.6 + 4 < c->slot;
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

/* The place of a value, or the upper edge if it is above the scale. */
static double place_of(const struct bars *c, double value)
{
    return scale_at(&c->y, fmin(value, c->y.high));
}

static double above(const struct bars *c, const struct group_value *v)
{
    return place_of(c, v->mean + error_of(v));
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
    double y = place_of(c, v->mean), x = left + c->bar / 2;
    char hint[200];
    hint_of(c, group, v, hint, sizeof hint);
    series_bar(to, model, is_few(c, v), left, y, c->bar - (c->bar > 6), BOTTOM - y, hint);
    draw_error(c, "whisker", x, v, to);
    if (c->bar >= 42)
        svg_text(to, "s m", x, above(c, v) - 4, "%.4f", v->mean);
}

static void draw_dot(const struct bars *c, size_t group, size_t model, struct buf *to)
{
    const struct group_value *v = value_of(c->g, group, model);
    double x = middle(c, group), y = place_of(c, v->mean);
    char class[16], hint[200];
    if (group && !isnan(value_of(c->g, group - 1, model)->mean))
        series_line(to, model, false, middle(c, group - 1),
                    place_of(c, value_of(c->g, group - 1, model)->mean), x, y);
    snprintf(class, sizeof class, "l%zu", model % SERIES_COLORS);
    draw_error(c, class, x, v, to);
    hint_of(c, group, v, hint, sizeof hint);
    series_mark(to, model, is_few(c, v), x, y, c->slot > 8 ? 2.5 : 1.5, hint);
}

/* Whether it is drawn hollow: see is_few. */
static bool has_few(const struct bars *c)
{
    for (size_t i = 0; i < c->g->value.len; i++)
        if (!isnan(c->g->value.at[i].mean) && is_few(c, &c->g->value.at[i]))
            return true;
    return false;
}

/* Says what hollow marks mean, where there are any; `to` is NULL: only measures. */
static double draw_note(const struct bars *c, struct buf *to)
{
    char text[100];
    snprintf(text, sizeof text, "%s: of fewer than %d targets; at the upper edge it is higher",
             has_bars(c) ? "pale" : "hollow", ENOUGH);
    return has_few(c) ? svg_note(to, SVG_MARGIN, NOTE, RIGHT - SVG_MARGIN, text) : 0;
}

static bool has_errors(const struct breakdown_plot *g)
{
    for (size_t i = 0; i < g->value.len; i++)
        if (g->value.at[i].deviation > 0)
            return true;
    return false;
}

static void draw_groups(const struct bars *c, struct buf *to)
{
    const struct breakdown_plot *g = c->g;
    draw_grid(c, to);
    draw_sizes(c, to);
    draw_names(c, to);
    for (size_t m = 0; m < g->models.len; m++)
        for (size_t i = 0; i < g->labels.len; i++)
            if (!isnan(value_of(g, i, m)->mean))
                (has_bars(c) ? draw_bar : draw_dot)(c, i, m, to);
    draw_note(c, to);
}

void breakdown_plot_svg(const struct breakdown_plot *g, bool legend, struct buf *to)
{
    char title[80], label[200], says[200];
    const char *gap = g->ranks && *g->ranks ? ", " : "", *ranks = *gap ? g->ranks : "";
    struct bars c = bars_of(g);
    double height = NOTE + draw_note(&c, NULL);
    snprintf(title, sizeof title, "%s by %s", g->score, g->by);
    snprintf(label, sizeof label, "%s%s%s", title, gap, ranks);
    snprintf(says, sizeof says, "at the best epoch%s%s%s",
             has_errors(g) ? ": mean of a model's runs ± standard deviation" : "", gap, ranks);
    svg_begin(to, SVG_WIDTH, height + (legend ? series_legend_height(&g->models) : 0),
              (struct svg_head){.label = label, .title = title, .says = says});
    if (g->labels.len)
        draw_groups(&c, to);
    else
        svg_text(to, "q m", SVG_WIDTH / 2.0, (TOP + BOTTOM) / 2.0, "no target is in any group");
    if (legend)
        series_legend(to, &g->models, height);
    svg_end(to);
}

void breakdown_plot_release(struct breakdown_plot *g)
{
    vec_release(&g->models);
    vec_release(&g->labels);
    vec_release(&g->value);
}
