/* Sessions side by side, with their items and weights. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "viz/terminal.h"
#include "viz/examples.h"
#include "viz/figure_forms.h"
#include "viz/scale.h"
#include "viz/session_cards.h"
#include "viz/svg.h"
#include "viz/text.h"

enum {
    MOST = 8,    /* columns side by side in a wide picture */
    HEAD = 44,   /* of an example */
    WEIGHT = 24, /* height of the shade below a card */
    GAP = 22,    /* below that */
};

/* A row of cards with their weights below. */
static double row_height(const attended_vec *attended, size_t first, size_t n)
{
    size_t end = first + n < attended->len ? first + n : attended->len;
    return side_card_height(&attended->at[first], end - first) + WEIGHT + GAP;
}

/* How many columns are side by side, and how wide each is. */
static size_t columns_of(double width, const attended_vec *attended)
{
    return side_row_length(attended->len, width < SVG_WIDE ? MOST / 2 : MOST);
}

static double column_width(double width)
{
    return (width - 2 * SVG_MARGIN) / (width < SVG_WIDE ? MOST / 2 : MOST);
}

static double example_height(double width, const attended_vec *attended)
{
    double height = HEAD;
    size_t n = columns_of(width, attended);
    for (size_t j = 0; j < attended->len; j += n)
        height += row_height(attended, j, n);
    return height;
}

static void draw_column(const struct figures *g, const struct attended *s, double x, double y,
                        double width, double height, double top, struct buf *to)
{
    double share = scale_share(s->weight, 0, top), below = y + height - WEIGHT - GAP;
    side_card(g->names, s, x, y, width, below - y, to);
    svg_shade(to, x, below, width, WEIGHT, share, NULL);
    svg_text(to, svg_on(share), x + width / 2, below + 16, "%.3f (%.1f×)", s->weight, s->relative);
}

/* The items that came next, as many as fit. */
static void draw_targets(const struct run_names *c, const struct attention *a, double width,
                         double y, struct buf *to)
{
    static const char before[] = "then came: ";
    enum { NAME = 24, MORE = 12 /* columns */ };
    size_t room = svg_columns("q", width - 2 * SVG_MARGIN), used = sizeof before - 1, i = 0;
    if (!a->target.at || !a->target.len)
        return;
    svg_begin_text(to, "q", SVG_MARGIN, y);
    svg_words(to, "%s", before);
    for (; i < a->target.len; i++) {
        struct bytes name = label_list_at(&c->items, column_i32(a->target)[i]);
        size_t columns = text_columns(name) < NAME ? text_columns(name) : NAME;
        if (i && used + 3 + columns + MORE > room)
            break;
        svg_words(to, i ? " · " : "");
        svg_named(to, name, NAME);
        used += columns + (i ? 3 : 0);
    }
    if (i < a->target.len)
        svg_words(to, " · %zu more", a->target.len - i);
    svg_end_text(to);
}

static void visit_svg(void *drawn, const struct figures *g, const struct figure *p,
                      const struct attention *a, const attended_vec *attended)
{
    struct example_drawn *d = drawn;
    size_t n = columns_of(d->width, attended);
    double y = d->y + HEAD, wide = column_width(d->width);
    (void)p;
    d->y += example_height(d->width, attended);
    if (!d->to)
        return;
    example_heading(g, a, d->width, y - HEAD + 12, d->to, ", over %zu earlier ones", attended->len);
    draw_targets(g->names, a, d->width, y - HEAD + 29, d->to);
    for (size_t first = 0; first < attended->len; first += n) {
        double height = row_height(attended, first, n);
        for (size_t j = first; j < first + n && j < attended->len; j++)
            draw_column(g, &attended->at[j], SVG_MARGIN + wide * (double)(j - first), y, wide - 6,
                        height, examples_heaviest(attended), d->to);
        y += height;
    }
}

static void sessions_svg(const struct figures *g, const struct figure *p, double width,
                         struct buf *to)
{
    examples_svg(
        g, p, width, visit_svg,
        "newest first; below each its weight, and in brackets how many times even attention "
        "that is; strongest shade: the largest",
        to);
}

/* ---- terminal ---- */

static void text_session(const struct figures *g, const struct terminal *b,
                         const struct attended *s, double top, struct buf *to)
{
    enum { BEFORE = 40 /* columns before the names */ };
    struct buf when = {0}, week = {0};
    size_t left = b->columns > BEFORE + 10 ? b->columns - BEFORE : 10;
    say_age(g->names, s, &when);
    say_week(g->names, s, &week);
    buf_text(to, "  ");
    terminal_bar(to, scale_share(s->weight, 0, top), 10);
    buf_format(to, " %.3f ", s->weight);
    text_terminal(to, (struct bytes){when.at, when.len}, 9, true);
    buf_byte(to, ' ');
    text_terminal(to, (struct bytes){week.at, week.len}, 9, true);
    text_items(g->names, s->items, s->length, left, to);
    buf_byte(to, '\n');
    buf_release(&when);
    buf_release(&week);
}

static void visit_text(void *written, const struct figures *g, const struct figure *p,
                       const struct attention *a, const attended_vec *attended)
{
    struct example_written *w = written;
    (void)p;
    example_line(g, a, w->to);
    buf_text(w->to, ": weight, age, hour of the week, items; newest first\n");
    for (size_t j = 0; j < attended->len; j++)
        text_session(g, w->b, &attended->at[j], examples_heaviest(attended), w->to);
    buf_byte(w->to, '\n');
}

static void sessions_text(const struct figures *g, const struct figure *p, const struct terminal *b,
                          struct buf *to)
{
    examples_text(g, p, b, visit_text, to);
}

const struct figure_form form_sessions = {
    .take = examples_take,
    .empty = examples_empty,
    .svg = sessions_svg,
    .tsv = examples_tsv,
    .text = sessions_text,
    .wide = true,
};
