/* Pictures of a report's scores. */
#ifndef VIZ_SCORE_PLOTS_H
#define VIZ_SCORE_PLOTS_H

#include "eval/report.h"
#include "viz/score_curve.h"

/* A pass of a run as the learning curve takes it. */
struct curve_pass score_plots_pass(const struct pass_score *p, const struct criterion *by);

/* After report_end: names the runs, which are in `to` already, the models and the columns. */
void score_plots_names(const struct report *r, struct score_curve *to);

/* After report_end: the scores of a breakdown's groups, model by model, as SVG, with
 * a legend if it is to have one.  False, and nothing is drawn: the breakdown is optional and the
 * input has nothing for it. */
bool score_plots_groups(const struct report *r, const struct breakdown *by, bool legend,
                        struct buf *to);

/* After report_end: writes learning.svg and, for each breakdown, by-NAME.svg into the folder, which
 * must exist.  73, 74: a file cannot be created or written. */
int score_plots_write(const struct report *r, const char *folder, struct err *e);

#endif
