/* One page that holds everything and needs nothing: scores, learning curve, pictures, and how the
 * stream was made.  No scripts, nothing to load, light and dark, screen and paper. */
#ifndef VIZ_PAGE_H
#define VIZ_PAGE_H

#include "viz/figures.h"
#include "viz/score_curve.h"

/* A picture drawn. */
struct drawing {
    size_t run;
    const struct figure *figure;
    struct buf svg;
};

/* What the page says of a run beside its scores and pictures. */
struct page_run {
    struct buf chain; /* of programs, as markup */
    int program;      /* programs in it */
    struct level_count level[LEVELS];
    int64_t epoch; /* whose pictures are shown */
    enum part part;
    size_t begin, end;     /* its drawings */
    enum part selected_on; /* the part that chose the best epoch */
};

struct page {
    struct score_curve results;
    VEC(struct page_run) runs; /* as many as the results have */
    VEC(struct drawing) drawings;
    VEC(struct buf) breakdowns; /* of the scores, SVG each; the page frees them */
    const char *selected_by;    /* what the best epochs were chosen by: "recall@20" */
    const char *maker;          /* program and version */
};

/* Adds to the run's chain: a program (an empty option, its name as value) or one of its options. */
void page_chain(struct page_run *r, struct bytes option, struct bytes value);

/* Draws all of a run's pictures that have gathered something. */
void page_draw(struct page *p, size_t run, const struct figures *g);

void page_write(const struct page *p, struct buf *to);
void page_release(struct page *p);

#endif
