/* A page with scores, learning curve, figures, and how the streams were made.  It has no scripts
 * and loads nothing; it has light and dark colours, and a layout for paper. */
#ifndef VIZ_PAGE_H
#define VIZ_PAGE_H

#include "viz/figures.h"
#include "viz/score_curve.h"

/* A figure, drawn. */
struct drawing {
    size_t run;
    const struct figure *figure;
    struct buf svg;    /* as wide as a page, if the figure has such a form */
    struct buf narrow; /* else empty; as wide as a small screen */
};

/* What the page says about a run beside scores and figures. */
struct page_run {
    struct buf chain; /* of programs and options, as markup */
    int program;      /* how many programs it has */
    struct level_count level[LEVELS];
    int64_t epoch; /* whose figures are shown */
    enum part part;
    size_t begin, end; /* its drawings */
};

struct page {
    struct score_curve curve; /* its runs are those of `runs` */
    VEC(struct page_run) runs;
    VEC(struct drawing) drawings;
    VEC(struct buf) breakdowns; /* of the scores, SVG each; the page frees them */
    const char *selected_by;    /* the score that chose the best epochs: "recall@20" */
    const char *log;            /* the name of the log that the runs are of; NULL: not given */
    const char *maker;          /* program and version */
};

/* Adds a program (an empty option with the program's name as value) or one of its options. */
void page_chain(struct page_run *r, struct bytes option, struct bytes value);

/* Draws those figures of the run that are not empty. */
void page_draw(struct page *p, size_t run, const struct figures *g);

void page_write(const struct page *p, struct buf *to);
void page_release(struct page *p);

#endif
