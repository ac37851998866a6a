/* A training run from stream to stream: it trains and tests, writes predictions, keeps the best
 * weights, writes checkpoints, and saves the model once at the end. */
#ifndef TRAIN_TRAIN_RUN_H
#define TRAIN_TRAIN_RUN_H

#include "train/best.h"
#include "train/card.h"
#include "train/checkpoint.h"
#include "train/clustering.h"
#include "train/pass_run.h"
#include "train/stacking.h"
#include "train/teacher.h"
#include "train/user_items.h"

struct train_run {
    struct rank_group *ranks; /* over which the items are spread; NULL: this is the only process */
    struct pass_run pass;
    struct clustering clustering; /* clusters of users */
    struct user_items had;        /* of --spare-history */
    struct teacher teacher;       /* of --teacher */
    struct stacking stacking;     /* of a network with a wide part */
    struct checkpoint checkpoint;
    struct best best; /* set from the first epoch on */
    struct card card;
    bool stopped;  /* by --stop-after: the rest of the input is read but not used */
    bool closing;  /* a pass has ended, and what is done then is not done yet */
    bool noted;    /* the user was told that the test part selects the best epoch */
    bool finished; /* all outputs are complete */
};

/* Opens input, checkpoint, output and device.  ranks: of the processes that mpirun has started,
 * this one being rank 0; the others serve (nn/shards.h).  NULL: there are none.  64, 65, 66, 69,
 * 73, 75. */
int train_run_open(struct train_run *t, struct cli *cli, const char *program,
                   const struct run_options *o, const struct output_options *output,
                   struct rank_group *ranks, struct err *e);

/* Runs to the end of the input, saves the model and ends the output.  1: training diverged; the
 * best model so far is saved.  With checkpoints, a signal ends the run too (base/signals.h): it
 * writes a checkpoint and is not `finished`. */
int train_run_all(struct train_run *t, struct err *e);

/* After a failure: writes an abort record to the output; no file takes its name. */
void train_run_abort(struct train_run *t, const struct err *why);
void train_run_close(struct train_run *t);

#endif
