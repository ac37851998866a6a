/* A report as text: tables for people, TSV or JSON lines for programs. */
#ifndef EVAL_REPORT_WRITE_H
#define EVAL_REPORT_WRITE_H

#include "eval/report.h"

/* After report_end: appends the report in its format. */
void report_write(const struct report *r, struct buf *to);

/* What report_write chooses from. */
void report_tables(const struct report *r, struct buf *to);
void report_tsv(const struct report *r, struct buf *to);
void report_json(const struct report *r, struct buf *to);

#endif
