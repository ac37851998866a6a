/* A run of a model from stream to stream, pass by pass: what training and prediction share.  It
 * reads batches, and writes ranks, lists, attention and what each pass came to. */
#ifndef TRAIN_PASS_RUN_H
#define TRAIN_PASS_RUN_H

#include "stream/item_support.h"
#include "stream/output.h"
#include "stream/record.h"
#include "train/attention_sample.h"
#include "train/epoch_log.h"
#include "train/model_file.h"
#include "train/options.h"

struct pass_run {
    const struct run_options *o;
    const char *program;
    struct buf options; /* as recorded, packed */
    struct output_options output;
    struct batches_in *in;
    struct output out;
    struct device *device;
    struct item_support support; /* of the stream's items */
    unsigned char *candidates;   /* the items of the output that are ranked; NULL: all */
    /* from the first epoch on */
    bool ready;
    struct model model;
    struct learner learner;
    struct attention_sample watch;
    struct attention_sample_to watched; /* where its records go */
    struct epoch_log log;
    bool in_pass;
    bool muted; /* the rest of a pass whose beginning went into another output */
};

/* Opens the input.  *o and the words of *output stay the caller's.  65, 66. */
int pass_run_open(struct pass_run *r, const char *program, const struct run_options *o,
                  struct operands files, const struct output_options *output, struct err *e);

/* What the output's header begins with, without this program; the caller releases it. */
void pass_run_header(const struct pass_run *r, struct meta *m);

/* Opens the output with that header.  73. */
int pass_run_output(struct pass_run *r, const struct meta *m, struct err *e);

/* What a model may know of the data: the header's, and what the stream has told of users and items.
 * 65: the header does not say all of it. */
int pass_run_data(const struct pass_run *r, struct model_data *data, struct err *e);

/* The name of the batches' scheme, for messages; NULL: not known. */
const char *pass_run_scheme(const struct pass_run *r, char *to, size_t room);

/* Learner and attention sample, of a model whose parameters have their values: ready from here. */
void pass_run_begin(struct pass_run *r, struct train_options *options);

/* The tally of the pass at hand. */
struct pass_stats *pass_run_stats(struct pass_run *r);

/* A pass begins; the one before has ended. */
int pass_run_begin_pass(struct pass_run *r, struct epoch epoch, struct err *e);

/* A pass has ended: writes its attention and its record.  1: training diverged in it. */
int pass_run_end_pass(struct pass_run *r, struct err *e);

/* Says what the pass came to; an epoch's line, once all its passes have ended. */
void pass_run_say_pass(struct pass_run *r, bool improved);
void pass_run_say_epoch(struct pass_run *r);

/* Says how far the pass is, where that is due. */
void pass_run_say_progress(const struct pass_run *r);

/* Writes what a batch came to; a user or an item. */
int pass_run_write(struct pass_run *r, const struct outcome *o, struct err *e);
int pass_run_write_named(struct pass_run *r, const struct batches_record *record, struct err *e);

/* Writes all that there is, the end excepted. */
int pass_run_drain(struct pass_run *r, struct err *e);

/* After a failure: the output's abort record. */
void pass_run_abort(struct pass_run *r, const struct err *why);
void pass_run_close(struct pass_run *r);

#endif
