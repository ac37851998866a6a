/* Makes a stream of batches from split sessions: the sessions, then epoch by epoch, part by part,
 * which of them come together. */
#ifndef DATA_EPOCHS_H
#define DATA_EPOCHS_H

#include "data/learned.h"
#include "data/scheme.h"
#include "stream/drops.h"

struct epochs_options {
    const struct scheme *scheme;
    int64_t size, min_batch; /* as in struct schedule_out */
    int64_t history;         /* the most earlier sessions that a model may look at */
    int64_t epochs;
    int64_t test_from;  /* the first epoch that ends with a test pass */
    int64_t test_every; /* validation and test end every nth epoch, that one among them, and the
                           last */
    struct learned_share learned[2]; /* the training sessions in both are learned from */
    bool reverse;                    /* sessions are read from their end */
    int64_t seed;
    int64_t memory; /* bytes for sessions and all else that the program holds: what of the sessions
                       does not fit goes to a temporary file; 0: no limit */
};

/* The caller frees with epochs_release, after epochs_open or of {0}. */
struct epochs {
    const struct epochs_options *options;
    struct session_store store;
    unsigned char *learned; /* of each session */
    struct schedule_out schedule;
    int64_t written[4]; /* by part: the epoch whose pass is written out; 0: none yet */
};

/* Sets in the header what a reader of the batches has to know. */
void epochs_meta(struct meta *m, const struct epochs_options *o);

/* Reads the sessions to their end and writes them to `out`.  The caller keeps options, `in` and
 * `out`.  65: as session_store_read and learned_choose. */
int epochs_open(struct epochs *p, const struct epochs_options *o, struct sessions_in *in,
                struct frame_out *out, struct err *e);

/* Writes an epoch: a training pass, then a validation and a test pass where these are due. */
int epochs_write(struct epochs *p, int64_t number, struct err *e);

/* Adds the sessions of the last epoch that are not learned from, as what was dropped of all. */
void epochs_drops(const struct epochs *p, struct drops *d);

void epochs_release(struct epochs *p);

#endif
