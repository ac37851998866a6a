/* A model file's `__metadata__`: what the weights come from. */
#ifndef LEARN_SAVING_H
#define LEARN_SAVING_H

#include "model/best.h"
#include "model/file.h"
#include "stream/meta.h"

struct training_texts {
    const char *model, *program;
    struct bytes options;    /* the program's, packed */
    const struct meta *meta; /* of the input */
    const struct best *best;
};

/* Saves the best weights.  73, 74. */
int save_model(const struct model *m, const struct training_texts *texts,
               const struct model_names *names, const char *path, struct err *e);

#endif
