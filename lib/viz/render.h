/* From a stream of passes to what is shown of it: one pass of each run, drawn when the run ends. */
#ifndef VIZ_RENDER_H
#define VIZ_RENDER_H

#include "base/err.h"
#include "viz/terminal.h"
#include "viz/page.h"

enum render_form { RENDER_NONE, RENDER_TSV, RENDER_TEXT, RENDER_HTML };

struct render {
    /* How to show it: set before the first run. */
    enum render_form form;
    const char *folder;       /* of SVG files; NULL: none */
    struct terminal terminal; /* for RENDER_TEXT */
    int64_t examples;         /* sessions drawn one by one */
    uint64_t seed;            /* which ones */
    int64_t epoch;            /* the one to show; 0: the best; -1: the last */

    struct page page;         /* the names of its runs and columns are the caller's to fill in */
    struct run_names names;   /* of the run in hand */
    struct figures now, kept; /* the pass in hand; the one to show */
    double kept_merit;
    struct buf rows; /* TSV or text of the runs that have ended */
};

/* A run begins; its chain and its cast are the caller's to fill in. */
struct page_run *render_begin_run(struct render *x);
void render_begin_pass(struct render *x, struct epoch epoch);

/* The pass has ended, with this score.  `leads`: it is the best of the run's test passes up to
 * here; `merit`: by which validation passes are compared. */
void render_end_pass(struct render *x, struct curve_pass score, bool leads, double merit);

/* The run has ended; its pass number `best` is the best one, as chosen on that part. */
void render_end_run(struct render *x, size_t best, enum part selected_on);

/* All runs have ended: appends what was asked for to `to`, and writes the files of the folder,
 * which is made if it is missing.  65: there is no attention to show, and nothing else was asked
 * for than to show it; 73, 74: a file cannot be created or written. */
int render_end(struct render *x, struct buf *to, struct err *e);

/* Whether anything was drawn. */
bool render_has_figures(const struct render *x);
void render_release(struct render *x);

#endif
