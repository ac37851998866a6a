/* Filters over sessions: what they do to one user, and chains of them in the order given.
 *
 * A filter is one function and one row of filter_rows; the program makes its options from the
 * rows.  A chain A B gives what B gives on the output of A. */
#ifndef DATA_FILTER_H
#define DATA_FILTER_H

#include "base/err.h"
#include "base/fraction.h"
#include "data/history.h"

struct filter_setting;

struct filter {
    const char *name;     /* of the option */
    const char *argument; /* what the help calls the value */
    const char *help;
    /* Reads the value.  64: says what is possible. */
    int (*parse)(struct filter_setting *s, const char *text, struct err *e);
    /* Changes one user's sessions, at least one of them; drops a session by session_cut to 0.
     * 65: the data does not suit. */
    int (*apply)(const struct filter_setting *s, struct history *h, struct err *e);
    bool splits; /* gives sessions their part, of which the output holds a count for each item */
};

struct filter_setting {
    const struct filter *filter;
    const char *text; /* the value as given */
    int64_t number;
    struct fraction fraction;
};

extern const struct filter filter_rows[]; /* ends with a row without name */

/* Filters in the order of the command line; {0} passes everything on. */
struct filter_chain {
    VEC(struct filter_setting) settings;
};

/* Appends a filter.  64: an impossible value, or one that can never follow what stands before. */
int filter_chain_add(struct filter_chain *c, const struct filter *f, const char *text,
                     struct err *e);

/* Puts one user through all filters; nothing is left of a user that is dropped. */
int filter_chain_apply(const struct filter_chain *c, struct history *h, struct err *e);

bool filter_chain_splits(const struct filter_chain *c);
void filter_chain_release(struct filter_chain *c);

#endif
