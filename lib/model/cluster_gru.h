/* A GRU that all users share, or one for each cluster of users: then its parameters are tables
 * (parameters_add_grus). */
#ifndef MODEL_CLUSTER_GRU_H
#define MODEL_CLUSTER_GRU_H

#include "model/attention.h"

/* tape_gru, where each sequence has the GRU of its cluster, which `by` says.  The sequences of a
 * cluster run together. */
struct tensor *cluster_gru_run(const struct gru *g, struct tape *t, struct tensor *x,
                               struct tensor *h0, const struct ragged *r, const struct grouped *by);

#endif
