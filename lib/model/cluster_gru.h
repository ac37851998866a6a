/* A GRU that all users share, or one for each cluster of users: then its parameters are tables
 * (parameters_add_grus). */
#ifndef MODEL_CLUSTER_GRU_H
#define MODEL_CLUSTER_GRU_H

#include "model/attention.h"

/* The sequences of one cluster, and its GRU. */
struct cluster_part {
    struct gru gru;
    int place, count;        /* place: of the cluster's block among those that the step uses */
    const int32_t *sequence; /* host [count] ascending */
    struct tensor *x, *h0;   /* their rows, and initial states; NULL: zeros */
    const struct ragged *steps;
};

/* Runs `run` over the part of each cluster, which returns its states, and puts these in the order
 * of the sequences. */
struct tensor *
cluster_gru_parts(const struct gru *g, struct tape *t, struct tensor *x, struct tensor *h0,
                  const struct ragged *r, const struct grouped *by,
                  struct tensor *(*run)(void *of, struct tape *t, const struct cluster_part *part),
                  void *of);

/* The rows of some sequences, end to end. */
struct sequences_of {
    const struct rows *rows;
    const struct ragged *ragged;
};
struct sequences_of cluster_sequences(struct tape *t, const struct ragged *r,
                                      const int32_t *sequence, int count);

/* Block number `place` of those of a table that the step uses, as a parameter of its own. */
const struct parameter *cluster_block(struct tape *t, const struct parameter *p,
                                      const struct grouped *by, int place);

/* tape_gru, where each sequence has the GRU of its cluster, which `by` says.  The sequences of a
 * cluster run together. */
struct tensor *cluster_gru_run(const struct gru *g, struct tape *t, struct tensor *x,
                               struct tensor *h0, const struct ragged *r, const struct grouped *by);

#endif
