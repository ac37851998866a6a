/* What users should know of a split: the sizes of its parts, and which of the test part training
 * has never seen or should not have seen. */
#ifndef DATA_SPLIT_REPORT_H
#define DATA_SPLIT_REPORT_H

#include "data/all_user_sessions.h"

struct split_report {
    int64_t users, users_untrained;        /* those without a training session */
    int64_t sessions[4], events[4];        /* by part */
    int64_t test_items, test_items_unseen; /* different items of the test part; never seen
                                              in training */
    int64_t test_events_unseen;            /* events of those */
    int64_t test_events_future;            /* of items that training sees only later */
    int64_t sessions_astride;              /* with events before the edge between two parts, and at
                                              it or later */
    int64_t sessions_overlapping;          /* that begin before an earlier one of their user ends */
    int64_t users_tied;                    /* with events of one time on both sides of their own
                                              edge */
};

/* Counts all users. `train`, empty before, gets by item how often the training part has it, 0 for
 * items of other parts. */
void split_report_count(struct split_report *r, const struct all_user_sessions *all,
                        i64_vec *train);

/* Appends what --strict refuses, "2 of 9 users ...; ..."; nothing where the split is clean. */
void split_report_leaks(const struct split_report *r, struct buf *to);

#endif
