#include "model/intra.h"

#include <math.h>
#include <string.h>

void intra_declare(struct intra *n, struct parameters *p, const char *form, int state, int groups)
{
    static const char name[] = "intra_attention";
    bool cat = !strcmp(form, "cat");
    int in = cat ? 2 * state : state;
    float bound = 1 / sqrtf((float)in), own = 1 / sqrtf((float)state);
    n->state = state;
    if (!cat)
        n->hidden = grouped_parameter(p, name, "_hidden.weight", groups, state, in, bound);
    n->weight =
        grouped_parameter(p, name, cat ? ".weight" : "_inter.weight", groups, state, in, bound);
    if (cat)
        n->bias = grouped_parameter(p, name, ".bias", groups, 0, state, bound);
    n->scale = grouped_parameter(p, name, "_scale.weight", groups, 1, state, own);
}

int intra_refuse_clusters(const struct model_options *o, struct err *e)
{
    return err_set(
        e, STATUS_USAGE,
        "--cluster-encoders %s: with --intra %s the session's GRU attends at every step, "
        "and all users share it: leave out intra",
        o->cluster_encoders, o->intra);
}

struct tensor *intra_run(const struct intra *n, struct tape *t, const struct gru *gru,
                         struct tensor *x, struct tensor *start, const struct ragged *steps,
                         struct tensor *h, const struct ragged *back, const struct grouped *g,
                         const float **weight, int *weights)
{
    struct attention_weights attention;
    const struct tape_memory memory = {
        .rows = back,
        .key = grouped_linear(t, h, n->weight, n->hidden ? 0 : n->state, n->bias, back, g),
        .value = h,
        .query = grouped_tensor(t, n->hidden ? n->hidden : n->weight, g),
        .scale = grouped_tensor(t, n->scale, g),
        .group = g->group,
    };
    struct tensor *states = tape_gru_attend(t, gru, x, start, steps, &memory, &attention);
    *weight = attention.weight;
    *weights = attention.total;
    return states;
}
