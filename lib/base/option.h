/* Options as plain data, so that a module states its options beside the code that uses them;
 * cli/cli.h reads them from a command line, shows them as help and records them. */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum option_kind {
    OPTION_END = 0, /* the last row of a table */
    OPTION_FLAG,    /* bool *to, set to true */
    OPTION_INT,     /* int64_t *to, low..high */
    OPTION_REAL,    /* double *to, low..high */
    OPTION_TEXT,    /* const char **to */
    OPTION_CHOICE,  /* const char **to, one of the words of `choices` ("mean|last") */
    OPTION_CALL,    /* call(to, value, e): options that repeat or whose order counts; called in the
                     * order of the command line; value is NULL where `argument` is */
};

/* What tells models apart: a value that is not the default is in a run's name, alone or after the
 * option's name. */
enum option_label { LABEL_NONE, LABEL_VALUE, LABEL_NAMED };

struct option {
    enum option_kind kind;
    char letter;          /* short form, 0 = none */
    const char *name;     /* long form without "--" */
    const char *argument; /* what the help calls the value ("N", "FILE"); CALL: NULL takes none */
    const char *help;     /* one line; the default is added from *to, where *to is set */
    void *to;             /* the value; NULL in rows that a struct owns, until option_bind */
    bool recorded;        /* changes the result: the stream's header says it */
    double low, high;     /* bounds of INT and REAL, both inclusive; both 0 = any.  A default out of
                           * them means "not given" and is not shown */
    const char *choices;
    int (*call)(void *to, const char *value, struct err *e);
    size_t at; /* of rows that a struct owns: the value's offset in the struct */
    enum option_label labels;
    bool file; /* of TEXT: a file that is read beside the input, which alone may be "-" */
};

/* "N", "FILE", "mean|last": how the help calls the value; NULL: the option takes none. */
const char *option_value_name(const struct option *o);

/* 64: the name of a file that is read beside the input is "-", standard input. */
int option_check_file(const char *path, struct err *e);

/* Checks the text and stores it in *o->to (CALL: hands it over).  The error does not name the
 * option. */
int option_set(const struct option *o, const char *text, struct err *e);

/* "a whole number from 1 to 100", for INT and REAL. */
void option_range(const struct option *o, struct buf *to);

/* The `call` of an option whose value is a size of memory, into an int64_t: "512M", "2G". */
int option_memory(void *to, const char *text, struct err *e);

/* Whether the number lies in the option's bounds. */
bool option_inside(const struct option *o, double value);

/* Sets an option as the command line would: from its value's text, which has to stay; NULL is
 * for a TEXT that is not set, and a CHOICE then stays what it is, as one of its words; "true" and
 * "false" are a FLAG's.  64: a value that it does not take. */
int option_restore(const struct option *o, const char *value, struct err *e);

/* The rows of groups, NULL after the last, as one table whose values are in the struct at `to`.
 * The caller frees it with mem_free. */
struct option *option_bind(const struct option *const *groups, void *to);

#endif
