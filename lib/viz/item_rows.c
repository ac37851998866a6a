/* Positions of sessions, one a line: the events up to the position as blocks shaded by weight, then
 * the item that came (figure 6 of the NARM paper). */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "viz/terminal.h"
#include "viz/examples.h"
#include "viz/figure_forms.h"
#include "viz/scale.h"
#include "viz/svg.h"
#include "viz/text.h"

enum {
    LEFT = 172, /* where blocks begin */
    ACROSS = 8, /* blocks in a line, that of the item that came included */
    BLOCK = (EXAMPLE_WIDTH - 12 - LEFT) / ACROSS,
    HIGH = 36,
    GAP = 10,
};

/* Where the scale begins: weights of this level may be negative. */
static double lowest(const attended_vec *attended)
{
    double low = 0;
    for (size_t j = 0; j < attended->len; j++)
        low = fmin(low, attended->at[j].weight);
    return low;
}

static size_t blocks_of(const struct attention *a, const attended_vec *attended)
{
    return attended->len + (a->target.len > 0);
}

static void draw_named(const struct run_names *c, int32_t item, const char *class, double x,
                       double y, struct buf *to)
{
    svg_begin_clip(to, x, y, BLOCK - 6, HIGH);
    svg_name(to, class, x + 4, y + 14, label_list_at(&c->items, item), columns_in(BLOCK - 8));
    svg_end_clip(to);
}

static void draw_event(const struct run_names *c, const struct attended *s, double share, double x,
                       double y, struct buf *to)
{
    const char *class = svg_is_dark(share) ? "s on" : "s off";
    svg_shade(to, x, y, BLOCK - 4, HIGH - 2, share, NULL);
    if (s->length == 1)
        draw_named(c, s->items[0], class, x, y, to);
    svg_text(to, class, x + 4, y + 28, "%.3f", s->weight);
}

static void draw_line(const struct figures *g, const struct attention *a,
                      const attended_vec *attended, double y, struct buf *to)
{
    double low = lowest(attended), high = examples_heaviest(attended);
    svg_begin_clip(to, 12, y, LEFT - 20, HIGH);
    svg_name(to, "s b", 12, y + 14, label_list_at(&g->names->users, a->user),
             columns_in(LEFT - 20));
    svg_end_clip(to);
    svg_text(to, "s q", 12, y + 28, "session %" PRId64 ", position %" PRId64, a->session,
             a->position);
    for (size_t i = 0; i < blocks_of(a, attended); i++) {
        double x = LEFT + BLOCK * (double)(i % ACROSS), at = y + HIGH * (double)(i / ACROSS);
        if (i < attended->len) { /* the oldest first */
            const struct attended *s = &attended->at[attended->len - 1 - i];
            draw_event(g->names, s, scale_share(s->weight, low, high), x, at, to);
            continue;
        }
        svg_text(to, "s q", x + 4, at + 28, "→ came%s",
                 a->top.at && column_i32(a->top)[0] == column_i32(a->target)[0] ? " ✓" : "");
        draw_named(g->names, column_i32(a->target)[0], "s b", x, at, to);
    }
}

static void visit_svg(void *drawn, const struct figures *g, const struct figure *p,
                      const struct attention *a, const attended_vec *attended)
{
    struct example_drawn *d = drawn;
    (void)p;
    if (d->to)
        draw_line(g, a, attended, d->y, d->to);
    d->y += HIGH * (double)((blocks_of(a, attended) + ACROSS - 1) / ACROSS) + GAP;
}

static void lines_svg(const struct figures *g, const struct figure *p, struct buf *to)
{
    examples_svg(g, p, visit_svg,
                 "events from left to right, strongest shade: the line's largest weight; last what "
                 "came (✓: it was ranked first)",
                 to);
}

/* ---- terminal ---- */

static void visit_text(void *written, const struct figures *g, const struct figure *p,
                       const struct attention *a, const attended_vec *attended)
{
    enum { NAME = 18, WIDE = NAME + 5 };
    struct example_written *w = written;
    size_t across = w->b->columns > 2 * WIDE ? (w->b->columns - 2) / WIDE : 1;
    double low = lowest(attended), high = examples_heaviest(attended);
    (void)p;
    example_line(g, a, w->to);
    for (size_t i = 0; i < attended->len; i++) {
        const struct attended *s = &attended->at[attended->len - 1 - i];
        buf_text(w->to, i % across ? "  " : "\n  ");
        terminal_shade(w->b, w->to, scale_share(s->weight, low, high));
        buf_byte(w->to, ' ');
        if (s->length == 1)
            text_terminal(w->to, label_list_at(&g->names->items, s->items[0]), NAME, true);
    }
    if (a->target.len) {
        buf_text(w->to, "\n  → ");
        text_terminal(w->to, label_list_at(&g->names->items, column_i32(a->target)[0]), 60, false);
    }
    buf_text(w->to, "\n\n");
}

static void lines_text(const struct figures *g, const struct figure *p, const struct terminal *b,
                       struct buf *to)
{
    examples_text(g, p, b, visit_text, to);
}

const struct figure_form form_lines = {
    .take = examples_take,
    .empty = examples_empty,
    .svg = lines_svg,
    .tsv = examples_tsv,
    .text = lines_text,
    .wide = true,
};
