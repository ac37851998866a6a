/* The best epoch of a training run so far, and its weights, which are saved at the end. */
#ifndef TRAIN_BEST_H
#define TRAIN_BEST_H

#include "train/learner.h"

enum save_by { SAVE_BY_RECALL, SAVE_BY_LAST };

/* The best pass by recall@20: on the validation part if there is one, else on the test part. */
struct best {
    enum save_by by;
    bool keep;       /* weights are kept, to be saved */
    bool validated;  /* there was a validation pass */
    double recall;   /* of the best pass so far; below 0: none yet */
    bool by_loss;    /* the loss has to improve, not the recall */
    double loss;     /* the lowest so far; infinite: none yet */
    int64_t waiting; /* passes without improvement since then */
    /* the weights kept, as the flat buffer of the parameters; NULL: none yet */
    float *weights;
    const char *selected_on; /* "validation", "test", "last" */
    int64_t epoch, step;
};

void best_init(struct best *b, enum save_by by, bool by_loss, bool keep);

/* A pass has ended: compares its recall and keeps the weights if it is the best.  *improved (may be
 * NULL): whether it is.  1: the weights are no longer finite. */
int best_pass(struct best *b, const struct learner *l, bool *improved, struct err *e);

/* The input has ended: where no pass selected weights, keeps the last ones. */
int best_finish(struct best *b, const struct learner *l, struct err *e);

/* For checkpoints (nn/state.h). */
void best_state(struct best *b, const struct parameters *p, struct state *s);
void best_release(struct best *b);

#endif
