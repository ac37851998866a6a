/* The options of programs that run models: rows for their tables, and what they set. */
#ifndef TRAIN_OPTIONS_H
#define TRAIN_OPTIONS_H

#include "cli/cli.h"
#include "train/best.h"

struct run_options {
    const char *model; /* its name; run_check finds the next two */
    const struct model_class *class;
    const struct model_options *shape; /* not owned */
    const char *loss, *optimizer;
    double lr, momentum, weight_decay, clip;
    int64_t negatives; /* below 0: not given */
    double alpha;
    bool log_q;
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

extern const struct run_options run_defaults;

/* Rows whose values are members of struct run_options: the model's name; how it learns; the seed;
 * what it runs on; models read and written; what the output holds beside ranks. */
extern const struct option run_model_rows[], run_training_rows[], run_seed_rows[],
    run_device_rows[], run_result_rows[], run_lists_rows[];

/* The rows for a program's `tables`, their values in *o.  The caller frees them with mem_free. */
const struct option *run_bind(const struct option *rows, struct run_options *o);

/* Options of each model of the registry, for a program's `groups`; `model` chooses. */
struct model_choice {
    struct option_group *groups;
    struct option **rows;
    struct model_options **values;
};
void model_choice_open(struct model_choice *c);
const struct model_options *model_choice_of(const struct model_choice *c,
                                            const struct model_class *class);
void model_choice_release(struct model_choice *c);

/* Opens what --device chose, and says so where that was its own choice.  64, 69. */
int run_device_open(const struct run_options *o, struct device **d, struct err *e);

/* What --version adds. */
const char *run_built_in(void);

/* Checks them together, finds the model's class and options, and sets the loss where none was
 * given.  64: the text says what is possible.  73: --save is no place for a model. */
int run_check(struct run_options *o, const struct model_choice *choice, struct err *e);

/* The same where class and options are those of a saved model's file. */
int run_check_saved(const struct run_options *o, const char *path, struct err *e);

int64_t run_attention(const struct run_options *o); /* sessions a test; -1: all; -2: neither */

struct train_options run_train_options(const struct run_options *o);

#endif
