/* From streams of predictions, and from ranks as text, to a report. */
#ifndef EVAL_READ_H
#define EVAL_READ_H

#include "base/output_file.h"
#include "eval/report.h"

struct reading {
    struct report *report;
    struct output_file *sink; /* where rows go as epochs end */
    const char *against;      /* the stream to read first; NULL: none */
    VEC(const char *) texts;  /* files of ranks as TSV, read after the streams */
    uint64_t skipped;         /* records of unknown kinds */
    struct buf out;           /* what is to be written next */
    struct scored_run *run;   /* the one in hand */
};

/* Reads all runs: the streams (standard input where nothing is named at all), then the texts.  The
 * stream `against` comes first and once, even where the streams name it again. */
int reading_all(struct reading *r, const char *const *streams, int count, struct err *e);

/* Writes what is in `out`. */
int reading_show(struct reading *r, struct err *e);
void reading_release(struct reading *r);

#endif
