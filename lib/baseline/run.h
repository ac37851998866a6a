/* A counting model over a stream: learns from the training part of split sessions and writes the
 * predictions of the others. */
#ifndef BASELINE_RUN_H
#define BASELINE_RUN_H

#include "baseline/answers.h"
#include "baseline/lists.h"
#include "stream/output.h"
#include "stream/item_support.h"

/* {0}, then the first members filled in, before counting_run. */
struct counting {
    struct cli *cli;
    struct sessions_in *in;
    struct output *out; /* opened */
    struct baseline *baseline;
    int64_t top, threads; /* best items of each position; 0 threads: one a core */
    int64_t rank_among;   /* most supported items; 0: all */
    int64_t memory;       /* bytes for events, the rest goes to a temporary file; 0: no limit */
    const char *mix_path; /* NULL: none */
    struct mix mix;
    struct session_store store; /* all sessions */
    struct answers answers;
    struct item_support support; /* of the items */
};

/* Runs from the first session to the last pass; the caller ends the output.  65: as
 * session_store_take; with rank_among, items whose training count the stream does not say; with
 * mix_path, predictions of other data.  73, 74: the temporary file. */
int counting_run(struct counting *c, struct err *e);

/* Frees what the run made; the caller keeps in and out, and frees baseline before. */
void counting_release(struct counting *c);

#endif
