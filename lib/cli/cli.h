/* The command line of every program: one table of options is parser, help, completion, the record
 * in the stream's header, and what the manual page is checked against. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define SESSPIPE_VERSION "0.1.0"

enum option_kind {
    OPTION_END = 0, /* the last row of a table */
    OPTION_FLAG,    /* bool *to, set to true */
    OPTION_INT,     /* int64_t *to, low..high */
    OPTION_REAL,    /* double *to, low..high */
    OPTION_TEXT,    /* const char **to */
    OPTION_CHOICE,  /* const char **to, one of the words of `choices` ("mean|last") */
    OPTION_CALL,    /* call(to, value, e): options that repeat or whose order counts */
};

struct option {
    enum option_kind kind;
    char letter;          /* short form, 0 = none */
    const char *name;     /* long form without "--" */
    const char *argument; /* what the help calls the value ("N", "FILE"); NULL: takes none */
    const char *help;     /* one line; the default is added from *to, where *to is set */
    void *to;
    bool recorded;        /* changes the result: stands in the stream's header */
    double low, high;     /* bounds of INT and REAL, both inclusive; both 0 = any */
    const char *choices;
    int (*call)(void *to, const char *value, struct err *e);
};

struct program {
    const char *name;
    const char *purpose;  /* one line */
    const char *usage;    /* "[option ...] [file ...]" */
    const char *example;  /* a command that runs */
    const char *notes;    /* more for --help, NULL = none */
    const struct option *const *tables; /* groups of options, NULL-terminated */
    const char *(*built_in)(void); /* what --version adds ("BLAS: OpenBLAS 0.3.21"), NULL = nothing */
};

/* Options that stream-writing programs share: -o FILE and --flush (cli_output_options(&o)). */
struct output_options {
    const char *path;
    bool flush;
};

/* Parses; answers --help and --version (status 0, or 74 if stdout fails); ends with 64 on a wrong
 * usage, naming the option, what is possible, and the nearest name.  argv's operands follow.
 * Sets up what every program needs: messages, out-of-memory, signals that remove temporaries. */
struct operands {
    const char *const *at;
    int count;
};
struct operands cli_parse(const struct program *p, int argc, char **argv);

/* Whether the option was given on the command line (rather than left at its default). */
bool cli_given(const char *name);

/* The recorded options of the program's tables with their effective values as a packed map, in
 * table order: for meta_add_program.  OPTION_CALL rows: the texts given, in order, as a list. */
void cli_options_packed(struct buf *to);

/* ---- messages: "program: text" on stderr, one write each ---- */

void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program: message, temporaries removed, status. */
void cli_fail(const struct err *e) __attribute__((noreturn));
void cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn)); /* 64 */

#endif
