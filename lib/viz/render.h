/* Shows the attention of one pass of each run.  Draws it when the run ends. */
#ifndef VIZ_RENDER_H
#define VIZ_RENDER_H

#include "base/err.h"
#include "viz/terminal.h"
#include "viz/page.h"

enum render_form { RENDER_NONE, RENDER_TSV, RENDER_TEXT, RENDER_HTML };

struct render {
    /* What to show and how: set before the first run. */
    enum render_form form;
    const char *folder;       /* of SVG files; NULL: none */
    struct terminal terminal; /* for RENDER_TEXT */
    int64_t examples;         /* how many examples of each level */
    uint64_t seed;            /* of the choice of examples */
    int64_t epoch;            /* the one to show; 0: the best; -1: the last */

    struct page page;         /* the caller fills in names of runs and columns */
    struct run_names names;   /* of the current run */
    struct figures now, kept; /* the current pass; the one to show */
    double kept_merit;
    const struct criterion *criterion; /* that chooses the best epochs */
    struct buf rows;                   /* TSV or text of the runs that have ended */
};

/* Begins a run; the caller fills in its chain and its names. */
struct page_run *render_begin_run(struct render *x);
void render_begin_pass(struct render *x, struct epoch epoch);

/* Ends the pass, with its score.  `leads`: it is the best test pass of the run up to here; `merit`
 * compares validation passes. */
void render_end_pass(struct render *x, struct curve_pass score, bool leads, double merit);

/* Ends the run.  Its pass number `best` (from 0) is the best one, chosen on that part. */
void render_end_run(struct render *x, size_t best, enum part selected_on);

/* After the last run: appends the output to `to` and writes the files of the folder, which it makes
 * if it is missing.  65: there is no attention to show and no page to write; 73, 74: a file cannot
 * be created or written. */
int render_end(struct render *x, struct buf *to, struct err *e);

/* Whether anything was drawn. */
bool render_has_figures(const struct render *x);
void render_release(struct render *x);

#endif
