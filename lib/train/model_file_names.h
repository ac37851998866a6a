/* Lists of names in a model's file, and the clusters of its users. */
#ifndef TRAIN_MODEL_FILE_NAMES_H
#define TRAIN_MODEL_FILE_NAMES_H

#include <stdbool.h>

#include "base/names.h"
#include "nn/safetensors.h"

/* 65: "PATH: FIELD: WHAT". */
int file_bad(const struct safetensors *file, const char *field, const char *what, struct err *e);

/* Appends the names of PREFIX.bytes, which PREFIX.offsets splits; *there (may be NULL: they have to
 * be): whether there are any.  65: names the field. */
int file_names_read(const struct safetensors *file, const char *prefix, struct names *names,
                    bool *there, struct err *e);

/* The file's clusters [users], which are its users; *blocks: how many, 0 where it has none.  65. */
int file_clusters_read(const struct safetensors *file, int users, i32_vec *cluster, int *blocks,
                       struct err *e);

#endif
