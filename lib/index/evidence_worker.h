/* One thread's part of making evidence: the positions of one session at a time. */
#ifndef INDEX_EVIDENCE_WORKER_H
#define INDEX_EVIDENCE_WORKER_H

#include "index/evidence.h"

/* The evidence of one session's positions, end to end. */
struct found_evidence {
    i32_vec end, item; /* of each position: where its candidates end */
    f32_vec feature, context;
};

void found_evidence_release(struct found_evidence *f);

struct evidence_worker *evidence_worker_new(const struct evidence_maker *e);
void evidence_worker_run(struct evidence_worker *w, size_t session, bool ended,
                         struct found_evidence *to);
void evidence_worker_free(struct evidence_worker *w);

#endif
