/* How models are told apart in pictures of scores: by colour and by the shape of marks, in bars by
 * their order.  Models count from 0; those from the ninth on have the colours again, with other
 * shapes and broken lines. */
#ifndef VIZ_SERIES_H
#define VIZ_SERIES_H

#include <stdbool.h>

#include "base/buf.h"

enum { SERIES_COLORS = 8 };

typedef VEC(struct bytes) series_names; /* of each model; memory of the caller */

/* `dotted` lines are of the training part. */
void series_line(struct buf *to, size_t model, bool dotted, double x1, double y1, double x2,
                 double y2);

/* `hollow` marks and bars are of too few targets to say much. */
void series_mark(struct buf *to, size_t model, bool hollow, double x, double y, double r,
                 const char *hint);
void series_bar(struct buf *to, size_t model, bool hollow, double x, double y, double w, double h,
                const char *hint);

/* The height of a legend, and the legend itself with its upper edge at y. */
double series_legend_height(const series_names *names);
void series_legend(struct buf *to, const series_names *names, double y);

/* A key of one model, an <svg> of its own, for the legend of a page. */
void series_key(struct buf *to, size_t model);

#endif
