/* A trained model's file as the source of a run: what it was trained as, on what, and the items
 * that it knows (sesspipe-model(5)). */
#ifndef TRAIN_SAVED_MODEL_H
#define TRAIN_SAVED_MODEL_H

#include "base/names.h"
#include "model/model.h"
#include "nn/safetensors.h"
#include "stream/meta.h"

struct saved_model {
    const char *path; /* the caller's */
    struct safetensors file;
    const struct model_class *class;
    struct model_options *options; /* of the class, as it was trained with */
    int64_t seed;
    struct names items; /* in the file's order */
    struct names users; /* who have weights of their own or a cluster, likewise */
    int64_t history;    /* most earlier sessions that it learned from */
    int64_t week_shift;
    i64_vec edges;        /* of the age buckets; empty: the file does not say */
    struct buf maker;     /* the program that trained it, packed for a header's chain; or empty */
    VEC(char *) settings; /* texts that `options` points to */
};

/* Opens the file and reads what it was trained with.  66: no such file.  65: not a model's, or one
 * that this program does not know; the field is named. */
int saved_model_open(struct saved_model *t, const char *path, struct err *e);

/* 65: the stream measures the ages or weeks that the model attends to in another way. */
int saved_model_check(const struct saved_model *t, const struct meta *m, struct err *e);

/* Appends the program that made the model to the header's chain. */
void saved_model_chain(const struct saved_model *t, struct meta *m);

void saved_model_close(struct saved_model *t);

#endif
