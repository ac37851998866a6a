/* The wide part alone (Cheng et al. 2016 call it so): scores from counts, by a network whose weights
 * belong to kinds of evidence, none to an item or a user.
 *
 *     s(i) = β log(count_i + ½) + δ(i)        δ(i) = 0 where there is no evidence of i
 *     δ(i) = w2ᵀ relu(W1 φ(i) + b1 + Wz z) + wsᵀ φ(i)
 *
 * φ(i) and the context z: index/evidence.h. */
#include <math.h>

#include "model/model.h"

struct wide {
    const struct parameter *features, *features_bias, *context, *score, *direct, *prior;
    float *log_count; /* device [items] log(count + ½) */
};

enum { HIDDEN = 32 };

static const struct model_options defaults = {0};
static const struct option *const options[] = {NULL};

static void declare(struct wide *w, struct parameters *p)
{
    float bound = 1 / sqrtf((float)EVIDENCE_FEATURES);
    w->features =
        parameters_add_matrix(p, "wide_features.weight", HIDDEN, EVIDENCE_FEATURES, bound);
    w->features_bias = parameters_add_vector(p, "wide_features.bias", HIDDEN, bound);
    w->context = parameters_add_matrix(p, "wide_context.weight", HIDDEN, EVIDENCE_CONTEXT, bound);
    w->score = parameters_add_matrix(p, "wide_score.weight", 1, HIDDEN, 1 / sqrtf(HIDDEN));
    w->direct = parameters_from(parameters_add_matrix(p, "wide_direct.weight", 1,
                                                      EVIDENCE_FEATURES, 0), 0.3f);
    w->prior = parameters_from(parameters_add_matrix(p, "wide_prior.weight", 1, 1, 0), 0.3f);
}

static void wide_open(struct model *m)
{
    struct wide *w = mem_zero(1, sizeof *w);
    size_t n = (size_t)m->data.items;
    float *host = mem_alloc(n * sizeof *host);
    m->own = w;
    declare(w, &m->parameters);
    for (size_t i = 0; i < n; i++)
        host[i] = logf((m->data.count ? (float)m->data.count[i] : 0) + 0.5f);
    w->log_count = m->device->op->alloc(m->device, n * sizeof *host);
    m->device->op->upload(m->device, w->log_count, host, n * sizeof *host);
    mem_free(host);
}

static void wide_close(struct model *m)
{
    struct wide *w = m->own;
    m->device->op->release(m->device, w->log_count);
    mem_free(w);
}

/* Which position each candidate belongs to. */
static const struct rows *positions_of(struct tape *t, const struct evidence *e)
{
    int32_t *at = tape_host_ints(t, (size_t)e->candidates);
    for (int p = 0; p < e->positions; p++)
        for (int32_t i = e->start[p]; i < e->start[p + 1]; i++)
            at[i] = p;
    return tape_rows(t, at, e->candidates);
}

/* δ of all candidates, [candidates, 1]. */
static struct tensor *additions(const struct wide *w, struct tape *t, const struct evidence *e)
{
    struct tensor *phi = tape_numbers(t, e->feature, e->candidates, EVIDENCE_FEATURES);
    struct tensor *z = tape_numbers(t, e->context, e->positions, EVIDENCE_CONTEXT);
    struct tensor *of_context = tape_gather(
        t, tape_linear(t, z, tape_parameter(t, w->context), NULL), positions_of(t, e));
    struct tensor *hidden = tape_linear(t, phi, tape_parameter(t, w->features),
                                        tape_parameter(t, w->features_bias));
    hidden = tape_activate(t, ACTIVATION_RELU, tape_add(t, hidden, of_context));
    return tape_add(t, tape_linear(t, hidden, tape_parameter(t, w->score), NULL),
                    tape_linear(t, phi, tape_parameter(t, w->direct), NULL));
}

/* All events but the first of each session. */
static const int32_t *targets_of(struct tape *t, const struct batch *b, int *count)
{
    int32_t *target = tape_host_ints(t, b->item.len);
    const int32_t *item = column_i32(b->item);
    *count = 0;
    for (size_t i = 0; i < b->length.len; item += column_i32(b->length)[i++])
        for (int32_t j = 1; j < column_i32(b->length)[i]; j++)
            target[(*count)++] = item[j];
    return target;
}

static void wide_forward(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    const struct wide *w = m->own;
    const struct evidence *e = b->evidence;
    *f = (struct forward){0};
    f->target = targets_of(t, b, &f->targets);
    f->add = (struct tape_additions){
        .start = tape_ints(t, e->start, (size_t)e->positions + 1),
        .item = tape_ints(t, e->item, (size_t)e->candidates),
        .value = additions(w, t, e),
    };
    /* a state of width 1, the prior's weight, for all positions */
    int32_t *first = tape_host_ints(t, (size_t)f->targets);
    memset(first, 0, (size_t)f->targets * sizeof *first);
    f->state = tape_gather(t, tape_parameter(t, w->prior), tape_rows(t, first, f->targets));
    f->item_weight = tape_constant(t, w->log_count, m->data.items, 1);
    f->item_bias = tape_zeros(t, 1, m->data.items);
}

static const struct model_rates rates = {
    .lr = 0.006, .clip = 1, .warm_up = 50, .lr_decay = "cosine"};

extern const struct model_class wide_class;
const struct model_class wide_class = {
    .name = "wide",
    .purpose = "a small network over counts, which has no weights of items or users",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .needs_evidence = true,
    .rates = &rates,
    .open = wide_open,
    .forward = wide_forward,
    .close = wide_close,
};
