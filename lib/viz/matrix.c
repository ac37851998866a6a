/* The steps of a session against the earlier sessions that each step looks back at. */
#include <inttypes.h>
#include <stdio.h>

#include "viz/terminal.h"
#include "viz/examples.h"
#include "viz/figure_forms.h"
#include "viz/scale.h"
#include "viz/session_cards.h"
#include "viz/svg.h"
#include "viz/text.h"

enum {
    HEAD = 24, /* of an example */
    CELL = 19,
    GAP = 26,
    MOST = 40, /* steps */
};

/* The room before the cells: for what was ranked first, then for what came. */
static double name_width(double width)
{
    return width < SVG_WIDE ? 78 : 128;
}

static double cells_left(double width)
{
    return SVG_MARGIN + 2 * name_width(width);
}

/* Sessions side by side: with room for the age of each, "130 h ago". */
static size_t row_length(double width, size_t sessions)
{
    return side_row_length(sessions, width < SVG_WIDE ? 3 : 8);
}

static double cell_width(double width, size_t side_by_side)
{
    size_t least = width < SVG_WIDE ? 3 : 4;
    return (width - SVG_MARGIN - cells_left(width)) /
           (double)(side_by_side > least ? side_by_side : least);
}

/* An example: steps × sessions. */
struct matrix {
    const struct figures *g;
    double width; /* of the picture; 0: there is none */
    const struct attention *a;
    const struct attended *at; /* [steps, sessions], each row the newest first */
    size_t steps, shown, sessions;
    double top; /* the largest weight */
};

static struct matrix matrix_of(const struct figures *g, const struct figure *p, double width,
                               const struct attention *a, const attended_vec *attended)
{
    size_t steps = attention_rows(p->level, a);
    return (struct matrix){
        .g = g,
        .width = width,
        .a = a,
        .at = attended->at,
        .steps = steps,
        .shown = steps < MOST ? steps : MOST,
        .sessions = attention_width(p->level, a),
        .top = examples_heaviest(attended),
    };
}

static double card_height(const struct matrix *m, size_t first, size_t n)
{
    return side_card_height(&m->at[first], first + n < m->sessions ? n : m->sessions - first);
}

static double band_height(const struct matrix *m, size_t first, size_t n)
{
    return card_height(m, first, n) + CELL * (double)(m->shown + (m->steps > m->shown)) + GAP;
}

static bool came_true(const struct attention *a, size_t step)
{
    return a->top.at && a->target.at && column_i32(a->top)[step] == column_i32(a->target)[step];
}

static void draw_name(const struct matrix *m, struct column items, size_t step, const char *class,
                      double x, double y, struct buf *to)
{
    if (!items.at)
        return;
    svg_begin_clip(to, x, y, name_width(m->width) - 1, CELL);
    svg_name(to, class, x, y + 13, label_list_at(&m->g->names->items, column_i32(items)[step]),
             svg_columns(class, name_width(m->width) - 6));
    svg_end_clip(to);
}

/* The item ranked first and the item that came; if they are the same, once and in bold. */
static void draw_step(const struct matrix *m, size_t step, double y, struct buf *to)
{
    bool right = came_true(m->a, step);
    double second = SVG_MARGIN + name_width(m->width);
    draw_name(m, m->a->top, step, right ? "s b" : "s", SVG_MARGIN, y, to);
    if (right)
        svg_text(to, "s b", second, y + 13, "✓");
    else
        draw_name(m, m->a->target, step, "s q", second, y, to);
}

static void draw_cell(const struct matrix *m, size_t step, size_t session, double x, double y,
                      double wide, struct buf *to)
{
    const struct attended *s = &m->at[step * m->sessions + session];
    double share = scale_share(s->weight, 0, m->top);
    svg_shade(to, x, y, wide, CELL - 1, share, NULL);
    svg_text(to, svg_on(share), x + wide / 2, y + 13, "%.3f", s->weight);
}

/* `n` sessions from `first` on, and all steps. */
static void draw_band(const struct matrix *m, size_t first, size_t n, double y, struct buf *to)
{
    double wide = cell_width(m->width, n);
    double high = card_height(m, first, n);
    svg_text(to, "s q", SVG_MARGIN, y + high - 8, m->a->top.at ? "ranked first" : "");
    svg_text(to, "s q", SVG_MARGIN + name_width(m->width), y + high - 8,
             m->a->target.at ? "what came" : "");
    for (size_t j = first; j < first + n && j < m->sessions; j++) {
        double x = cells_left(m->width) + wide * (double)(j - first);
        side_card(m->g->names, &m->at[j], x, y, wide - 4, high - 4, to);
        for (size_t step = 0; step < m->shown; step++)
            draw_cell(m, step, j, x, y + high + CELL * (double)step, wide - 4, to);
    }
    for (size_t step = 0; step < m->shown; step++)
        draw_step(m, step, y + high + CELL * (double)step, to);
    if (m->steps > m->shown)
        svg_text(to, "s q", SVG_MARGIN, y + high + CELL * (double)m->shown + 13, "+ %zu more steps",
                 m->steps - m->shown);
}

static void visit_svg(void *drawn, const struct figures *g, const struct figure *p,
                      const struct attention *a, const attended_vec *attended)
{
    struct example_drawn *d = drawn;
    struct matrix m = matrix_of(g, p, d->width, a, attended);
    size_t n = row_length(d->width, m.sessions);
    if (d->to)
        example_heading(g, a, d->width, d->y + 12, d->to, ": %zu step%s, %zu sessions", m.steps,
                        m.steps == 1 ? "" : "s", m.sessions);
    d->y += HEAD;
    for (size_t first = 0; first < m.sessions; first += n) {
        if (d->to)
            draw_band(&m, first, n, d->y, d->to);
        d->y += band_height(&m, first, n);
    }
}

static void matrix_svg(const struct figures *g, const struct figure *p, double width,
                       struct buf *to)
{
    examples_svg(
        g, p, width, visit_svg,
        "each row a step: ranked first and what came (✓: the same); each column an earlier "
        "session, newest first; strongest shade: the largest",
        to);
}

/* ---- terminal ---- */

static void text_session(const struct matrix *m, const struct terminal *b, size_t session,
                         struct buf *to)
{
    const struct attended *s = &m->at[session];
    struct buf age = {0};
    say_age(m->g->names, s, &age);
    buf_format(to, "  %2zu ", session + 1);
    text_terminal(to, (struct bytes){age.at, age.len}, 9, true);
    text_items(m->g->names, s->items, s->length, b->columns > 24 ? b->columns - 14 : 10, to);
    buf_byte(to, '\n');
    buf_release(&age);
}

static void text_step(const struct matrix *m, const struct terminal *b, size_t step, struct buf *to)
{
    struct column items = m->a->top.at ? m->a->top : m->a->target;
    buf_text(to, came_true(m->a, step) ? "✓ " : "  ");
    text_terminal(to, label_list_at(&m->g->names->items, column_i32(items)[step]), 24, true);
    buf_byte(to, ' ');
    for (size_t j = 0; j < m->sessions; j++)
        terminal_shade(b, to, scale_share(m->at[step * m->sessions + j].weight, 0, m->top));
    buf_byte(to, '\n');
}

static void visit_text(void *written, const struct figures *g, const struct figure *p,
                       const struct attention *a, const attended_vec *attended)
{
    struct example_written *w = written;
    struct matrix m = matrix_of(g, p, 0, a, attended);
    example_line(g, a, w->to);
    buf_text(w->to, ": its earlier sessions, newest first\n");
    for (size_t j = 0; j < m.sessions; j++)
        text_session(&m, w->b, j, w->to);
    buf_format(w->to, "  %-24s sessions 1 to %zu (✓: that came)\n",
               a->top.at ? "ranked first" : "what came", m.sessions);
    for (size_t step = 0; step < m.steps; step++)
        text_step(&m, w->b, step, w->to);
    buf_byte(w->to, '\n');
}

static void matrix_text(const struct figures *g, const struct figure *p, const struct terminal *b,
                        struct buf *to)
{
    examples_text(g, p, b, visit_text, to);
}

const struct figure_form form_matrix = {
    .take = examples_take,
    .empty = examples_empty,
    .svg = matrix_svg,
    .tsv = examples_tsv,
    .text = matrix_text,
    .wide = true,
};
