/* A training run from stream to stream: it trains and tests, writes predictions, keeps the best
 * weights, writes checkpoints, and saves the model once at the end. */
#ifndef TRAIN_TRAIN_RUN_H
#define TRAIN_TRAIN_RUN_H

#include "train/best.h"
#include "train/checkpoint.h"
#include "train/clustering.h"
#include "train/pass_run.h"

struct train_run {
    struct pass_run pass;
    struct first_epoch ahead;     /* of the input: for clusters */
    struct clustering clustering; /* of users */
    struct checkpoint checkpoint;
    struct best best; /* from the first epoch on */
    bool stopped;     /* --stop-after: the rest is read alone */
    bool noted;       /* that the test part chooses was said */
    bool finished;    /* everything is done, and committed */
};

/* Opens input, checkpoint, output and device.  64, 65, 66, 69, 73, 75. */
int train_run_open(struct train_run *t, const char *program, const struct run_options *o,
                   struct operands files, const struct output_options *output, struct err *e);

/* Runs it to the end of the input, saves the model and ends the output.  1: training diverged, and
 * the best model until then is saved.  With checkpoints a signal ends it too (base/signals.h): then
 * the checkpoint is written, and the run is not `finished`. */
int train_run_all(struct train_run *t, struct err *e);

/* After a failure: the output's abort record; nothing is committed. */
void train_run_abort(struct train_run *t, const struct err *why);
void train_run_close(struct train_run *t);

#endif
