/* Maps a stream's items to those of a model by name.  Batches for the model are made without the
 * events of items that it does not know, and without sessions and earlier sessions of which no
 * event is left.
 *
 * A target that the model cannot score, an unknown item or one without a known item before it,
 * counts as missed: it has no rank (RANK_NONE), and the loss of a guess among all items. */
#ifndef TRAIN_ITEM_MAP_H
#define TRAIN_ITEM_MAP_H

#include "base/names.h"
#include "data/session_store.h"
#include "train/learner.h"

struct item_map {
    struct names rows; /* the model's items: those of the stream first, then the others */
    i32_vec row;       /* [items of the stream] the model's row; -1: unknown */
    i32_vec id;        /* [rows] id in the output: the stream's, or a new one after all those */
    int32_t streamed, items;          /* items of the stream; items of the output */
    int32_t unknown;                  /* items of the stream that the model does not know */
    VEC(unsigned char) row_candidate; /* [rows] whether targets are ranked among it */
    int64_t targets,
        missed; /* of validation and test passes: all; those that the model cannot score */
    int64_t events, left_out; /* of all sessions: all; those of unknown items */

    /* the records of the batch's outcome */
    i32_vec rank_user, rank_session, position, target, rank, ties, rank_history, rank_length;
    f32_vec loss;
    i32_vec top_user, top_session, top_position, top_item; /* the first three of intents too */
    /* arrays of an attention record */
    i32_vec shown_item, shown_target, shown_top;
};

/* streamed: the stream's items; known: the model's. */
void item_map_open(struct item_map *v, const struct names *streamed, const struct names *known);

/* Counts the events of the sessions. */
void item_map_count(struct item_map *v, const struct session_store *sessions);

/* Of candidate [items of the output], 1 or 0: the same for the model's rows; NULL: the model knows
 * none of them. */
const unsigned char *item_map_candidates(struct item_map *v, const unsigned char *candidate);

/* The outcome in the output's items of a test batch of these sessions (int32 numbers); *o is the
 * model's outcome of the batch that was made of them, zeros where nothing of them was left.  Adds
 * the targets that the model cannot score to *t. */
struct outcome item_map_outcome(struct item_map *v, const struct session_store *sessions,
                                struct column number, const struct outcome *o,
                                struct pass_stats *t);

/* An attention record with the output's items. */
struct attention item_map_attention(struct item_map *v, const struct attention *a);

void item_map_release(struct item_map *v);

#endif
