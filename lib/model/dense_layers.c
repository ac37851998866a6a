#include "model/dense_layers.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

const struct option dense_layer_rows[] = {
    {OPTION_TEXT, .name = "layers", .argument = "SIZES", .recorded = true, .labels = LABEL_NAMED,
     .at = offsetof(struct model_options, layers),
     .help = "sizes of dense layers before the output, with commas between them"},
    {0},
};

/* Reads a list of sizes; an empty one, which a model file gives back as NULL, has none. */
static bool parse(struct dense_layers *d, const char *text)
{
    *d = (struct dense_layers){0};
    for (const char *at = text && *text ? text : NULL; at; at = *at ? at + 1 : NULL) {
        size_t len = strcspn(at, ",");
        int64_t size;
        if (d->count == DENSE_LAYERS || !num_i64(at, len, &size) || size < 1 || size > 65536)
            return false;
        d->size[d->count++] = (int)size;
        at += len;
    }
    return true;
}

int dense_layers_check(const struct model_options *o, struct err *e)
{
    struct dense_layers d;
    if (parse(&d, o->layers))
        return 0;
    return err_set(e, STATUS_USAGE,
                   "--layers %s: give the sizes of at most %d layers, such as 256,128, or nothing",
                   o->layers, DENSE_LAYERS);
}

int dense_layers_declare(struct dense_layers *d, struct model *m, int in)
{
    parse(d, m->options->layers);
    for (int i = 0; i < d->count; i++) {
        char weight[32], bias[32];
        float bound = 1 / sqrtf((float)in);
        snprintf(weight, sizeof weight, "layer%d.weight", i);
        snprintf(bias, sizeof bias, "layer%d.bias", i);
        d->weight[i] = parameters_add_matrix(&m->parameters, weight, d->size[i], in, bound);
        d->bias[i] = parameters_add_vector(&m->parameters, bias, d->size[i], bound);
        in = d->size[i];
    }
    return in;
}

struct tensor *dense_layers_run(const struct dense_layers *d, struct tape *t, struct tensor *x)
{
    for (int i = 0; i < d->count; i++)
        x = tape_activate(
            t, ACTIVATION_RELU,
            tape_linear(t, x, tape_parameter(t, d->weight[i]), tape_parameter(t, d->bias[i])));
    return x;
}
