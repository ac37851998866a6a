#include "viz/score_curve.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "viz/scale.h"
#include "viz/svg.h"

enum {
    WIDTH = 640,
    TOP = 62,
    BOTTOM = 258,
    AXIS = 300,
    GAP = 340,
    PANEL = 276,
    LEFT = 46,
    COLORS = 8
};

/* A panel shows one number of the passes of up to two parts. */
struct curve_panel {
    const struct score_curve *r;
    size_t column;
    bool train; /* the training passes too, dotted */
    struct scale x, y;
};

void score_curve_begin_run(struct score_curve *r)
{
    vec_push(&r->runs, ((struct curve_run){.first = r->at.len, .best = SIZE_MAX}));
}

void score_curve_add(struct score_curve *r, struct curve_pass pass)
{
    vec_push(&r->at, pass);
    r->runs.at[r->runs.len - 1].count++;
}

void score_curve_best_pass(struct score_curve *r, size_t pass)
{
    struct curve_run *run = &r->runs.at[r->runs.len - 1];
    run->best = run->first + pass;
}

const struct curve_pass *score_curve_best(const struct score_curve *r, size_t run)
{
    size_t best = r->runs.at[run].best;
    return best == SIZE_MAX ? NULL : &r->at.at[best];
}

/* The part whose scores are shown: that of the best pass. */
static enum part shown_part(const struct score_curve *r, size_t run)
{
    const struct curve_pass *best = score_curve_best(r, run);
    return best ? best->epoch.part : PART_TEST;
}

static bool is_shown(const struct curve_panel *p, const struct curve_pass *x, enum part part)
{
    return x->epoch.part == part && !isnan(x->value[p->column]);
}

static void measure_run(struct curve_panel *p, size_t run)
{
    const struct curve_run *r = &p->r->runs.at[run];
    for (size_t i = r->first; i < r->first + r->count; i++) {
        const struct curve_pass *x = &p->r->at.at[i];
        if (!is_shown(p, x, shown_part(p->r, run)) && !(p->train && is_shown(p, x, PART_TRAIN)))
            continue;
        p->x.low = fmin(p->x.low, (double)x->epoch.number);
        p->x.high = fmax(p->x.high, (double)x->epoch.number);
        p->y.low = fmin(p->y.low, x->value[p->column]);
        p->y.high = fmax(p->y.high, x->value[p->column]);
    }
}

static void measure(struct curve_panel *p)
{
    p->x.low = p->y.low = INFINITY;
    p->x.high = p->y.high = -INFINITY;
    for (size_t run = 0; run < p->r->runs.len; run++)
        measure_run(p, run);
    if (!p->train) /* the axis of a score begins at 0; that of a loss does not */
        p->y.low = 0;
}

static void draw_axes(const struct curve_panel *p, double step, struct buf *to)
{
    double epochs = fmax(1, scale_step(p->x.low, p->x.high, 8));
    for (double v = p->y.low; v <= p->y.high + step / 1e6; v += step) {
        double y = scale_at(&p->y, v);
        svg_line(to, "grid", p->x.from, y, p->x.to, y);
        svg_text(to, "s q e", p->x.from - 6, y + 4, "%.*f", scale_decimals(step), v);
    }
    for (double v = ceil(p->x.low / epochs) * epochs; v <= p->x.high; v += epochs) {
        svg_line(to, "axis", scale_at(&p->x, v), BOTTOM, scale_at(&p->x, v), BOTTOM + 4);
        svg_text(to, "s q m", scale_at(&p->x, v), BOTTOM + 17, "%.0f", v);
    }
    svg_line(to, "axis", p->x.from, BOTTOM, p->x.to, BOTTOM);
    svg_text(to, "q m", (p->x.from + p->x.to) / 2, BOTTOM + 34, "epoch");
}

/* The passes of a part as a line.  A single pass, as of a model without epochs, is a level line all
 * across. */
static void draw_line(const struct curve_panel *p, size_t run, enum part part, struct buf *to)
{
    char class[32];
    const struct curve_run *r = &p->r->runs.at[run];
    const struct curve_pass *last = NULL;
    size_t n = 0;
    snprintf(class, sizeof class, "line l%zu%s", run % COLORS, part == PART_TRAIN ? " faint" : "");
    for (size_t i = r->first; i < r->first + r->count; i++) {
        const struct curve_pass *x = &p->r->at.at[i];
        if (!is_shown(p, x, part))
            continue;
        double at = scale_at(&p->x, (double)x->epoch.number);
        double y = scale_at(&p->y, x->value[p->column]);
        if (last)
            svg_line(to, class, scale_at(&p->x, (double)last->epoch.number),
                     scale_at(&p->y, last->value[p->column]), at, y);
        last = x;
        n++;
    }
    if (n == 1 && part != PART_TRAIN && p->x.high > p->x.low)
        svg_line(to, class, p->x.from, scale_at(&p->y, last->value[p->column]), p->x.to,
                 scale_at(&p->y, last->value[p->column]));
}

/* The passes of a part as dots, a large one for the best. */
static void draw_dots(const struct curve_panel *p, size_t run, enum part part, struct buf *to)
{
    char class[32], hint[100];
    const struct curve_run *r = &p->r->runs.at[run];
    snprintf(class, sizeof class, "f%zu", run % COLORS);
    for (size_t i = r->first; i < r->first + r->count; i++) {
        const struct curve_pass *x = &p->r->at.at[i];
        if (!is_shown(p, x, part))
            continue;
        snprintf(hint, sizeof hint, "epoch %" PRId64 ", %s: %.4f%s", x->epoch.number,
                 part_name[part], x->value[p->column], i == r->best ? ", the best epoch" : "");
        svg_dot(to, class, scale_at(&p->x, (double)x->epoch.number),
                scale_at(&p->y, x->value[p->column]), i == r->best ? 5 : 2.5, hint);
    }
}

static void draw_panel(const struct score_curve *r, size_t column, bool train, double left,
                       struct buf *to)
{
    struct curve_panel p = {
        r, column, train, {0, 0, left, left + PANEL - LEFT}, {0, 0, BOTTOM, TOP}};
    measure(&p);
    if (!isfinite(p.y.low) || !isfinite(p.y.high) || !isfinite(p.x.low))
        return;
    double step = scale_step(p.y.low, p.y.high, 6);
    scale_round(&p.y, step);
    if (!(p.y.high > p.y.low)) { /* one value: in the middle */
        p.y.low -= step;
        p.y.high += step;
    }
    svg_text(to, "b", left, TOP - 14, "%s", r->name[column]);
    draw_axes(&p, step, to);
    for (size_t run = 0; run < r->runs.len; run++) {
        if (train)
            draw_line(&p, run, PART_TRAIN, to);
        draw_line(&p, run, shown_part(r, run), to);
        draw_dots(&p, run, shown_part(r, run), to);
    }
}

void score_curve_svg(const struct score_curve *r, struct buf *to)
{
    char title[120];
    bool some = r->ranks && *r->ranks;
    snprintf(title, sizeof title, "Learning, epoch by epoch%s%s", some ? ", " : "",
             some ? r->ranks : "");
    svg_begin(to, WIDTH, AXIS + 28 + 18 * (double)r->runs.len, title);
    draw_panel(r, 0, true, LEFT, to);
    if (r->columns > 1)
        draw_panel(r, r->shown, false, GAP + LEFT - 20, to);
    for (size_t i = 0; i < r->runs.len; i++) {
        char class[32];
        double y = AXIS + 18 * (double)i + 10;
        snprintf(class, sizeof class, "line l%zu", i % COLORS);
        svg_line(to, class, LEFT, y - 4, LEFT + 22, y - 4);
        svg_begin_text(to, "", LEFT + 30, y);
        svg_named(to, (struct bytes){r->runs.at[i].name.at, r->runs.at[i].name.len}, 60);
        svg_words(to, ": %s", part_name[shown_part(r, i)]);
        svg_end_text(to);
    }
    svg_text(to, "q", LEFT, AXIS + 18 * (double)r->runs.len + 12,
             "dotted: loss of the training passes; large dot: the best epoch");
    svg_end(to);
}

void score_curve_release(struct score_curve *r)
{
    for (size_t i = 0; i < r->runs.len; i++)
        buf_release(&r->runs.at[i].name);
    vec_release(&r->runs);
    vec_release(&r->at);
}
