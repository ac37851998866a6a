#include "viz/score_curve.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "viz/scale.h"
#include "viz/svg.h"

enum {
    LEFT = 46,
    RIGHT = SVG_WIDTH - SVG_MARGIN,
    TOP = 8,
    BOTTOM = 148,
    PANEL = 190, /* the height of a panel */
    TITLE = 22   /* of its title, where it is one of several */
};

static const char all_panels[] = "Learning, epoch by epoch";

enum shows { SHOWS_CHOICE, SHOWS_TEST, SHOWS_LOSS, PANELS };

/* A panel shows one number of the passes of a part of each run. */
struct curve_panel {
    const struct score_curve *r;
    enum shows shows;
    struct scale x, y;
    double step; /* of the marks of y */
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

void score_curve_best_pass(struct score_curve *r, size_t pass, enum part selected_on)
{
    struct curve_run *run = &r->runs.at[r->runs.len - 1];
    run->best = run->first + pass;
    run->selected_on = selected_on;
}

const struct curve_pass *score_curve_best(const struct score_curve *r, size_t run)
{
    size_t best = r->runs.at[run].best;
    return best == SIZE_MAX ? NULL : &r->at.at[best];
}

/* Whether the pass is of the run's best epoch. */
static bool is_best(const struct score_curve *r, size_t run, const struct curve_pass *x)
{
    const struct curve_pass *best = score_curve_best(r, run);
    return best && x->epoch.number == best->epoch.number;
}

double score_curve_choice(const struct score_curve *r, size_t run)
{
    const struct curve_run *x = &r->runs.at[run];
    for (size_t i = x->first; i < x->first + x->count; i++)
        if (is_best(r, run, &r->at.at[i]) && r->at.at[i].epoch.part == x->selected_on)
            return r->at.at[i].choice;
    return NAN;
}

enum part score_curve_selected_on(const struct score_curve *r)
{
    enum part part = r->runs.len ? r->runs.at[0].selected_on : PART_NONE;
    for (size_t i = 1; i < r->runs.len; i++)
        if (r->runs.at[i].selected_on != part)
            return PART_NONE;
    return part;
}

/* ---- what a panel shows ---- */

static bool is_loss(const struct curve_panel *p)
{
    return p->shows == SHOWS_LOSS || (p->shows == SHOWS_CHOICE && !strcmp(p->r->choice, "loss"));
}

static double number_of(const struct curve_panel *p, const struct curve_pass *x)
{
    return p->shows == SHOWS_CHOICE ? x->choice
           : p->shows == SHOWS_LOSS ? x->value[0]
                                    : x->value[p->r->shown];
}

/* The part shown of a run: that which chose its best epoch, or that of its best pass. */
static enum part part_of(const struct curve_panel *p, size_t run)
{
    const struct curve_pass *best = score_curve_best(p->r, run);
    return p->shows == SHOWS_CHOICE ? p->r->runs.at[run].selected_on
           : best                   ? best->epoch.part
                                    : PART_TEST;
}

static bool is_shown(const struct curve_panel *p, const struct curve_pass *x, enum part part)
{
    return x->epoch.part == part && !isnan(number_of(p, x));
}

static void title_of(const struct curve_panel *p, char to[80])
{
    enum part part = score_curve_selected_on(p->r);
    if (p->shows == SHOWS_CHOICE && part == PART_NONE)
        snprintf(to, 80, "%s on the part that chose", p->r->choice);
    else if (p->shows == SHOWS_CHOICE)
        snprintf(to, 80, "%s on the %s part", p->r->choice, part_name[part]);
    else if (p->shows == SHOWS_TEST)
        snprintf(to, 80, "%s on the test part", p->r->name[p->r->shown]);
    else
        snprintf(to, 80, "loss; dotted: on the training part");
}

static void measure_run(struct curve_panel *p, size_t run)
{
    const struct curve_run *r = &p->r->runs.at[run];
    for (size_t i = r->first; i < r->first + r->count; i++) {
        const struct curve_pass *x = &p->r->at.at[i];
        if (!is_shown(p, x, part_of(p, run)) &&
            !(p->shows == SHOWS_LOSS && is_shown(p, x, PART_TRAIN)))
            continue;
        p->x.low = fmin(p->x.low, (double)x->epoch.number);
        p->x.high = fmax(p->x.high, (double)x->epoch.number);
        p->y.low = fmin(p->y.low, number_of(p, x));
        p->y.high = fmax(p->y.high, number_of(p, x));
    }
}

/* Whether the panel says anything that no other panel does. */
static bool is_wanted(const struct score_curve *r, enum shows shows)
{
    bool test_chose = score_curve_selected_on(r) == PART_TEST;
    bool tested = false;
    for (size_t i = 0; i < r->at.len; i++)
        tested |= r->at.at[i].epoch.part == PART_TEST;
    if (shows == SHOWS_TEST)
        return tested && r->columns > 1 && !(test_chose && !strcmp(r->choice, r->name[r->shown]));
    return true;
}

/* Lays the panel out; false: there is nothing to show. */
static bool lay_out(struct curve_panel *p)
{
    p->x = (struct scale){INFINITY, -INFINITY, LEFT + 8, RIGHT - 8};
    p->y = (struct scale){INFINITY, -INFINITY, BOTTOM, TOP};
    for (size_t run = 0; run < p->r->runs.len; run++)
        measure_run(p, run);
    if (!is_loss(p)) /* the axis of a score begins at 0; that of a loss does not */
        p->y.low = fmin(p->y.low, 0);
    if (!isfinite(p->y.low) || !isfinite(p->y.high) || !isfinite(p->x.low))
        return false;
    p->step = scale_step(p->y.low, p->y.high, 6);
    scale_round(&p->y, p->step);
    if (!(p->y.high > p->y.low)) { /* one value: in the middle */
        p->y.low -= p->step;
        p->y.high += p->step;
    }
    return true;
}

/* ---- drawing ---- */

static void draw_axes(const struct curve_panel *p, struct buf *to)
{
    double epochs = fmax(1, scale_step(p->x.low, p->x.high, 8)), bottom = p->y.from;
    for (double v = p->y.low; v <= p->y.high + p->step / 1e6; v += p->step) {
        double y = scale_at(&p->y, v);
        svg_line(to, "grid", LEFT, y, RIGHT, y);
        svg_text(to, "s q e", LEFT - 6, y + 4, "%.*f", scale_decimals(p->step), v);
    }
    for (double v = ceil(p->x.low / epochs) * epochs; v <= p->x.high; v += epochs) {
        svg_line(to, "axis", scale_at(&p->x, v), bottom, scale_at(&p->x, v), bottom + 4);
        svg_text(to, "s q m", scale_at(&p->x, v), bottom + 16, "%.0f", v);
    }
    svg_line(to, "axis", LEFT, bottom, RIGHT, bottom);
    svg_text(to, "s q m", (LEFT + RIGHT) / 2.0, bottom + 31, "epoch");
}

/* The passes of a part as a line.  A single pass, as of a model without epochs, is a level line all
 * across. */
static void draw_line(const struct curve_panel *p, size_t run, enum part part, struct buf *to)
{
    const struct curve_run *r = &p->r->runs.at[run];
    const struct curve_pass *last = NULL;
    bool dotted = part == PART_TRAIN;
    size_t n = 0;
    for (size_t i = r->first; i < r->first + r->count; i++) {
        const struct curve_pass *x = &p->r->at.at[i];
        if (!is_shown(p, x, part))
            continue;
        if (last)
            series_line(to, r->model, dotted, scale_at(&p->x, (double)last->epoch.number),
                        scale_at(&p->y, number_of(p, last)),
                        scale_at(&p->x, (double)x->epoch.number), scale_at(&p->y, number_of(p, x)));
        last = x;
        n++;
    }
    if (n == 1 && !dotted && p->x.high > p->x.low)
        series_line(to, r->model, false, p->x.from, scale_at(&p->y, number_of(p, last)), p->x.to,
                    scale_at(&p->y, number_of(p, last)));
}

/* The passes of a part as marks, a large one for the best epoch. */
static void draw_marks(const struct curve_panel *p, size_t run, enum part part, struct buf *to)
{
    char hint[100];
    const struct curve_run *r = &p->r->runs.at[run];
    for (size_t i = r->first; i < r->first + r->count; i++) {
        const struct curve_pass *x = &p->r->at.at[i];
        bool best = is_best(p->r, run, x);
        if (!is_shown(p, x, part))
            continue;
        snprintf(hint, sizeof hint, "epoch %" PRId64 ", %s: %.4f%s", x->epoch.number,
                 part_name[part], number_of(p, x), best ? ", the best epoch" : "");
        series_mark(to, r->model, false, scale_at(&p->x, (double)x->epoch.number),
                    scale_at(&p->y, number_of(p, x)), best ? 5.5 : 2, hint);
    }
}

static void draw_panel(const struct curve_panel *p, struct buf *to)
{
    draw_axes(p, to);
    for (size_t run = 0; run < p->r->runs.len; run++) {
        if (p->shows == SHOWS_LOSS)
            draw_line(p, run, PART_TRAIN, to);
        draw_line(p, run, part_of(p, run), to);
        draw_marks(p, run, part_of(p, run), to);
    }
}

/* The panels that have something to show, from y = 0 on. */
static size_t panels_of(const struct score_curve *r, struct curve_panel panel[PANELS])
{
    size_t n = 0;
    for (enum shows shows = 0; shows < PANELS; shows++) {
        panel[n] = (struct curve_panel){.r = r, .shows = shows};
        n += is_wanted(r, shows) && lay_out(&panel[n]);
    }
    return n;
}

static void begin(const struct score_curve *r, const char *title, const char *says, double height,
                  struct buf *to)
{
    char label[200], line[200];
    const char *gap = r->ranks && *r->ranks ? ", " : "", *ranks = *gap ? r->ranks : "";
    bool whole = !strcmp(title, all_panels);
    snprintf(label, sizeof label, "%s%s%s%s%s", all_panels, whole ? "" : ": ", whole ? "" : title,
             gap, ranks);
    snprintf(line, sizeof line, "%s%s%s", says, gap, ranks);
    svg_begin(to, SVG_WIDTH, height,
              (struct svg_head){.label = label, .title = title, .says = line});
}

size_t score_curve_panels(const struct score_curve *r)
{
    struct curve_panel panel[PANELS];
    return panels_of(r, panel);
}

void score_curve_panel_svg(const struct score_curve *r, size_t i, struct buf *to)
{
    struct curve_panel panel[PANELS];
    char title[80];
    panels_of(r, panel);
    title_of(&panel[i], title);
    begin(r, title,
          panel[i].shows == SHOWS_CHOICE
              ? "chooses the best epoch (large); level: a model without epochs"
              : "large: the best epoch; level: a model without epochs",
          PANEL, to);
    draw_panel(&panel[i], to);
    svg_end(to);
}

void score_curve_svg(const struct score_curve *r, struct buf *to)
{
    struct curve_panel panel[PANELS];
    char title[80];
    size_t n = panels_of(r, panel);
    begin(r, all_panels,
          "the first panel chooses the best epoch (large); level: a model without epochs",
          (PANEL + TITLE) * (double)n + series_legend_height(&r->models), to);
    for (size_t i = 0; i < n; i++) {
        svg_begin_shift(to, (PANEL + TITLE) * (double)i + TITLE);
        title_of(&panel[i], title);
        svg_text(to, "b", SVG_MARGIN, -2, "%s", title);
        draw_panel(&panel[i], to);
        svg_end_shift(to);
    }
    series_legend(to, &r->models, (PANEL + TITLE) * (double)n);
    svg_end(to);
}

void score_curve_release(struct score_curve *r)
{
    for (size_t i = 0; i < r->runs.len; i++)
        buf_release(&r->runs.at[i].name);
    vec_release(&r->runs);
    vec_release(&r->at);
    vec_release(&r->models);
}
