/* The run of a chain of filters over a stream of sessions. */
#ifndef DATA_REFINE_H
#define DATA_REFINE_H

#include "data/filter.h"
#include "stream/record.h"

/* What it is wise to know of a split. */
struct refine_report {
    int64_t users, users_untrained;        /* those without a training session */
    int64_t sessions[4], events[4];        /* by part */
    int64_t test_items, test_items_unseen; /* different items of the test part; never seen
                                              in training */
    int64_t test_events_unseen;            /* events of those */
    int64_t sessions_in, users_in;         /* what was read */
};

/* Reads everything, filters it user by user, writes what is left.  Sessions that are not split are
 * written as soon as their user ends, in the memory of one user; split ones when all are read,
 * since an item's record says how often it stands in the training part.
 * 65: the sessions of a user do not stand together; some are split and some are not. */
int refine(const struct filter_chain *chain, struct sessions_in *in, struct frame_out *out,
           struct refine_report *report, struct err *e);

/* Appends the chain's filters to the header's list of those that were applied ("filters"). */
int refine_note(struct meta *m, const struct filter_chain *chain, struct err *e);

#endif
