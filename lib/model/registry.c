#include <string.h>

#include "base/buf.h"
#include "model/model.h"

extern const struct model_class ii_rnn_class, hierarchical_class, narm_class, rib_class,
    context_rnn_class, improved_class, asars_class, youtube_dnn_class, session_embedding_class,
    intent_class, wavenet_class, sasrec_class, stamp_class, stmp_class, stmo_class, hrnn_class,
    rnn_class, bpr_mf_class, fpmc_class, wide_class;

const struct model_class *const model_classes[] = {
    &ii_rnn_class, &hierarchical_class, &narm_class,
    &rib_class,    &context_rnn_class,  &improved_class,
    &asars_class,  &youtube_dnn_class,  &session_embedding_class,
    &intent_class, &wavenet_class,      &sasrec_class,
    &stamp_class,  &stmp_class,         &stmo_class,
    &hrnn_class,   &rnn_class,          &bpr_mf_class,
    &fpmc_class,   &wide_class,         NULL};

int model_find(const char *name, const struct model_class **class, struct err *e)
{
    struct buf possible = {0};
    for (int i = 0; model_classes[i]; i++) {
        *class = model_classes[i];
        if (!strcmp((*class)->name, name))
            return buf_release(&possible), 0;
        buf_format(&possible, "%s%s", i ? ", " : "", (*class)->name);
    }
    err_set(e, STATUS_USAGE, "--model %s: no such model: choose from %s", name, possible.at);
    buf_release(&possible);
    return e->status;
}
