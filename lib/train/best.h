/* The best of training so far: which weights are to be saved. */
#ifndef TRAIN_BEST_H
#define TRAIN_BEST_H

#include "train/learner.h"

enum save_by { SAVE_BY_RECALL, SAVE_BY_LAST };

/* Which pass was the best, and what it left: by recall@20 on the validation part where there is
 * one, else on the test part. */
struct best {
    enum save_by by;
    bool keep;       /* weights are kept, to be saved */
    bool validated;  /* a validation pass was seen */
    double recall;   /* of the best pass so far; below 0: none yet */
    int64_t waiting; /* passes since then that brought no improvement */
    /* the weights kept, as the flat buffer of the parameters; NULL: none yet */
    float *weights;
    const char *selected_on; /* "validation", "test", "last" */
    int64_t epoch, step;
};

void best_init(struct best *b, enum save_by by, bool keep);

/* A pass has ended: looks at its scores, keeps weights.  *improved (may be NULL) says whether it
 * was the best so far.  1: the weights are not finite any more. */
int best_pass(struct best *b, const struct learner *l, bool *improved, struct err *e);

/* The input has ended: where no pass could choose, the weights as they are. */
int best_finish(struct best *b, const struct learner *l, struct err *e);

/* Which it was and its weights, for checkpoints (nn/state.h). */
void best_state(struct best *b, const struct parameters *p, struct state *s);
void best_release(struct best *b);

#endif
