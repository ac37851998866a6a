/* What the newest sessions that hold an item say of the items around it. */
#ifndef INDEX_AROUND_H
#define INDEX_AROUND_H

#include "index/known_sessions.h"

enum { NEAR_DISTANCE = 30 }; /* positions within which items occur together */

/* What they say of one other item: times within some positions; Σ 1/distance ahead; times right
 * after it, two after it, right before it. */
enum around_sum {
    AROUND_NEAR,
    AROUND_RULE,
    AROUND_NEXT,
    AROUND_SECOND,
    AROUND_BEFORE,
    AROUND_SUMS = 8
};
struct neighbour {
    float sum[AROUND_SUMS]; /* the rest is 0: whole vectors */
};

struct around {
    int32_t item, number;
    int32_t uses;                    /* postings that count, read or not */
    int32_t walked, occurrences;     /* sessions read; times the item is in them, */
    int32_t repeats;                 /* and right after itself */
    i32_vec session;                 /* their numbers */
    i32_vec other;                   /* numbers of the items around it, each once */
    VEC(struct neighbour) neighbour; /* and what is said of each */
};

/* What the index says around the items of one session. */
struct arounds {
    const struct session_index *index;
    struct numbers *items;
    struct known_sessions *sessions;
    int postings; /* sessions read of each item, at most */
    int32_t rank; /* sessions of lower ranks count */
    VEC(struct around) list;
    size_t count;  /* of the list; after them is memory to be used again */
    i32_vec place; /* [numbers of items] index in the list; -1: not there */
    i32_vec slot;  /* [numbers of items] index among an item's neighbours; -1: none */
    f32_vec order;
    float about; /* where the cut between those kept and others was */
    /* what an item so many events ahead adds, from NEAR_DISTANCE before to as many after */
    struct neighbour added[2 * NEAR_DISTANCE + 1];
};

/* Items and sessions have the numbers of those that the caller keeps; it forgets them whenever it
 * calls arounds_forget. */
void arounds_open(struct arounds *a, struct numbers *items, struct known_sessions *sessions,
                  int postings);
/* Another session begins, for which sessions of ranks below this one count. */
void arounds_forget(struct arounds *a, int32_t rank);
void arounds_release(struct arounds *a);

/* Reads what counts of the item of a number, once a session.  Valid until the next item that was
 * not read yet. */
struct around *arounds_of(struct arounds *a, int32_t number);

#endif
