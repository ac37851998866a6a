#include "model/gru_encoder.h"

void gru_encoder_declare(struct gru_encoder *n, struct parameters *p, const char *prefix, int in,
                         int state, bool both, bool reset_before, int clusters)
{
    *n = (struct gru_encoder){.both = both, .state = both ? 2 * state : state};
    parameters_add_grus(p, &n->forward, clusters, prefix, false, in, state, reset_before);
    if (both)
        parameters_add_grus(p, &n->backward, clusters, prefix, true, in, state, reset_before);
}

struct encoded gru_encoder_run(const struct gru_encoder *n, struct tape *t, struct tensor *x,
                               const struct ragged *r, const struct grouped *by)
{
    struct encoded run = {.forward = cluster_gru_run(&n->forward, t, x, NULL, r, by)};
    run.states = run.forward;
    if (n->both) {
        struct tensor *h = cluster_gru_run(&n->backward, t, tape_reverse(t, x, r), NULL, r, by);
        run.backward = tape_reverse(t, h, r);
        run.states = tape_concat(t, (struct tensor *[]){run.forward, run.backward}, 2);
    }
    return run;
}

/* The first or the last row of each sequence; -1: the sequence is empty. */
static const struct rows *ends(struct tape *t, const struct ragged *r, bool last)
{
    int32_t *at = tape_host(t, (size_t)r->count * sizeof *at);
    for (int s = 0, row = 0; s < r->count; row += r->length[s++])
        at[s] = !r->length[s] ? -1 : last ? row + r->length[s] - 1 : row;
    return tape_rows(t, at, r->count);
}

struct tensor *gru_encoder_last(const struct gru_encoder *n, struct tape *t,
                                const struct encoded *run, const struct ragged *r)
{
    struct tensor *end = tape_gather(t, run->forward, ends(t, r, true));
    if (!n->both)
        return end;
    struct tensor *begin = tape_gather(t, run->backward, ends(t, r, false));
    return tape_concat(t, (struct tensor *[]){end, begin}, 2);
}
