/* What a wide part counts in when a saved model runs: the sessions in the model's file, or those of
 * another stream in their place; and sessions that come in while it runs. */
#ifndef TRAIN_COUNTED_H
#define TRAIN_COUNTED_H

#include "index/index.h"
#include "train/saved_model.h"

/* A session that has not ended yet, as far as is known: none has begun after its last event. */
struct awaited_session {
    int64_t start, last;
    int32_t user;
    size_t count;
    int32_t *item;
};

struct counted {
    struct session_index index;
    int32_t given;      /* sessions in it before any came in */
    struct names items; /* those that came first, the model's, the stream's, and later ones */
    i32_vec count;      /* [items] events of each in the index */
    i32_vec changed;    /* items whose count has changed since the caller emptied this list */
    VEC(struct awaited_session) awaited; /* a heap, the first to end on top */
};

/* `first`: names that get the first ids (NULL: none).  `path`: a stream of sessions, whose items
 * all get ids (NULL: the model's file); `memory`: bytes for its events while it is read, the rest
 * goes to a temporary file; 0: no limit.  65: a file without an index, and no stream; another
 * stream. */
int counted_open(struct counted *c, const struct saved_model *saved, const struct names *first,
                 const char *path, int64_t memory, struct err *e);

/* Counts in the store's sessions, whose items are those of `items`, of which *c takes a copy. */
void counted_take(struct counted *c, const struct session_store *sessions,
                  const struct names *items);

/* The id of the name; a new one has no count yet. */
int32_t counted_item(struct counted *c, struct bytes name);

/* A session comes in, with at least one event: it counts once counted_until says that its last
 * event has passed.  Takes a copy. */
void counted_come(struct counted *c, const struct session *s);

/* It is `time`: adds the sessions whose last event lies before it, in the order of their ends.  One
 * that ended before another that is in the index already, or that was given with it, is left
 * out. */
void counted_until(struct counted *c, int64_t time);

void counted_release(struct counted *c);

#endif
