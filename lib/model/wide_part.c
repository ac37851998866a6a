#include "model/wide_part.h"

#include <math.h>
#include <string.h>

#include "model/evidence_kinds.h"
#include "model/wide_ready.h"
#include "model/wide_score.h"
#include "nn/shards.h"

enum { HIDDEN = WIDE_HIDDEN };

static void declare(struct wide_part *w, struct parameters *p, bool deep)
{
    float bound = 1 / sqrtf((float)EVIDENCE_FEATURES);
    w->features =
        parameters_add_matrix(p, "wide_features.weight", HIDDEN, EVIDENCE_FEATURES, bound);
    w->features_bias = parameters_add_vector(p, "wide_features.bias", HIDDEN, bound);
    w->context = parameters_add_matrix(p, "wide_context.weight", HIDDEN, EVIDENCE_CONTEXT, bound);
    w->score = parameters_add_matrix(p, "wide_score.weight", 1, HIDDEN, 1 / sqrtf(HIDDEN));
    w->direct = parameters_from(
        parameters_add_matrix(p, "wide_direct.weight", 1, EVIDENCE_FEATURES, 0), 0.3f);
    w->prior = parameters_from(parameters_add_matrix(p, "wide_prior.weight", 1, 1, 0), 0.3f);
    if (!deep)
        return;
    w->deep = parameters_add_matrix(p, "wide_deep.weight", 1, EVIDENCE_CONTEXT, 0.01f);
    w->deep_bias = parameters_from(parameters_add_vector(p, "wide_deep.bias", 1, 0), 1);
}

static float log_count(int32_t count)
{
    return logf((float)count + 0.5f);
}

void wide_part_open(struct wide_part *w, struct model *m, bool deep)
{
    size_t n = (size_t)m->data.items;
    *w = (struct wide_part){.host_log_count = mem_alloc(n * sizeof *w->host_log_count)};
    declare(w, &m->parameters, deep);
    for (size_t i = 0; i < n; i++)
        w->host_log_count[i] = log_count(m->data.count ? m->data.count[i] : 0);
    w->log_count = shards_zeros(m->device, m->data.items, sizeof *w->log_count);
    if (deep && m->device->shards) {
        w->bias = shards_zeros(m->device, m->data.items, sizeof *w->bias);
        w->bias_grad = shards_zeros(m->device, m->data.items, sizeof *w->bias_grad);
    }
    m->device->op->upload(m->device, w->log_count, w->host_log_count, n * sizeof *w->log_count);
}

void wide_part_count(const struct wide_part *w, const struct model *m, int32_t item, int32_t count)
{
    float *value = w->host_log_count + item;
    *value = log_count(count);
    m->device->op->upload(m->device, w->log_count + item, value, sizeof *value);
}

void wide_part_explore(struct wide_part *w, double times)
{
    w->explore = times > 1 ? (float)log(times) : 0;
}

void wide_ready_put(struct model *m)
{
    for (const struct wide_ready *w = wide_ready; w->name; w++) {
        struct parameter *p = parameters_find(&m->parameters, w->name);
        m->device->op->upload(m->device, p->value, w->value, w->count * sizeof *w->value);
    }
}

void wide_part_close(struct wide_part *w, const struct model *m)
{
    float *const array[] = {w->log_count, w->bias, w->bias_grad};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        if (array[i])
            m->device->op->release(m->device, array[i]);
    mem_free(w->host_log_count);
    *w = (struct wide_part){0};
}

bool wide_part_owns(const char *parameter)
{
    return !strncmp(parameter, "wide_", 5);
}

bool wide_part_weighs(const char *parameter)
{
    return !strncmp(parameter, "wide_deep.", 10);
}

bool wide_part_sums(const char *parameter)
{
    static const char *const sums[] = {"wide_score.", "wide_direct.", "wide_prior."};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        if (!strncmp(parameter, sums[i], strlen(sums[i])))
            return true;
    return false;
}

void wide_part_weights(const struct model *m, struct wide_weights *to)
{
    for (size_t i = 0; i < m->parameters.list.len; i++) {
        const struct parameter *p = m->parameters.list.at[i];
        if (!wide_part_owns(p->name))
            continue;
        float *value = mem_alloc(p->count * sizeof *value);
        m->device->op->download(m->device, value, p->value, p->count * sizeof *value);
        wide_weights_set(to, p->name, value);
        mem_free(value);
    }
}

/* What the candidates have of the prior, as all items do, is taken from them again. */
static struct tensor *without_prior(const struct wide_part *w, struct tape *t,
                                    const struct evidence *e)
{
    float *number = tape_host(t, (size_t)e->candidates * sizeof *number);
    for (int32_t i = 0; i < e->candidates; i++)
        number[i] = -w->host_log_count[e->item[i]];
    struct tensor *count = tape_numbers(t, number, e->candidates, 1);
    return tape_linear(t, count, tape_parameter(t, w->prior), NULL);
}

/* What is taken from candidates that the user has had. */
static struct tensor *less_of_had(const struct wide_part *w, struct tape *t,
                                  const struct evidence *e)
{
    float *number = tape_host(t, (size_t)e->candidates * sizeof *number);
    for (int32_t i = 0; i < e->candidates; i++)
        number[i] = evidence_had(e->feature + (size_t)i * EVIDENCE_FEATURES) ? -w->explore : 0;
    return tape_numbers(t, number, e->candidates, 1);
}

/* δ of all candidates, [candidates, 1], less their prior; start: device, where each position's
 * candidates begin. */
static struct tensor *additions(const struct wide_part *w, struct tape *t, const struct evidence *e,
                                struct tensor *z, const int32_t *start)
{
    struct tensor *phi = tape_numbers_that_stay(t, e->feature, e->candidates, EVIDENCE_FEATURES);
    struct tensor *of_context =
        tape_linear(t, z, tape_parameter(t, w->context), tape_parameter(t, w->features_bias));
    struct tensor *delta =
        tape_perceptron(t, phi, start, tape_parameter(t, w->features), of_context,
                        tape_parameter(t, w->score), tape_parameter(t, w->direct));
    delta = tape_add(t, delta, without_prior(w, t, e));
    return w->explore ? tape_add(t, delta, less_of_had(w, t, e)) : delta;
}

/* The prior of all items as a bias, [1, items], added to the model's own. */
static struct tensor *prior_of(const struct wide_part *w, const struct model *m, struct tape *t,
                               const struct forward *f)
{
    struct tensor *own = f->item_bias     ? f->item_bias
                         : f->output_bias ? tape_parameter(t, f->output_bias)
                                          : NULL;
    if (w->bias) {
        const struct tape_spread_bias b = {own, tape_parameter(t, w->prior), w->log_count, w->bias,
                                           w->bias_grad};
        return tape_spread_bias(t, &b, m->data.items);
    }
    struct tensor *count = tape_constant(t, w->log_count, m->data.items, 1);
    struct tensor *prior = tape_linear(t, tape_parameter(t, w->prior), count, NULL);
    return own ? tape_add(t, prior, own) : prior;
}

/* Without a deep part the state is β, one number for all positions, and log counts are its weights:
 * so nothing of the size of the items has a gradient. */
static void put_alone(const struct wide_part *w, const struct model *m, struct tape *t,
                      struct forward *f)
{
    int32_t *first = tape_host_ints(t, (size_t)f->targets);
    memset(first, 0, (size_t)f->targets * sizeof *first);
    f->state = tape_gather(t, tape_parameter(t, w->prior), tape_rows(t, first, f->targets));
    f->item_weight = tape_constant(t, w->log_count, m->data.items, 1);
    f->item_bias = tape_no_bias(t, m->data.items);
}

void wide_part_targets(struct tape *t, const struct batch *b, struct forward *f)
{
    int32_t *target = tape_host_ints(t, b->item.len), *owner = tape_host_ints(t, b->item.len);
    const int32_t *item = column_i32(b->item);
    *f = (struct forward){.target = target, .owner = owner};
    for (size_t i = 0; i < b->length.len; item += column_i32(b->length)[i++])
        for (int32_t j = 1; j < column_i32(b->length)[i]; j++) {
            owner[f->targets] = (int32_t)i;
            target[f->targets++] = item[j];
        }
}

struct evidence wide_part_steps(struct tape *t, const struct evidence *e, const struct forward *f)
{
    struct evidence all = *e;
    if (!f->begins)
        return all;
    size_t n = (size_t)f->targets, from = 0, row = EVIDENCE_CONTEXT * sizeof(float);
    int32_t *start = tape_host_ints(t, n + 1);
    float *context = memset(tape_host(t, n * row), 0, n * row);
    for (size_t i = 0; i < n; i++) {
        start[i] = e->start[from];
        if (f->begins[i])
            continue;
        memcpy(context + i * EVIDENCE_CONTEXT, e->context + from * EVIDENCE_CONTEXT, row);
        from++;
    }
    start[n] = e->candidates;
    all.positions = (int)n;
    all.start = start;
    all.context = context;
    return all;
}

void wide_part_add(const struct wide_part *w, const struct model *m, struct tape *t,
                   const struct evidence *e, struct forward *f)
{
    struct tensor *z = tape_numbers(t, e->context, e->positions, EVIDENCE_CONTEXT);
    const int32_t *start = tape_ints(t, e->start, (size_t)e->positions + 1);
    f->add = (struct tape_additions){
        .start = start,
        .item = tape_ints(t, e->item, (size_t)e->candidates),
        .value = e->value ? tape_numbers_that_stay(t, e->value, e->candidates, 1)
                          : additions(w, t, e, z, start),
    };
    if (!w->deep || model_is_absent(m, t)) {
        put_alone(w, m, t, f);
        return;
    }
    struct tensor *factor =
        tape_linear(t, z, tape_parameter(t, w->deep), tape_parameter(t, w->deep_bias));
    f->state = tape_scale_rows(t, f->state, factor);
    f->item_bias = prior_of(w, m, t, f);
}

/* ---- in parts ---- */

void wide_values_clear(struct wide_values *v)
{
    vec_clear(&v->start);
    vec_push(&v->start, 0);
    vec_clear(&v->item);
    vec_clear(&v->context);
    vec_clear(&v->value);
}

void wide_values_release(struct wide_values *v)
{
    vec_release(&v->start);
    vec_release(&v->item);
    vec_release(&v->context);
    vec_release(&v->value);
}

void wide_part_values(const struct wide_part *w, const struct model *m, struct tape *t,
                      const struct evidence *e, struct wide_values *to)
{
    size_t positions = (size_t)e->positions, n = (size_t)e->candidates;
    size_t numbers = positions * EVIDENCE_CONTEXT;
    int32_t before = (int32_t)to->item.len;
    struct tensor *z = tape_numbers(t, e->context, e->positions, EVIDENCE_CONTEXT);
    const struct tensor *value = additions(w, t, e, z, tape_ints(t, e->start, positions + 1));
    for (size_t i = 1; i <= positions; i++)
        vec_push(&to->start, before + e->start[i]);
    vec_append(&to->item, e->item, n);
    vec_append(&to->context, e->context, numbers);
    vec_reserve(&to->value, n);
    m->device->op->download(m->device, to->value.at + to->value.len, value->value,
                            n * sizeof *to->value.at);
    to->value.len += n;
}

struct evidence wide_values_evidence(const struct wide_values *v)
{
    return (struct evidence){.positions = (int)v->start.len - 1,
                             .candidates = (int)v->item.len,
                             .start = v->start.at,
                             .item = v->item.at,
                             .value = v->value.at,
                             .context = v->context.at};
}
