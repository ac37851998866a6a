/* The file of a saved model, opened to run the model: its class and options, the data that it was
 * trained on, and the items that it knows (sesspipe-model(5)). */
#ifndef TRAIN_SAVED_MODEL_H
#define TRAIN_SAVED_MODEL_H

#include "base/names.h"
#include "model/model.h"
#include "nn/safetensors.h"
#include "stream/meta.h"
#include "train/model_file.h"

struct saved_model {
    const char *path; /* owned by the caller; for messages where there is no file */
    bool ready;       /* there is no file: the weights are compiled in (model/wide_ready.h) */
    struct safetensors file;
    const struct model_class *class;
    struct model_options *options; /* of its class, with which it was trained */
    int64_t seed;
    struct names items; /* in the file's order */
    struct names users; /* users with weights of their own or a cluster, in the file's order */
    int64_t history;    /* largest number of earlier sessions in its training batches */
    int64_t week_shift;
    bool reversed;       /* it learned from sessions from their end (batcher --reverse) */
    i64_vec edges;       /* edges of the age buckets; empty: the file has none */
    i64_vec dwell_edges; /* of the bins of dwell times, for a model that reads them */
    struct buf maker;    /* the program that trained it, packed for a header's pipeline; or empty */
    VEC(char *) settings; /* texts that `options` points to */
};

/* Opens the file and reads how the model was trained; path NULL: the ready-made one, `wide` with
 * the weights that are compiled in.  66: no such file.  65: not a model file, or a model that this
 * program does not know; the message names the field. */
int saved_model_open(struct saved_model *t, const char *path, struct err *e);

/* Sets the allocated parameters of a model of its class: model_file_read, or the weights that are
 * compiled in. */
int saved_model_weights(const struct saved_model *t, struct model *m,
                        const struct model_names *names, struct err *e);

/* 65: the model attends to ages or weeks, and the stream measures them in another way; one of both
 * has sessions from their end. */
int saved_model_check(const struct saved_model *t, const struct meta *m, struct err *e);

/* Appends the program that trained the model to the header's pipeline. */
void saved_model_chain(const struct saved_model *t, struct meta *m);

void saved_model_close(struct saved_model *t);

#endif
