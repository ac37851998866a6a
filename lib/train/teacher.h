/* A trained model that teaches another (Tan et al. 2016, "privileged information"): it has learned
 * from sessions from their end (batcher --reverse), and so says of each target what the items after
 * it tell of it.  It does not learn any more. */
#ifndef TRAIN_TEACHER_H
#define TRAIN_TEACHER_H

#include "train/saved_model.h"

struct teacher {
    struct saved_model saved;
    struct model model; /* after teacher_begin */
    float weight, temperature;
};

/* Opens the file that the options name.  64: it cannot teach.  65, 66. */
int teacher_open(struct teacher *t, const struct model_options *o, struct err *e);

/* Reads its weights for the stream's items.  65: it does not know all of them. */
int teacher_begin(struct teacher *t, const struct model_data *data, const struct names *items,
                  struct device *d, struct err *e);

/* What it says of the batch's targets, which are all events but each session's first, in order.
 * Of a session's last event it knows nothing: there its share is 0.  Valid for the step. */
struct taught teacher_says(struct teacher *t, struct tape *tape, const struct batch *b);

/* Of {0} too. */
void teacher_close(struct teacher *t);

#endif
