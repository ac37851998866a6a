/* A prediction run from stream to stream: a saved model runs forward over all passes, and its ranks
 * in validation and test passes are written. */
#ifndef TRAIN_PREDICT_RUN_H
#define TRAIN_PREDICT_RUN_H

#include "train/clustering.h"
#include "train/counted.h"
#include "train/item_map.h"
#include "train/pass_run.h"
#include "train/saved_model.h"

struct predict_run {
    struct pass_run pass;
    struct saved_model *saved; /* owned by the caller */
    struct item_map map;       /* between its items and the stream's */
    struct counted counted;    /* with --index; its items have the ids of the output */
    i32_vec count;             /* [model's items] training events, else */
    struct clustering clustering;
    bool opened; /* the input, whose header that of the output needs */
};

/* Opens input, output and device.  65, 66, 69, 73; 64: there is no wide part for --index. */
int predict_run_open(struct predict_run *r, struct cli *cli, const char *program,
                     const struct run_options *o, struct saved_model *saved,
                     const struct output_options *output, struct err *e);

/* Runs to the end of the input and ends the output.  1: the weights give losses that are not
 * numbers. */
int predict_run_all(struct predict_run *r, struct err *e);

/* After a failure: writes an abort record to the output; no file takes its name. */
void predict_run_abort(struct predict_run *r, const struct err *why);
void predict_run_close(struct predict_run *r);

#endif
