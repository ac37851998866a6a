/* Pieces of SVG, appended to a buffer; all text in it is escaped.  Colours come from classes, so
 * that a page and a file bring the same style, for light, dark and paper. */
#ifndef VIZ_SVG_H
#define VIZ_SVG_H

#include <stdbool.h>

#include "base/buf.h"

/* Rules for the classes that pictures use; the page holds it once, a file of its own each. */
extern const char svg_style[];

/* Opens <svg>, with the title in it as its name and its first line. */
void svg_begin(struct buf *to, double width, double height, const char *title);
void svg_end(struct buf *to);

void svg_line(struct buf *to, const char *class, double x1, double y1, double x2, double y2);

/* A rectangle that says `hint` when pointed at (NULL: nothing). */
void svg_rect(struct buf *to, const char *class, double x, double y, double w, double h,
              const char *hint);

/* The same, shaded by a share of 0..1 on a scale of one hue. */
void svg_shade(struct buf *to, double x, double y, double w, double h, double share,
               const char *hint);
void svg_dot(struct buf *to, const char *class, double x, double y, double r, const char *hint);

/* Our own words at a baseline.  Classes: "m" middle, "e" end at x; "q" quiet, "b" bold, "t" title,
 * "on"/"off": on a shade. */
void svg_text(struct buf *to, const char *class, double x, double y, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Whether text on a shade has to be of class "on" rather than "off"; such a class for text in the
 * middle of it. */
bool svg_is_dark(double share);
const char *svg_on(double share);

/* A foreign name, cleaned and cut to columns; where it is cut, the whole shows when pointed at. */
void svg_name(struct buf *to, const char *class, double x, double y, struct bytes name,
              size_t columns);

/* A text of several pieces: our words, and foreign names that keep their direction to themselves.
 */
void svg_begin_text(struct buf *to, const char *class, double x, double y);
void svg_words(struct buf *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
void svg_named(struct buf *to, struct bytes name, size_t columns);
void svg_end_text(struct buf *to);

/* A place for a shade where there is nothing to show. */
void svg_nothing(struct buf *to, double x, double y, double w, double h);

/* What is drawn between shows within this rectangle alone: a name is as wide as its font makes it.
 */
void svg_begin_clip(struct buf *to, double x, double y, double w, double h);
void svg_end_clip(struct buf *to);

/* A legend of shades from `low` to `high` (their texts), `w` wide, at y. */
void svg_shades(struct buf *to, double x, double y, double w, const char *low, const char *high);

/* A file of its own from what svg_begin .. svg_end appended. */
void svg_file(struct buf *to, struct bytes svg);

#endif
