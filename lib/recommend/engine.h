/* The items that a trained model holds likeliest to come next in the newest session of each of
 * some users, and what it looked at for that. */
#ifndef RECOMMEND_ENGINE_H
#define RECOMMEND_ENGINE_H

#include "data/batch.h"
#include "train/saved_model.h"
#include "model/model.h"
#include "recommend/users.h"

enum exclude { EXCLUDE_NONE, EXCLUDE_SESSION, EXCLUDE_HISTORY };

/* What weighed most: a session, or an event of it, and its weight, up to 1. */
struct reason {
    enum attention_level level;
    int32_t visit; /* of the person's */
    int32_t item;  /* the model's; -1: the session */
    float weight;
};

enum { REASONS = 3 }; /* of each level, at most */

struct recommendation {
    int32_t user;  /* the stream's */
    int32_t count; /* items */
    size_t first;  /* place of the first in struct engine */
    size_t reason, reasons;
};

struct engine {
    /* the caller's choice, before engine_open */
    int32_t top, batch; /* items wanted; most users at once */
    enum exclude exclude;
    bool why;

    const struct saved_model *trained;
    struct model model;
    struct tape *tape;
    bool attends;
    float *states; /* of models of lanes: device [batch, S] after each user's last event */
    const struct parameter *output, *output_bias; /* theirs, too */

    /* the last batch's */
    VEC(struct recommendation) list;
    i32_vec item; /* best first */
    f32_vec score;
    VEC(struct reason) reason; /* by level, the heaviest first */

    /* while it is made */
    const struct users *people;
    struct session_store corpus; /* its users: the answers, by number */
    struct batching batching;
    i32_vec
        user; /* of a batch, by the model's ids: those that it knows, then one for each answer */
    i32_vec group;             /* by the model's users: the block of each, where it has clusters */
    i32_vec input, best, mark; /* mark: by item, the number of the user for whom it is left out */
    f32_vec best_score, loss, weight[LEVELS];
    int32_t marks;
};

/* Opens the model as it was saved; `edges` (the stream's) are taken where the file
 * does not say its own.  65, 71. */
int engine_open(struct engine *a, const struct saved_model *trained, const i64_vec *edges,
                struct device *d, struct err *e);

/* Answers `count` users, at most a batch, each of whom has a session.  1: scores that are no
 * numbers. */
int engine_make(struct engine *a, const struct users *people, const int32_t *user, size_t count,
                struct err *e);

void engine_release(struct engine *a);

#endif
