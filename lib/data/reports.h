/* What the programs that make and filter sessions say on standard error at their end. */
#ifndef DATA_REPORTS_H
#define DATA_REPORTS_H

#include "cli/cli.h"
#include "data/filter_run.h"

/* One line, where anything was dropped. */
void report_drops(struct cli *cli, const struct drops *d);

/* One line, where the program needed more than the `memory` that it was given. */
void report_memory(struct cli *cli, int64_t memory);

/* What was dropped, what there is to know of a split, and what was lost after one. */
void report_filtering(struct cli *cli, const struct filter_chain *chain,
                      const struct filter_result *result);

#endif
