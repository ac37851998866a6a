#include "viz/svg.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "viz/text.h"

enum {
    WHOLE_NAME = 1000, /* columns of a name that is shown whole */
    SMALL = 11,        /* sizes of text: of class "s", of none, of "t" */
    USUAL = 12,
    TITLE = 14,
};

/* Eight colours for models, on light and on dark ground, differ for people with any of the three
 * forms of colour blindness: by at least 25 in CIE L*a*b* as simulated after Machado et al. 2009.
 */
const char svg_style[] =
    "svg{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}\n"
    "svg text{fill:#1b1f24;unicode-bidi:isolate}svg .t{font-size:14px;font-weight:600}\n"
    "svg .b{font-weight:600}svg .q{fill:#57606a}svg .s{font-size:11px}\n"
    "svg .m{text-anchor:middle}svg .e{text-anchor:end}svg tspan{unicode-bidi:isolate}\n"
    "svg .bg{fill:#fff}svg .grid{stroke:#dfe3e8;stroke-width:1}svg .axis{stroke:#8c959f}\n"
    "svg .even{stroke:#b35900;stroke-width:1.5;stroke-dasharray:5 4}svg .evenword{fill:#9a4c00}\n"
    "svg .dot{fill:#0b4f9c}svg .hollow{stroke:#0b4f9c}svg "
    ".error{stroke:#0b4f9c;stroke-opacity:.55}\n"
    "svg .hollow,svg .ring{fill:#fff;stroke-width:1.2}svg .error{stroke-width:1.2}\n"
    "svg .whisker{stroke:#1b1f24;stroke-width:1.2;stroke-opacity:.7}svg .pale{fill-opacity:.35}\n"
    "svg .count{fill:#8c959f}svg .shade{fill:#0b4f9c}svg .cell{fill:none;stroke:#d0d7de}\n"
    "svg .on{fill:#fff}svg .off{fill:#1b1f24}svg .card{fill:#f6f8fa}\n"
    "svg .l0{stroke:#0b4f9c}svg .f0{fill:#0b4f9c}\n"
    "svg .l1{stroke:#c09000}svg .f1{fill:#c09000}\n"
    "svg .l2{stroke:#f07878}svg .f2{fill:#f07878}\n"
    "svg .l3{stroke:#0090f0}svg .f3{fill:#0090f0}\n"
    "svg .l4{stroke:#600048}svg .f4{fill:#600048}\n"
    "svg .l5{stroke:#786018}svg .f5{fill:#786018}\n"
    "svg .l6{stroke:#9090c0}svg .f6{fill:#9090c0}\n"
    "svg .l7{stroke:#303000}svg .f7{fill:#303000}\n"
    "svg .line{fill:none;stroke-width:2;stroke-linejoin:round}svg .far{stroke-dasharray:7 4}\n"
    "svg .faint{stroke-dasharray:2 4;stroke-linecap:round}\n"
    "@media screen and (prefers-color-scheme:dark){\n"
    "svg text{fill:#e6e9ec}svg .q{fill:#9aa4ae}svg .bg{fill:#14171a}svg .grid{stroke:#2b3137}\n"
    "svg .axis{stroke:#6a737d}svg .even{stroke:#f0a35e}svg .evenword{fill:#f0a35e}\n"
    "svg .dot{fill:#7cc4ff}svg .hollow{stroke:#7cc4ff}svg .error{stroke:#7cc4ff}\n"
    "svg .hollow,svg .ring{fill:#14171a}svg .whisker{stroke:#e6e9ec}\n"
    "svg .count{fill:#6a737d}svg .shade{fill:#4f9fe0}svg .cell{stroke:#3a424a}\n"
    "svg .on{fill:#0b1116}svg .off{fill:#e6e9ec}svg .card{fill:#1c2126}\n"
    "svg .l0{stroke:#7cc4ff}svg .f0{fill:#7cc4ff}\n"
    "svg .l1{stroke:#d8a818}svg .f1{fill:#d8a818}\n"
    "svg .l2{stroke:#f04878}svg .f2{fill:#f04878}\n"
    "svg .l3{stroke:#4860d8}svg .f3{fill:#4860d8}\n"
    "svg .l4{stroke:#f0f090}svg .f4{fill:#f0f090}\n"
    "svg .l5{stroke:#607818}svg .f5{fill:#607818}\n"
    "svg .l6{stroke:#a8c0c0}svg .f6{fill:#a8c0c0}\n"
    "svg .l7{stroke:#a84890}svg .f7{fill:#a84890}}\n"
    "@media print{svg *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

/* ---- text in lines ---- */

/* The width of a character, as a share of the font's size, in the wide ones of the usual fonts. */
static const double character = 0.63;

/* How many times as wide bold characters are. */
static const double bold = 1.1;

static size_t columns_of(double width, double size)
{
    return width < 2 * size ? 2 : (size_t)(width / (size * character));
}

size_t svg_columns(const char *class, double width)
{
    return columns_of(width,
                      (strchr(class, 's') ? SMALL : USUAL) * (strchr(class, 'b') ? bold : 1));
}

/* The next words that fit, at least one. */
static struct bytes next_words(struct bytes *text, size_t columns)
{
    size_t end = 0;
    for (size_t i = 0; i <= text->len; i++)
        if ((i == text->len || text->at[i] == ' ') &&
            (!end || text_columns((struct bytes){text->at, i}) <= columns))
            end = i;
    struct bytes words = {text->at, end};
    text->at += end + (end < text->len);
    text->len -= end + (end < text->len);
    return words;
}

/* Lines of text, each `size` high and a third more; returns their height. */
static double put_lines(struct buf *to, const char *class, double size, double x, double y,
                        double width, const char *text)
{
    struct bytes left = bytes_of(text);
    double high = 0;
    while (left.len) {
        struct bytes words = next_words(&left, columns_of(width, size));
        if (to)
            svg_text(to, class, x, y + high, "%.*s", (int)words.len, words.at);
        high += size * 4 / 3;
    }
    return high;
}

double svg_note(struct buf *to, double x, double y, double width, const char *text)
{
    return put_lines(to, "s q", SMALL, x, y, width, text);
}

/* Draws the head, or measures it if `to` is NULL. */
static double put_head(struct buf *to, double width, struct svg_head head)
{
    double y = 8, room = width - 2 * SVG_MARGIN;
    if (head.over)
        y += put_lines(to, "s q", SMALL, SVG_MARGIN, y + SMALL, room, head.over) + 2;
    if (head.title)
        y += put_lines(to, "t", TITLE, SVG_MARGIN, y + TITLE, room / bold, head.title) + 2;
    if (head.says)
        y += put_lines(to, "s q", SMALL, SVG_MARGIN, y + SMALL, room, head.says) + 2;
    return y + 6;
}

void svg_begin(struct buf *to, double width, double height, struct svg_head head)
{
    double high = put_head(NULL, width, head);
    buf_format(to, "<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" role=\"img\" ",
               width, high + height, width, high + height);
    buf_text(to, "aria-label=\"");
    text_escape(to, bytes_of(head.label));
    buf_text(to, "\">\n");
    svg_rect(to, "bg", 0, 0, width, high + height, NULL);
    put_head(to, width, head);
    svg_begin_shift(to, high);
}

void svg_end(struct buf *to)
{
    svg_end_shift(to);
    buf_text(to, "</svg>\n");
}

void svg_begin_shift(struct buf *to, double y)
{
    buf_format(to, "<g transform=\"translate(0 %.1f)\">\n", y);
}

void svg_end_shift(struct buf *to)
{
    buf_text(to, "</g>\n");
}

/* ---- shapes ---- */

void svg_line(struct buf *to, const char *class, double x1, double y1, double x2, double y2)
{
    buf_format(to, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class,
               x1, y1, x2, y2);
}

static void end_with_hint(struct buf *to, const char *element, const char *hint)
{
    if (!hint) {
        buf_text(to, "/>\n");
        return;
    }
    buf_text(to, "><title>");
    text_markup(to, bytes_of(hint), 0);
    buf_format(to, "</title></%s>\n", element);
}

void svg_rect(struct buf *to, const char *class, double x, double y, double w, double h,
              const char *hint)
{
    buf_format(to, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", class,
               x, y, w, h);
    end_with_hint(to, "rect", hint);
}

void svg_shade(struct buf *to, double x, double y, double w, double h, double share,
               const char *hint)
{
    svg_rect(to, "cell", x, y, w, h, NULL);
    buf_format(to,
               "<rect class=\"shade\" fill-opacity=\"%.3f\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
               "height=\"%.1f\"",
               share, x, y, w, h);
    end_with_hint(to, "rect", hint);
}

void svg_dot(struct buf *to, const char *class, double x, double y, double r, const char *hint)
{
    buf_format(to, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"", class, x, y, r);
    end_with_hint(to, "circle", hint);
}

void svg_shape(struct buf *to, const char *class, double x, double y, double size, const char *hint,
               const double (*corner)[2], size_t corners)
{
    buf_format(to, "<polygon class=\"%s\" points=\"", class);
    for (size_t i = 0; i < corners; i++)
        buf_format(to, "%s%.1f,%.1f", i ? " " : "", x + size * corner[i][0],
                   y + size * corner[i][1]);
    buf_byte(to, '"');
    end_with_hint(to, "polygon", hint);
}

void svg_begin_text(struct buf *to, const char *class, double x, double y)
{
    buf_format(to, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
}

void svg_end_text(struct buf *to)
{
    buf_text(to, "</text>\n");
}

static void words(struct buf *to, const char *format, va_list args)
{
    char text[400];
    vsnprintf(text, sizeof text, format, args);
    text_markup(to, bytes_of(text), 0);
}

void svg_words(struct buf *to, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    words(to, format, args);
    va_end(args);
}

void svg_text(struct buf *to, const char *class, double x, double y, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    svg_begin_text(to, class, x, y);
    words(to, format, args);
    svg_end_text(to);
    va_end(args);
}

bool svg_is_dark(double share)
{
    return share > 0.72; /* both text colours have about the same contrast here */
}

const char *svg_on(double share)
{
    return svg_is_dark(share) ? "s m on" : "s m off";
}

void svg_named(struct buf *to, struct bytes name, size_t columns)
{
    struct buf clean = {0};
    bool cut = text_clean(&clean, name, columns);
    buf_text(to, "<tspan>");
    text_escape(to, (struct bytes){clean.at, clean.len});
    if (cut) {
        buf_text(to, "<title>");
        text_markup(to, name, WHOLE_NAME);
        buf_text(to, "</title>");
    }
    buf_text(to, "</tspan>");
    buf_release(&clean);
}

void svg_name(struct buf *to, const char *class, double x, double y, struct bytes name,
              size_t columns)
{
    svg_begin_text(to, class, x, y);
    svg_named(to, name, columns);
    svg_end_text(to);
}

void svg_begin_clip(struct buf *to, double x, double y, double w, double h)
{
    buf_format(to,
               "<svg x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
               "viewBox=\"%.1f %.1f %.1f %.1f\">\n",
               x, y, w, h, x, y, w, h);
}

void svg_end_clip(struct buf *to)
{
    buf_text(to, "</svg>\n");
}

void svg_nothing(struct buf *to, double x, double y, double w, double h)
{
    svg_dot(to, "count", x + w / 2, y + h / 2, 1, NULL);
}

void svg_shades(struct buf *to, double x, double y, double w, const char *low, const char *high)
{
    enum { STEPS = 8 };
    svg_text(to, "s q e", x - 6, y + 9, "%s", low);
    for (int i = 0; i < STEPS; i++)
        svg_shade(to, x + w * i / STEPS, y, w / STEPS, 11, (double)i / (STEPS - 1), NULL);
    svg_text(to, "s q", x + w + 6, y + 9, "%s", high);
}

void svg_file(struct buf *to, struct bytes svg)
{
    const char *head = memchr(svg.at, '\n', svg.len); /* after the <svg> tag, see svg_begin */
    size_t tag = (size_t)(head - svg.at);
    buf_text(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                 "<svg xmlns=\"http://www.w3.org/2000/svg\"");
    buf_append(to, svg.at + 4, tag - 4);
    buf_text(to, "\n<style>\n");
    buf_text(to, svg_style);
    buf_text(to, "</style>");
    buf_append(to, head, svg.len - tag);
}
