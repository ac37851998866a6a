/* One thread's part of making evidence: the positions of one session at a time. */
#ifndef INDEX_EVIDENCE_WORKER_H
#define INDEX_EVIDENCE_WORKER_H

#include "index/evidence.h"

struct evidence_worker *evidence_worker_new(const struct evidence_maker *e);
void evidence_worker_free(struct evidence_worker *w);

/* Forgets what was found. */
void evidence_worker_begin(struct evidence_worker *w);

/* Adds the evidence of a session's positions to what was found; seen > 0: of the one after so many
 * of its events. */
void evidence_worker_run(struct evidence_worker *w, size_t session, int32_t seen, bool ended);

/* All that was found so far, which the caller may swap for other memory. */
struct made_evidence *evidence_worker_found(struct evidence_worker *w);

#endif
