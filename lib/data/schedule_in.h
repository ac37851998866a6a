/* Reads a stream of batches: keeps its sessions, and makes each batch that the schedule names. */
#ifndef DATA_SCHEDULE_IN_H
#define DATA_SCHEDULE_IN_H

#include "data/batch.h"
#include "data/parallel_batches.h"

/* What comes next: a user or an item, a pass that begins, a batch (RECORD_BATCH) or some steps of a
 * parallel mini-batch (RECORD_PARALLEL). */
struct schedule_record {
    enum record_kind kind;
    struct named named;
    struct epoch epoch;
    int learn;
    struct column number; /* BATCH: int32, its sessions in the store */
    struct batch batch;
    struct steps steps;
};

/* A pass as it was written, to come again. */
struct kept_pass {
    i32_vec slot, number; /* `slot` is empty but for parallel mini-batches */
    i32_vec size;         /* of each record; negative: learn 0 */
    size_t record, at;    /* the next record and its first session, where the pass comes again */
};

struct schedule_in {
    struct batches_in *in;
    struct session_store store; /* complete once the first epoch was read */
    struct batching batching;   /* `row` and `history_items` may be set before the first batch */
    struct parallel_batches parallel;
    /* may be set before the first batch: in validation and tests a batch of more targets comes in
     * several, of whole sessions, and so in bounded memory; 0: it comes as it is */
    size_t test_targets;
    /* may be set when a training pass begins: [sessions] 1: left out of its batches; NULL: none */
    const unsigned char *left_out;
    i64_vec edges;
    struct epoch epoch;       /* number 0: none yet */
    struct kept_pass kept[4]; /* by part */
    bool again, keeping;      /* the pass comes from `kept`, or goes there */
    struct batches_record
        rest;       /* of a batch that comes in several: what is left; no session: none */
    i32_vec number; /* the sessions of the current batch */
    struct batches_record held; /* a record that was read before its turn: the one after a pass of
                                   parallel mini-batches, or after a batch */
    enum read_result held_result;
    struct err held_error;
    uint64_t digest;      /* where it was read after a batch: as it was before */
    bool keeps_digest;    /* set where digests are asked for */
    bool holds, in_slots; /* `held` waits; slots may have steps left */
};

/* `memory`: bytes for events, the rest goes to a temporary file; 0: no limit.  65, 66. */
int schedule_in_open(struct schedule_in *s, const char *const *paths, int count, int64_t memory,
                     struct err *e);

/* Arrays are valid until the next call.  RECORD, END or ERROR. */
enum read_result schedule_in_next(struct schedule_in *s, struct schedule_record *r, struct err *e);

/* For the time between a batch and the next call of schedule_in_next: the sessions of the batch
 * that comes next, `count` of them, which is read before its turn.  0: what comes next is not a
 * batch of this pass, or one would have to wait for it, or sessions are left out.  Errors come with
 * schedule_in_next. */
const int32_t *schedule_in_ahead(struct schedule_in *s, size_t *count);

/* batches_in_digest_begin, and the digest of all records up to the current one. */
void schedule_in_digest_begin(struct schedule_in *s);
uint64_t schedule_in_digest(const struct schedule_in *s);

void schedule_in_close(struct schedule_in *s); /* {0} is fine */

#endif
