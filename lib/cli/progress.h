/* How far long work has come, on stderr: one line rewritten in place where that is a terminal, JSON
 * lines where they are asked for, else nothing.  No escape sequences: spaces erase.  Of several
 * programs on one terminal the first that has something to show holds the line until it is done. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli/cli.h"

/* The group of options, for a program's `tables`: --progress and --quiet.  With of_input what the
 * program reads is shown without more ado, its share where all inputs are regular files; else the
 * program shows what it does by itself.  One a program; cli_parse begins it, and the program's end
 * ends it. */
const struct option *progress_options(bool of_input);

bool progress_quiet(void); /* --quiet */
bool progress_json(void);  /* --progress json */

/* Where the work stands.  What is 0 or NULL is not known or not meant. */
struct progress {
    int64_t epoch, epochs;
    const char *part;
    double share;        /* done, up to 1 */
    double seconds;      /* that this share took */
    double bytes, total; /* read, and to be read */
    double count;        /* done, of `unit`, whose rate is shown */
    const char *unit;    /* "events" */
    const double *loss;
};

/* Whether it is time to show something again: cheap, to be asked after every batch or block. */
bool progress_due(void);
void progress_show(const struct progress *p);

/* The work that `part` names goes on: `count` of `unit` are done, since it was named first. */
void progress_count(const char *part, double count, const char *unit);

/* An epoch of several begins, whose output goes into a file: where it goes into a pipe, the reader
 * sets the pace and shows it, and this program shows no more. */
void progress_epoch(int64_t epoch, int64_t epochs);

/* Seconds on a clock that never goes back. */
double progress_clock(void);

/* Takes the line off the terminal, since something else is to be written. */
void progress_clear(void);

#endif
