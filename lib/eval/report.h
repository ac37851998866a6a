/* The scores of any number of runs as tables, TSV or JSON lines.
 *
 * Runs whose chains are the same but for the seeds are runs of one model and one row of the
 * comparison: their mean and deviation. */
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
    struct by_user by_user;       /* where scoring.by_user says so */
    struct comparison comparison; /* with the first model, where the report compares */
};

struct report_run {
    size_t model;    /* index into the report's models */
    struct buf seed; /* as the last program that has one was given; may be empty */
    i32_vec users;   /* each user's id among those of all runs, where they are compared */
    struct scored_run run;
};

struct report {
    enum report_format format;
    const struct scoring *how;
    const char *best_by; /* the criterion as the user wrote it */
    bool best_only;      /* no rows but those of the best epochs */
    bool break_down;     /* tables of the breakdowns for several models too, not for one alone */
    bool compare;        /* the other models with the first: takes scoring.by_user */
    size_t resamples;    /* for its bootstrap */
    uint64_t seed;
    int64_t among;           /* all runs rank among so many most supported items; 0: among all */
    char ranks[96];          /* "ranks among the 500 most supported items"; empty: among all */
    struct names users;      /* of all runs */
    VEC(const char *) names; /* given by the user, one a model in order of appearance */
    VEC(struct report_model) models;
    VEC(struct report_run) runs;
    struct names model_keys; /* what tells the models apart; ids are indices into models */
    struct table live;       /* the rows of the run that is going on */
    struct results results;  /* of all runs, after report_end */
};

/* Before report_run_begin: what the ranks of the run that begins are among, as `among`.  65: those
 * of the runs before are among others, so that their scores do not compare. */
int report_among(struct report *r, int64_t among, struct err *e);

/* Begins a run; the chain is taken over.  The run is the report's, valid until the next begins.
 * What has to be shown at once is appended to `to`, here and below. */
struct scored_run *report_run_begin(struct report *r, struct model_name *chain, struct buf *to);

/* The next user of the run in hand, ids from 0: only comparisons need to be told. */
void report_user(struct report *r, struct bytes name);

/* After scored_run_pass: shows the pass. */
void report_pass(struct report *r, struct buf *to);

/* After the last run's end: names the models, builds the results and compares.  64: more names than
 * models, nothing to compare; 65: what is compared has no user in common. */
int report_end(struct report *r, struct err *e);

/* After report_end: appends what the run is called, with its seed where its model has several. */
void report_run_name(const struct report *r, size_t run, struct buf *to);

/* The column that pictures draw: what the best epoch is chosen by, or the last recall. */
int report_shown_column(const struct report *r);

void report_release(struct report *r);

#endif
