/* Factors of users and items, trained to rank items that were consumed above items that were not
 * (Rendle et al. 2009 and 2010, loss BPR):
 *
 *     bpr-mf  score_i = p_u · q_i + b_i
 *     fpmc    score_i = p_u · q_i + m_l · n_i, where l is the item before
 *
 * The factors of users begin at zero, which marks users without training: for them bpr-mf replaces
 * p by the mean of the q of the session so far (Li et al. 2017, 4.2), and fpmc uses the item before
 * only. */
#include <string.h>

#include "model/batch_events.h"
#include "model/user_embedding.h"

static const float BOUND = 0.1f; /* of the initial factors of items */

struct factors {
    bool chained; /* fpmc */
    int size;     /* E */
    const struct parameter *user, *last, *output, *bias;
};

/* ---- opening ---- */

static const struct model_options defaults = {
    .embedding = 100, .dropout = 0.2, .postings = EVIDENCE_POSTINGS};
static const struct option *const options[] = {model_size_rows, model_wide_rows,
                                               model_evidence_rows, NULL};

static struct factors *factors_open(struct model *m)
{
    struct factors *r = mem_zero(1, sizeof *r);
    r->size = (int)m->options->embedding;
    r->user = user_embedding_declare(m, r->size);
    m->own = r;
    return r;
}

static void bpr_mf_open(struct model *m)
{
    struct factors *r = factors_open(m);
    struct parameters *p = &m->parameters;
    r->output =
        parameter_spread(parameters_add_items(p, "output.weight", m->data.items, r->size, BOUND));
    r->bias = parameter_spread(parameters_add_items(p, "output.bias", m->data.items, 0, 0));
}

static void fpmc_open(struct model *m)
{
    struct factors *r = factors_open(m);
    struct parameters *p = &m->parameters;
    r->chained = true;
    r->last = parameters_add_items(p, "item_embedding.weight", m->data.items, r->size, BOUND);
    r->output = parameter_spread(
        parameters_add_items(p, "output.weight", m->data.items, 2 * r->size, BOUND));
}

static void factors_close(struct model *m)
{
    mem_free(m->own);
}

/* ---- the forward pass ---- */

/* What the scores of each target are computed from: host arrays of the tape's step. */
struct taken {
    int count;
    int32_t *user, *session;      /* session: index in the batch */
    const int32_t *target, *last; /* items; last: of the event before, where each target has one */
};

/* The targets: each session's events from number `first` (0 or 1) on.  Event 0 has no event before
 * it. */
static struct taken take(struct tape *t, const struct batch *b, int first)
{
    size_t n = b->item.len;
    int32_t *target = tape_host_ints(t, n), *last = tape_host_ints(t, n), event = 0;
    struct taken k = {.user = tape_host_ints(t, n), .session = tape_host_ints(t, n)};
    for (size_t i = 0; i < b->length.len; event += column_i32(b->length)[i++])
        for (int32_t j = first; j < column_i32(b->length)[i]; j++) {
            k.user[k.count] = column_i32(b->user)[i];
            k.session[k.count] = (int32_t)i;
            last[k.count] = event + j - 1;
            target[k.count++] = event + j;
        }
    k.target = batch_items(t, b, target, k.count);
    if (first)
        k.last = batch_items(t, b, last, k.count);
    tape_share(t, k.user, k.count, NULL, k.user);
    tape_share(t, k.session, k.count, NULL, k.session);
    return k;
}

/* Downloads rows of a parameter. */
static float *fetch(struct tape *t, const struct parameter *p, const struct column *rows)
{
    struct device *d = tape_device(t);
    struct tensor *x = tape_rows_of(t, p, column_i32(*rows), (int)rows->len);
    size_t bytes = rows->len * (size_t)x->cols * sizeof(float);
    float *host = tape_host(t, bytes);
    d->op->download(d, host, x->value, bytes);
    return host;
}

static bool is_zero(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0)
            return false;
    return true;
}

/* out [n, size]: row i is the mean of rows 0 .. i of x. */
static void means_so_far(size_t n, size_t size, const float *x, float *out)
{
    for (size_t i = 0; i < size; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++) {
            sum += (double)x[j * size + i];
            out[j * size + i] = (float)(sum / (double)(j + 1));
        }
    }
}

/* The user's factors in a test, at each position of the session but the last; for a user without
 * training what replaces them. */
static struct tensor *stand_in(const struct factors *r, struct tape *t, const struct batch *b,
                               const struct taken *k)
{
    struct device *d = tape_device(t);
    size_t size = (size_t)r->size, bytes = (size_t)k->count * size * sizeof(float);
    const float *own = fetch(t, r->user, &b->user), *item = fetch(t, r->output, &b->item);
    float *host = tape_host(t, bytes), *out = host, *there = tape_memory(t, bytes);
    for (size_t i = 0; i < b->length.len; i++, own += size) {
        size_t length = (size_t)column_i32(b->length)[i], n = length ? length - 1 : 0;
        if (is_zero(own, size))
            means_so_far(n, size, item, out);
        else
            for (size_t j = 0; j < n; j++)
                memcpy(out + j * size, own, size * sizeof *own);
        out += n * size;
        item += length * size;
    }
    d->op->upload(d, there, host, bytes);
    return tape_constant(t, there, k->count, r->size);
}

/* In training every event of a session is a target, the first included; but beside a wide part only
 * those of which there is evidence. */
static void bpr_mf_forward(struct model *m, struct tape *t, const struct batch *b,
                           struct forward *f)
{
    const struct factors *r = m->own;
    bool training = tape_training(t);
    struct taken k = take(t, b, !training || b->evidence);
    struct tensor *p = training ? tape_rows_of(t, r->user, k.user, k.count) : stand_in(r, t, b, &k);
    *f = (struct forward){.state = tape_dropout(t, p, (float)m->options->dropout),
                          .target = k.target,
                          .owner = k.session,
                          .targets = k.count,
                          .output = r->output,
                          .output_bias = r->bias};
}

static void fpmc_forward(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    const struct factors *r = m->own;
    struct taken k = take(t, b, 1);
    struct tensor *part[] = {tape_rows_of(t, r->user, k.user, k.count),
                             tape_rows_of(t, r->last, k.last, k.count)};
    *f = (struct forward){.state =
                              tape_dropout(t, tape_concat(t, part, 2), (float)m->options->dropout),
                          .target = k.target,
                          .owner = k.session,
                          .targets = k.count,
                          .output = r->output};
}

extern const struct model_class bpr_mf_class, fpmc_class;
const struct model_class bpr_mf_class = {
    .name = "bpr-mf",
    .purpose = "factors of users and items",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .samples = true,
    .loss = "bpr",
    .open = bpr_mf_open,
    .forward = bpr_mf_forward,
    .close = factors_close,
};
const struct model_class fpmc_class = {
    .name = "fpmc",
    .purpose = "factors of users and items, and of transitions from item to item",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .samples = true,
    .loss = "bpr",
    .open = fpmc_open,
    .forward = fpmc_forward,
    .close = factors_close,
};
