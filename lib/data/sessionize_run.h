/* The run of a program that makes sessions: reads a raw log and writes a `sessions` stream. */
#ifndef DATA_SESSIONIZE_RUN_H
#define DATA_SESSIONIZE_RUN_H

#include "data/sessionizer.h"
#include "stream/drops.h"

struct sessionize_job {
    struct session_rules rules;
    bool skip_bad;
    bool open_end;        /* from a pipe, too, the last line may lack its end */
    bool ungrouped;       /* rows are in any order of users */
    bool allow_empty;     /* no session may be left */
    size_t memory;        /* for these rows and the items; other rows go to a temporary file */
    const char *profiles; /* the users' attributes; NULL = none */
    struct raw_format format;
    const char *const *paths; /* of the log; none = standard input */
    int count;
    struct input_meter *meter; /* counts what is read; NULL: nobody does */
    const char *output;        /* NULL = standard output */
    bool flush;                /* end a block after each user */
    const char *program, *version;
    struct bytes options; /* packed, for the header */
};

/* The result. */
struct sessionize_report {
    uint64_t rows, bad, unwanted, nobodys; /* as in struct raw_log */
    struct err first_bad;
    int32_t log_users, users, items; /* in the log, in the stream */
    struct session_counts counts;
    struct drops drops; /* the caller releases them */
};

/* Writes the stream, with the rules, the usual age buckets and the counts of rows in its header;
 * *meta may hold keys of the format's own. Since the header says what was dropped, and only the
 * end of the log shows that, the records wait in a temporary file; with `flush` they do not, and
 * the header does without, unless it needs the number of bad rows (skip_bad) or the values of
 * carried columns of a grouped log. 65: nothing is left. After a failure the output holds an abort,
 * or does not exist. */
int sessionize_run(const struct sessionize_job *job, struct meta *meta,
                   struct sessionize_report *report, struct err *e);

#endif
