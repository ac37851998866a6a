/* Runs of a few targets for the tests of reports.  Users and items have names of one letter. */
#ifndef TESTS_EVAL_SMALL_RUNS_H
#define TESTS_EVAL_SMALL_RUNS_H

#include "eval/report.h"

struct small_run {
    const char *model, *size, *seed; /* options of its program; size NULL: it has no such option */
    struct run_source from;
    const char *users, *items; /* NULL: "ab" and "xyz" */
    const char *validation;    /* targets, each its user, its item and a rank from 1 to 9 */
    const char *test;          /* "ax1 by3"; NULL: there is no such pass */
};

static const struct scoring small_scoring = {.cuts = {.count = 1, .at = {1}},
                                             .criterion = {.measure = MEASURE_RECALL, .at = 1}};

/* Recall and MRR at 1. */
static inline struct report small_report(const struct scoring *how)
{
    return (struct report){.format = REPORT_TSV,
                           .how = how ? how : &small_scoring,
                           .best_by = "recall@1",
                           .resamples = 10};
}

static inline struct model_name small_chain(const struct small_run *s)
{
    struct model_name chain = {0};
    model_name_add(&chain, 0, bytes_of(""), bytes_of("trainer"));
    model_name_add(&chain, 0, bytes_of("model"), bytes_of(s->model));
    if (s->size)
        model_name_add(&chain, 0, bytes_of("size"), bytes_of(s->size));
    model_name_add(&chain, 0, bytes_of("seed"), bytes_of(s->seed));
    return chain;
}

/* A pass of targets, each with a loss of 1; their positions count from 0. */
static inline int small_pass(struct report *r, const struct small_run *s, enum part part,
                             const char *targets, struct buf *to, struct err *e)
{
    const char *users = s->users ? s->users : "ab", *items = s->items ? s->items : "xyz";
    struct scored_run *run = &report_run_now(r)->run;
    struct pass pass = {.epoch = {1, part}, .loss = 1};
    report_epoch(r, pass.epoch);
    for (const char *t = targets; *t; t += t[3] ? 4 : 3) {
        int32_t user = (int32_t)(strchr(users, t[0]) - users);
        int32_t item = (int32_t)(strchr(items, t[1]) - items);
        int32_t position = (int32_t)pass.events++, rank = t[2] - '0';
        float loss = 1;
        struct ranks k = {.user = {&user, 1},
                          .position = {&position, 1},
                          .target = {&item, 1},
                          .rank = {&rank, 1},
                          .loss = {&loss, 1}};
        report_ranks(r, &k);
        scored_run_ranks(run, &k);
    }
    if (scored_run_pass(run, &pass, e))
        return e->status;
    report_pass(r, to);
    return 0;
}

/* Adds the run; what can be shown at once goes to `to`.  The status of the step that fails. */
static inline int small_run(struct report *r, struct small_run s, struct buf *to, struct err *e)
{
    struct model_name chain = small_chain(&s);
    if (report_run_begin(r, &chain, &s.from, to, e))
        return e->status;
    for (const char *name = s.users ? s.users : "ab"; *name; name++)
        report_user(r, (struct bytes){name, 1});
    for (const char *name = s.items ? s.items : "xyz"; *name; name++)
        report_item(r, (struct bytes){name, 1});
    if ((s.validation && small_pass(r, &s, PART_VALIDATION, s.validation, to, e)) ||
        (s.test && small_pass(r, &s, PART_TEST, s.test, to, e)))
        return e->status;
    return report_run_end(r, e);
}

#endif
