/* The model file (sesspipe-model(5)): a model's parameters and the names of its items in the
 * safetensors format, and the names of users if they have weights of their own or clusters. */
#ifndef TRAIN_MODEL_FILE_H
#define TRAIN_MODEL_FILE_H

#include "base/names.h"
#include "index/index.h"
#include "model/model.h"
#include "nn/safetensors.h"

/* Checks, before training, that a model can be saved to the path.  73: it cannot. */
int model_file_check(const char *path, struct err *e);

/* The names of a model's ids. */
struct model_names {
    const struct names *items, *users;
    const struct context_names {
        const char *key;
        struct names codes; /* in the order of the embeddings; empty: they are made of times */
    } * context;
    int contexts;
};

/* Writes the weights (host, laid out as the flat buffer of the parameters), the names, the index
 * (NULL: none) and the texts of `__metadata__`.  73, 74: an older file of that name is left as it
 * is. */
int model_file_save(const struct model *m, const float *weights, const struct model_names *names,
                    const struct session_index *index, const struct safetensors_text *texts,
                    int text_count, const char *path, struct err *e);

/* Reads the names of the items of a model file, in its order; *there: whether it has any (NULL:
 * they are required).  65: the message names the field. */
int model_file_items(const struct safetensors *file, struct names *items, bool *there,
                     struct err *e);

/* Reads the index of a model file, by the file's items.  *there: whether it has one.  65: the
 * message names the field. */
int model_file_index(const struct safetensors *file, int32_t items, struct session_index *x,
                     bool *there, struct err *e);

/* Finds the cluster of each of `users` in a file with clusters: group [users].  *blocks: number of
 * clusters; *theirs: that of the file, 0: it has none.  Users whom the file does not know share one
 * more cluster, to which model_file_read gives the mean weights.  65: the message names the field.
 */
int model_file_groups(const struct safetensors *file, const struct names *users, i32_vec *group,
                      int *blocks, int *theirs, struct err *e);

/* Sets the allocated parameters from a file that has each of them with its name and shape.  If the
 * file has names, rows of items and users are matched by name: items that it does not have keep
 * their initial values, and so do codes of contexts, or are zeros in a model that only runs; users
 * take the mean of all users, or zeros in a table that begins at zero. Otherwise rows are matched
 * by id.  A table per user may be in the file without its first dimension: all users take these
 * weights.  A model with a wide part beside a network may begin with a file of either: the network
 * then begins with random weights, or the wide part with the ready-made ones.  65: the message
 * names the field. */
/* With `taken` parameters that the file lacks, or has in another shape, keep their values, and what
 * else it holds is passed over; the names of those it gave are appended, with commas between.  65:
 * it gave none. */
int model_file_init(struct model *m, const struct model_names *names, const char *path,
                    struct buf *taken, struct err *e);

/* The same from an open file that has all parameters.  A model without gradients on the host uses
 * values directly in the loaded file where their layout is the same. */
int model_file_read(struct model *m, const struct model_names *names,
                    const struct safetensors *file, struct err *e);

#endif
