/* The model card: a page in Markdown beside a saved model that says what it learned from, how it
 * was trained, which epoch was chosen and how that epoch did (trainer --card). */
#ifndef TRAIN_CARD_H
#define TRAIN_CARD_H

#include "data/session_store.h"
#include "nn/state.h"
#include "stream/meta.h"
#include "train/best.h"

/* Results of one pass. */
struct card_scores {
    bool there;
    int64_t targets;
    double loss, recall, mrr; /* recall@20, mrr@20; of a training pass the loss alone */
};

/* By part: of the epoch that is run, and of the epoch whose weights are kept.  {0} has none. */
struct card {
    struct card_scores now[4], chosen[4];
    int64_t epochs; /* the last one */
};

/* A pass has ended, after best_pass. */
void card_pass(struct card *c, const struct pass_stats *stats, const struct best *best);

/* For checkpoints (nn/state.h). */
void card_state(struct card *c, struct state *s);

/* What a card is made of. */
struct card_facts {
    const char *path, *model_path;
    struct bytes label;      /* the model, as tables name it */
    const char *program;     /* this one */
    struct bytes options;    /* of this program, packed */
    const struct meta *meta; /* of the input */
    const struct best *best;
    int64_t weights, seed; /* weights: how many the model has */
    int32_t users, items;
    const struct session_store *store;
    bool diverged; /* a later epoch */
};

/* Writes the card of a model that has been saved.  It depends on the run alone, not on the clock
 * or on where files are.  65, 66: the model file cannot be read again; 73, 74. */
int card_write(const struct card *c, const struct card_facts *facts, struct err *e);

#endif
