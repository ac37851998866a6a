/* What figures of examples share.  An example is a single record, drawn by seed. */
#ifndef VIZ_EXAMPLES_H
#define VIZ_EXAMPLES_H

#include "viz/figure.h"

void examples_take(struct gathered *to, const struct figure *p, struct run_names *c,
                   const attended_vec *attended, const struct attention *a, bool goes_on);
bool examples_empty(const struct gathered *g);

/* A function for an example and all of its weights, row by row, the newest first. */
typedef void example_visit(void *to, const struct figures *g, const struct figure *p,
                           const struct attention *a, const attended_vec *attended);

/* Calls visit() for each of the figure's examples, in the order of the pass. */
void examples_each(const struct figures *g, const struct figure *p, example_visit *visit, void *to);

/* Draws the examples below each other.  Calls visit() with a struct example_drawn, first to
 * measure, then to draw.  `says` is the line below the title. */
struct example_drawn {
    struct buf *to; /* NULL: only measure */
    double width;   /* of the picture */
    double y;       /* where the next example begins; visit() moves it on */
};
void examples_svg(const struct figures *g, const struct figure *p, double width,
                  example_visit *visit, const char *says, struct buf *to);

/* The same for a terminal: calls visit() with a struct example_written. */
struct example_written {
    struct buf *to;
    const struct terminal *b;
};
void examples_text(const struct figures *g, const struct figure *p, const struct terminal *b,
                   example_visit *visit, struct buf *to);

/* The TSV of all forms of examples: a line for each weight. */
void examples_tsv(const struct figures *g, const struct figure *p, struct buf *to);

/* The largest weight, at least 0. */
double examples_heaviest(const attended_vec *attended);

/* Append how long ago the attended session was, "24 h" or "12 d", and its hour of the week, "Mon 14
 * h", or nothing if it is not known. */
void say_age(const struct run_names *c, const struct attended *s, struct buf *to);
void say_week(const struct run_names *c, const struct attended *s, struct buf *to);

/* How often the event's item is in the training part; -1: not known. */
int64_t event_train(const struct run_names *c, const struct attended *s);

/* Copies the weights into `to`, the largest first. */
void attended_by_weight(attended_vec *to, const attended_vec *attended);

/* "Session 7 of NAME" and the formatted text after it, in a picture of that width. */
void example_heading(const struct figures *g, const struct attention *a, double width, double y,
                     struct buf *to, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* "session 7 of NAME, position 3" for a terminal. */
void example_line(const struct figures *g, const struct attention *a, struct buf *to);

/* Appends as many items as fit, with dots between them. */
void text_items(const struct run_names *c, const int32_t *items, int32_t n, size_t columns,
                struct buf *to);

#endif
