/* What the files of this room share. */
#ifndef CLI_PRIVATE_H
#define CLI_PRIVATE_H

#include "cli/cli.h"

/* What the command line gave, before any value is read: --help shows defaults wherever it is. */
struct occurrence {
    const struct option *option;
    const char *value; /* NULL: the option takes none */
};

/* All that the command line knows of the one program that runs.  It is a variable of the process,
 * not an argument, because signal handlers, exit handlers and the handler of memory that ran out
 * read it, and because a message has to name its program from any depth of the code. */
struct context {
    const struct program *program; /* NULL until cli_parse */
    VEC(struct occurrence) given;
    VEC(const char *) operands;
    const char *completion; /* --completion */
    const char *progress;   /* --progress */
    bool quiet;             /* --quiet */

    /* the status line (status_line.c) and what it shows (progress.c) */
    bool offered, of_input; /* the program's tables offer progress; of its input */
    bool text, json;        /* what is shown: one of them or neither */
    bool held;              /* the terminal's line is this program's */
    bool failed;            /* the program has said why it ends */
    double began, next, total;
    volatile size_t width; /* of the line that is on the terminal; 0: none */
    const char *part;      /* of progress_count */
    double part_began;
};
extern struct context cli_context; /* option_rows.c */

/* Standard descriptors, signals, out-of-memory. */
void startup(void);

/* Writes the text to stdout, checked to the close, and ends the program with 0. */
void answer(const struct buf *text) __attribute__((noreturn));

void help_text(const struct program *p, struct buf *to);
void version_text(const struct program *p, struct buf *to);

/* What every program takes beside its own tables. */
extern const struct option common_options[];

/* Progress begins, where the program's tables offer it: the inputs are known. */
void progress_begin(struct operands files);
void progress_fail(void); /* the program ends with a message */

enum { LINE_WIDEST = 250 }; /* columns that the status line may take */

/* Writes the text as the status line, where no other program holds it. */
void status_line_put(const struct buf *text);

/* Clears the line and gives it back: this program shows no more. */
void status_line_stop(void);

/* The program's rows: its tables, the group that was chosen, or all groups and of a name the first
 * one alone, then what every program takes; NULL after the last. */
struct option_rows {
    const struct program *program;
    const struct option *const *table;
    const struct option *row;
    const struct option_group *group;
    bool all, grouped, common;
};
struct option_rows rows_of(const struct program *p);
struct option_rows rows_of_all(const struct program *p);

/* The row of that name, or NULL. */
const struct option *row_named(const struct option *table, const char *name, size_t len);

/* The group that the command line or the default chose; NULL: none. */
const struct option_group *rows_group(const struct program *p);
const struct option *rows_next(struct option_rows *r);

/* The shell's completion of the program's options, "bash" or "zsh". */
void completion_text(const struct program *p, const char *shell, struct buf *to);

/* The nearest of the names to `word`, by edit distance, or NULL where none is near. */
struct nearest {
    const char *word, *name;
    size_t wordlen, namelen, best;
};
struct nearest nearest_to(const char *word, size_t len);
void nearest_try(struct nearest *n, const char *name, size_t len);

#endif
