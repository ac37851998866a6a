/* The tape: a small network of every operation, its gradients against differences of its loss; the
 * same result for any number of threads; repeats byte for byte. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "nn/optimizer.h"
#include "nn/tape.h"
#include "../device.h"
#include "../tap.h"

enum { ITEMS = 37, SIZE = 9, SESSIONS = 5 };

static const int32_t lengths[SESSIONS] = {4, 1, 0, 7, 3}; /* one is empty */
static const int32_t histories[SESSIONS] = {2, 0, 1, 3, 1};
static const int32_t inputs[15] = {3, 5, 36, 3, 0, 7, 7, 8, 9, 1, 2, 3, 11, 12, -1};
static const int32_t targets[15] = {5, 36, 3, 1, 9, 7, 8, 9, 1, 2, 3, 0, 12, 30, 31};
static const int32_t spread[7] = {0, 0, 2, 3, 3, 3, 4};
static const int32_t replaced[2] = {1, 3}, by[2] = {4, 0};

struct network {
    struct device *device;
    struct tape *tape;
    struct parameters p;
    struct gru intra, inter;
    struct parameter *items, *output, *bias, *attention, *attention_bias, *scale;
};

static void network_open(struct network *n, int threads, size_t workspace, bool reset_before)
{
    *n = (struct network){0};
    n->device = test_device(&(struct device_options){.threads = threads, .workspace = workspace});
    n->tape = tape_new(n->device);
    struct parameters *p = &n->p;
    n->items = parameters_add_matrix(p, "items", ITEMS, SIZE, 1);
    parameters_add_gru(p, &n->inter, "inter", SIZE, SIZE, reset_before);
    parameters_add_gru(p, &n->intra, "intra", SIZE, SIZE, reset_before);
    n->attention = parameters_add_matrix(p, "attention", SIZE, 2 * SIZE, 0.4f);
    n->attention_bias = parameters_add_vector(p, "attention.bias", SIZE, 0.4f);
    n->scale = parameters_add_matrix(p, "scale", 1, SIZE, 1);
    n->output = parameters_add_matrix(p, "output", ITEMS, SIZE, 1);
    n->bias = parameters_add_vector(p, "bias", ITEMS, 1);
    parameters_allocate(p, n->device, OPTIMIZER_ADAM, 0, 7);
}

static void network_close(struct network *n)
{
    parameters_release(&n->p);
    tape_free(n->tape);
    device_close(n->device);
}

/* The mean loss; gradients are added to the parameters'. */
static double network_run(struct network *n, bool training, float rate)
{
    struct tape *t = n->tape;
    tape_begin(t, training, 1, 1);
    const struct ragged *session = tape_ragged(t, lengths, SESSIONS);
    const struct ragged *history = tape_ragged(t, histories, SESSIONS);
    const struct rows *row = tape_rows(t, inputs, session->total);
    struct tensor *x = tape_dropout(t, tape_gather(t, tape_parameter(t, n->items), row), rate);
    struct tensor *mean = tape_mean(t, x, session); /* of each session */
    struct tensor *h = tape_gru(
        t, &n->inter, tape_gather(t, mean, tape_rows(t, spread, history->total)), NULL, history);
    struct tensor *wide[] = {h, tape_gather(t, mean, tape_rows(t, spread, history->total))};
    struct tensor *key = tape_linear(t, tape_concat(t, wide, 2), tape_parameter(t, n->attention),
                                     tape_parameter(t, n->attention_bias));
    struct tensor *start = tape_attend(t, key, tape_parameter(t, n->scale), h, history, NULL, NULL);
    start = tape_replace(t, start, tape_rows(t, replaced, 2),
                         tape_gather(t, mean, tape_rows(t, by, 2)));
    struct tensor *state = tape_gru(t, &n->intra, x, tape_dropout(t, start, rate), session);
    float *loss = tape_output_loss(t, tape_dropout(t, state, rate), tape_parameter(t, n->output),
                                   tape_parameter(t, n->bias), NULL,
                                   tape_ints(t, targets, (size_t)session->total));
    float *losses = to_host(n->device, loss, (size_t)session->total * sizeof *losses);
    double sum = 0;
    for (int i = 0; i < session->total; i++)
        sum += losses[i];
    mem_free(losses);
    if (training)
        tape_backward(t);
    return sum / session->total;
}

/* The parameter's gradient against central differences at a few of its elements. */
static void check_gradient(struct network *n, const struct parameter *p, float rate,
                           const float *grad)
{
    double worst = 0;
    size_t stride = p->count / (size_t)test_some(23) + 1;
    for (size_t i = 0; i < p->count; i += stride) {
        float kept = device_float(n->device, p->value + i), step = 0.01f;
        device_set_float(n->device, p->value + i, kept + step);
        double up = network_run(n, true, rate);
        device_set_float(n->device, p->value + i, kept - step);
        double down = network_run(n, true, rate);
        device_set_float(n->device, p->value + i, kept);
        double numeric = (up - down) / (2.0 * step), found = grad[p->offset + i];
        double error = fabs(numeric - found) / (0.02 + fabs(numeric));
        worst = error > worst ? error : worst;
    }
    tap_ok(worst < 0.02, "gradient of %s: worst %.4f", p->name, worst);
}

static void check_gradients(bool reset_before, float rate)
{
    struct network n;
    network_open(&n, 2, 0, reset_before);
    network_run(&n, true, rate);
    float *grad = to_host(n.device, n.p.grad, n.p.count * sizeof *grad);
    for (size_t i = 0; i < n.p.list.len; i++)
        check_gradient(&n, n.p.list.at[i], rate, grad);
    mem_free(grad);
    network_close(&n);
}

/* Loss and gradients with this many threads and this much workspace. */
static double gradients_with(int threads, size_t workspace, float **grad, size_t *count)
{
    struct network n;
    network_open(&n, threads, workspace, false);
    double loss = network_run(&n, true, 0.2f);
    *count = n.p.count;
    *grad = to_host(n.device, n.p.grad, n.p.count * sizeof **grad);
    network_close(&n);
    return loss;
}

static void check_threads(void)
{
    const struct {
        int threads;
        size_t workspace;
    } way[] = {{1, 0}, {1, 0}, {2, 0}, {2, 0}, {3, 0}, {1, 1}, {3, ITEMS * 4 * 4}};
    float *first = NULL, *before = NULL;
    double first_loss = 0, before_loss = 0;
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        float *grad;
        size_t count;
        double loss = gradients_with(way[i].threads, way[i].workspace, &grad, &count), worst = 0;
        if (!i) {
            first = (float *)(void *)mem_copy(grad, count * sizeof *grad);
            first_loss = loss;
        }
        for (size_t j = 0; j < count; j++)
            worst = fmax(worst, fabs((double)grad[j] - first[j]));
        tap_ok(worst < 1e-6 && fabs(loss - first_loss) < 1e-6,
               "%d threads, workspace %zu: off by %.1e", way[i].threads, way[i].workspace, worst);
        if (i && way[i].threads == way[i - 1].threads && !way[i].workspace)
            tap_ok(loss == before_loss && !memcmp(grad, before, count * sizeof *grad),
                   "%d threads repeat byte for byte", way[i].threads);
        mem_free(before);
        before = grad;
        before_loss = loss;
    }
    mem_free(first);
    mem_free(before);
}

/* Weights and gradients, on the host. */
struct state {
    float *value, *grad;
};

static struct state state_of(const struct network *n)
{
    size_t size = n->p.count * sizeof(float);
    return (struct state){to_host(n->device, n->p.value, size),
                          to_host(n->device, n->p.grad, size)};
}

static void state_release(struct state *s)
{
    mem_free(s->value);
    mem_free(s->grad);
}

/* One step of plain descent, without momentum; returns what was before it and *after. */
static struct state descend(struct network *n, struct optimizer *o, struct state *after)
{
    struct state before = state_of(n);
    float *m = n->p.m;
    n->p.m = NULL;
    optimizer_step(o, &n->p, n->tape);
    n->p.m = m;
    *after = state_of(n);
    return before;
}

/* One step of plain descent moves each weight by exactly its gradient. */
static void check_descent(void)
{
    struct network n;
    struct optimizer o = {.update = {.kind = OPTIMIZER_SGD, .rate = 1}};
    struct state after;
    network_open(&n, 2, 0, false);
    network_run(&n, true, 0);
    struct state before = descend(&n, &o, &after);
    int wrong = 0;
    for (size_t i = 0; i < n.p.count; i++)
        wrong += after.value[i] != before.value[i] - before.grad[i] || after.grad[i] != 0;
    tap_ok(wrong == 0, "SGD of rate 1 takes off exactly the gradient: %d wrong", wrong);
    state_release(&before);
    state_release(&after);
    network_close(&n);
}

static void check_clipping(void)
{
    struct network n;
    struct optimizer o = {.update = {.kind = OPTIMIZER_SGD, .rate = 1}};
    struct state after;
    double norm = 0, moved = 0;
    network_open(&n, 2, 0, false);
    network_run(&n, true, 0);
    struct state now = state_of(&n);
    for (size_t i = 0; i < n.p.count; i++)
        norm += (double)now.grad[i] * (double)now.grad[i];
    o.clip = (float)(sqrt(norm) / 3);
    struct state before = descend(&n, &o, &after);
    for (size_t i = 0; i < n.p.count; i++)
        moved += pow((double)after.value[i] - (double)before.value[i], 2);
    tap_ok(fabs(sqrt(moved) / (double)o.clip - 1) < 1e-4, "clipping keeps the norm: %g of %g",
           sqrt(moved), (double)o.clip);
    state_release(&now);
    state_release(&before);
    state_release(&after);
    network_close(&n);
}

/* It learns; outside training nothing changes and dropout does nothing. */
static void check_learning(void)
{
    struct network n;
    network_open(&n, 2, 0, false);
    struct optimizer o = {.update = {.kind = OPTIMIZER_ADAM, .rate = 0.02f}};
    double before = network_run(&n, false, 0.5f), without = network_run(&n, false, 0);
    tap_ok(before == without, "no dropout outside training");
    tap_ok(n.device->op->square_sum(n.device, n.p.grad, n.p.count) == 0,
           "no gradient outside training");
    for (int i = 0; i < 60; i++) {
        network_run(&n, true, 0.1f);
        o.update.step = i + 1;
        optimizer_step(&o, &n.p, n.tape);
    }
    double after = network_run(&n, false, 0);
    tap_ok(after < before / 3, "the loss falls from %.3f to %.3f", before, after);
    network_close(&n);
}

/* What is frozen after it has learned stays as it is, and its moments too. */
static void check_frozen(void)
{
    struct network n;
    network_open(&n, 2, 0, false);
    struct optimizer o = {.update = {.kind = OPTIMIZER_ADAM, .rate = 0.02f}, .clip = 1};
    float *value[2], *m[2];
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < n.p.list.len; k++)
            n.p.list.at[k]->frozen = i && k % 2;
        network_run(&n, true, 0);
        o.update.step = i + 1;
        value[0] = to_host(n.device, n.p.value, n.p.count * sizeof(float));
        m[0] = to_host(n.device, n.p.m, n.p.count * sizeof(float));
        optimizer_step(&o, &n.p, n.tape);
        value[1] = to_host(n.device, n.p.value, n.p.count * sizeof(float));
        m[1] = to_host(n.device, n.p.m, n.p.count * sizeof(float));
        int wrong = 0;
        for (size_t k = 0; k < n.p.list.len; k++) {
            const struct parameter *q = n.p.list.at[k];
            size_t at = q->offset, bytes = q->count * sizeof(float);
            bool stays = !memcmp(value[0] + at, value[1] + at, bytes) &&
                         !memcmp(m[0] + at, m[1] + at, bytes);
            wrong += stays != q->frozen;
        }
        tap_ok(wrong == 0, "step %d: what is frozen stays, all else moves: %d wrong", i + 1, wrong);
        for (int k = 0; k < 2; k++)
            mem_free(value[k]), mem_free(m[k]);
    }
    network_close(&n);
}

/* The plan of rows holds each of their places once, grouped by row, as they came. */
static void check_rows_plan(struct tape *t, int count, int32_t top)
{
    struct random random = random_of(3, (uint64_t)top);
    int32_t *at = mem_alloc((size_t)count * sizeof *at);
    for (int i = 0; i < count; i++)
        at[i] = (int32_t)random_below(&random, (uint32_t)top + 2) - 1;
    const struct rows *r = tape_rows(t, at, count);
    int wrong = r->count != count || r->start[0] != 0, real = 0;
    for (int i = 0; i < count; i++)
        real += at[i] >= 0, wrong += r->at[i] != at[i];
    for (int u = 0; u < r->unique; u++) {
        wrong += u && r->row[u] <= r->row[u - 1];
        wrong += r->start[u + 1] <= r->start[u];
        for (int i = r->start[u]; i < r->start[u + 1]; i++) {
            wrong += at[r->order[i]] != r->row[u];
            wrong += i > r->start[u] && r->order[i] <= r->order[i - 1];
        }
    }
    tap_ok(!wrong && r->start[r->unique] == real, "plan of %d rows up to %d: %d wrong", count,
           (int)top, wrong);
    mem_free(at);
}

/* The plan of sequences: the longest first, then step by step through those that still run. */
static void check_ragged_plan(struct tape *t, int count, int longest)
{
    struct random random = random_of(4, (uint64_t)count);
    int32_t *length = mem_alloc((size_t)count * sizeof *length);
    int total = 0, wrong = 0, position = 0;
    for (int s = 0; s < count; s++)
        total += length[s] = (int32_t)random_below(&random, (uint32_t)longest + 1);
    const struct ragged *r = tape_ragged(t, length, count);
    wrong += r->count != count || r->total != total || r->start[count] != total;
    for (int s = 0; s < count; s++) {
        wrong += r->start[s + 1] - r->start[s] != length[s];
        for (int i = r->start[s]; i < r->start[s + 1]; i++)
            wrong += r->owner[i] != s;
        if (s) {
            int32_t a = r->sequence[s - 1], b = r->sequence[s];
            wrong += length[a] < length[b] || (length[a] == length[b] && a >= b);
        }
    }
    for (int step = 0; step < r->longest; step++)
        for (int i = 0; i < count; i++) {
            int32_t s = r->sequence[i];
            wrong += (length[s] > step) != (i < r->running[step]);
            if (length[s] > step)
                wrong += r->packed[position++] != r->start[s] + step;
        }
    tap_ok(!wrong && position == total, "plan of %d sequences: %d wrong", count, wrong);
    mem_free(length);
}

/* Lists of items become lists of the candidates that have them. */
static void check_spared(struct tape *t)
{
    static const int32_t item[] = {7, 3, 7, 9, 1}, own[] = {0, 1, 2, 3}, owner[] = {0, 1, 2, 3, -1},
                         spared_at[] = {0, 3, 3, 4, 6}, spared[] = {1, 7, 8, 2, 1, 3},
                         at[] = {0, 3, 3, 3, 5}, candidate[] = {0, 2, 4, 1, 4};
    struct candidates c = {.count = 5, .item = item, .own = own, .owner = owner};
    struct parameters p = {0};
    const struct parameter *weight = parameters_add_matrix(&p, "weight", 10, 2, 1);
    const struct sampled_scores *s = &tape_plan_candidates(t, weight, NULL, &c, item, 4)->scores;
    bool none = !s->spared_at && !memcmp(s->owner, owner, sizeof owner);
    c.spared_at = spared_at, c.spared = spared;
    s = &tape_plan_candidates(t, weight, NULL, &c, item, 4)->scores;
    tap_ok(none && !memcmp(s->spared_at, at, sizeof at) &&
               !memcmp(s->spared, candidate, sizeof candidate),
           "spared items become spared candidates");
    parameters_release(&p);
}

static void check_plans(void)
{
    struct device *d = cpu_open(&(struct device_options){0}); /* plans are the host's work */
    struct tape *t = tape_new(d);
    const int counts[] = {0, 1, 31, 257, 5000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        tape_begin(t, false, 0, 0);
        check_rows_plan(t, counts[i], 9);
        check_rows_plan(t, counts[i], 300);
        check_rows_plan(t, counts[i], 20000000);
        check_ragged_plan(t, counts[i], 7);
    }
    check_spared(t);
    tape_free(t);
    cpu_close(d);
}

int main(void)
{
    check_plans();
    check_gradients(false, 0);
    check_gradients(true, 0);
    check_gradients(false, 0.3f);
    check_threads();
    check_descent();
    check_clipping();
    check_learning();
    check_frozen();
    return tap_done();
}
