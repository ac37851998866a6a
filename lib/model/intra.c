#include "model/intra.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "model/cluster_gru.h"

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

/* ---- with a GRU for each cluster ---- */

/* The sessions, and what all parts attend to. */
struct clustered {
    const struct intra *n;
    const struct grouped *by;
    struct tensor *key, *value;
    const struct ragged *back;
    /* in tests: the weights of the parts, one after another, and where those of each session are */
    struct tensor **weight;
    int32_t *at; /* [sessions] */
    int parts, weights;
};

/* A weight of the attention, for the sessions of one cluster. */
static struct tensor *weight_of(const struct clustered *c, struct tape *t,
                                const struct parameter *p, int place)
{
    return tape_parameter(t, p->table ? cluster_block(t, p, c->by, place) : p);
}

static void take_weights(struct clustered *c, struct tape *t, const struct cluster_part *part,
                         const struct ragged *back, const struct attention_weights *a)
{
    for (int i = 0, at = c->weights; i < part->count; i++) {
        c->at[part->sequence[i]] = at;
        at += part->steps->length[i] * back->length[i];
    }
    if (a->total)
        c->weight[c->parts++] = tape_constant(t, (float *)(uintptr_t)a->weight, a->total, 1);
    c->weights += a->total;
}

static struct tensor *run_part(void *of, struct tape *t, const struct cluster_part *part)
{
    struct clustered *c = of;
    const struct intra *n = c->n;
    struct attention_weights a;
    struct sequences_of own = cluster_sequences(t, c->back, part->sequence, part->count);
    const struct tape_memory memory = {
        .rows = own.ragged,
        .key = tape_gather(t, c->key, own.rows),
        .value = tape_gather(t, c->value, own.rows),
        .query = weight_of(c, t, n->hidden ? n->hidden : n->weight, part->place),
        .scale = weight_of(c, t, n->scale, part->place),
    };
    struct tensor *states =
        tape_gru_attend(t, &part->gru, part->x, part->h0, part->steps, &memory, &a);
    if (!tape_training(t))
        take_weights(c, t, part, own.ragged, &a);
    return states;
}

/* The weights in the order of the sessions. */
static const float *ordered(const struct clustered *c, struct tape *t, const struct ragged *steps)
{
    int32_t *place = tape_host_ints(t, (size_t)c->weights);
    int at = 0;
    if (!c->weights)
        return NULL;
    for (int s = 0; s < steps->count; s++)
        for (int i = 0; i < steps->length[s] * c->back->length[s]; i++)
            place[at++] = c->at[s] + i;
    struct tensor *all = tape_stack(t, c->weight, c->parts);
    return tape_gather(t, all, tape_rows(t, place, at))->value;
}

/* ---- all of it ---- */

struct tensor *intra_run(const struct intra *n, struct tape *t, const struct gru *gru,
                         struct tensor *x, struct tensor *start, const struct ragged *steps,
                         struct tensor *h, const struct ragged *back, const struct grouped *g,
                         const float **weight, int *weights)
{
    struct attention_weights attention;
    struct tensor *key =
        grouped_linear(t, h, n->weight, n->hidden ? 0 : n->state, n->bias, back, g);
    if (gru->hh->table) {
        struct clustered c = {.n = n, .by = g, .key = key, .value = h, .back = back};
        c.weight = tape_host(t, (size_t)steps->count * sizeof(struct tensor *));
        c.at = tape_host_ints(t, (size_t)steps->count);
        struct tensor *all = cluster_gru_parts(gru, t, x, start, steps, g, run_part, &c);
        *weight = ordered(&c, t, steps);
        *weights = c.weights;
        return all;
    }
    const struct tape_memory memory = {
        .rows = back,
        .key = key,
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
