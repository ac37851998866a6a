/* The scores of any number of runs as tables, TSV or JSON lines.
 *
 * Runs whose chains of programs differ by nothing but seeds are runs of one model.  A model has one
 * row, with mean and deviation over its runs. */
#ifndef EVAL_REPORT_H
#define EVAL_REPORT_H

#include "eval/compare.h"
#include "eval/model_name.h"
#include "eval/results.h"
#include "eval/scored_run.h"
#include "eval/table.h"

enum report_format { REPORT_TABLE, REPORT_TSV, REPORT_JSON };

struct report_model {
    struct model_name chain; /* of its first run */
    struct buf name;
    size_t runs;
    struct by_user by_user;       /* only with scoring.by_user */
    struct comparison comparison; /* with the first model, if the report compares */
};

struct report_run {
    size_t model;    /* index into the report's models */
    struct buf seed; /* of the last program with one; may be empty */
    i32_vec users;   /* each user's id among those of all runs, if the report compares */
    struct scored_run run;
};

struct report {
    enum report_format format;
    const struct scoring *how;
    const char *best_by; /* the criterion as the user wrote it */
    bool best_only;      /* show the best epochs only */
    bool break_down;     /* show tables of breakdowns for several models too */
    bool compare;        /* compare the others with the first model; needs scoring.by_user */
    size_t resamples;    /* draws of the bootstrap */
    uint64_t seed;
    int64_t among;           /* ranks of all runs are among so many most supported items; 0: all */
    char ranks[96];          /* "ranks among the 500 most supported items"; empty: among all */
    struct names users;      /* of all runs */
    VEC(const char *) names; /* that the user gave, for the first models */
    VEC(struct report_model) models;
    VEC(struct report_run) runs;
    struct names model_keys; /* of the models: model_name_key; ids are indices into models */
    struct table live;       /* the rows of the current run */
    struct results results;  /* of all runs, after report_end */
};

/* Before report_run_begin: sets how many items the ranks of the next run are among, as `among`.
 * 65: the ranks of the runs before are among another number, so that scores do not compare. */
int report_among(struct report *r, int64_t among, struct err *e);

/* Begins a run and takes over the chain.  The run belongs to the report and is valid until the next
 * begins.  Appends to `to` what can be shown at once; so does report_pass. */
struct scored_run *report_run_begin(struct report *r, struct model_name *chain, struct buf *to);

/* Adds the next user of the current run (ids count from 0).  Only comparisons need it. */
void report_user(struct report *r, struct bytes name);

/* After scored_run_pass: appends the row of the pass. */
void report_pass(struct report *r, struct buf *to);

/* After the last run: names the models, builds the results and compares.  64: more names than
 * models, or no second model to compare; 65: two models to compare have no user in common. */
int report_end(struct report *r, struct err *e);

/* After report_end: appends the name of the run, with its seed where its model has several runs. */
void report_run_name(const struct report *r, size_t run, struct buf *to);

/* The column that pictures draw: what the best epoch is chosen by, or the last recall. */
int report_shown_column(const struct report *r);

void report_release(struct report *r);

#endif
