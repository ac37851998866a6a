/* Whose session runs in each lane, and what a step of the lanes does: which rows of a model's
 * states end, begin and go on.  Host integers alone. */
#ifndef MODEL_PARALLEL_H
#define MODEL_PARALLEL_H

#include "model/model.h"

struct slot_states {
    bool absorbs; /* users take in each session that ends */
    bool joined;  /* sessions of a user go on from one another */
    int32_t lanes;
    i32_vec user_of; /* [lanes] whose session runs; -1: nobody's */
    i32_vec newest;  /* [lanes] the last target, which was no input yet; -1: there was none */
    i32_vec unread;  /* [users] the same of those who have ended; of joined sessions alone */
};

/* Lanes that take an item in: host arrays of the tape's step. */
struct slot_move {
    int count;
    int32_t *lane, *input, *target; /* [count] */
    int first;                      /* the caller's: its place among all inputs */
};

/* Joined sessions go on from the last item of the one before, which predicts the new one's first;
 * then comes the step itself, of all lanes that are not idle. */
enum slot_moves { MOVE_JOIN, MOVE_ON, MOVES };

/* Which rows go where: host arrays of the tape's step, lanes ascending. */
struct slot_plan {
    int absorbed, ended, loaded, begun;
    int32_t *absorb;             /* [absorbed] lanes whose session has ended */
    int32_t *end_row, *end_user; /* [ended] of the absorbed, those whose user has ended too */
    int32_t *load, *load_user;   /* [loaded] lanes in which a user begins, and who */
    int32_t *begin;              /* [begun] lanes whose state is made anew; of joined sessions where
                                    a user begins, else where a session does */
    struct slot_move move[MOVES]; /* one after the other */
};

/* Nobody runs.  lanes may be 0 until slot_states_room. */
void slot_states_open(struct slot_states *w, bool absorbs, bool joined, int32_t users);
void slot_states_room(struct slot_states *w, int32_t lanes);
void slot_states_release(struct slot_states *w);

/* No user has been before. */
void slot_states_forget(struct slot_states *w);

/* Goes through step k. */
struct slot_plan slot_states_step(struct slot_states *w, struct tape *t,
                                  const struct slot_steps *steps, int k);

/* Goes through a step in which all lanes are idle. */
struct slot_plan slot_states_end(struct slot_states *w, struct tape *t);

/* Of lanes that have their room, for checkpoints (nn/state.h). */
void slot_states_state(struct slot_states *w, struct state *s, const struct model_data *data);

#endif
