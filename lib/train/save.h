/* The `__metadata__` of a model file: how the weights were made. */
#ifndef TRAIN_SAVE_H
#define TRAIN_SAVE_H

#include "train/best.h"
#include "train/model_file.h"
#include "stream/meta.h"

struct training_texts {
    const char *model, *program;
    struct bytes options;    /* of the program, packed */
    const struct meta *meta; /* of the input */
    const struct best *best;
    const struct session_index *index; /* NULL: none is saved */
};

/* Saves the best weights.  73, 74. */
int save_model(const struct model *m, const struct training_texts *texts,
               const struct model_names *names, const char *path, struct err *e);

#endif
