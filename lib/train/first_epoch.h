/* Reads the whole first training pass before training begins, to find clusters by its events: keeps
 * its batches, and returns them once all are read. */
#ifndef TRAIN_FIRST_EPOCH_H
#define TRAIN_FIRST_EPOCH_H

#include "stream/record.h"

struct first_epoch {
    bool wanted; /* set by the caller; false: returns every record as it is read */
    /* events of the first training pass, complete once its first record was returned */
    i32_vec user, item;
    /* records read but not yet returned */
    VEC(struct batches_record) kept;
    VEC(char *) memory; /* what their columns point to */
    size_t next;
    bool done;
};

/* As batches_in_next. */
enum read_result first_epoch_next(struct first_epoch *a, struct batches_in *in,
                                  struct batches_record *r, struct err *e);

/* Frees all of it. */
void first_epoch_release(struct first_epoch *a);

#endif
