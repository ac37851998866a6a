/* What the files of this room share. */
#ifndef CLI_PRIVATE_H
#define CLI_PRIVATE_H

#include "cli/cli.h"

/* What the command line gave, before any value is read: --help shows defaults wherever it is. */
struct occurrence {
    const struct option *option;
    const char *value; /* NULL: the option takes none */
};

struct cli {
    const struct program *program;
    VEC(struct occurrence) given;
    VEC(const char *) operands;
    struct option completion_rows[2], progress_rows[3]; /* --completion; --progress and --quiet */
    const char *completion;                             /* --completion */
    const char *progress;                               /* --progress */
    bool quiet;                                         /* --quiet */

    /* the status line (status_line.c) and what it shows (progress.c) */
    struct input_meter meter;
    bool text, json; /* what is shown: one of them or neither */
    bool held;       /* the terminal's line is this program's */
    bool failed;     /* the program has said why it ends */
    double began, next, total;
    volatile size_t width; /* of the line that is on the terminal; 0: none */
    const char *part;      /* of progress_count */
    double part_began;
};

/* Sets up standard descriptors and the handlers of signals, of memory that runs out and of the exit
 * (handlers.c), which act for this program. */
void startup(struct cli *cli);

/* Writes "program: text" to stderr. */
void message_say(struct cli *cli, const char *text);

/* Writes the text to stdout, checked to the close, and ends the program with 0. */
void answer(struct cli *cli, const struct buf *text) __attribute__((noreturn));

void help_text(const struct cli *cli, struct buf *to);
void version_text(const struct program *p, struct buf *to);

/* Sets cli->progress_rows. */
void progress_rows_set(struct cli *cli);

/* What every program takes beside its own tables. */
extern const struct option common_options[];

/* Progress begins, where the program shows any: the inputs are known. */
void progress_begin(struct cli *cli);
void progress_end(struct cli *cli); /* at the exit */

enum { LINE_WIDEST = 250 }; /* columns that the status line may take */

/* Writes the text as the status line, where no other program holds it. */
void status_line_put(struct cli *cli, const struct buf *text);

/* Clears the line and gives it back: this program shows no more. */
void status_line_stop(struct cli *cli);

/* The program's rows: its tables, those of progress, the group that was chosen, or all groups and
 * of a name the first one alone, then what every program takes; NULL after the last. */
struct option_rows {
    const struct cli *cli;
    const struct option *const *table;
    const struct option *row;
    const struct option_group *group;
    bool all, progress, grouped, common;
};
struct option_rows rows_of(const struct cli *cli);
struct option_rows rows_of_all(const struct cli *cli);

/* The row of that name, or NULL. */
const struct option *row_named(const struct option *table, const char *name, size_t len);

/* The group that the command line or the default chose; NULL: none. */
const struct option_group *rows_group(const struct cli *cli);
const struct option *rows_next(struct option_rows *r);

/* The completion of the program's options for the shell of --completion. */
void completion_text(const struct cli *cli, struct buf *to);

/* The nearest of the names to `word`, by edit distance, or NULL where none is near. */
struct nearest {
    const char *word, *name;
    size_t wordlen, namelen, best;
};
struct nearest nearest_to(const char *word, size_t len);
void nearest_try(struct nearest *n, const char *name, size_t len);

#endif
