#include "model/item_output.h"

#include <math.h>
#include <string.h>

static bool has_form(const struct model *m, const char *form)
{
    return !strcmp(m->options->decoder, form);
}

bool item_output_aims(const struct model_options *o)
{
    return o->decoder && !strcmp(o->decoder, "embedding");
}

/* Embeddings that are also output weights start small, so that the first scores are nearly equal.
 */
void item_output_declare_items(struct item_output *o, struct model *m)
{
    int64_t size = m->options->embedding;
    float bound = has_form(m, "tied") ? 1 / sqrtf((float)size) : 1;
    o->item =
        parameters_add_items(&m->parameters, "item_embedding.weight", m->data.items, size, bound);
}

void item_output_declare(struct item_output *o, struct model *m, int state)
{
    struct parameters *p = &m->parameters;
    bool dense = has_form(m, "dense"), bilinear = has_form(m, "bilinear");
    float bound = 1 / sqrtf((float)state);
    o->weight = o->item;
    if (item_output_aims(m->options)) {
        parameter_spread((struct parameter *)o->item);
        o->predict = parameters_add_matrix(p, "predict.weight", o->item->cols, state, bound);
        o->predict_bias = parameters_add_vector(p, "predict.bias", o->item->cols, bound);
        return;
    }
    if (dense)
        o->weight = parameters_add_items(p, "output.weight", m->data.items, state, bound);
    else if (bilinear || state != o->item->cols)
        o->bilinear = parameters_add_matrix(p, "bilinear.weight", o->item->cols, state, bound);
    if (!bilinear)
        o->bias = parameter_spread(
            parameters_add_items(p, "output.bias", m->data.items, 0, dense ? bound : 0));
    parameter_spread((struct parameter *)o->weight);
}

void item_output_layer(const struct item_output *o, struct forward *f)
{
    f->output = o->weight;
    f->output_bias = o->bias;
}

struct tensor *item_output_rows(const struct item_output *o, struct tape *t, const int32_t *item,
                                int count)
{
    bool training = tape_training(t);
    tape_learn(t, training && !o->item->frozen);
    struct tensor *x = tape_rows_of(t, o->item, item, count);
    tape_learn(t, training);
    return x;
}

/* The loss is of a cosine; so are scores, the products of rows of length 1, of which those of the
 * items are item_output_items's. */
static void predict_embedding(const struct item_output *o, struct tape *t, struct tensor *states,
                              struct forward *f)
{
    struct tensor *y =
        tape_linear(t, states, tape_parameter(t, o->predict), tape_parameter(t, o->predict_bias));
    f->state = tape_training(t) ? y : tape_normalize(t, y);
    if (tape_training(t))
        f->aim = item_output_rows(o, t, f->target, f->targets);
}

struct tensor *item_output_items(const struct item_output *o, struct tape *t, struct tensor *rows)
{
    return o->predict ? tape_normalize(t, rows) : rows;
}

void item_output_state(const struct item_output *o, struct tape *t, struct tensor *states,
                       struct forward *f)
{
    if (o->predict) {
        predict_embedding(o, t, states, f);
        return;
    }
    f->state = o->bilinear ? tape_linear(t, states, tape_parameter(t, o->bilinear), NULL) : states;
}
