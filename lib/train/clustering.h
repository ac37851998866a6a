/* Clusters of users who share attention weights (--clusters): from a file, from the model's file,
 * or found by the users' items. */
#ifndef TRAIN_CLUSTERING_H
#define TRAIN_CLUSTERING_H

#include "data/session_store.h"
#include "train/model_file.h"

struct clustering {
    i32_vec group; /* [users] */
    int blocks;    /* number of clusters; 0: users share no weights */
    bool to_find;  /* clustering_find has to find them */
};

/* The number of clusters, as in "8"; 0: the text names a file. */
int64_t clustering_number(const char *clusters);

/* Takes the clusters of the model's file (`model`, NULL: none) if it has some; for a model that is
 * to be trained on, `clusters` has to be their number.  Else reads the file that `clusters` names,
 * or leaves the number of clusters to clustering_find.  64, 65, 66. */
int clustering_open(struct clustering *c, const char *clusters, const struct safetensors *model,
                    bool trained, const struct names *users, struct err *e);

/* Finds clusters by the users' items in the training sessions: by the mean of their embeddings if
 * `embedded`, else by their frequencies (train/kmeans.h). */
void clustering_find(struct clustering *c, const struct session_store *sessions,
                     const struct model *m, bool embedded, uint64_t seed);

void clustering_release(struct clustering *c);

#endif
