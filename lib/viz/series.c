#include "viz/series.h"

#include <stdio.h>

#include "viz/svg.h"

enum { SHAPES = 4, LINE = 18 /* height of a line of the legend */, CLASS = 32 };

static bool is_far(size_t model)
{
    return model / SERIES_COLORS % 2;
}

static void fill_class(size_t model, bool hollow, char to[CLASS])
{
    snprintf(to, CLASS, hollow ? "ring l%zu" : "f%zu", model % SERIES_COLORS);
}

void series_line(struct buf *to, size_t model, bool dotted, double x1, double y1, double x2,
                 double y2)
{
    char class[CLASS];
    snprintf(class, sizeof class, "line l%zu%s", model % SERIES_COLORS,
             dotted          ? " faint"
             : is_far(model) ? " far"
                             : "");
    svg_line(to, class, x1, y1, x2, y2);
}

void series_mark(struct buf *to, size_t model, bool hollow, double x, double y, double r,
                 const char *hint)
{
    static const double square[][2] = {{-.9, -.9}, {.9, -.9}, {.9, .9}, {-.9, .9}};
    static const double triangle[][2] = {{0, -1.2}, {1.15, .85}, {-1.15, .85}};
    static const double diamond[][2] = {{0, -1.35}, {1.35, 0}, {0, 1.35}, {-1.35, 0}};
    char class[CLASS];
    fill_class(model, hollow, class);
    switch ((model + (is_far(model) ? SHAPES / 2 : 0)) % SHAPES) {
    case 0:
        svg_dot(to, class, x, y, r, hint);
        break;
    case 1:
        svg_shape(to, class, x, y, r, hint, square, 4);
        break;
    case 2:
        svg_shape(to, class, x, y, r, hint, triangle, 3);
        break;
    default:
        svg_shape(to, class, x, y, r, hint, diamond, 4);
    }
}

void series_bar(struct buf *to, size_t model, bool hollow, double x, double y, double w, double h,
                const char *hint)
{
    char class[CLASS];
    snprintf(class, sizeof class, "f%zu%s", model % SERIES_COLORS, hollow ? " pale" : "");
    svg_rect(to, class, x, y, w, h, hint);
}

/* The key of a model around x .. x + 44, y. */
static void put_key(struct buf *to, size_t model, double x, double y)
{
    series_line(to, model, false, x, y, x + 24, y);
    series_mark(to, model, false, x + 12, y, 3.5, NULL);
    series_bar(to, model, false, x + 32, y - 5, 10, 10, NULL);
}

double series_legend_height(const series_names *names)
{
    return LINE * (double)names->len + 8;
}

void series_legend(struct buf *to, const series_names *names, double y)
{
    enum { NAME = SVG_MARGIN + 54 };
    for (size_t m = 0; m < names->len; m++) {
        double at = y + LINE * ((double)m + 0.5);
        put_key(to, m, SVG_MARGIN, at);
        svg_name(to, "", NAME, at + 4, names->at[m],
                 svg_columns("", SVG_WIDTH - NAME - SVG_MARGIN));
    }
}

void series_key(struct buf *to, size_t model)
{
    buf_text(to, "<svg class=\"key\" viewBox=\"0 0 44 14\" aria-hidden=\"true\">");
    put_key(to, model, 1, 7);
    buf_text(to, "</svg>");
}
