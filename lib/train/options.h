/* Options of the programs that run models: their option rows, and the struct with the values. */
#ifndef TRAIN_OPTIONS_H
#define TRAIN_OPTIONS_H

#include "cli/cli.h"
#include "nn/ranks.h"
#include "train/best.h"

struct run_options {
    const char *model; /* its name; run_check sets the next two */
    const struct model_class *class;
    const struct model_options *shape; /* not owned */
    const char *loss, *optimizer;
    double lr, momentum, weight_decay, clip;
    int64_t warm_up;      /* updates */
    const char *lr_decay; /* "none", "cosine" */
    int64_t negatives;    /* below 0: the option is not given */
    double alpha;
    const char *negatives_from; /* "all", "batch" */
    bool log_q;
    bool spare_history; /* items that a user has had are no negatives for them */
    int64_t max_steps, stop_after, seed;
    const char *device, *precision;
    int64_t threads, workspace; /* workspace: MB */
    int64_t memory;             /* bytes for events */
    const char *stop_by;        /* "recall@20", "loss" */
    const char *save, *card, *save_by, *init;
    const char *init_some; /* the weights in it that fit */
    const char *freeze;    /* what does not learn (model_freeze); NULL: nothing */
    const char *checkpoint, *resume;
    int64_t checkpoint_every; /* batches; 0: only when a pass begins */
    int64_t top;
    int64_t rank_among;         /* number of most supported items; 0: all */
    const char *attention;      /* a number, or "all" */
    bool no_index;              /* the model file holds no index */
    const char *index;          /* sessions that a wide part counts in; NULL: those of the stream */
    double explore;             /* items new to the user count as so many times as likely */
    const i64_vec *dwell_edges; /* of a saved model's contexts; NULL: those of the stream */
    bool online;                /* tests see all sessions that have ended, of all parts */
};

extern const struct run_options run_defaults;

/* Option rows for a program's `tables`, with values in one struct run_options. */
struct run_rows {
    struct option *model; /* its name */
    struct option *training, *seed, *device, *input;
    struct option *result; /* files read and written */
    struct option *lists;  /* what the output holds besides ranks */
};
void run_rows_open(struct run_rows *r, struct run_options *o);
void run_rows_release(struct run_rows *r);

/* The options of each model of the registry, for a program's `groups`; --model chooses one. */
struct model_choice {
    struct option_group *groups;
    struct option **rows, **defaults; /* of each model; defaults: of its training options */
    struct model_options **values;
    struct run_options *own; /* the default values of each model's training options */
};
void model_choice_open(struct model_choice *c);
const struct model_options *model_choice_of(const struct model_choice *c,
                                            const struct model_class *class);
void model_choice_release(struct model_choice *c);

/* Opens the device of --device, and with "auto" tells which it is.  64, 69. */
int run_device_open(struct cli *cli, const struct run_options *o, struct device **d, struct err *e);

/* Opens it on the other ranks too (NULL: there are none), after that.  69. */
int run_shards_open(struct cli *cli, const struct run_options *o, struct rank_group *ranks,
                    struct device *d, struct err *e);

/* Appends what --version adds. */
void run_built_in(struct buf *to);

/* Checks how options fit together, finds the model's class and options, and sets the model's
 * default loss.  64: the message says what is possible.  73: --save cannot be written. */
int run_check(const struct cli *cli, struct run_options *o, const struct model_choice *choice,
              struct err *e);

/* 64: two of the files that trainer writes are one, though their names may differ, or one that it
 * keeps is among the inputs, NULL after the last; output: of the predictions, NULL: stdout. */
int run_check_outputs(const struct run_options *o, const char *output, const char *const *inputs,
                      struct err *e);

/* As run_check, where class and options are from the file of a saved model. */
int run_check_saved(const struct run_options *o, const char *path, struct err *e);

int64_t run_attention(const struct run_options *o); /* sessions of a pass; -1: all; -2: bad value */

struct train_options run_train_options(const struct run_options *o);

/* Whether network and wide part learn by turns (train/stacking.h): of a network with a wide part,
 * of which --freeze names neither. */
bool run_takes_turns(const struct run_options *o);

#endif
