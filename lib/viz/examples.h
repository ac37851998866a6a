/* What pictures of examples share: single records, drawn by seed. */
#ifndef VIZ_EXAMPLES_H
#define VIZ_EXAMPLES_H

#include "viz/figure.h"

void examples_take(struct gathered *to, const struct figure *p, struct run_names *c,
                   const attended_vec *seen, const struct attention *a, bool goes_on);
bool examples_empty(const struct gathered *g);

/* An example and all of its weights, row by row, the newest first. */
typedef void example_visit(void *to, const struct figures *g, const struct figure *p,
                           const struct attention *a, const attended_vec *seen);

/* Visits the picture's examples in the order of the pass. */
void examples_each(const struct figures *g, const struct figure *p, example_visit *visit, void *to);

/* A picture of examples below each other: visit() with a struct example_drawn, first to measure,
 * then to draw; `says` stands below the title. */
enum { EXAMPLE_WIDTH = 960 };
struct example_drawn {
    struct buf *to; /* NULL: only measures */
    double y;       /* where the next one begins: visit() moves it on */
};
void examples_svg(const struct figures *g, const struct figure *p, example_visit *visit,
                  const char *says, struct buf *to);

/* The same on a terminal: visit() with a struct example_written. */
struct example_written {
    struct buf *to;
    const struct terminal *b;
};
void examples_text(const struct figures *g, const struct figure *p, const struct terminal *b,
                   example_visit *visit, struct buf *to);

/* The TSV of every form of examples: a line for each weight. */
void examples_tsv(const struct figures *g, const struct figure *p, struct buf *to);

/* The largest weight, at least 0. */
double examples_heaviest(const attended_vec *seen);

/* How long ago the attended session was, "24 h"; its hour of the week, "Mon 14 h"; nothing where
 * that is not known. */
void say_age(const struct run_names *c, const struct attended *s, struct buf *to);
void say_week(const struct run_names *c, const struct attended *s, struct buf *to);

/* How often the event's item stands in the training part; -1: not known. */
int64_t event_train(const struct run_names *c, const struct attended *s);

/* Puts the weights into `to` by their size, the largest first. */
void seen_rank(attended_vec *to, const attended_vec *seen);

/* "Session 7 of NAME" and our own words behind it. */
void example_heading(const struct figures *g, const struct attention *a, double y, struct buf *to,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same on a terminal. */
void example_line(const struct figures *g, const struct attention *a, struct buf *to);

/* As many items as fit, with dots between. */
void text_items(const struct run_names *c, const int32_t *items, int32_t n, size_t columns,
                struct buf *to);

/* The columns of text that fit `width`, in the small type of pictures. */
static inline size_t columns_in(double width)
{
    return width < 12 ? 2 : (size_t)(width / 5.6);
}

#endif
