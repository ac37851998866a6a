/* The run of a chain of filters over a stream of sessions. */
#ifndef DATA_FILTER_RUN_H
#define DATA_FILTER_RUN_H

#include "data/filter.h"
#include "data/split_report.h"
#include "stream/record.h"

/* Reads everything, filters it user by user, writes what is left.  Where sessions are not split and
 * no filter surveys all users, each user is written when complete, in the memory of one user;
 * else when all are read: an item's record says how often it stands in the training part.
 * *report, of zeros before: of a split stream.
 * 65: the sessions of a user do not stand together; some are split and some are not. */
int filter_run(struct filter_chain *chain, struct sessions_in *in, struct frame_out *out,
               struct split_report *report, struct err *e);

#endif
