/* Whether the runs of a report may be averaged and compared: the checks of report.h. */
#ifndef EVAL_REPORT_CHECK_H
#define EVAL_REPORT_CHECK_H

#include "eval/report.h"

/* 65: a run before the current one is of the same model and has the same seeds. */
int report_check_seeds(const struct report *r, struct err *e);

/* After scored_run_end.  65: a run of the same model has other targets; if the report compares: the
 * run and the first one are not of one data set, part or split. */
int report_check_run(struct report *r, struct err *e);

/* 65: two runs have other targets in their validation parts. */
int report_check_validation(const struct report *r, size_t run, size_t other, struct err *e);

/* After scored_run_end: the targets that the run is scored by. */
const struct targets *report_targets(const struct report_run *run);

#endif
