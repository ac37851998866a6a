/* How a network with a wide part learns: by turns (stacking, Wolpert 1992).
 *
 * First the wide part learns from all training sessions as if it were alone.  A network soon knows
 * the sessions that it learns from by heart, and is worth more in them than in new ones: what it is
 * worth beside counts has to be learned from sessions that it has not seen.  So in the first half
 * of the passes it learns from the older sessions alone, as if there were no wide part, and after
 * each of them what both are worth (TURN_WORTH) learns in a pass over the others, beside the
 * network as it is in tests.  Then all of the wide part learns from these, beside that network
 * (TURN_BESIDE).  In the second half the network goes on with all sessions.  Its learning rate
 * falls in each half.
 *
 * What is unseen is the newest fifth of the sessions that training passes have: of all of them,
 * where those that are tested are newer than all that train, or where few users have sessions
 * enough; else of each user's. */
#ifndef TRAIN_STACKING_H
#define TRAIN_STACKING_H

#include "train/pass_run.h"

struct stacking {
    unsigned char *unseen; /* [sessions] not 0: the network does not see it in the first half; NULL:
                            * there are no turns */
    size_t sessions;       /* the number of those from which it learns in the second half */
    int64_t until;         /* the last pass in which the network does not see them */
    int64_t pass;          /* the current pass */
    int64_t steps;         /* updates of the network before it */
    struct learner wide;
    /* The turn of the wide part that has begun; TURN_NETWORK: there is none. */
    enum turn turn;
    int64_t round, batch; /* the next batch of it, in which of its passes */
    double start;         /* epoch_log_now() when it began */
    i32_vec picked, end;  /* of that pass: sessions, batches end to end; where each batch ends */
    size_t targets;       /* of the batch that is planned */
    struct stacking_pause {
        int (*after)(void *of, struct err *e); /* called after each batch of a turn */
        void *of;
    } pause;
};

/* After pass_run_begin, where run_takes_turns; the wide part begins with its present weights. */
void stacking_open(struct stacking *s, struct pass_run *r, struct stacking_pause pause);

/* A training pass begins, and before the first one of each half a turn of the wide part: alone, or
 * beside the network.  A pass of the first half has ended: the turn begins in which it is learned
 * what both are worth. */
void stacking_begin_pass(struct stacking *s, struct pass_run *r, int64_t pass);
void stacking_end_pass(struct stacking *s, const struct pass_run *r);

/* Goes on with the turn that has begun, if any, to its end, or until a signal is noted
 * (base/signals.h): then stacking_waits.  1: diverged. */
int stacking_learn(struct stacking *s, struct pass_run *r, struct err *e);
bool stacking_waits(const struct stacking *s);

/* The pass is read, but was trained before a checkpoint. */
void stacking_hide(const struct stacking *s, struct pass_run *r, int64_t pass);

/* The network had no sessions in the pass: false, or in the first half true, and the second half
 * begins. */
bool stacking_gives_up(struct stacking *s, const struct pass_run *r);

/* Nothing improves any more: false, or in the first half true, and the second half begins. */
bool stacking_goes_on(struct stacking *s);

/* For checkpoints (nn/state.h): brings the state up to the last batch; lists it. */
int stacking_flush(struct stacking *s, struct err *e);
void stacking_state(struct stacking *s, struct state *to);
void stacking_close(struct stacking *s);

#endif
