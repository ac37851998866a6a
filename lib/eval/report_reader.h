/* Reads streams of predictions, and ranks as text, into a report.  A watcher sees what is read as
 * well, for what a report does not keep. */
#ifndef EVAL_REPORT_READER_H
#define EVAL_REPORT_READER_H

#include "base/output_file.h"
#include "eval/report.h"
#include "stream/record.h"

/* Functions that are called while a report is read; each may be NULL. */
struct report_watcher {
    int (*begin_run)(void *to, const struct meta *meta, struct err *e);
    /* Every record but the passes; the report has taken it already. */
    void (*record)(void *to, const struct predictions_record *record);
    void (*pass)(void *to, const struct pass_score *score);
    void (*end_run)(void *to, const struct scored_run *run);
};

struct report_reader {
    struct report *report;
    struct output_file *output;           /* takes the rows as passes end; NULL: none */
    const struct report_watcher *watcher; /* NULL: none */
    void *to;                             /* the first argument of its functions */
    struct buf rows;                      /* to be written next */
    struct run_source from;               /* of the run that is read next */
    const struct predictions_in *in;      /* where it is read; NULL: from text */
    const struct report_inputs *inputs;   /* NULL: there is no base */
};

/* Reads all runs of the streams. */
int report_reader_stream(struct report_reader *r, struct predictions_in *in, struct err *e);

/* The inputs of scorer(1). */
struct report_inputs {
    const char *const *streams; /* [count] paths */
    int count;
    word_vec against;          /* streams to read first: the bases */
    word_vec texts;            /* files of ranks as TSV, read after the streams */
    struct input_meter *meter; /* counts what is read; NULL: nobody does */
    uint64_t skipped;          /* set: records of unknown kinds */
};

/* Reads all inputs, or standard input where there are none.  The streams `against` are read first
 * and once, even where they are among the streams. */
int report_reader_inputs(struct report_reader *r, struct report_inputs *from, struct err *e);

/* Writes the rows to the output. */
int report_reader_flush(struct report_reader *r, struct err *e);
void report_reader_release(struct report_reader *r);

#endif
