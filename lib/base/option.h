/* Options as plain data, so that a module states its options beside the code that uses them;
 * cli/cli.h reads them from a command line, shows them as help and records them. */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include <stdbool.h>

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

struct option {
    enum option_kind kind;
    char letter;          /* short form, 0 = none */
    const char *name;     /* long form without "--" */
    const char *argument; /* what the help calls the value ("N", "FILE"); CALL: NULL takes none */
    const char *help;     /* one line; the default is added from *to, where *to is set */
    void *to;
    bool recorded;    /* changes the result: the stream's header records it */
    double low, high; /* bounds of INT and REAL, both inclusive; both 0 = any.  A default out of
                       * them means "not given" and is not shown */
    const char *choices;
    int (*call)(void *to, const char *value, struct err *e);
};

#endif
