/* Appends pieces of SVG to a buffer.  All text is escaped.  Colours come from classes, so that
 * pages and files have the same style, for light, dark and paper. */
#ifndef VIZ_SVG_H
#define VIZ_SVG_H

#include <stdbool.h>

#include "base/buf.h"

/* The CSS of the classes.  A page has it once, and so has each file. */
extern const char svg_style[];

/* How wide pictures are: as wide as a small screen, so that text on it is as large as on paper.
 * Those that are drawn for wide pages too have a second width. */
enum { SVG_WIDTH = 420, SVG_WIDE = 960, SVG_MARGIN = 12 };

/* What is above a picture.  Each part may be NULL and takes as many lines as it needs. */
struct svg_head {
    const char *label; /* the whole in words, for readers that do not see it */
    const char *over;  /* small, above the title */
    const char *title;
    const char *says; /* below the title */
};

/* Opens <svg> with a head and room for a picture of that size below it.  The picture's y begins at
 * 0, below the head. */
void svg_begin(struct buf *to, double width, double height, struct svg_head head);
void svg_end(struct buf *to);

/* What is drawn between these two is `y` lower. */
void svg_begin_shift(struct buf *to, double y);
void svg_end_shift(struct buf *to);

/* Our own text of small size in lines of up to `width`; y is the baseline of the first.  Returns
 * the height of the lines.  `to` is NULL: only measures. */
double svg_note(struct buf *to, double x, double y, double width, const char *text);

void svg_line(struct buf *to, const char *class, double x1, double y1, double x2, double y2);

/* A rectangle; `hint` shows when the mouse points at it (NULL: nothing). */
void svg_rect(struct buf *to, const char *class, double x, double y, double w, double h,
              const char *hint);

/* The same in a shade of one hue, from a share of 0..1. */
void svg_shade(struct buf *to, double x, double y, double w, double h, double share,
               const char *hint);
void svg_dot(struct buf *to, const char *class, double x, double y, double r, const char *hint);

/* A shape of straight lines around x, y: its corners [corners, 2] are for a size of 1. */
void svg_shape(struct buf *to, const char *class, double x, double y, double size, const char *hint,
               const double (*corner)[2], size_t corners);

/* Our own text; y is its baseline.  Classes: "m" middle, "e" end at x; "q" quiet, "b" bold, "t"
 * title, "on"/"off": on a shade. */
void svg_text(struct buf *to, const char *class, double x, double y, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Columns of text of that class that fit into `width` with any usual font. */
size_t svg_columns(const char *class, double width);

/* Whether text on a shade has class "on" rather than "off"; the class of text in the middle of a
 * shade. */
bool svg_is_dark(double share);
const char *svg_on(double share);

/* A name from the data, cleaned and cut to columns.  If it is cut, the whole name shows when the
 * mouse points at it. */
void svg_name(struct buf *to, const char *class, double x, double y, struct bytes name,
              size_t columns);

/* A text of several pieces: our words, and names from the data, whose writing direction does not
 * affect the rest. */
void svg_begin_text(struct buf *to, const char *class, double x, double y);
void svg_words(struct buf *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
void svg_named(struct buf *to, struct bytes name, size_t columns);
void svg_end_text(struct buf *to);

/* Marks the place of a shade that has no value. */
void svg_nothing(struct buf *to, double x, double y, double w, double h);

/* Hides what is drawn between these two outside of the rectangle: fonts differ in how wide a name
 * is. */
void svg_begin_clip(struct buf *to, double x, double y, double w, double h);
void svg_end_clip(struct buf *to);

/* A legend of shades from `low` to `high` (their texts), `w` wide, at y. */
void svg_shades(struct buf *to, double x, double y, double w, const char *low, const char *high);

/* Appends a complete file with what svg_begin .. svg_end appended. */
void svg_file(struct buf *to, struct bytes svg);

#endif
