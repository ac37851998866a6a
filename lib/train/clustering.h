/* Which users share attention weights (--clusters): as a file says, as the model's file has it, or
 * as their items are alike. */
#ifndef TRAIN_CLUSTERING_H
#define TRAIN_CLUSTERING_H

#include "train/first_epoch.h"
#include "train/model_file.h"

struct clustering {
    i32_vec group; /* [users] */
    int blocks;    /* how many there are; 0: users share nothing */
    bool to_find;  /* from the users' items, which clustering_find does */
};

/* The number in "8"; 0: it names a file. */
int64_t clustering_number(const char *clusters);

/* Where a model's file has clusters, those: for a model that is trained already whatever `clusters`
 * is, else it has to be their number.  Else what the file of that name says, or as many blocks as
 * the number says, to be found.  model: NULL: none.  64, 65, 66. */
int clustering_open(struct clustering *c, const char *clusters, const struct safetensors *model,
                    bool trained, const struct names *users, struct err *e);

/* Finds them by the items of the first training pass: by the mean of the model's embeddings where
 * `embedded`, else by their frequencies (train/kmeans.h). */
void clustering_find(struct clustering *c, const struct first_epoch *a, const struct model *m,
                     bool embedded, uint64_t seed);

void clustering_release(struct clustering *c);

#endif
