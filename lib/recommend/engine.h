/* Recommendations of a trained model: the items that it finds most likely to come next in the
 * newest session of each user, what its attention weighed most, and which counts speak for each
 * item. */
#ifndef RECOMMEND_ENGINE_H
#define RECOMMEND_ENGINE_H

#include "data/batch.h"
#include "data/session_store.h"
#include "train/counted.h"
#include "train/run_contexts.h"
#include "train/saved_model.h"
#include "model/model.h"
#include "index/evidence.h"
#include "model/evidence_kinds.h"
#include "model/wide_part.h"
#include "model/wide_score.h"
#include "recommend/remembered.h"
#include "recommend/users.h"
#include "recommend/vectors.h"

enum exclude { EXCLUDE_NONE, EXCLUDE_SESSION, EXCLUDE_HISTORY };

/* A session, or an event of it, that the model's attention weighed most; the weight is at most 1.
 */
struct reason {
    enum attention_level level;
    int32_t session; /* number among the user's sessions */
    int32_t item;    /* the model's id; -1: the reason is the session */
    float weight;
};

enum { REASONS = 3 }; /* of each level, at most */

/* A kind of evidence that speaks for an item, and what it adds to the score. */
struct item_reason {
    enum evidence_kind kind;
    float adds;
};

enum { ITEM_REASONS = 3 }; /* of each item, at most */

/* What is asked of the newest session of a user. */
struct question {
    int32_t user; /* the stream's id */
    int32_t top;  /* items wanted, at least 1 */
    enum exclude exclude;
    int64_t now; /* the time at which it is asked; before the session's last event: at that */
};

struct recommendation {
    struct question asked;
    int32_t count;          /* items */
    size_t first;           /* index of the first in the engine's item and score */
    size_t reason, reasons; /* index of the first in the engine's reason; how many */
};

struct engine {
    /* options, which the caller sets before engine_open */
    int32_t batch; /* most questions at once */
    bool why;
    const char *index_path; /* sessions to count in, in place of those in the file; NULL: those in
                               the file, or those that the caller has put into `counted` */
    double explore;         /* as in wide_part_explore */
    int64_t memory;         /* bytes for events, the rest goes to a temporary file; 0: no limit */
    bool grows;             /* a wide part also counts in sessions that come in later */
    bool serves;            /* many answers are to come, so that a copy of the weights pays */
    int32_t returning;      /* users whose sessions a model remembers from answer to answer, at
                               most; at least `batch` are */

    /* [items] 1: may be recommended; NULL: all may.  The caller may set it before engine_make. */
    const unsigned char *allowed;

    struct vectors *vectors; /* takes the vectors that the scores are products of; NULL: nobody
                                does, as where the model has a wide part */

    struct run_contexts contexts; /* columns that the model reads; the caller opens them */

    const struct saved_model *saved;
    struct model_data data; /* of the model; with room for items that come in later */
    struct model model;
    const struct names *items;      /* by the model's ids */
    struct counted counted;         /* what a wide part counts in */
    struct evidence_maker evidence; /* makes `said` from it */
    struct evidence said;           /* the evidence for each newest session of the batch */
    struct wide_values values;      /* of it, where nobody asks for reasons */
    struct wide_weights weights;    /* of the wide part, with `why` */
    struct tape *tape;
    bool attends;
    /* results of the last batch */
    VEC(struct recommendation) list;
    i32_vec item; /* best first */
    f32_vec score;
    VEC(struct reason) reason;           /* by level, the heaviest first */
    VEC(struct item_reason) item_reason; /* of the items one after another, what adds most first */
    i32_vec item_reasons;                /* [items + 1] where those of each begin */
    i32_vec candidate;                   /* [items] in `said`; -1: there is no evidence of it */

    /* used while a batch is computed */
    struct users *users;
    struct session_store store; /* the sessions of the batch's users that the answer depends on; the
                                   users are numbered from 0.  The newest is test, those that the
                                   model is to take in are training, others are of no part */
    i32_vec before;             /* [batch's users] sessions before those of the store */
    struct batching batching;
    struct remembered remembered;
    i32_vec place; /* [batch's users] among these, where the model remembers */
    int64_t taken; /* sessions that the model has taken in for later answers */
    i32_vec user;  /* the batch's users in the model's ids, in which unknown users come last */
    i32_vec group; /* [model's users] cluster of each; empty: the model has no clusters */
    i32_vec input, best, code;
    i64_vec time;
    VEC(struct extra) extra; /* the columns of a session */
    i32_vec mark;            /* [items] `marks` for the last user who excluded the item */
    f32_vec best_score, weight[LEVELS];
    struct quantized *quantized; /* the output layer's weights in 8 bits; NULL: none */
    int answers;                 /* batches of them, up to 2 */
    int32_t marks;
};

/* Opens the model as it was saved.  `edges`: the stream's edges of session ages, used where the
 * file has none.  64: an index, and the model does not count.  65, 71. */
int engine_open(struct engine *a, const struct saved_model *saved, const i64_vec *edges,
                struct device *d, struct err *e);

/* The model's id of an item; -1: the model does not know it.  Where the engine grows, an
 * unknown item is added. */
int32_t engine_item(struct engine *a, struct bytes name);

/* Answers `count` questions, at most `batch`, of different users, each of whom has a session.  1:
 * the model gives scores that are not numbers. */
int engine_make(struct engine *a, struct users *users, const struct question *asked, size_t count,
                struct err *e);

/* Forgets the users of answers so far: those of later ones are others, whatever their numbers. */
void engine_forget(struct engine *a);

/* The user whom answer i of the last batch is for. */
static inline struct known_user *engine_user(const struct engine *a, size_t i)
{
    return &a->users->at.at[a->list.at[i].asked.user];
}

/* The items of a session that the answer depends on, by its number among those of the user whom the
 * answer, one of the last batch, is for. */
static inline const int32_t *
engine_session_items(const struct engine *a, const struct recommendation *answer, int32_t session)
{
    size_t user = (size_t)(answer - a->list.at);
    return session_store_items(&a->store,
                               (size_t)(a->store.first.at[user] + session - a->before.at[user]));
}

/* Whether each recommended item has reasons. */
static inline bool engine_tells(const struct engine *a)
{
    return a->why && a->model.wide;
}

void engine_release(struct engine *a);

#endif
