/* Means over groups as a chart: dots with errors, the line of even attention, and below the number
 * of weights behind each dot. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "viz/terminal.h"
#include "viz/figure.h"
#include "viz/means_form.h"
#include "viz/figure_forms.h"
#include "viz/scale.h"
#include "viz/svg.h"
#include "viz/text.h"
#include "viz/format.h"

enum {
    LEFT = 52,
    RIGHT = SVG_WIDTH - 44,
    TOP = 8,
    BOTTOM = 168,
    COUNT_TOP = 184, /* the strip of counts */
    COUNT_BOTTOM = 212,
    AXIS = COUNT_BOTTOM + 36,
    NOTE = 20, /* from there to the first note */
};

struct chart {
    const struct figures *g;
    const struct grouping *by;
    const struct means *means;
    size_t groups;
    struct scale x, y; /* group; mean */
    double step;       /* of the marks of y */
};

static double slot(const struct chart *c)
{
    return (c->x.to - c->x.from) / (double)(c->groups ? c->groups : 1);
}

static double middle(const struct chart *c, size_t group)
{
    return c->x.from + slot(c) * ((double)group + 0.5);
}

static void draw_grid(const struct chart *c, struct buf *to)
{
    int decimals = scale_decimals(c->step);
    for (double v = c->y.low; v <= c->y.high + c->step / 1e6; v += c->step) {
        double y = scale_at(&c->y, v);
        svg_line(to, "grid", LEFT, y, RIGHT, y);
        svg_text(to, "s q e", LEFT - 6, y + 4, "%.*f", decimals, v);
    }
}

static void tick_label(const struct chart *c, size_t group, struct buf *to)
{
    (c->by->tick ? c->by->tick : c->by->label)(c->g->names, group, to);
}

/* Marks where the grouping wants them, or as many as there is room for. */
static void draw_axis(const struct chart *c, struct buf *to)
{
    struct buf label = {0};
    size_t widest = 1, every = 1;
    for (size_t i = 0; i < c->groups; i++) {
        buf_clear(&label);
        tick_label(c, i, &label);
        size_t columns = text_columns((struct bytes){label.at, label.len});
        widest = columns > widest ? columns : widest;
    }
    while (!c->by->mark && (double)every * slot(c) < (double)widest * 6.6 + 4)
        every++;
    for (size_t i = 0; i < c->groups; i++) {
        if (c->by->mark ? !c->by->mark(c->g->names, i) : i % every != 0)
            continue;
        buf_clear(&label);
        tick_label(c, i, &label);
        double x = c->by->mark ? c->x.from + slot(c) * (double)i : middle(c, i);
        svg_line(to, c->by->mark ? "grid" : "axis", x, c->by->mark ? TOP : COUNT_BOTTOM, x,
                 COUNT_BOTTOM + 5);
        svg_text(to, "s q m", x, COUNT_BOTTOM + 18, "%.*s", (int)label.len, label.at);
    }
    buf_release(&label);
    svg_line(to, "axis", LEFT, COUNT_BOTTOM, RIGHT, COUNT_BOTTOM);
    svg_text(to, "q m", (LEFT + RIGHT) / 2.0, AXIS, "%s", c->by->axis);
}

/* The top of the strip of counts.  A single group far above all others, such as an open last one,
 * is cut off, so that the others stay visible. */
static uint64_t count_top(const struct means *m)
{
    uint64_t most = 0, second = 0;
    for (size_t i = 0; i < m->at.len; i++) {
        uint64_t n = m->at.at[i].count;
        second = n > most ? most : n > second ? n : second;
        most = n > most ? n : most;
    }
    return second && most > 3 * second ? second : most;
}

static void draw_counts(const struct chart *c, struct buf *to)
{
    uint64_t top = count_top(c->means);
    double wide = slot(c) > 3 ? slot(c) - 1.5 : slot(c) * 0.7;
    wide = wide < 26 ? wide : 26;
    for (size_t i = 0; i < c->means->at.len; i++) {
        uint64_t n = c->means->at.at[i].count;
        double h = fmin((double)n / (double)top, 1) * (COUNT_BOTTOM - COUNT_TOP);
        if (!n)
            continue;
        svg_rect(to, "count", middle(c, i) - wide / 2, COUNT_BOTTOM - h, wide, h, NULL);
        if (n > top)
            svg_text(to, "s q", RIGHT + 6, COUNT_TOP + 8, "%" PRIu64, n);
    }
    svg_text(to, "s q e", LEFT - 6, COUNT_TOP + 8, "%" PRIu64, top);
    svg_text(to, "s q e", LEFT - 6, COUNT_TOP + 20, "weights");
}

/* A mean above the scale, which only groups of few sessions can have. */
static void draw_above(double x, double y, double r, const char *hint, struct buf *to)
{
    static const double corners[][2] = {{0, -1.2}, {1.15, .85}, {-1.15, .85}};
    svg_shape(to, "hollow", x, y, r, hint, corners, 3);
}

/* A dot with its error; without one it is hollow. */
static void draw_dot(const struct chart *c, size_t group, struct buf *to)
{
    const struct mean *m = &c->means->at.at[group];
    double value = mean_relative(m), error = mean_error(m), x = middle(c, group);
    double r = slot(c) > 14 ? 4 : slot(c) > 6 ? 3 : 2;
    char hint[400];
    if (!m->count)
        return;
    means_hint(c->g->names, c->by, m, group, hint, sizeof hint);
    if (value > c->y.high) {
        draw_above(x, TOP, r + 1, hint, to);
        return;
    }
    if (error > 0)
        svg_line(to, "error", x, scale_at(&c->y, fmax(value - error, c->y.low)), x,
                 scale_at(&c->y, fmin(value + error, c->y.high)));
    svg_dot(to, isnan(error) ? "hollow" : "dot", x, scale_at(&c->y, value), r, hint);
}

/* Says what hollow marks mean, where there are any; `to` is NULL: only measures. */
static double draw_notes(const struct chart *c, struct buf *to)
{
    bool alone = false, above = false;
    double y = AXIS + NOTE;
    for (size_t i = 0; i < c->means->at.len; i++) {
        const struct mean *m = &c->means->at.at[i];
        bool over = m->count && mean_relative(m) > c->y.high;
        above |= over;
        alone |= m->count && !over && isnan(mean_error(m));
    }
    if (alone && to)
        svg_dot(to, "hollow", LEFT + 4, y - 4, 3, NULL);
    if (alone)
        y += svg_note(to, LEFT + 14, y, RIGHT - LEFT,
                      "hollow: of one session only, without an error");
    if (above && to)
        draw_above(LEFT + 4, y - 4, 3, NULL, to);
    if (above)
        y += svg_note(to, LEFT + 14, y, RIGHT - LEFT, "above the scale, of few sessions");
    return y;
}

static struct chart chart_of(const struct figures *g, const struct figure *p)
{
    const struct means *m = &gathered_of(g, p)->means;
    struct chart c = {.g = g, .by = p->grouping, .means = m, .groups = means_groups(g, p)};
    c.x = (struct scale){0, 1, LEFT, RIGHT};
    c.y = (struct scale){means_bottom(m), means_top(m, 1.2), BOTTOM, TOP};
    c.step = scale_step(c.y.low, c.y.high, 6);
    scale_round(&c.y, c.step);
    return c;
}

static void chart_svg(const struct figures *g, const struct figure *p, double width, struct buf *to)
{
    struct chart c = chart_of(g, p);
    figure_begin_svg(p, width, draw_notes(&c, NULL),
                     "weight over even attention (= 1): mean ± standard error", to);
    draw_grid(&c, to);
    draw_counts(&c, to);
    draw_axis(&c, to);
    svg_line(to, "even", LEFT, scale_at(&c.y, 1), RIGHT, scale_at(&c.y, 1));
    svg_text(to, "s evenword", RIGHT + 6, scale_at(&c.y, 1) + 4, "even");
    for (size_t i = 0; i < c.means->at.len; i++)
        draw_dot(&c, i, to);
    draw_notes(&c, to);
    svg_end(to);
}

/* ---- terminal ---- */

static void text_bar(const struct figures *g, const struct figure *p, const struct terminal *b,
                     size_t group, double top, struct buf *to)
{
    const struct mean *m = &gathered_of(g, p)->means.at.at[group];
    struct buf label = {0};
    p->grouping->label(g->names, group, &label);
    buf_text(to, "  ");
    text_terminal(to, (struct bytes){label.at, label.len}, 11, true);
    buf_byte(to, ' ');
    terminal_bar(to, scale_share(mean_relative(m), 0, top), b->columns > 72 ? 32 : 12);
    buf_byte(to, ' ');
    format_number(to, mean_relative(m), 2);
    buf_text(to, " ± ");
    format_number(to, mean_error(m), 2);
    buf_format(to, "  %" PRIu64 "\n", m->count);
    buf_release(&label);
}

static void chart_text(const struct figures *g, const struct figure *p, const struct terminal *b,
                       struct buf *to)
{
    const struct means *m = &gathered_of(g, p)->means;
    if (p->grouping->across) {
        form_map.text(g, p, b, to);
        return;
    }
    figure_title(p, b, to);
    buf_format(to, "  %s; ± standard error; number of weights\n", p->grouping->axis);
    for (size_t i = 0; i < m->at.len; i++)
        if (m->at.at[i].count)
            text_bar(g, p, b, i, means_top(m, 1.2), to);
    buf_byte(to, '\n');
}

const struct figure_form form_chart = {
    .take = means_take,
    .empty = means_empty,
    .svg = chart_svg,
    .tsv = means_tsv,
    .text = chart_text,
};
