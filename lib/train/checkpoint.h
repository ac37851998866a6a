/* Checkpoints of a training run, for --checkpoint and --resume (sesspipe-checkpoint(5)): when they
 * are written, and how a run continues from one.
 *
 * A resumed run reads its input from the start and skips the records that were used before; a hash
 * of them shows that they are the same.  Then it continues where the checkpoint was written.  If
 * the output is a file, its temporary file is truncated to the length in the checkpoint and
 * continued too. */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include "base/lock.h"
#include "data/schedule_in.h"
#include "nn/state.h"
#include "stream/output.h"
#include "stream/record.h"

/* The run of a checkpoint. */
struct checkpoint_run {
    struct buf header;      /* of the output, packed: names data and options; owned */
    const char *model;      /* its name */
    const char *save;       /* the model file written at the end; NULL: none */
    const char *path;       /* of the output; NULL: standard output */
    struct schedule_in *in; /* the input, its header read */
    struct output *out;
    void (*state)(void *of, struct state *s); /* writes or restores the run's state */
    int (*flush)(void *of, struct err *e);    /* brings the state up to the last record */
    void *of;
};

struct checkpoint {
    struct checkpoint_run run;
    const char *path;       /* where checkpoints are written; NULL: nowhere */
    char *output;           /* the output's file, links followed; NULL: it is none */
    struct lock own, other; /* of `path`; of `resumed` where that is another file */
    bool written;           /* there is a checkpoint that names the output's temporary file */
    char *orphan;           /* the temporary file of a checkpoint that this run replaces, or NULL */
    int64_t every, since;   /* batches between two within a pass (0: none); since the last one */
    int64_t records;        /* of the input, used or skipped so far */
    /* resuming */
    const char *resumed;     /* the checkpoint that the run continues from; NULL: a new run */
    bool waiting;            /* records that were used before are still being skipped */
    bool ended;              /* the checkpoint is of a run that had reached its end */
    struct safetensors from; /* open while waiting */
    int64_t target, digest;  /* number of records used before, and their hash */
    char *temporary;         /* the output's temporary file to continue; NULL: a new output */
    struct frame_stand stand;
};

/* Takes the locks, opens `resumed` (NULL: none), and checks that data and options are the same.
 * path: where to write checkpoints, NULL: nowhere.  Takes the header of *run; what else *run points
 * to belongs to the caller.  64: other options.  65: other data, or not a checkpoint.  66: no such
 * file.  73.  75: another run uses it. */
int checkpoint_open(struct checkpoint *c, const struct checkpoint_run *run, const char *path,
                    const char *resumed, int64_t every, struct err *e);

/* Restores the state, once the model is open. */
int checkpoint_restore(struct checkpoint *c, struct err *e);

/* All records before `target` are skipped: checks that the input is the same. */
int checkpoint_arrive(struct checkpoint *c, struct err *e);

/* A record was used: writes a checkpoint where one is due. */
int checkpoint_step(struct checkpoint *c, enum record_kind kind, struct err *e);
int checkpoint_write(struct checkpoint *c, struct err *e);

/* The output is complete: writes the last checkpoint, before the output takes its name. */
int checkpoint_end(struct checkpoint *c, struct err *e);

/* Finishes a resumed run that had reached its end: gives the output its name, if it has not. */
int checkpoint_finish(struct checkpoint *c, struct err *e);

void checkpoint_close(struct checkpoint *c); /* also one of zeros */

#endif
