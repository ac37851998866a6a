/* What the files of this room share. */
#ifndef CLI_PRIVATE_H
#define CLI_PRIVATE_H

#include "cli/cli.h"

/* Standard descriptors, signals, out-of-memory; `name` goes before every message. */
void startup(const char *name);

/* Writes the text to stdout, checked to the close, and ends the program with 0. */
void answer(const struct buf *text) __attribute__((noreturn));

void help_text(const struct program *p, struct buf *to);
void version_text(const struct program *p, struct buf *to);

/* What every program takes beside its own tables. */
extern const struct option common_options[];

/* The inputs are known: progress begins, where the program's tables offer it. */
void progress_begin(const char *program, struct operands files);
void progress_fail(void); /* the program ends with a message */

/* The program's rows: its tables, the group that was chosen, or all groups and of a name the first
 * one alone, then what every program takes; NULL behind the last. */
struct option_rows {
    const struct program *program;
    const struct option *const *table;
    const struct option *row;
    const struct option_group *group;
    bool all, grouped, common;
};
struct option_rows rows_of(const struct program *p);
struct option_rows rows_of_all(const struct program *p);

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
