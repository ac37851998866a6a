/* Evidence that is made while the caller computes something else: in a thread of its own, one batch
 * ahead. */
#ifndef INDEX_EVIDENCE_AHEAD_H
#define INDEX_EVIDENCE_AHEAD_H

#include "base/side_thread.h"
#include "index/evidence.h"

/* {0} has no thread and nothing asked for. */
struct evidence_ahead {
    struct side_thread thread; /* while something is asked for, only it uses the maker */
    bool asked;                /* for what follows, and what is made of it */
    struct evidence_maker *maker;
    i32_vec picked, seen;
    struct evidence_wanted wanted; /* points to them */
    struct evidence made;
};

/* Asks for evidence_make_wanted(maker, wanted), of which it keeps a copy; what was asked for before
 * has been taken.  Does nothing where no thread can be had. */
void evidence_ahead_ask(struct evidence_ahead *a, struct evidence_maker *maker,
                        const struct evidence_wanted *wanted);

/* Returns what the thread has made if exactly this was asked for, else calls evidence_make_wanted.
 * Waits for what was asked for, which is lost if it is something else. */
struct evidence evidence_ahead_take(struct evidence_ahead *a, struct evidence_maker *maker,
                                    const struct evidence_wanted *wanted);

void evidence_ahead_close(struct evidence_ahead *a); /* before the makers are released */

#endif
