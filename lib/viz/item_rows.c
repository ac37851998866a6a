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

enum { HIGH = 36, GAP = 10 };

/* Where a line's blocks are: of what session the line is stands left of them, or above them where
 * there is no room. */
struct block_row {
    double left, head; /* where blocks begin; the height above them */
    size_t across;     /* blocks side by side, that of the item that came included */
    double block;      /* the width of one */
};

static struct block_row block_row_of(double width)
{
    struct block_row l = {172, 0, 8, 0};
    if (width < SVG_WIDE)
        l = (struct block_row){SVG_MARGIN, 34, 4, 0};
    l.block = (width - SVG_MARGIN - l.left) / (double)l.across;
    return l;
}

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
                       double y, double wide, struct buf *to)
{
    svg_begin_clip(to, x, y, wide - 6, HIGH);
    svg_name(to, class, x + 4, y + 14, label_list_at(&c->items, item),
             svg_columns(class, wide - 10));
    svg_end_clip(to);
}

static void draw_event(const struct run_names *c, const struct attended *s, double share, double x,
                       double y, double wide, struct buf *to)
{
    const char *class = svg_is_dark(share) ? "s on" : "s off";
    svg_shade(to, x, y, wide - 4, HIGH - 2, share, NULL);
    if (s->length == 1)
        draw_named(c, s->items[0], class, x, y, wide, to);
    svg_text(to, class, x + 4, y + 28, "%.3f", s->weight);
}

static void draw_session(const struct figures *g, const struct attention *a, double y,
                         struct buf *to)
{
    enum { ROOM = 152 };
    svg_begin_clip(to, SVG_MARGIN, y, ROOM, HIGH);
    svg_name(to, "s b", SVG_MARGIN, y + 14, label_list_at(&g->names->users, a->user),
             svg_columns("s b", ROOM));
    svg_end_clip(to);
    svg_text(to, "s q", SVG_MARGIN, y + 28, "session %" PRId64 ", position %" PRId64, a->session,
             a->position);
}

/* The events of one position, the oldest first, then what came. */
static void draw_blocks(const struct figures *g, const struct attention *a,
                        const attended_vec *attended, struct block_row l, double y, struct buf *to)
{
    double low = lowest(attended), high = examples_heaviest(attended);
    for (size_t i = 0; i < blocks_of(a, attended); i++) {
        double x = l.left + l.block * (double)(i % l.across);
        double at = y + HIGH * (double)(i / l.across);
        if (i < attended->len) {
            const struct attended *s = &attended->at[attended->len - 1 - i];
            draw_event(g->names, s, scale_share(s->weight, low, high), x, at, l.block, to);
            continue;
        }
        svg_text(to, "s q", x + 4, at + 28, "→ came%s",
                 a->top.at && column_i32(a->top)[0] == column_i32(a->target)[0] ? " ✓" : "");
        draw_named(g->names, column_i32(a->target)[0], "s b", x, at, l.block, to);
    }
}

static void visit_svg(void *drawn, const struct figures *g, const struct figure *p,
                      const struct attention *a, const attended_vec *attended)
{
    struct example_drawn *d = drawn;
    struct block_row l = block_row_of(d->width);
    (void)p;
    if (d->to) {
        draw_session(g, a, d->y, d->to);
        draw_blocks(g, a, attended, l, d->y + l.head, d->to);
    }
    d->y += l.head + HIGH * (double)((blocks_of(a, attended) + l.across - 1) / l.across) + GAP;
}

static void lines_svg(const struct figures *g, const struct figure *p, double width, struct buf *to)
{
    examples_svg(g, p, width, visit_svg,
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
