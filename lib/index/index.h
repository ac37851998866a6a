/* An index over sessions that have happened: by the time at which they ended, and for each item the
 * sessions that hold it.  What models read of it is bounded whatever its length (index/evidence.h).
 */
#ifndef INDEX_INDEX_H
#define INDEX_INDEX_H

#include "data/session_store.h"

/* Of one item: where its postings begin, how many there are, and for how many there is room; the
 * first and the last of them, -1: there is none. */
struct item_postings {
    size_t from;
    int32_t count, room;
    int32_t first, newest;
};

/* So many ranks can be read from wherever an item's postings begin, though the item may have fewer:
 * a loop of fixed length over few of them is vector code without a branch. */
enum { POSTINGS_FEW = 16 };

/* Sessions by their last event, so that those that had ended before some time are the ones of lower
 * ranks: a session that began before, but went on, tells nothing.  4 bytes an event, 4 a posting,
 * 24 a session, 24 an item. */
struct session_index {
    int32_t items, sessions;
    int64_t duration;              /* from the first start to the last one, in the first part */
    int64_t first_start;           /* INT64_MAX: it has no session */
    int64_t *start, *last;         /* [sessions] times of the first and the last event */
    int64_t *event;                /* [sessions + 1] where a session's items begin */
    int32_t *item;                 /* [events] */
    struct item_postings *posting; /* [items] */
    int32_t *session; /* ranks of the sessions that hold the item, ascending, each once */
    /* For how much there is room in these arrays, so that an index can grow: items, sessions,
     * events and postings.  Where an item's postings outgrow their room they move to the end. */
    int32_t item_room, session_room;
    size_t event_room, posting_end, posting_room;
};

/* Takes the store's sessions of the parts first .. last. */
void session_index_build(struct session_index *x, const struct session_store *c, int32_t items,
                         enum part first, enum part last);
void session_index_release(struct session_index *x);

/* Sets the duration and the postings of an index whose other arrays are there. */
void session_index_post(struct session_index *x);

/* Leaves out the sessions that never end (session_store_last), which come last of all: none that
 * ended could be added behind them. */
void session_index_leave_endless(struct session_index *x);

/* Lets the index have so many items; new ones are in no session yet. */
void session_index_widen(struct session_index *x, int32_t items);

/* Adds a session that ended last of all, or at the same time: what the index then says is what it
 * would say if it had been built with the session.  Takes time in proportion to the session. */
void session_index_add(struct session_index *x, int64_t start, int64_t last, const int32_t *item,
                       size_t count);

/* The end of the session that ended last; INT64_MIN: there is none. */
int64_t session_index_newest(const struct session_index *x);

/* How many sessions had ended before `time`: those of lower ranks. */
int32_t session_index_before(const struct session_index *x, int64_t time);

/* How many of the item's postings are of ranks below `rank`. */
size_t session_index_postings(const struct session_index *x, int32_t item, int32_t rank);

/* The same for a caller who knows about how many there are: the better, the quicker. */
int32_t session_index_postings_near(const struct session_index *x, int32_t item, int32_t rank,
                                    int32_t about);

/* How many of the first `count` of POSTINGS_FEW ascending ranks, at most all, are below `rank`. */
static inline int32_t session_index_few_below(const int32_t session[POSTINGS_FEW], int32_t count,
                                              int32_t rank)
{
    int32_t below = 0;
    for (int32_t i = 0; i < POSTINGS_FEW; i++)
        below += (i < count) & (session[i] < rank);
    return below;
}

/* The ranks of all the item's postings. */
static inline const int32_t *session_index_ranks(const struct session_index *x, int32_t item)
{
    return x->session + x->posting[item].from;
}

static inline const int32_t *session_index_items(const struct session_index *x, int32_t rank)
{
    return x->item + x->event[rank];
}

static inline size_t session_index_length(const struct session_index *x, int32_t rank)
{
    return (size_t)(x->event[rank + 1] - x->event[rank]);
}

#endif
