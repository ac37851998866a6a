/* The options of programs that train: groups for the option table, and what they set. */
#ifndef TRAIN_OPTIONS_H
#define TRAIN_OPTIONS_H

#include "cli/cli.h"
#include "train/best.h"

struct learn_options {
    const char *model;
    struct model_options shape;
    const char *loss, *optimizer;
    double lr, momentum, weight_decay, clip;
    int64_t negatives; /* below 0: not given */
    double alpha;
    bool log_q;
    int64_t unroll;
    int64_t max_steps, stop_after, seed;
    const char *device, *precision;
    int64_t threads, workspace; /* workspace: MB */
    const char *save, *save_by, *init;
    const char *checkpoint, *resume;
    int64_t checkpoint_every; /* batches; 0: when a pass begins */
    int64_t top;
    int64_t rank_among;    /* most supported items; 0: all */
    const char *attention; /* a number, or "all" */
};

/* What the command line set; one set a program. */
const struct learn_options *learn_options(void);

/* Their groups for a program's `tables`: the model's; how it learns; the seed; what it
 * runs on; models read and written; what stands in the output beside ranks. */
const struct option *learn_model_table(void);
const struct option *learn_training_table(void);
const struct option *learn_seed_table(void);
const struct option *learn_device_table(void);
const struct option *learn_result_table(void);
const struct option *learn_lists_table(void);

/* Opens what --device chose, and says so where that was its own choice.  64, 69. */
int learn_device_open(const struct learn_options *o, struct device **d, struct err *e);

/* What --version adds. */
const char *learn_built_in(void);

/* Checks them together, and sets the loss where none was given.  64: the text says what is
 * possible.  73: --save is no place for a model.
 */
int learn_check(const struct learn_options *o, struct err *e);

/* The same where model and its options are those of a trained model's file. */
int learn_check_trained(const struct learn_options *o, const char *path, struct err *e);

int64_t learn_attention(const struct learn_options *o); /* sessions a test; -1: all; -2: neither */

struct train_options learn_train_options(const struct learn_options *o);

#endif
