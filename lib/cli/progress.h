/* Progress of long work on stderr: one line, rewritten in place, on a terminal; lines of JSON where
 * --progress asks for them; else nothing. The line is erased by spaces, without escape sequences.
 * Of several programs on one terminal, the first one that shows progress holds the line until it
 * ends.  cli_parse begins the progress, and the end of the program ends it. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli/cli.h"

bool progress_json(const struct cli *cli); /* --progress json */

/* The state of the work. Members that are 0 or NULL are not known. */
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

/* Whether it is time to show progress again; cheap enough to be asked after every batch or block.
 */
bool progress_due(struct cli *cli);
void progress_show(struct cli *cli, const struct progress *p);

/* Shows the work that `part` names: `count` of `unit` are done since the first call with that name.
 */
void progress_count(struct cli *cli, const char *part, double count, const char *unit);

/* Call it where one of several epochs begins. Where the output goes into a pipe, the reader sets
 * the pace and shows progress, and this program shows no more. */
void progress_epoch(struct cli *cli, int64_t epoch, int64_t epochs);

/* Erases the line, before something else is written to the terminal. */
void progress_clear(struct cli *cli);

#endif
