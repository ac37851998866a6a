/* What it is wise to know of a split: its sizes, and what of the test part training should not have
 * seen, or has never seen. */
#ifndef DATA_SPLIT_REPORT_H
#define DATA_SPLIT_REPORT_H

#include "data/user_sessions.h"

struct split_report {
    int64_t users, users_untrained;        /* those without a training session */
    int64_t sessions[4], events[4];        /* by part */
    int64_t test_items, test_items_unseen; /* different items of the test part; never seen
                                              in training */
    int64_t test_events_unseen;            /* events of those */
    int64_t test_events_future;            /* of items that training sees only later */
    int64_t sessions_astride;              /* with events before the edge between two parts, and at
                                              it or later */
    int64_t users_tied;                    /* with events of one time on both sides of their own
                                              edge */
};

/* Counts all users, those of earlier calls aside.  `train`, by item and empty before: how often
 * each stands in the training part, 0 for all that occur otherwise. */
void split_report_count(struct split_report *r, const struct all_user_sessions *all,
                        i64_vec *train);

/* Appends what a strict reader refuses, "2 of 9 users ...; ..."; nothing where all is well. */
void split_report_leaks(const struct split_report *r, struct buf *to);

#endif
