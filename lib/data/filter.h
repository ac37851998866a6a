/* Filters over sessions: what they do to one user, and chains of them in the order given.
 *
 * A filter is one function and one row of filter_rows; the program makes its options from the
 * rows.  A filter that depends on more than the one user has a second function, the survey: it
 * looks at all users as they are at that place of the chain and puts what it finds into the
 * setting, from which the first function then treats each user alone.  A chain A B gives what B
 * gives on the output of A. */
#ifndef DATA_FILTER_H
#define DATA_FILTER_H

#include "base/err.h"
#include "base/fraction.h"
#include "data/user_sessions.h"

struct filter_setting;

struct filter {
    const char *name;     /* of the option */
    const char *argument; /* what the help calls the value; NULL: takes none */
    const char *help;
    /* Reads the value.  64: says what is possible.  NULL: takes none. */
    int (*parse)(struct filter_setting *s, const char *text, struct err *e);
    /* Finds out from all users, each with a session, what apply needs.  65 like apply. */
    int (*survey)(struct filter_setting *s, const struct all_user_sessions *all, struct err *e);
    /* Changes one user's sessions, at least one of them; drops a session by session_cut to 0.
     * 65: the data does not suit.  NULL: leaves them as they are. */
    int (*apply)(const struct filter_setting *s, struct user_sessions *h, struct err *e);
    /* Writes a choice into the output's header. */
    void (*note)(const struct filter_setting *s, struct meta *m);
    bool splits; /* gives sessions their part, of which the output holds a count for each item */
};

/* How a part of the sessions is cut off at the end. */
enum division {
    DIVIDE_FRACTION,      /* the first `fraction` of each user's sessions stay */
    DIVIDE_LAST_SESSION,  /* all but the user's last one stay */
    DIVIDE_LEAVE_ONE_OUT, /* all but the user's last event stay */
    DIVIDE_TIME,          /* what ends before the time `number` stays */
    DIVIDE_SPAN,          /* what ends more than `number` seconds before the last event of all
                           * stays */
};

struct filter_setting {
    const struct filter *filter;
    const char *text; /* the value as given; NULL: takes none */
    int64_t number;
    struct fraction fraction;
    enum division division;
    int side[2];      /* of the mean session length and session count, where users stay: -1 below,
                         1 above, 0 either */
    const char *list; /* of countries */
    bool once;        /* of the support filters: a single pass */
    bool surveys;     /* whether the filter's survey, where it has one, is needed */

    /* what the chain and the survey found */
    int64_t least_item, least_user; /* support that items and users need */
    i64_vec counts;                 /* by item */
    double mean[2];                 /* session length and session count of the users */
    struct {
        int64_t start;
        int32_t user;
        size_t session; /* among the user's */
    } oldest;           /* session that stays */
    int64_t longest;    /* dwell time */
    double width;       /* of a dwell bin */
    bool again;         /* the survey is to be asked again when all users are through */
};

extern const struct filter filter_rows[]; /* ends with a row without name */

/* Filters in the order of the command line; {0} passes everything on. */
struct filter_chain {
    VEC(struct filter_setting) settings;
};

/* Appends a filter.  64: an impossible value, or one that can never follow what stands before. */
int filter_chain_add(struct filter_chain *c, const struct filter *f, const char *text,
                     struct err *e);

/* Lets the support filters hold with those that were applied to the input before: call it once,
 * between the last filter_chain_add and filter_chain_apply. */
void filter_chain_recall(struct filter_chain *c, const struct meta *input);

/* Appends the chain's filters to the header's list of those that were applied ("filters"), and
 * writes the choices that stand in the header alone.  65: the list is none. */
int filter_chain_note(const struct filter_chain *c, struct meta *m, struct err *e);

/* Puts one user through the filters before the first one that surveys all users; nothing is left of
 * a user that is dropped. */
int filter_chain_apply(const struct filter_chain *c, struct user_sessions *h, struct err *e);

/* Whether there are filters that survey all users, and then puts all users through those and what
 * follows.  Users of whom nothing is left are gone. */
bool filter_chain_surveys(const struct filter_chain *c);
int filter_chain_finish(struct filter_chain *c, struct all_user_sessions *all, struct err *e);

bool filter_chain_splits(const struct filter_chain *c);
void filter_chain_release(struct filter_chain *c);

#endif
