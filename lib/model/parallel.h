/* The slots of a parallel mini-batch: which user's session each slot reads, and what a step does
 * with each slot's state (end, begin, continue).  Host integers only. */
#ifndef MODEL_PARALLEL_H
#define MODEL_PARALLEL_H

#include "model/model.h"

struct slot_states {
    bool absorbs; /* a user's state takes in each session that ends */
    bool joined;  /* a user's sessions are read as one */
    bool parted;  /* joined sessions have a separator between them */
    int32_t slots;
    i32_vec user_of; /* [slots] the user in the slot; -1: none */
    i32_vec newest;  /* [slots] the last target, which is not an input yet; -1: none */
    i32_vec unread;  /* [users] the same of users who are in no slot; only of joined sessions */
};

/* The slots that read an item: host arrays of the tape's step. */
struct slot_move {
    int count;
    int32_t *slot, *input, *target; /* [count]; input: -1 for the separator */
    int first;                      /* set by the caller: index of the first among all inputs */
};

/* MOVE_JOIN, of joined sessions: where a session begins, reads the last item of the session before.
 * MOVE_PART: reads the separator after it.  The last of these two predicts the first item of the
 * new session.  MOVE_ON: reads the step's items, in all slots that are not idle. */
enum slot_moves { MOVE_JOIN, MOVE_PART, MOVE_ON, MOVES };

/* What one step does: host arrays of the tape's step, slots ascending. */
struct slot_plan {
    int absorbed, ended, loaded, begun;
    int32_t *absorb; /* [absorbed] slots whose session has ended */
    int32_t *end_row,
        *end_user; /* [ended] rows of the absorbed whose user has ended too; the users */
    int32_t *load, *load_user;    /* [loaded] slots in which a user begins; the users */
    int32_t *begin;               /* [begun] slots whose session state is set anew: where a user
                                     begins (joined sessions) or a session begins (else) */
    struct slot_move move[MOVES]; /* in this order */
};

/* All slots are empty; there are none until slot_states_room.  parted: only of joined ones. */
void slot_states_open(struct slot_states *w, bool absorbs, bool joined, bool parted, int32_t users);
void slot_states_room(struct slot_states *w, int32_t slots);
void slot_states_release(struct slot_states *w);

/* Empties all slots and forgets the unread targets of all users. */
void slot_states_forget(struct slot_states *w);

/* Whether the move predicts.  The first item of a joined session is a target in training alone. */
bool slot_states_predict(const struct slot_states *w, enum slot_moves move, bool training);

/* Applies step k. */
struct slot_plan slot_states_step(struct slot_states *w, struct tape *t,
                                  const struct slot_steps *steps, int k);

/* For checkpoints (nn/state.h), after slot_states_room. */
void slot_states_state(struct slot_states *w, struct state *s, const struct model_data *data);

#endif
