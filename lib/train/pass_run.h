/* A run of a model from stream to stream, pass by pass, shared by training and prediction.  It
 * reads batches, and writes ranks, lists, attention records and the results of each pass. */
#ifndef TRAIN_PASS_RUN_H
#define TRAIN_PASS_RUN_H

#include "data/days.h"
#include "data/repeats.h"
#include "data/schedule_in.h"
#include "index/evidence_ahead.h"
#include "stream/item_support.h"
#include "stream/output.h"
#include "stream/record.h"
#include "train/attention_sample.h"
#include "train/device_store.h"
#include "train/epoch_log.h"
#include "train/model_file.h"
#include "train/options.h"
#include "train/run_contexts.h"
#include "train/run_intent.h"

struct pass_run {
    struct cli *cli;
    const struct run_options *o;
    const char *program;
    struct buf options; /* for the header, packed */
    struct output_options output;
    struct schedule_in in;
    struct run_contexts contexts;
    struct run_intent intent;
    struct output out;
    struct device *device;
    struct device_store stored;  /* the sessions on it */
    struct item_support support; /* of the stream's items */
    int64_t epochs;              /* that the header promises; 0: not known */
    int64_t first, last;         /* over these passes the learning rate falls; last 0: not known */
    size_t training;             /* sessions of a training pass */
    unsigned char *learned_from; /* the training sessions that these have; NULL: all */
    unsigned char *candidates;   /* items of the output among which targets are ranked; NULL: all */
    /* set from the first epoch on */
    bool ready;
    struct model model;
    struct learner learner;
    struct repeats repeats; /* of the stream's events */
    struct days days;
    VEC(unsigned char) seen; /* of the ranks being written */
    i32_vec day;             /* the same */
    struct attention_sample sample;
    /* For models with a wide part: what is counted, in the training sessions, and with --online
     * for tests in all sessions; what it says of the current batch. */
    struct counts {
        struct session_index index;
        struct evidence_maker maker;
    } learned, ended;
    const struct session_index *given; /* what is counted in tests instead; NULL: none is */
    struct evidence said;
    struct evidence_ahead ahead; /* and of the next one */
    struct step_positions {
        i32_vec picked, seen;
    } positions; /* of steps of slots, as struct evidence_wanted has them */
    struct attention_sample_to attention_to; /* writes attention records */
    struct epoch_log log;
    bool in_pass;
    bool muted; /* write nothing of this pass: an earlier output has its beginning */
};

/* Opens the operands as input.  *o and the texts of *output belong to the caller.  65, 66. */
int pass_run_open(struct pass_run *r, struct cli *cli, const char *program,
                  const struct run_options *o, const struct output_options *output, struct err *e);

/* The output's header without this program in its pipeline; the caller releases it. */
void pass_run_header(const struct pass_run *r, struct meta *m);

/* Opens the output with that header.  73. */
int pass_run_output(struct pass_run *r, const struct meta *m, struct err *e);

/* What a model may know of the data, from the header, the sessions, and the users and items read so
 * far. */
void pass_run_data(struct pass_run *r, struct model_data *data);

/* Opens learner and attention sample, once the model's parameters have their values; sets `ready`.
 */
void pass_run_begin(struct pass_run *r, struct train_options *options);

/* A pass begins; the one before has ended.  Before a test the model takes in all earlier sessions,
 * so that its figures are those of the weights under test. */
int pass_run_begin_pass(struct pass_run *r, struct epoch epoch, struct err *e);

/* Counts the sessions of a training pass, but for those that are left out (NULL: none), and where
 * it has slots for those of one event, which are in none. */
void pass_run_count(struct pass_run *r, const unsigned char *left_out);

/* Says how far the training run is, before a training batch. */
void pass_run_set_done(struct pass_run *r);

/* Gives the batch its evidence, if the model reads it. */
void pass_run_evidence(struct pass_run *r, struct schedule_record *record);

/* A pass has ended: writes its attention records and its own record.  1: training diverged in it.
 */
int pass_run_end_pass(struct pass_run *r, struct err *e);

/* Reports the results of the pass; the line of the epoch, once all its passes have ended. */
void pass_run_say_pass(struct pass_run *r, bool improved);
void pass_run_say_epoch(struct pass_run *r);

/* Reports how far the pass is, if a report is due. */
void pass_run_say_progress(const struct pass_run *r);

/* The evidence of positions of training sessions, and for the next call what it will ask for: made
 * meanwhile, where there are threads for it.  Valid until the call after the next one. */
struct evidence pass_run_evidence_of(struct pass_run *r, const struct evidence_wanted *wanted);
void pass_run_evidence_ask(struct pass_run *r, const struct evidence_wanted *next);

/* Write the outcome of a batch, in the stream's ids; a user or an item. */
int pass_run_write(struct pass_run *r, const struct outcome *o, struct err *e);
int pass_run_write_named(struct pass_run *r, const struct schedule_record *record, struct err *e);

/* Writes all buffered output, without the end record. */
int pass_run_drain(struct pass_run *r, struct err *e);

/* After a failure: writes an abort record to the output. */
void pass_run_abort(struct pass_run *r, const struct err *why);
void pass_run_close(struct pass_run *r);

#endif
