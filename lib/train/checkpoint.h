/* Checkpoints of a training run, for --checkpoint and --resume (sesspipe-checkpoint(5)): when they
 * are written, and how a run goes on from one.
 *
 * A run that goes on reads its input from the start, passes over the records that were used, sees
 * by their hash that they are the same, and then stands where the checkpoint was written.  An
 * output that goes into a file is gone on with too: its temporary file is cut to the length that
 * the checkpoint knows. */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include "base/lock.h"
#include "nn/state.h"
#include "stream/frame.h"
#include "stream/record.h"

struct checkpoint {
    const char *path;       /* where they are written; NULL: nowhere */
    struct lock own, other; /* of `path`, and of what is resumed where that is another file */
    bool written;           /* one is there that the output's temporary file belongs to */
    int64_t every, since;   /* batches: between two within a pass (0: none); since the last one */
    int64_t records;        /* of the input, used or passed over so far */
    /* going on */
    const char *resumed;     /* what the run goes on from; NULL: it is new */
    bool waiting;            /* the input has not come to where the checkpoint stands */
    bool ended;              /* it is of a run that came to its end */
    struct safetensors from; /* open while waiting */
    int64_t target, digest;  /* records of the input that were used, and their hash */
    char *temporary;         /* the output's file to go on with; NULL: a new output */
    struct frame_stand stand;
};

struct training;

/* Once the input's header is read: takes the locks, opens what is to be resumed and compares what
 * made it with what is given now.  64: other options, 65: other data or no checkpoint, 66: no such
 * file, 73, 75: another run works with it. */
int checkpoint_open(struct training *t, struct err *e);

/* The model is there and may be filled: restores everything. */
int checkpoint_restore(struct training *t, struct err *e);

/* The input stands at `target`: sees that it is the same. */
int checkpoint_arrive(struct training *t, struct err *e);

/* A record was used: writes a checkpoint where one is due. */
int checkpoint_step(struct training *t, enum record_kind kind, struct err *e);
int checkpoint_write(struct training *t, struct err *e);

/* The output has its end: from here on there is nothing left to do but giving it its name. */
int checkpoint_end(struct training *t, struct err *e);

/* What is left to do for a run that had come to its end: the output takes its name, unless it has
 * it. */
int checkpoint_finish(struct training *t, struct err *e);

void checkpoint_close(struct checkpoint *c); /* also one of zeros */

#endif
