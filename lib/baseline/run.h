/* A counting model over a stream: learns from the training part of split sessions and writes the
 * predictions of the others. */
#ifndef BASELINE_RUN_H
#define BASELINE_RUN_H

#include "baseline/answers.h"
#include "baseline/lists.h"
#include "stream/output.h"
#include "stream/item_support.h"

/* A user's sessions so far. */
struct counted_user {
    int32_t sessions;
    enum part last; /* of the last one */
};

/* {0}, then the first members filled in, before counting_run. */
struct counting {
    struct sessions_in *in;
    struct output *out; /* opened */
    struct baseline *baseline;
    int64_t top, threads; /* best items of each position; 0 threads: one a core */
    int64_t rank_among;   /* most supported items; 0: all */
    const char *mix_path; /* NULL: none */
    struct mix mix;
    struct answers answers;
    struct item_support support; /* of the items */
    VEC(struct counted_user) users;
    int64_t parts[4]; /* sessions of each part */
};

/* Runs from the first session to the last pass; the caller ends the output.  65: sessions that are
 * not split, or a user's training session behind one of test; with rank_among, items whose training
 * count the stream does not say; with mix_path, predictions of other data. */
int counting_run(struct counting *c, struct err *e);

/* Frees what the run made; the caller keeps in, out and baseline. */
void counting_release(struct counting *c);

#endif
