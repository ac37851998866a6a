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
#include "eval/targets.h"

typedef VEC(const char *) word_vec; /* memory of the caller */

enum report_format { REPORT_TABLE, REPORT_TSV, REPORT_JSON };

struct report_model {
    struct model_name chain; /* of its first run */
    struct buf name;
    size_t runs;
    struct by_user by_user; /* only if the report compares */
};

#define REPORT_STDIN "standard input"

/* Where a run comes from. */
struct run_source {
    const char *file; /* or REPORT_STDIN; valid as long as the report */
    bool base;        /* it is in a file that the others are compared with */
    bool text;        /* it names only the users and items that it has ranks of, and no sessions */
};

struct report_run {
    size_t model; /* index into the report's models */
    struct run_source from;
    struct buf seed;                       /* of the last program with one; may be empty */
    struct buf seeds;                      /* of all programs, as model_name_seeds */
    i32_vec users, items;                  /* each one's id among those of all runs */
    struct targets targets[PART_TEST + 1]; /* of the last pass of each part */
    enum part part;                        /* of the current pass */
    struct scored_run run;
};

/* A model compared with another one. */
struct report_comparison {
    size_t model, base; /* indices into the report's models */
    size_t family;      /* models that are compared with the base */
    struct comparison numbers;
};

struct report {
    enum report_format format;
    const struct scoring *how;
    const char *best_by; /* the criterion as the user wrote it */
    bool best_only;      /* show the best epochs only */
    bool break_down;     /* show tables of breakdowns for several models too */
    bool users_only;     /* a line for each user and nothing else; needs scoring.by_user */
    bool compare;        /* compare other models with the bases; needs scoring.by_user */
    size_t resamples;    /* draws of the bootstrap */
    uint64_t seed;
    int64_t among;  /* ranks of all runs are among so many most supported items; 0: all */
    char ranks[96]; /* "ranks among the 500 most supported items"; empty: among all */
    struct names users, items; /* of all runs */
    word_vec names;            /* that the user gave, for the first models */
    VEC(struct report_model) models;
    VEC(struct report_run) runs;
    VEC(size_t) bases;                         /* indices into models */
    VEC(struct report_comparison) comparisons; /* base by base */
    struct names model_keys; /* of the models: model_name_key; ids are indices into models */
    struct table live;       /* the rows of the current run */
    struct results results;  /* of all runs, after report_end */
};

/* Before report_run_begin: sets how many items the ranks of the next run are among, as `among`.
 * 65: the ranks of the runs before are among another number, so that scores do not compare. */
int report_among(struct report *r, int64_t among, struct err *e);

/* Begins a run and takes over the chain.  Appends to `to` what can be shown at once; so does
 * report_pass.  65: the model has a run of the same seeds already: a mean would count it twice. */
int report_run_begin(struct report *r, struct model_name *chain, const struct run_source *from,
                     struct buf *to, struct err *e);

/* The current run; valid until the next begins. */
struct report_run *report_run_now(struct report *r);

/* Add the next user or item of the current run (ids count from 0). */
void report_user(struct report *r, struct bytes name);
void report_item(struct report *r, struct bytes name);

/* Begins a pass, and adds ranks to it. */
void report_epoch(struct report *r, struct epoch epoch);
void report_ranks(struct report *r, const struct ranks *k);

/* After scored_run_pass: appends the row of the pass. */
void report_pass(struct report *r, struct buf *to);

/* Ends the current run.  65: nothing to score; another run of the model has other targets, so that
 * a mean says nothing; the run is compared and is of another data set, part or split than the first
 * base. */
int report_run_end(struct report *r, struct err *e);

/* After the last run: names the models, builds the results and compares.  64: more names than
 * models, or no second model to compare; 65: two models to compare have no user in common. */
int report_end(struct report *r, struct err *e);

/* After report_end: the file of the run that is best on validation; of equals the first.  64: the
 * run has no file; 65: no run has a validation pass, or they have not the same targets. */
int report_pick(const struct report *r, const char **file, struct err *e);

/* After report_end: appends the name of the run, with its seed where its model has several runs. */
void report_run_name(const struct report *r, size_t run, struct buf *to);

/* The column that pictures draw: what the best epoch is chosen by, or the last recall. */
int report_shown_column(const struct report *r);

void report_release(struct report *r);

#endif
