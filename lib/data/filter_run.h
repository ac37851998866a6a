/* The run of a chain of filters over a stream of sessions. */
#ifndef DATA_FILTER_RUN_H
#define DATA_FILTER_RUN_H

#include "data/filter.h"
#include "data/split_report.h"
#include "stream/record.h"

/* Called once before the first record is written, when the surveys are done: opens the output.
 * NULL: it is open. */
struct filter_begin {
    int (*begin)(void *to, struct err *e);
    void *to;
    bool at_once; /* users are written as soon as the filters allow, and begin does not know what
                     they drop */
};

/* Zeros before; the caller releases `drops`. */
struct filter_result {
    struct split_report split;
    struct drops drops; /* known when begin is called, unless it is at_once */
    uint64_t adjoined;  /* of a chain that merges (merge_users.h) */
};

/* Reads the sessions, filters them user by user, and writes what is left.  A chain that merges
 * reads all first.  Where sessions are not split and no filter surveys all users or, unless
 * at_once, splits or can drop events, each user is written when complete, in the memory of one
 * user; else all are written after the last is read, since the header says what was read and
 * dropped and an item's record how often the training part has it, and those that do not fit into
 * the `memory` that the program may hold (0: no limit) wait in temporary files. 65: the sessions of
 * a user are not together; some sessions are split and some are not. */
int filter_run(struct filter_chain *chain, struct sessions_in *in, struct frame_out *out,
               struct filter_begin begin, size_t memory, struct filter_result *result,
               struct err *e);

#endif
