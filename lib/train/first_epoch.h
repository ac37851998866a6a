/* The first training pass read ahead, for what has to be known of it before it is learned from: its
 * batches are kept, and handed out once all of them are there. */
#ifndef TRAIN_FIRST_EPOCH_H
#define TRAIN_FIRST_EPOCH_H

#include "stream/record.h"

struct first_epoch {
    bool wanted; /* the caller's: false hands every record out as it is read */
    /* of the events of the first training pass, once its first record was handed out */
    i32_vec user, item;
    /* what is kept */
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
