/* Means over groups as a map of shades. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "viz/terminal.h"
#include "viz/means_form.h"
#include "viz/figure_forms.h"
#include "viz/scale.h"
#include "viz/svg.h"
#include "viz/text.h"

enum { LEFT = 48, TOP = 20, CELL = 15, HIGH = 20 };

/* The scale of shades begins at 0 and reaches to 2 at least, so that even attention (1) is in its
 * middle or below, and nearly even attention looks even. */
static double shades_top(const struct means *m)
{
    return means_top(m, 2);
}

static void draw_cell(const struct figures *g, const struct figure *p, size_t group, double top,
                      struct buf *to)
{
    const struct means *m = &gathered_of(g, p)->means;
    double x = LEFT + CELL * (double)(group % p->grouping->across);
    double y = TOP + HIGH * (double)(group / p->grouping->across);
    char hint[400];
    if (group >= m->at.len || !m->at.at[group].count) {
        svg_nothing(to, x, y, CELL - 2, HIGH - 2);
        return;
    }
    const struct mean *mean = &m->at.at[group];
    means_hint(g->names, p->grouping, mean, group, hint, sizeof hint);
    svg_shade(to, x, y, CELL - 2, HIGH - 2, scale_share(mean_relative(mean), 0, top), hint);
}

static void draw_rows(const struct figures *g, const struct grouping *by, size_t rows,
                      struct buf *to)
{
    struct buf label = {0};
    for (size_t row = 0; row < rows; row++) {
        buf_clear(&label);
        by->row(g->names, row, &label);
        svg_text(to, "s q e", LEFT - 8, TOP + HIGH * (double)row + 14, "%.*s", (int)label.len,
                 label.at);
    }
    buf_release(&label);
    for (size_t i = 0; i < by->across; i += 3)
        svg_text(to, "s q m", LEFT + CELL * (double)i + (CELL - 2) / 2.0, TOP - 7, "%zu", i);
}

static void map_svg(const struct figures *g, const struct figure *p, double width, struct buf *to)
{
    const struct grouping *by = p->grouping;
    size_t groups = means_groups(g, p), rows = (groups + by->across - 1) / by->across;
    double top = shades_top(&gathered_of(g, p)->means), bottom = TOP + HIGH * (double)rows;
    char high[64];
    figure_begin_svg(p, width, bottom + 76, "weight over even attention (= 1): mean", to);
    draw_rows(g, by, rows, to);
    for (size_t i = 0; i < groups; i++)
        draw_cell(g, p, i, top, to);
    svg_text(to, "q m", LEFT + CELL * (double)by->across / 2, bottom + 18, "%s", by->axis);
    snprintf(high, sizeof high, "%.2f%s", top, top > 2 ? "" : " (1 = even is in the middle)");
    svg_shades(to, LEFT + 12, bottom + 34, 120, "0", high);
    svg_nothing(to, LEFT + 4, bottom + 52, 16, 13);
    svg_text(to, "s q", LEFT + 24, bottom + 62, "no session there");
    svg_end(to);
}

/* ---- terminal ---- */

static void map_text(const struct figures *g, const struct figure *p, const struct terminal *b,
                     struct buf *to)
{
    const struct grouping *by = p->grouping;
    const struct means *m = &gathered_of(g, p)->means;
    double top = shades_top(m);
    char high[100];
    figure_title(p, b, to);
    buf_format(to, "  %s\n", by->axis);
    for (size_t i = 0; i < means_groups(g, p); i++) {
        if (i % by->across == 0) {
            struct buf label = {0};
            by->row(g->names, i / by->across, &label);
            buf_text(to, i ? "\n  " : "  ");
            text_terminal(to, (struct bytes){label.at, label.len}, 8, true);
            buf_release(&label);
        }
        if (i < m->at.len && m->at.at[i].count)
            terminal_shade(b, to, scale_share(mean_relative(&m->at.at[i]), 0, top));
        else
            buf_text(to, " ·");
    }
    snprintf(high, sizeof high, "%.2f   1 = even attention   · no session there", top);
    buf_text(to, "\n  ");
    terminal_legend(b, to, "0", high);
    buf_byte(to, '\n');
}

const struct figure_form form_map = {
    .take = means_take,
    .empty = means_empty,
    .svg = map_svg,
    .tsv = means_tsv,
    .text = map_text,
};
