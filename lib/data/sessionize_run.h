/* The whole work of a program that makes sessions: a raw log in, a `sessions` stream out. */
#ifndef DATA_SESSIONIZE_RUN_H
#define DATA_SESSIONIZE_RUN_H

#include "data/sessionizer.h"

struct sessionize_job {
    struct session_rules rules;
    bool skip_bad;
    bool ungrouped;       /* rows of users stand in any order */
    size_t memory;        /* for them; what is beyond goes to a temporary file */
    const char *profiles; /* the users' attributes; NULL = none */
    struct raw_format format;
    const char *const *paths; /* of the log; none = standard input */
    int count;
    const char *output; /* NULL = standard output */
    bool flush;         /* end a block after each user */
    const char *program, *version;
    struct bytes options; /* packed, for the header */
};

/* What became of it. */
struct sessionize_report {
    uint64_t rows, bad, unwanted, nobodys; /* as in struct raw_log */
    struct err first_bad;
    int32_t log_users, users, items; /* in the log, in the stream */
    struct session_counts counts;
};

/* Puts the rules, the usual age buckets and what became of the rows into *meta, which may hold keys
 * of the format's own, and writes the stream.  What only the end of a grouped log can tell, the
 * number of bad rows with skip_bad and the values of carried columns, makes the records wait in a
 * temporary file.  After a failure the output holds an abort record, or is not there. */
int sessionize_run(const struct sessionize_job *job, struct meta *meta,
                   struct sessionize_report *report, struct err *e);

#endif
