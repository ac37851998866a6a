/* Whose session runs in each lane, and what a step of the lanes does: which rows of a model's
 * states end, begin and go on.  Host integers alone. */
#ifndef MODEL_PARALLEL_H
#define MODEL_PARALLEL_H

#include "model/model.h"

struct turns {
    bool absorbs; /* users take in each session that ends */
    bool joined;  /* sessions of a user go on from one another */
    int32_t lanes;
    i32_vec user_of; /* [lanes] whose session runs; -1: nobody's */
    i32_vec newest;  /* [lanes] the last target, which was no input yet; -1: there was none */
    i32_vec unread;  /* [users] the same of those who have ended; of joined sessions alone */
};

/* Lanes that take an item in: host arrays of the tape's step. */
struct move {
    int count;
    int32_t *lane, *input, *target; /* [count] */
    int first;                      /* the caller's: its place among all inputs */
};

/* Joined sessions go on from the last item of the one before, which predicts the new one's first;
 * then comes the step itself, of all lanes that are not idle. */
enum moves { MOVE_JOIN, MOVE_ON, MOVES };

/* Which rows go where: host arrays of the tape's step, lanes ascending. */
struct plan {
    int absorbed, ended, loaded, begun;
    int32_t *absorb;             /* [absorbed] lanes whose session has ended */
    int32_t *end_row, *end_user; /* [ended] of the absorbed, those whose user has ended too */
    int32_t *load, *load_user;   /* [loaded] lanes in which a user begins, and who */
    int32_t *begin;              /* [begun] lanes whose state is made anew; of joined sessions where
                                    a user begins, else where a session does */
    struct move move[MOVES];     /* one after the other */
};

/* Nobody runs.  lanes may be 0 until turns_room. */
void turns_open(struct turns *w, bool absorbs, bool joined, int32_t users);
void turns_room(struct turns *w, int32_t lanes);
void turns_release(struct turns *w);

/* No user has been before. */
void turns_forget(struct turns *w);

/* Goes through step k. */
struct plan turns_step(struct turns *w, struct tape *t, const struct lane_steps *steps, int k);

/* Goes through a step in which all lanes are idle. */
struct plan turns_end(struct turns *w, struct tape *t);

/* Of lanes that have their room, for checkpoints (nn/state.h). */
void turns_state(struct turns *w, struct state *s, const struct model_data *data);

#endif
