/* A training run from stream to stream: reads batches, trains and tests, writes predictions, keeps
 * the best weights and saves them once at the end.  With a model that is trained already it only
 * runs forward. */
#ifndef TRAIN_RUN_H
#define TRAIN_RUN_H

#include "train/checkpoint.h"
#include "train/clustering.h"
#include "train/options.h"
#include "train/saved_model.h"
#include "train/item_map.h"
#include "train/epoch_log.h"
#include "train/attention_sample.h"
#include "stream/output.h"
#include "stream/item_support.h"

struct training {
    const struct run_options *o;
    const char *program;
    struct saved_model *trained; /* NULL: the model is learned here */
    struct item_map vocabulary;  /* of `trained` */
    struct output_options output;
    struct batches_in *in;
    struct first_epoch ahead;     /* of it: for clusters */
    struct clustering clustering; /* of users */
    struct checkpoint checkpoint;
    struct item_support support; /* of the stream's items */
    unsigned char *candidates;   /* the items of the output that are ranked; NULL: all */
    struct output stage;
    struct device *device;
    struct model model; /* these four from the first epoch on */
    struct learner learner;
    struct best best;
    struct attention_sample watch;
    struct epoch_log report;
    bool learning; /* they are there */
    bool in_pass, stopped, noted;
    bool muted;         /* the rest of a pass whose beginning went into another output */
    bool finished;      /* everything is done, and committed */
    struct buf options; /* as recorded, packed */
};

/* Opens input, checkpoint, output and device.  `trained` (NULL: none) stays the caller's.  64, 65,
 * 66, 69, 73, 75. */
int training_open(struct training *t, const char *program, const struct run_options *o,
                  struct saved_model *trained, struct operands files,
                  const struct output_options *output, struct err *e);

/* Runs it to the end of the input, saves the model and ends the output.  1: training diverged, and
 * the best model until then is saved.  With checkpoints a signal ends it too (base/signals.h): the
 * checkpoint is written then, and the run is not `finished`. */
int training_run(struct training *t, struct err *e);

/* What the output's header begins with: without this program. */
void training_header(const struct training *t, struct meta *m);

/* After a failure: the output's abort record; nothing is committed. */
void training_abort(struct training *t, const struct err *why);
void training_close(struct training *t);

#endif
