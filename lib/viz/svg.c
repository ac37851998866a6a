#include "viz/svg.h"

#include <stdarg.h>
#include <stdio.h>

#include "viz/text.h"

enum { WHOLE_NAME = 1000 /* columns of a name that is shown whole */ };

const char svg_style[] =
    "svg{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}\n"
    "svg text{fill:#1b1f24;unicode-bidi:isolate}svg .t{font-size:15px;font-weight:600}\n"
    "svg .b{font-weight:600}svg .q{fill:#57606a}svg .s{font-size:10.5px}\n"
    "svg .m{text-anchor:middle}svg .e{text-anchor:end}svg tspan{unicode-bidi:isolate}\n"
    "svg .bg{fill:#fff}svg .grid{stroke:#dfe3e8;stroke-width:1}svg .axis{stroke:#8c959f}\n"
    "svg .even{stroke:#b35900;stroke-width:1.5;stroke-dasharray:5 4}svg .evenword{fill:#9a4c00}\n"
    "svg .dot{fill:#0b4f9c}svg .hollow{fill:#fff;stroke:#0b4f9c;stroke-width:1.2}\n"
    "svg .error{stroke:#0b4f9c;stroke-width:1.2;stroke-opacity:.55}\n"
    "svg .whisker{stroke:#1b1f24;stroke-width:1.2;stroke-opacity:.7}\n"
    "svg .count{fill:#8c959f}svg .shade{fill:#0b4f9c}svg .cell{fill:none;stroke:#d0d7de}\n"
    "svg .on{fill:#fff}svg .off{fill:#1b1f24}svg .card{fill:#f6f8fa}\n"
    "svg .l0{stroke:#0b4f9c}svg .l1{stroke:#b35900}svg .l2{stroke:#007a5e}svg .l3{stroke:#a3407c}\n"
    "svg .l4{stroke:#4d4d4d}svg .l5{stroke:#2f8fcf}svg .l6{stroke:#8a6d00}svg .l7{stroke:#6a51a3}\n"
    "svg .f0{fill:#0b4f9c}svg .f1{fill:#b35900}svg .f2{fill:#007a5e}svg .f3{fill:#a3407c}\n"
    "svg .f4{fill:#4d4d4d}svg .f5{fill:#2f8fcf}svg .f6{fill:#8a6d00}svg .f7{fill:#6a51a3}\n"
    "svg .line{fill:none;stroke-width:2;stroke-linejoin:round}\n"
    "svg .faint{stroke-dasharray:2 4;stroke-linecap:round}\n"
    "@media screen and (prefers-color-scheme:dark){\n"
    "svg text{fill:#e6e9ec}svg .q{fill:#9aa4ae}svg .bg{fill:#14171a}svg .grid{stroke:#2b3137}\n"
    "svg .axis{stroke:#6a737d}svg .even{stroke:#f0a35e}svg .evenword{fill:#f0a35e}\n"
    "svg .dot{fill:#7cc4ff}svg .hollow{fill:#14171a;stroke:#7cc4ff}svg .error{stroke:#7cc4ff}\n"
    "svg .whisker{stroke:#e6e9ec}\n"
    "svg .count{fill:#6a737d}svg .shade{fill:#4f9fe0}svg .cell{stroke:#3a424a}\n"
    "svg .on{fill:#0b1116}svg .off{fill:#e6e9ec}svg .card{fill:#1c2126}\n"
    "svg .l0{stroke:#7cc4ff}svg .l1{stroke:#f0a35e}svg .l2{stroke:#4fd1ab}svg .l3{stroke:#f29ac8}\n"
    "svg .l4{stroke:#c4c9ce}svg .l5{stroke:#4f9fe0}svg .l6{stroke:#e0c341}svg .l7{stroke:#b5a3e8}\n"
    "svg .f0{fill:#7cc4ff}svg .f1{fill:#f0a35e}svg .f2{fill:#4fd1ab}svg .f3{fill:#f29ac8}\n"
    "svg .f4{fill:#c4c9ce}svg .f5{fill:#4f9fe0}svg .f6{fill:#e0c341}svg .f7{fill:#b5a3e8}}\n"
    "@media print{svg *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

static void attribute(struct buf *to, const char *text)
{
    text_escape(to, bytes_of(text));
}

void svg_begin(struct buf *to, double width, double height, const char *title)
{
    buf_format(to, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", width, height);
    attribute(to, title);
    buf_text(to, "\">\n");
    svg_rect(to, "bg", 0, 0, width, height, NULL);
    svg_text(to, "t", 12, 24, "%s", title);
}

void svg_end(struct buf *to)
{
    buf_text(to, "</svg>\n");
}

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
    svg_end(to);
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
