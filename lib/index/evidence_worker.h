/* One thread's part of making evidence: the positions of one session at a time. */
#ifndef INDEX_EVIDENCE_WORKER_H
#define INDEX_EVIDENCE_WORKER_H

#include "index/evidence.h"

/* The evidence of the positions of some sessions, end to end. */
struct found_evidence {
    i32_vec end, item; /* of each position: where its candidates end */
    f32_vec feature, context;
    i32_vec votes, voters; /* where they are asked for */
};

struct evidence_worker *evidence_worker_new(const struct evidence_maker *e);
void evidence_worker_free(struct evidence_worker *w);

/* Forgets what was found. */
void evidence_worker_begin(struct evidence_worker *w);

/* Adds the evidence of a session's positions to what was found. */
void evidence_worker_run(struct evidence_worker *w, size_t session, bool ended);

/* All that was found so far. */
struct found_evidence *evidence_worker_found(struct evidence_worker *w);

#endif
