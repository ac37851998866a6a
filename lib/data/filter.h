/* Filters over sessions, and chains of them in the order given.
 *
 * A filter is one function and one row of filter_rows; tfilter makes its options from the rows. A
 * filter that depends on more than one user has a second function, the survey: it looks at all
 * users, as the filters before have left them, and puts what it finds into the setting. The first
 * function then treats each user alone. A chain A B gives what B gives on the output of A. */
#ifndef DATA_FILTER_H
#define DATA_FILTER_H

#include "base/err.h"
#include "base/fraction.h"
#include "data/all_user_sessions.h"
#include "data/reindex.h"
#include "stream/drops.h"

struct filter_setting;

struct filter {
    const char *name;     /* of the option */
    const char *argument; /* the name of the value in the help; NULL: takes none */
    const char *help;
    /* Reads the value.  64: says what is possible.  NULL: takes none. */
    int (*parse)(struct filter_setting *s, const char *text, struct err *e);
    /* Finds what apply needs in all users, each of whom has a session. 65 as apply. */
    int (*survey)(struct filter_setting *s, const struct all_user_sessions *all, struct err *e);
    /* Changes one user's sessions, at least one of them; drops a session by session_cut to 0.
     * 65: the filter does not fit the data. NULL: changes nothing. */
    int (*apply)(const struct filter_setting *s, struct user_sessions *h, struct err *e);
    /* Writes a choice into the output's header. */
    void (*note)(const struct filter_setting *s, struct meta *m);
    /* Whether the sessions of each part are what the value asks for, when all filters are through.
     * 65: they are not. NULL: whatever is left is good. */
    int (*check)(const struct filter_setting *s, const int64_t sessions[4], struct err *e);
    bool splits; /* gives sessions their part; the output then counts the training events of each
                    item */
};

/* How a later part is divided from the sessions. */
enum division {
    DIVIDE_FRACTION,      /* the first `fraction` of each user's sessions stay */
    DIVIDE_LAST_SESSION,  /* all but the user's last one stay */
    DIVIDE_LEAVE_ONE_OUT, /* all but the user's last event stay */
    DIVIDE_NEWEST,        /* all but the newest `fraction` of all sessions stay */
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
        int32_t user;   /* the place among all */
        size_t session; /* among the user's */
    } oldest;           /* session that stays */
    int64_t items_lost; /* that only sessions before it have, after a split */
    i64_vec edges;      /* between dwell bins, in seconds */
    int64_t last, gap;  /* of DIVIDE_SPAN: the time of the last event of all, and the seconds from
                           the end of the last session before the edge to the first end after */

    /* what it dropped; nothing is counted of filters that split */
    int64_t events_dropped, sessions_dropped;
};

extern const struct filter filter_rows[]; /* ends with a row without name */

/* Filters in the order of the command line; {0} passes everything on. */
struct filter_chain {
    VEC(struct filter_setting) settings;
    bool merges; /* first of all: users may be in several streams, and their sessions are joined */
};

/* Appends a filter. 64: an impossible value, or a filter that cannot follow those before it. */
int filter_chain_add(struct filter_chain *c, const struct filter *f, const char *text,
                     struct err *e);

/* Makes the support filters keep the support that earlier ones demanded of the input (header). Call
 * it once, between the last filter_chain_add and filter_chain_apply. */
void filter_chain_recall(struct filter_chain *c, const struct meta *input);

/* Appends the chain's filters to the header's list of those that were applied ("filters"), and
 * writes the choices that only the header holds. 65: "filters" is not a list. */
int filter_chain_note(const struct filter_chain *c, struct meta *m, struct err *e);

/* Applies to one user the filters before the first one that surveys all users; a user that is
 * dropped has no session left. */
int filter_chain_apply(struct filter_chain *c, struct user_sessions *h, struct err *e);

/* filter_chain_surveys: whether a filter surveys all users. filter_chain_finish: applies the first
 * such filter and those after it to all users, whose attributes `ids` has, and removes users
 * without a session. */
bool filter_chain_surveys(const struct filter_chain *c);
int filter_chain_finish(struct filter_chain *c, struct all_user_sessions *all,
                        const struct new_ids *ids, struct err *e);

/* Whether all filters got what they ask for; `sessions` counts those of each part.  65: they did
 * not.
 */
int filter_chain_check(const struct filter_chain *c, const int64_t sessions[4], struct err *e);

bool filter_chain_splits(const struct filter_chain *c);

/* filter_chain_may_drop: whether a filter can drop events. filter_chain_drops: adds what each
 * filter has dropped. */
bool filter_chain_may_drop(const struct filter_chain *c);
void filter_chain_drops(const struct filter_chain *c, struct drops *d);
void filter_chain_release(struct filter_chain *c);

#endif
