/* What counting knows of each next item: for every position of a session the items that have some
 * evidence, with numbers that say of what kind and how much of it there is.  A network over these
 * numbers (model/wide.c) has no weight that belongs to an item or a user.
 *
 * Of position t of session s, which began at t0 and whose event t came at t1, nothing is read but
 * - sessions of the index that had ended before t0 (in validation and test passes all sessions of
 *   the index), never s itself;
 * - how often, when first and when last each item was used, and which items came last, in
 *   sessions that had ended before t1;
 * - the user's sessions that had ended before t0, of all parts, and the first t events of s. */
#ifndef INDEX_EVIDENCE_H
#define INDEX_EVIDENCE_H

#include "base/records.h"
#include "index/index.h"

enum {
    EVIDENCE_OWN_EVENTS = 2000
}; /* newest events of the user that are looked at: of further
      sessions only the number counts */

struct evidence_worker;

/* The evidence of the positions of some sessions, end to end. */
struct made_evidence {
    i32_vec start; /* where each position's candidates begin, and where the last one's end */
    i32_vec item;
    f32_vec feature, context;
    i32_vec votes, voters, occurrences; /* where they are asked for */
};

/* Makes evidence.  The caller sets the first block and keeps what it points to. */
struct evidence_maker {
    const struct session_index *index;
    const struct session_store *store; /* keeps times */
    const int32_t *row;    /* [items] as in struct batching; NULL: ids are the store's */
    const int32_t *before; /* [users of the store] likewise; NULL: none */
    int postings;          /* M: sessions looked at of each item, the newest */
    uint32_t without;      /* bit f: feature f is 0, as if nothing were known of it */
    int threads;
    bool last;        /* of each session the last position alone */
    bool at_target;   /* t1 is when the target comes, in place of when the event before it came */
    bool tells_votes; /* tell the votes too */
    bool brief;       /* what was made is valid until the next call alone: takes less memory */
    enum part own;    /* the user's sessions of later parts are not looked at; PART_NONE: all are */

    struct evidence_worker **worker; /* [threads] */
    int32_t item_room, session_room; /* of the index when they were opened */
    struct made_evidence made[2];    /* of the last two batches, by turns */
    int turn;
};

/* The positions whose evidence is wanted: all of the store's sessions picked[0 .. count - 1], or of
 * each of them one, after the first seen[i] of its events, 1 or more.  ended: only what had ended
 * before each session began counts. */
struct evidence_wanted {
    const int32_t *picked, *seen; /* seen NULL: all positions */
    size_t count;
    bool ended;
};

/* Their evidence, in this order, which is that of the batch that batching_make makes of them; valid
 * until the call after the next one, or as `brief` says. */
struct evidence evidence_make_wanted(struct evidence_maker *e, const struct evidence_wanted *w);

/* That of all positions. */
struct evidence evidence_make(struct evidence_maker *e, const int32_t *picked, size_t count,
                              bool ended);

void evidence_release(struct evidence_maker *e);

#endif
