/* What the index says of single items, as of an event of one session: how many sessions held the
 * item so far and lately, when first and when last. */
#ifndef INDEX_ITEM_FACTS_H
#define INDEX_ITEM_FACTS_H

#include "index/index.h"
#include "index/numbers.h"

/* Facts of an item.  Few sessions end in the course of one session: so the counts of postings
 * continue from those at the event before, and the ranks of the next postings say whether a count
 * rises at all, without a look at the postings. */
struct item_facts {
    int32_t holders;                      /* postings that count around items */
    int32_t before, late, recent;         /* postings that had ended by now, and before the
                                             windows; before -1: not counted in this session */
    int32_t next, next_late, next_recent; /* ranks of the postings after these */
    int32_t first, last;                  /* the sessions that had it first and last, if any had */
};

/* The facts of items, which have numbers, for one session at a time. */
struct item_facts_of {
    const struct session_index *index;
    const struct numbers *items;
    VEC(struct item_facts) item; /* [numbers] */
    f32_vec root;                /* [numbers] 1 / √(holders + SMOOTH); 0: facts are not set */
    i32_vec fresh, searched;     /* items of a call whose facts are not set; whose postings are */
    f32_vec roots;               /* of the fresh ones */
    bool ended;                  /* only what had ended counts */
    int32_t counts;              /* sessions of lower ranks count around items */
    int64_t now;                 /* time of the last event */
    int32_t rank, late, recent;  /* sessions that had ended before it, and before the windows */
    float late_out, recent_out;  /* the parts of the first number that the others leave out */
};

enum { FACTS_SMOOTH = 5 }; /* added to counts under square roots */

void item_facts_open(struct item_facts_of *f, const struct session_index *x,
                     const struct numbers *items);
void item_facts_release(struct item_facts_of *f);

/* A session begins at `time`. */
void item_facts_begin(struct item_facts_of *f, int64_t time, bool ended);

/* An event comes at `now`, no earlier than those before it.  Whether a session has ended since. */
bool item_facts_come_to(struct item_facts_of *f, int64_t now);

/* Sets `holders` and `root` of these items where they are not yet set for the session. */
void item_facts_hold(struct item_facts_of *f, const int32_t *item, size_t n);

/* The same, and brings all facts of these items up to the last event. */
void item_facts_count(struct item_facts_of *f, const int32_t *item, size_t n);

/* The facts of an item, which were counted. */
static inline const struct item_facts *item_facts_now(const struct item_facts_of *f, int32_t item)
{
    return &f->item.at[item];
}

/* When it was first and last seen, if it was. */
static inline int64_t item_facts_first(const struct item_facts_of *f, const struct item_facts *i)
{
    return f->index->start[i->first];
}

static inline int64_t item_facts_last(const struct item_facts_of *f, const struct item_facts *i)
{
    return f->index->last[i->last];
}

/* How many sessions with the item count by now. */
static inline int32_t item_facts_uses(const struct item_facts_of *f, const struct item_facts *i)
{
    return f->ended ? i->before : i->holders;
}

#endif
