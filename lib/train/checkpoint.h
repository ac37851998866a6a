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
#include "stream/output.h"
#include "stream/record.h"

/* The run that a checkpoint is of. */
struct checkpoint_run {
    struct buf header;     /* the output's, packed: what the data and the options were; owned */
    const char *model;     /* its name */
    const char *save;      /* the model file that it ends with; NULL: none */
    const char *path;      /* of the output; NULL: standard output */
    struct batches_in *in; /* the input, its header read */
    struct output *out;
    void (*state)(void *of, struct state *s); /* lists all that it goes on from */
    int (*flush)(void *of, struct err *e);    /* brings that up to the last record */
    void *of;
};

struct checkpoint {
    struct checkpoint_run run;
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

/* Takes the locks, opens what is to be resumed and compares what made it with the run, which stays
 * the caller's but for its header.  `path`, `resumed`: NULL: none.  64: other options, 65: other
 * data or no checkpoint, 66: no such file, 73, 75: another run works with it. */
int checkpoint_open(struct checkpoint *c, const struct checkpoint_run *run, const char *path,
                    const char *resumed, int64_t every, struct err *e);

/* The model is there and may be filled: restores everything. */
int checkpoint_restore(struct checkpoint *c, struct err *e);

/* The input is at `target`: checks that it is the same. */
int checkpoint_arrive(struct checkpoint *c, struct err *e);

/* A record was used: writes a checkpoint where one is due. */
int checkpoint_step(struct checkpoint *c, enum record_kind kind, struct err *e);
int checkpoint_write(struct checkpoint *c, struct err *e);

/* The output has its end: from here on there is nothing left to do but giving it its name. */
int checkpoint_end(struct checkpoint *c, struct err *e);

/* What is left to do for a run that had come to its end: the output takes its name, unless it has
 * it. */
int checkpoint_finish(struct checkpoint *c, struct err *e);

void checkpoint_close(struct checkpoint *c); /* also one of zeros */

#endif
