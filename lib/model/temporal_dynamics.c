#include "model/temporal_dynamics.h"

#include <math.h>

#include "model/batch_events.h"
#include "model/lookback.h"
#include "model/user_embedding.h"

/* ---- opening ---- */

static const float FIRST_RATE = 0.1f; /* of α, as the design has it */

static float *identity(struct device *d, int n)
{
    size_t count = (size_t)n * (size_t)n;
    float *host = mem_zero(count, sizeof *host), *to = d->op->alloc(d, count * sizeof *to);
    for (size_t i = 0; i < count; i += (size_t)n + 1)
        host[i] = 1;
    d->op->upload(d, to, host, count * sizeof *host);
    mem_free(host);
    return to;
}

void temporal_dynamics_open(struct temporal_dynamics *d, struct model *m, const struct contexts *c,
                            int size, int state, int width)
{
    struct parameters *p = &m->parameters;
    *d = (struct temporal_dynamics){.dwell = contexts_find(c, "dwell")};
    d->drift = parameters_add_matrix(p, "drift.weight", size, state, 1 / sqrtf((float)state));
    struct parameter *rate =
        parameters_add_table(p, "user_drift", 2, (const int64_t[]){m->data.users, 1}, 0);
    d->rate = parameters_from(rate, FIRST_RATE);
    if (d->dwell >= 0) {
        d->bins = m->data.context_codes[d->dwell];
        d->item_dwell = parameter_spread(
            parameters_add_items(p, "item_dwell.weight", m->data.items, d->bins, 0));
        d->one_hot = identity(m->device, d->bins);
    }
    session_memory_open(&d->memory, m, width);
    for (int32_t u = 0; u < m->data.users; u++)
        vec_push(&d->first, INT64_MAX);
}

void temporal_dynamics_release(struct temporal_dynamics *d, struct device *of)
{
    if (d->one_hot)
        of->op->release(of, d->one_hot);
    session_memory_release(&d->memory);
    vec_release(&d->first);
}

/* ---- the forward pass ---- */

/* log(1 + days since the user's first session), for each session of the batch: [B, 1] */
static struct tensor *ages(const struct temporal_dynamics *d, struct tape *t, const struct batch *b)
{
    size_t n = b->user.len;
    float *age = tape_host(t, n * sizeof *age);
    for (size_t i = 0; i < n; i++) {
        int64_t first = d->first.at[column_i32(b->user)[i]], now = column_i64(b->start)[i];
        age[i] = now > first ? (float)log1p((double)(now - first) / 86400) : 0;
    }
    return tape_numbers(t, age, (int)n, 1);
}

struct tensor *temporal_dynamics_start(const struct temporal_dynamics *d, struct tape *t,
                                       const struct batch *b)
{
    const struct session_memory *s = &d->memory;
    struct lookback_sessions h = lookback_known(t, b, &s->kept, 1);
    int32_t *slot = tape_host_ints(t, (size_t)h.count);
    for (int i = 0, end = 0; i < h.count; i++)
        slot[i] = h.slot[(end += h.length[i]) - 1];
    struct tensor *last =
        tape_gather(t, tape_constant(t, s->table, s->rows, s->width), tape_rows(t, slot, h.count));
    return tape_scale_rows(t, last, ages(d, t, b));
}

struct tensor *temporal_dynamics_drift(const struct temporal_dynamics *d, struct tape *t,
                                       const struct batch *b, const struct forward *f,
                                       struct tensor *h)
{
    return tape_scale_rows(t, tape_linear(t, h, tape_parameter(t, d->drift), NULL),
                           user_rows(t, d->rate, b, f));
}

void temporal_dynamics_output(const struct temporal_dynamics *d, struct tape *t,
                              const struct batch *b, const int32_t *event, struct forward *f)
{
    if (!d->item_dwell)
        return;
    const int32_t *bin = batch_codes(t, b, d->dwell, event, f->targets);
    struct tensor *all = tape_constant(t, d->one_hot, d->bins, d->bins);
    struct tensor *part[] = {f->state, tape_gather(t, all, tape_rows(t, bin, f->targets))};
    f->state = tape_concat(t, part, 2);
    f->output_more = d->item_dwell;
}

/* ---- what is remembered ---- */

void temporal_dynamics_finish(struct temporal_dynamics *d, struct tape *t, const struct batch *b,
                              const float *last)
{
    session_memory_put(&d->memory, t, b, last);
    for (size_t i = 0; i < b->user.len; i++) {
        int64_t *first = &d->first.at[column_i32(b->user)[i]], start = column_i64(b->start)[i];
        *first = start < *first ? start : *first;
    }
}

void temporal_dynamics_forget(struct temporal_dynamics *d, int32_t user)
{
    memory_slots_forget(&d->memory.kept, user);
    d->first.at[user] = INT64_MAX;
}

void temporal_dynamics_clear(struct temporal_dynamics *d)
{
    session_memory_clear(&d->memory);
    for (size_t u = 0; u < d->first.len; u++)
        d->first.at[u] = INT64_MAX;
}

void temporal_dynamics_state(struct temporal_dynamics *d, struct state *s)
{
    size_t users = d->first.len;
    session_memory_state(&d->memory, s);
    state_i64s(s, "first", &d->first, INT64_MIN, INT64_MAX);
    if (state_good(s) && d->first.len != users)
        state_refuse(s, "first", "of another length");
}
