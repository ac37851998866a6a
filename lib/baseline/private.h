/* A baseline inside: its parts share what they learn. */
#ifndef BASELINE_PRIVATE_H
#define BASELINE_PRIVATE_H

#include "baseline/baseline.h"
#include "baseline/counts.h"

/* Items are known by their place in the order of popularity from baseline_learn on: place 0 is the
 * most popular one; where popularity changes, an item's place is its id.  A row of the table holds
 * its places ascending, so that the members of the row before a place are found by halving, and
 * beside each its rank within the row. */
struct entry {
    int64_t score;
    int32_t place;
    int32_t rank;    /* from 0, in the order of the row: score, then place */
    int32_t by_rank; /* which entry of the row has the rank that is this entry's number */
};

struct baseline_wide;

struct baseline {
    const struct baseline_kind *kind;
    struct baseline_options options;
    const struct session_store *store; /* the caller's */
    VEC(uint64_t) pairs;               /* context and item, then place, of each event learned */
    struct sets sets;
    bool changes;          /* what is learned changes from session to session */
    i32_vec by_end;        /* sessions that are learned one by one, the first to end first */
    struct counts counts;  /* in place of the table, where what is learned changes */
    size_t learned;        /* of by_end */
    size_t left;           /* of these: out of the window */
    int64_t now;           /* start of the session that is predicted */
    int32_t user;          /* whose it is; -1: none so far */
    i32_vec own;           /* the user's sessions that are learned */
    int64_t *popularity;   /* n(i), by item */
    int64_t events;        /* n */
    int32_t items;         /* N */
    int32_t *place, *item; /* by item: its place; by place: the item */
    int32_t *ranked;       /* [N + 1] candidates at the places before each; NULL: all items are */
    double one;            /* scores that are a score of 1 */
    size_t contexts;
    size_t *start;  /* [contexts + 1]: where each row begins */
    int64_t *total; /* [contexts]: s(c) */
    VEC(struct entry) row;
    struct baseline_wide *wide; /* in place of all these but popularity (baseline/wide.h) */
};

struct baseline_work {
    struct scores scores;
    struct knn_work knn;
    VEC(struct knn_item) session; /* the one so far */
    unsigned char *listed;        /* [N] zeros between uses */
    int32_t *shared;              /* [N] zeros, of knn_items */
};

/* A number and what it orders; equal numbers stay in the order of `what`. */
struct ordered {
    int64_t number;
    int32_t what;
};

/* The greater number first. */
static inline int greater_first(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? 1 : -1;
    return (x->what > y->what) - (x->what < y->what);
}

/* ---- rows.c: the table, where what is learned does not change ---- */

/* The row of the moment, and the one in which the next item is counted; -1: none. */
int32_t baseline_context(const struct baseline *b, const struct moment *m);
int32_t baseline_counted_in(const struct baseline *b, const struct moment *m);

/* Of the pairs, which it frees. */
void baseline_count_pairs(struct baseline *b);

/* A row for each item: the items next to it. */
void baseline_find_neighbours(struct baseline *b);
void baseline_rank_rows(struct baseline *b);

struct neighbour_row {
    const struct entry *at;
    int32_t len;
    int64_t total; /* s(c) */
};

struct neighbour_row baseline_row(const struct baseline *b, const struct moment *m);

/* The number of entries before the place. */
int32_t baseline_entries_before(struct neighbour_row row, int32_t place);

/* ---- replay.c: sessions learned one by one ---- */

/* Counts the events of the training part. */
void baseline_count_training(struct baseline *b);

/* Learns what by_end has of the training part. */
void baseline_learn_training(struct baseline *b);

#endif
