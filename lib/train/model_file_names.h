/* Lists of names in a model file, and the clusters of its users. */
#ifndef TRAIN_MODEL_FILE_NAMES_H
#define TRAIN_MODEL_FILE_NAMES_H

#include <stdbool.h>

#include "base/names.h"
#include "nn/safetensors.h"

/* 65: "PATH: FIELD: WHAT". */
int file_bad(const struct safetensors *file, const char *field, const char *what, struct err *e);

/* Appends the names in PREFIX.bytes, which PREFIX.offsets splits; *there: whether the file has them
 * (NULL: they are required).  65: the message names the field. */
int file_names_read(const struct safetensors *file, const char *prefix, struct names *names,
                    bool *there, struct err *e);

/* Reads the clusters [users] of the file's users; *blocks: their number, 0: the file has none.  65.
 */
int file_clusters_read(const struct safetensors *file, int users, i32_vec *cluster, int *blocks,
                       struct err *e);

#endif
