#include "model/recurrent.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

const struct option model_cell_rows[] = {
    {OPTION_CHOICE, .name = "cell", .choices = "gru|lstm", .recorded = true, .labels = LABEL_VALUE,
     .at = offsetof(struct model_options, cell), .help = "the recurrent layers' cell"},
    {0},
};

static bool is_lstm(const struct model_options *o)
{
    return o->cell && !strcmp(o->cell, "lstm");
}

int recurrent_check(const struct model_options *o, const struct model_options *plain, struct err *e)
{
    if (is_lstm(o) && strcmp(o->gru, plain->gru) != 0)
        return err_set(e, STATUS_USAGE, "--gru %s: --cell lstm has no reset gate", o->gru);
    return 0;
}

void recurrent_declare(struct recurrent *n, struct model *m, const char *prefix, int layers, int in,
                       int size)
{
    struct parameters *p = &m->parameters;
    char name[40];
    *n = (struct recurrent){.is_lstm = is_lstm(m->options), .layers = layers, .size = size};
    n->width = layers * (n->is_lstm ? 2 : 1) * size;
    snprintf(name, sizeof name, "%s_%s", prefix, n->is_lstm ? "lstm" : "gru");
    for (int i = 0; i < layers; i++) {
        int width = i ? size : in;
        if (n->is_lstm)
            parameters_add_lstm_layer(p, &n->lstm[i], name, i, width, size);
        else
            parameters_add_gru_layer(p, &n->gru[i], name, i, width, size, model_reset_before(m));
    }
}

int recurrent_gates(const struct recurrent *n)
{
    return (n->is_lstm ? 4 : 3) * n->size;
}

/* h of one layer; *state: that, of an LSTM [h; c]. */
static struct tensor *layer(const struct recurrent *n, int i, struct tape *t, struct tensor *x,
                            struct tensor *start, const struct ragged *r, float dropout,
                            struct tensor **state)
{
    if (!n->is_lstm)
        return *state = tape_dropout_of(t, tape_gru(t, &n->gru[i], x, start, r), dropout);
    struct tensor *y = tape_lstm(t, &n->lstm[i], x, start, r);
    struct tensor *h = tape_columns(t, y, 0, n->size), *part[2];
    part[0] = tape_dropout_of(t, h, dropout);
    part[1] = part[0] == h ? NULL : tape_columns(t, y, n->size, n->size);
    *state = part[1] ? tape_concat(t, part, 2) : y;
    return part[0];
}

struct tensor *recurrent_run(const struct recurrent *n, struct tape *t, struct tensor *x,
                             struct tensor *start, const struct ragged *r, float dropout,
                             struct tensor **all)
{
    int width = n->width / n->layers;
    struct tensor *state[RECURRENT_LAYERS];
    for (int i = 0; i < n->layers; i++)
        x = layer(n, i, t, x, start ? tape_columns(t, start, i * width, width) : NULL, r, dropout,
                  &state[i]);
    if (all)
        *all = tape_concat(t, state, n->layers);
    return x;
}
