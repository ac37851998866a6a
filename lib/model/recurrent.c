#include "model/recurrent.h"

void recurrent_declare(struct recurrent *n, struct model *m, const char *prefix, int layers, int in,
                       int size)
{
    *n = (struct recurrent){.layers = layers, .size = size, .width = layers * size};
    for (int i = 0; i < layers; i++)
        parameters_add_gru_layer(&m->parameters, &n->gru[i], prefix, i, i ? size : in, size,
                                 model_reset_before(m));
}

int recurrent_gates(const struct recurrent *n)
{
    return 3 * n->size;
}

struct tensor *recurrent_run(const struct recurrent *n, struct tape *t, struct tensor *x,
                             struct tensor *start, const struct ragged *r, float dropout,
                             struct tensor **all)
{
    struct tensor *state[RECURRENT_LAYERS];
    for (int i = 0; i < n->layers; i++) {
        struct tensor *own = start ? tape_columns(t, start, i * n->size, n->size) : NULL;
        x = state[i] = tape_dropout(t, tape_gru(t, &n->gru[i], x, own, r), dropout);
    }
    if (all)
        *all = tape_concat(t, state, n->layers);
    return x;
}
