/* The model file (sesspipe-model(5)): a model's parameters and the names of its items, and with
 * weights of each user's own or of clusters of users those of its users, as safetensors. */
#ifndef TRAIN_MODEL_FILE_H
#define TRAIN_MODEL_FILE_H

#include "base/names.h"
#include "model/model.h"
#include "nn/safetensors.h"

/* Whether a model could be saved under that name: asked before hours of training.  73: not. */
int model_file_check(const char *path, struct err *e);

/* The names behind a model's ids. */
struct model_names {
    const struct names *items, *users;
};

/* Writes the weights (host, laid out as the flat buffer of the parameters), the names and the texts
 * of `__metadata__`.  73, 74; the file from before stays whole then. */
int model_file_save(const struct model *m, const float *weights, const struct model_names *names,
                    const struct safetensors_text *texts, int text_count, const char *path,
                    struct err *e);

/* The names of the items in a model's file, in its order; *there (may be NULL: they have to be):
 * whether it has any.  65: names the field. */
int model_file_items(const struct safetensors *file, struct names *items, bool *there,
                     struct err *e);

/* Which block of the file's tables each of `users` takes, where it has clusters of users: group
 * [users], *blocks; *theirs: how many the file has, 0: it has no clusters.  A user whom it does not
 * know takes one behind all of them, which model_file_read makes the mean.  65: names the field. */
int model_file_groups(const struct safetensors *file, const struct names *users, i32_vec *group,
                      int *blocks, int *theirs, struct err *e);

/* Sets the allocated parameters from a file that has each of them under its name and shape.  With
 * names in the file the rows of items and users are matched by name, and items that it does not
 * know keep their initial values, while users take the mean of all, or zeros in a table that begins
 * at zero; without, by id.  A table of which the file has one block without the dimension of users
 * has it for all of them.  65: names the field. */
int model_file_init(struct model *m, const struct model_names *names, const char *path,
                    struct err *e);

/* The same from an open file.  Values that stand in a file that is mapped as they are wanted stay
 * there, for a model that holds values alone on a device whose memory is the host's. */
int model_file_read(struct model *m, const struct model_names *names,
                    const struct safetensors *file, struct err *e);

#endif
