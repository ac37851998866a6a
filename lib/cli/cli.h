/* The command line of every program: one table of options is parser, help, completion, the record
 * in the stream's header, and what the manual page is checked against. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/input_meter.h"
#include "base/option.h"

#define SESSPIPE_VERSION "0.1.0"

/* Options that go with one value of another option alone, as those of a model with --model. */
struct option_group {
    const char *name; /* the value; NULL after the last group */
    const struct option *rows;
    /* Options of the program's tables that have other defaults with this value: rows of the same
     * names, whose `to` hold the defaults that --help shows; NULL: none have. */
    const struct option *defaults;
};

/* What progress a program shows (cli/progress.h): that of its input, and its share where all inputs
 * are regular files, or what the program says itself.  Programs that show any take --progress and
 * --quiet. */
enum progress_kind { PROGRESS_NONE, PROGRESS_OF_INPUT, PROGRESS_OF_WORK };

struct program {
    const char *name;
    const char *purpose;                /* one line */
    const char *usage;                  /* "[option ...] [file ...]": "file" means it reads stdin */
    const char *example;                /* a command that runs */
    const char *notes;                  /* more for --help, NULL = none */
    const char *input_option;           /* names input too; NULL = operands and stdin alone */
    const struct option *const *tables; /* groups of options, NULL-terminated */
    const char *chooser;                /* of `tables`: the option that names one of `groups` */
    const struct option_group *groups;  /* NULL: there are none */
    enum progress_kind progress;
    void (*built_in)(struct buf *to); /* what --version adds ("BLAS: OpenBLAS 0.3.21\n"), or NULL */
};

/* All that the command line knows of the one program that runs.  cli_parse makes it, main hands it
 * down, and it lasts as long as the process. */
struct cli;

/* Options that stream-writing programs share: -o, --output FILE and --flush. */
struct output_options {
    const char *path; /* NULL: stdout */
    bool flush;
    struct option rows[3]; /* set by cli_output_options */
};

/* Their group for a program's `tables`; *o, which is the caller's, takes the values. */
const struct option *cli_output_options(struct output_options *o);

/* Parses; answers -h, --help and --version (status 0, or 74 if stdout fails); ends with 64 on a
 * wrong usage; the message names the option, what is possible, and the nearest name.  Options and
 * operands may be mixed; "--" ends the options; the last of several values counts.  A program whose
 * usage names a file ends with 64 too where it is given none and standard input is a terminal, and
 * one whose stream (cli_output_options) would go to a terminal.  Sets up what every program needs:
 * open standard descriptors, messages, out-of-memory, signals that remove temporaries (SIGINT,
 * SIGTERM, SIGHUP, SIGPIPE; then the program dies of them), a file-size limit that shows as a
 * failed write.  SESSPIPE_FAIL_ALLOC=N in the environment makes the Nth allocation fail, for tests.
 */
struct cli *cli_parse(const struct program *p, int argc, char **argv);

/* The words that are not options: pointers of argv, in order, NULL after the last. */
struct operands {
    const char *const *at;
    int count;
};
struct operands cli_operands(const struct cli *cli);

/* Where a program with PROGRESS_OF_INPUT lets its readers count what they have read. */
struct input_meter *cli_input_meter(struct cli *cli);

/* Whether the option was given on the command line (rather than left at its default). */
bool cli_given(const struct cli *cli, const char *name);

/* The recorded options of the program's tables with their effective values as a packed map, in
 * table order: for meta_add_program.  A TEXT that is not set is nil; OPTION_CALL rows are the texts
 * given, in order, as a list (true for each where the option takes none). */
void cli_options_packed(const struct cli *cli, struct buf *to);

/* ---- messages: "program: text" on stderr, one write(2) each; control characters as \xNN
 * ---- */

void cli_warn(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For what is no problem; --quiet suppresses it. */
void cli_note(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends the program: message, temporaries removed, status (1 where *e holds none). */
void cli_fail(struct cli *cli, const struct err *e) __attribute__((noreturn));
/* Ends the program by the signal, as if it had not been caught, and removes temporaries. */
void cli_die(struct cli *cli, int signal) __attribute__((noreturn));
/* Ends the program with 64 where the output of that name (NULL: stdout), a stream, would go to a
 * terminal. */
void cli_refuse_terminal(struct cli *cli, const char *output);
/* 64 */
void cli_usage(struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

#endif
