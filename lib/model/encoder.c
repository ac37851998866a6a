#include "model/encoder.h"

void encoder_declare(struct encoder *n, struct parameters *p, const char *prefix, int in, int state,
                     bool both, bool reset_before)
{
    *n = (struct encoder){.both = both, .state = both ? 2 * state : state};
    parameters_add_gru(p, &n->forward, prefix, in, state, reset_before);
    if (both)
        parameters_add_gru_reverse(p, &n->backward, prefix, in, state, reset_before);
}

/* Each sequence's rows, the last first; its own inverse. */
static const struct rows *backwards(struct tape *t, const int32_t *length, const struct ragged *r)
{
    int32_t *at = tape_host(t, (size_t)r->total * sizeof *at);
    for (int s = 0, from = 0; s < r->count; from += length[s++])
        for (int32_t i = 0; i < length[s]; i++)
            at[from + i] = from + length[s] - 1 - i;
    return tape_rows(t, at, r->total);
}

struct encoded encoder_run(const struct encoder *n, struct tape *t, struct tensor *x,
                           const struct ragged *r, const int32_t *length)
{
    struct encoded run = {.forward = tape_gru(t, &n->forward, x, NULL, r)};
    run.states = run.forward;
    if (n->both) {
        const struct rows *turned = backwards(t, length, r);
        struct tensor *h = tape_gru(t, &n->backward, tape_gather(t, x, turned), NULL, r);
        run.backward = tape_gather(t, h, turned);
        run.states = tape_concat(t, (struct tensor *[]){run.forward, run.backward}, 2);
    }
    return run;
}

struct tensor *encoder_last(const struct encoder *n, struct tape *t, const struct encoded *run,
                            const int32_t *first, const int32_t *last, int count)
{
    struct tensor *end = tape_gather(t, run->forward, tape_rows(t, last, count));
    if (!n->both)
        return end;
    struct tensor *begin = tape_gather(t, run->backward, tape_rows(t, first, count));
    return tape_concat(t, (struct tensor *[]){end, begin}, 2);
}
