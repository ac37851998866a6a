#include "model/model.h"

#include <string.h>

#include "base/buf.h"

extern const struct model_class ii_rnn_class;

const struct model_class *const model_classes[] = {&ii_rnn_class, NULL};

static const struct model_class *class_of(const char *name)
{
    for (int i = 0; model_classes[i]; i++)
        if (!strcmp(model_classes[i]->name, name))
            return model_classes[i];
    return NULL;
}

static int no_such_model(const char *name, struct err *e)
{
    struct buf possible = {0};
    for (int i = 0; model_classes[i]; i++)
        buf_format(&possible, "%s%s", i ? ", " : "", model_classes[i]->name);
    err_set(e, STATUS_USAGE, "--model %s: no such model: choose from %s", name, possible.at);
    buf_release(&possible);
    return e->status;
}

int model_check(const char *name, const struct model_options *o, struct err *e)
{
    const struct model_class *class = class_of(name);
    return class ? class->check(o, e) : no_such_model(name, e);
}

int model_open(struct model *m, const char *name, const struct model_options *o,
               const struct model_data *data, struct device *d, struct err *e)
{
    *m = (struct model){0};
    if (model_check(name, o, e))
        return e->status;
    const struct model_class *class = class_of(name);
    if (class->needs_order && !data->keeps_order)
        return err_set(e, STATUS_USAGE,
                       "--scheme %s does not keep each user's order, which --model %s needs: use "
                       "longest-first",
                       data->scheme ? data->scheme : "of the input", name);
    *m = (struct model){.class = class, .options = o, .data = *data, .device = d};
    class->open(m);
    return 0;
}

void model_close(struct model *m)
{
    if (m->class)
        m->class->close(m);
    parameters_release(&m->parameters);
    *m = (struct model){0};
}
