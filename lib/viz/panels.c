/* Panels of one example each: its attended sessions or events from top to bottom, with their
 * weights. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "viz/terminal.h"
#include "viz/examples.h"
#include "viz/figure_forms.h"
#include "viz/scale.h"
#include "viz/svg.h"
#include "viz/text.h"
#include "viz/format.h"

enum { CELL = 18, HEAD = 40, FOOT = 20, MOST = 40 /* lines */ };

/* How a panel is laid out. */
struct layout {
    const char *says;
    size_t across;       /* panels in a row */
    double weight, wide; /* the shade */
    void (*when)(const struct run_names *c, const struct attended *s,
                 struct buf *to); /* of sessions; NULL: of events */
};

/* Where panels are, row by row; a row is as high as its highest panel. */
struct drawn {
    const struct layout *layout;
    struct buf *to; /* NULL: only measures */
    size_t i;
    double y, row;
};

static double panel_width(const struct layout *l)
{
    return (SVG_WIDTH - 2 * SVG_MARGIN) / (double)l->across;
}

static size_t lines_of(const attended_vec *attended)
{
    return attended->len < MOST ? attended->len : MOST;
}

static void draw_shade(const struct layout *l, const struct attended *s, double x, double y,
                       double top, struct buf *to)
{
    double share = scale_share(s->weight, 0, top);
    svg_shade(to, x + l->weight, y, l->wide, CELL - 1, share, NULL);
    svg_text(to, svg_on(share), x + l->weight + l->wide / 2, y + 13, "%.3f", s->weight);
}

static void draw_session(const struct figures *g, const struct layout *l, const struct attended *s,
                         double x, double y, struct buf *to)
{
    struct buf text = {0};
    l->when(g->names, s, &text);
    svg_text(to, "s e", x + l->weight - 5, y + 13, "%.*s", (int)text.len, text.at ? text.at : "");
    buf_release(&text);
}

static void draw_event(const struct figures *g, const struct layout *l, const struct attended *s,
                       double x, double y, struct buf *to)
{
    int64_t train = event_train(g->names, s);
    if (s->length == 1) {
        svg_begin_clip(to, x, y, l->weight - 6, CELL);
        svg_name(to, "s", x, y + 13, label_list_at(&g->names->items, s->items[0]),
                 svg_columns("s", l->weight - 6));
        svg_end_clip(to);
    }
    if (train >= 0)
        svg_text(to, "s e", x + panel_width(l) - 10, y + 13, "%" PRId64, train);
}

static void draw_panel(const struct figures *g, const struct layout *l, const struct attention *a,
                       const attended_vec *attended, double x, double y, struct buf *to)
{
    size_t lines = lines_of(attended);
    struct buf age = {0};
    svg_begin_clip(to, x, y, panel_width(l) - 8, 18);
    svg_name(to, "s b", x, y + 12, label_list_at(&g->names->users, a->user),
             svg_columns("s b", panel_width(l) - 8));
    svg_end_clip(to);
    if (!l->when)
        say_age(g->names, &attended->at[0], &age);
    svg_text(to, "s q", x, y + 27, "%.*s%ssession %" PRId64, (int)age.len, age.at ? age.at : "",
             age.len ? " before " : "", a->session);
    buf_release(&age);
    for (size_t j = 0; j < lines; j++) {
        double at = y + HEAD + CELL * (double)j;
        (l->when ? draw_session : draw_event)(g, l, &attended->at[j], x, at, to);
        draw_shade(l, &attended->at[j], x, at, examples_heaviest(attended), to);
    }
    if (attended->len > lines)
        svg_text(to, "s q", x, y + HEAD + CELL * (double)lines + 13, "+ %zu more",
                 attended->len - lines);
}

/* Sessions are newest first, events oldest first or by weight. */
static void order_of(const struct figure *p, const attended_vec *attended, attended_vec *to)
{
    if (p->form->by_weight)
        attended_by_weight(to, attended);
    else
        for (size_t j = 0; j < attended->len; j++)
            vec_push(to, attended->at[p->form == &form_events ? attended->len - 1 - j : j]);
}

static void visit_svg(void *drawn, const struct figures *g, const struct figure *p,
                      const struct attention *a, const attended_vec *attended)
{
    struct drawn *d = drawn;
    size_t place = d->i++ % d->layout->across;
    attended_vec order = {0};
    if (!place) {
        d->y += d->row;
        d->row = 0;
    }
    d->row =
        fmax(d->row, HEAD + CELL * (double)(lines_of(attended) + (attended->len > MOST)) + FOOT);
    if (!d->to)
        return;
    order_of(p, attended, &order);
    draw_panel(g, d->layout, a, &order, SVG_MARGIN + panel_width(d->layout) * (double)place, d->y,
               d->to);
    vec_release(&order);
}

static void panels_svg(const struct figures *g, const struct figure *p, const struct layout *l,
                       double width, struct buf *to)
{
    struct drawn measured = {.layout = l}, drawn = {.layout = l, .to = to};
    examples_each(g, p, visit_svg, &measured);
    figure_begin_svg(p, width, measured.y + measured.row, l->says, to);
    examples_each(g, p, visit_svg, &drawn);
    svg_end(to);
}

static void ages_svg(const struct figures *g, const struct figure *p, double width, struct buf *to)
{
    static const struct layout l = {
        "left: how long ago the session was, newest first; right: its weight", 4, 57, 38, say_age};
    panels_svg(g, p, &l, width, to);
}

static void weeks_svg(const struct figures *g, const struct figure *p, double width, struct buf *to)
{
    static const struct layout l = {
        "left: the hour of the week of the session, newest first; right: its weight", 4, 57, 38,
        say_week};
    panels_svg(g, p, &l, width, to);
}

static void events_svg(const struct figures *g, const struct figure *p, double width,
                       struct buf *to)
{
    static const struct layout l = {
        "the event's item, its weight, and how often it is in the training part", 2, 104, 42, NULL};
    panels_svg(g, p, &l, width, to);
}

/* ---- terminal ---- */

static void text_event(const struct figures *g, const struct attended *s, double top,
                       struct buf *to)
{
    int64_t train = event_train(g->names, s);
    buf_text(to, "  ");
    terminal_bar(to, scale_share(s->weight, 0, top), 10);
    buf_format(to, " %.3f ", s->weight);
    if (train >= 0)
        buf_format(to, "%9" PRId64 "  ", train);
    if (s->length == 1)
        text_terminal(to, label_list_at(&g->names->items, s->items[0]), 40, false);
    buf_byte(to, '\n');
}

static void visit_text(void *written, const struct figures *g, const struct figure *p,
                       const struct attention *a, const attended_vec *attended)
{
    struct example_written *w = written;
    (void)p;
    example_line(g, a, w->to);
    buf_text(w->to, ": weight, times in the training part, item; as they came\n");
    for (size_t j = attended->len; j-- > 0;)
        text_event(g, &attended->at[j], examples_heaviest(attended), w->to);
    buf_byte(w->to, '\n');
}

static void events_text(const struct figures *g, const struct figure *p, const struct terminal *b,
                        struct buf *to)
{
    examples_text(g, p, b, visit_text, to);
}

/* ---- TSV ---- */

static double age_hours(const struct run_names *c, const struct attended *s)
{
    return s->delta < 0 ? NAN : (double)run_names_age_from(c, (size_t)s->delta) / 3600;
}

static double week_hour(const struct run_names *c, const struct attended *s)
{
    (void)c;
    return s->week < 0 ? NAN : (double)s->week;
}

static double train_count(const struct run_names *c, const struct attended *s)
{
    int64_t train = event_train(c, s);
    return train < 0 ? NAN : (double)train;
}

const struct figure_form form_ages = {
    .take = examples_take,
    .empty = examples_empty,
    .svg = ages_svg,
    .tsv = examples_tsv,
    .group = age_hours,
    .no_items = true,
};
const struct figure_form form_weeks = {
    .take = examples_take,
    .empty = examples_empty,
    .svg = weeks_svg,
    .tsv = examples_tsv,
    .group = week_hour,
    .no_items = true,
};
const struct figure_form form_events = {
    .take = examples_take,
    .empty = examples_empty,
    .svg = events_svg,
    .tsv = examples_tsv,
    .text = events_text,
};
const struct figure_form form_ranked = {
    .take = examples_take,
    .empty = examples_empty,
    .svg = events_svg,
    .tsv = examples_tsv,
    .group = train_count,
    .by_weight = true,
};
