/* The items of a stream against those that a model knows, matched by name, and batches as the model
 * can take them: events of items that it does not know are taken out, and a session or an earlier
 * session of which nothing is left with them.  Steps of lanes likewise: a lane stands still until
 * the next known item of the session comes, which is then the target of the last known one; where
 * there is none, the step that ends or begins a session or a user is that of the next session.
 *
 * A target that the model cannot score counts against it.  An unknown item comes behind all that
 * are known, together with all others that are unknown; where no known item stands before the
 * target, all items are alike.  The loss of both is that of a guess among all items. */
#ifndef TRAIN_ITEM_MAP_H
#define TRAIN_ITEM_MAP_H

#include "base/names.h"
#include "train/learner.h"

struct item_map {
    struct names rows; /* of the model: the stream's items that it knows, then its other ones */
    i32_vec row;       /* [items of the stream] -1: the model does not know it */
    i32_vec id;        /* [rows] in the output: the stream's, or one behind all of those */
    int32_t streamed, items; /* items of the stream; items of the output */
    int32_t unknown;         /* of the stream's */
    /* among which items targets are ranked */
    const unsigned char *candidate;         /* [items]; NULL: all */
    int32_t candidates, unknown_candidates; /* of the output's items; of the unknown among them */
    VEC(unsigned char) row_candidate;       /* [rows] */
    int64_t targets, missed;  /* of the pass's tests: all, and those that could not be scored */
    int64_t events, left_out; /* of all batches: events, and those of unknown items */

    /* the batch in hand */
    struct batch batch;
    i32_vec user, session, length, item;
    i64_vec start;
    i32_vec history, history_delta, history_week, history_session, history_length, history_item;
    i64_vec history_start;
    /* steps, and of each lane what the steps before left: the last known item of the session, -1:
     * none; what has begun since its last step for the model (enum reset) */
    struct steps steps;
    i32_vec step_item, step_target, held;
    VEC(unsigned char) step_reset;
    VEC(unsigned char) due;
    /* the records of its outcome */
    i32_vec rank_user, rank_session, position, target, rank, ties, rank_history, rank_length;
    f32_vec loss;
    i32_vec top_user, top_session, top_position, top_item;
    /* of an attention record */
    i32_vec shown_item, shown_target, shown_top;
};

/* `known`: the model's items. */
void item_map_open(struct item_map *v, const struct names *streamed, const struct names *known);

/* Ranks are among those items of the output alone: candidate [items], 1 or 0, stays the caller's.
 * Returns the same for the rows of the model; NULL: it knows none of them. */
const unsigned char *item_map_candidates(struct item_map *v, const unsigned char *candidate);

/* The batch as the model takes it, valid until the next; without sessions where it knows nothing of
 * it. */
const struct batch *item_map_batch(struct item_map *v, const struct batch *b);

/* The same of steps, as struct slot_steps has them. */
const struct steps *item_map_steps(struct item_map *v, const struct steps *s);

/* What is to be written of a test batch: *o is what the model made of what it took of `b`.  Adds
 * what it could not score to the tally. */
struct outcome item_map_outcome(struct item_map *v, const struct batch *b, const struct outcome *o,
                                struct pass_stats *t);

/* The same of steps, of which item_map_steps gave the last. */
struct outcome item_map_steps_outcome(struct item_map *v, const struct steps *s,
                                      const struct outcome *o, struct pass_stats *t);

/* An attention record with the output's items. */
struct attention item_map_attention(struct item_map *v, const struct attention *a);

void item_map_release(struct item_map *v);

#endif
