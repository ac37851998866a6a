/* Options of any model as one struct, for tests and measurements that go over models. */
#ifndef TESTS_MODEL_SHAPE_H
#define TESTS_MODEL_SHAPE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/model.h"

/* A text of NULL and a size of 0 are the model's default. */
struct model_shape {
    const char *session_rep, *user_rep, *inter, *intra, *attend_to, *per_user, *clusters;
    const char *cluster_encoders;
    const char *encoder, *decoder, *propagate, *gru, *context, *normalize, *input, *cell;
    const char *recurrent, *variant, *intent,
        *layer_sizes; /* layer_sizes: of models whose layers is a list */
    bool bidirectional, join_sessions, separator, wide, add_mean, gated, dynamics;
    int64_t embedding, hidden, layers, blocks, heads, positions, earlier, feed_forward, kernel,
        dilation, users;
    double dropout, item_dropout, feature_dropout, user_dropout, start_dropout, intent_weight;
};

static inline const struct model_class *class_named(const char *name)
{
    const struct model_class *class;
    struct err e;
    if (model_find(name, &class, &e)) {
        fprintf(stderr, "%s\n", e.text);
        exit(1);
    }
    return class;
}

/* The model's options by the shape; what the model has no option for is left out.  The caller frees
 * them with mem_free. */
static inline struct model_options *options_of_shape(const struct model_class *class,
                                                     const struct model_shape *s)
{
    const struct {
        const char *name, *text;
    } text[] = {{"session-rep", s->session_rep},
                {"user-rep", s->user_rep},
                {"inter", s->inter},
                {"intra", s->intra},
                {"attend-to", s->attend_to},
                {"per-user", s->per_user},
                {"clusters", s->clusters},
                {"cluster-encoders", s->cluster_encoders},
                {"encoder", s->encoder},
                {"decoder", s->decoder},
                {"propagate", s->propagate},
                {"gru", s->gru},
                {"context", s->context},
                {"normalize", s->normalize},
                {"input", s->input},
                {"cell", s->cell},
                {"recurrent", s->recurrent},
                {"variant", s->variant},
                {"layers", s->layer_sizes},
                {"intent", s->intent}};
    const struct {
        const char *name;
        double value;
    } rate[] = {{"dropout", s->dropout},
                {"item-dropout", s->item_dropout},
                {"feature-dropout", s->feature_dropout},
                {"user-dropout", s->user_dropout},
                {"start-dropout", s->start_dropout},
                {"intent-weight", s->intent_weight}};
    const struct {
        const char *name;
        int64_t value;
    } size[] = {{"embedding", s->embedding}, {"hidden", s->hidden},
                {"layers", s->layers},       {"kernel", s->kernel},
                {"dilation", s->dilation},   {"blocks", s->blocks},
                {"heads", s->heads},         {"max-positions", s->positions},
                {"earlier", s->earlier},     {"feed-forward", s->feed_forward},
                {"users", s->users}};
    struct model_options *to = model_options_new(class);
    struct option *rows = option_bind(class->options, to);
    for (struct option *o = rows; o->kind != OPTION_END; o++) {
        for (size_t i = 0; i < sizeof text / sizeof *text; i++)
            if (o->kind != OPTION_INT && !strcmp(o->name, text[i].name) && text[i].text)
                *(const char **)o->to = text[i].text;
        for (size_t i = 0; i < sizeof rate / sizeof *rate; i++)
            if (!strcmp(o->name, rate[i].name))
                *(double *)o->to = rate[i].value;
        for (size_t i = 0; i < sizeof size / sizeof *size; i++)
            if (o->kind == OPTION_INT && !strcmp(o->name, size[i].name) && size[i].value)
                *(int64_t *)o->to = size[i].value;
        if (!strcmp(o->name, "bidirectional"))
            *(bool *)o->to = s->bidirectional;
        if (!strcmp(o->name, "separator"))
            *(bool *)o->to = s->separator;
        if (!strcmp(o->name, "add-mean"))
            *(bool *)o->to = s->add_mean;
        if (!strcmp(o->name, "dynamics"))
            *(bool *)o->to = s->dynamics;
        if (!strcmp(o->name, "gated"))
            *(bool *)o->to = s->gated;
        if (!strcmp(o->name, "wide"))
            *(bool *)o->to = s->wide;
    }
    to->join_sessions = s->join_sessions;
    mem_free(rows);
    return to;
}

#endif
