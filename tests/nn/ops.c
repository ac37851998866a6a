/* The table of operations, and its simpler ones against plain references in double precision:
 * forward, and backward against its differences, at odd sizes and with empty and single rows. */
#include "update_reference.h"

/* ---- memory ---- */

static void check_memory(void)
{
    const struct operations *op = device->op;
    enum { N = 257 };
    float host[N], back[N], *a = op->alloc(device, sizeof host),
                            *b = op->alloc(device, sizeof host);
    int wrong = 0;
    for (int i = 0; i < N; i++)
        host[i] = (float)i;
    op->step(device);
    op->send(device, a, host, sizeof host);
    op->fill(device, b, 2, N);
    op->add(device, b, a, N);
    op->copy(device, a, b, N - 1);
    op->download(device, back, a, sizeof back);
    for (int i = 0; i < N; i++)
        wrong += back[i] != (i < N - 1 ? (float)i + 2 : (float)i);
    op->release(device, a);
    op->release(device, b);
    tap_ok(wrong == 0, "alloc, send, fill, add, copy, download, release: %d wrong", wrong);
}

/* Pieces that adjoin, more of them than a device may take at once, and one that overwrites. */
static void check_send(void)
{
    enum { N = 300001 };
    static const int from[] = {0, 1, 100, 107, N - 5, 50, 60},
                     to[] = {1, 100, 107, N - 5, N, 60, 61};
    const struct operations *op = device->op;
    size_t bytes = N * sizeof(int32_t);
    int32_t *host = mem_alloc(bytes), *wanted = mem_alloc(bytes), *a = op->alloc(device, bytes);
    op->step(device);
    for (int k = 0; k < 7; k++) {
        for (int i = from[k]; i < to[k]; i++)
            host[i] = wanted[i] = 1000 * k + i;
        op->send(device, a + from[k], host + from[k], (size_t)(to[k] - from[k]) * sizeof *host);
        memset(host, 0xff, bytes); /* it is the caller's again */
        if (k == 5)
            op->step(device);
    }
    op->download(device, host, a, bytes);
    tap_ok(!memcmp(host, wanted, bytes), "send, piece after piece");
    op->release(device, a);
    mem_free(host);
    mem_free(wanted);
}

static void check_fetch(void)
{
    const struct operations *op = device->op;
    float host[3] = {1, 2, 3}, *a = op->alloc(device, sizeof host);
    int ticket[2], wrong = 0;
    for (int i = 0; i < 5; i++) {
        op->step(device);
        host[0] = (float)i;
        op->upload(device, a, host, sizeof host);
        ticket[i % 2] = op->fetch(device, a, sizeof host);
        const float *now = op->fetched(device, ticket[i % 2]);
        wrong += memcmp(now, host, sizeof host) != 0;
        if (i) {
            const float *before = op->fetched(device, ticket[(i - 1) % 2]);
            wrong += before[0] != (float)(i - 1);
        }
    }
    op->release(device, a);
    tap_ok(wrong == 0, "fetch, fetched, step: %d wrong", wrong);
}

/* ---- dense ---- */

struct product {
    bool ta, tb;
    int m, n, k;
    float beta;
};

static void reference_gemm(const struct problem *p, double *out)
{
    const struct product *s = p->shape;
    for (int i = 0; i < s->m; i++)
        for (int j = 0; j < s->n; j++) {
            double sum = (double)s->beta * p->in[2][i * s->n + j];
            for (int l = 0; l < s->k; l++)
                sum += p->in[0][s->ta ? l * s->m + i : i * s->k + l] *
                       p->in[1][s->tb ? j * s->k + l : l * s->n + j];
            out[i * s->n + j] = sum;
        }
}

static void check_gemm(void)
{
    for (int way = 0; way < 4 * SIZES; way++) {
        int m = sizes[way % SIZES], n = sizes[(way / 2) % SIZES], k = sizes[(way / 3) % SIZES];
        struct product s = {way & 1, way & 2, m, n, way == 5 ? 0 : k, way & 4 ? 1 : 0};
        struct problem p = {.reference = reference_gemm, .shape = &s};
        problem_input(&p, (size_t)m * (size_t)k, 0.3f);
        problem_input(&p, (size_t)k * (size_t)n, 0.3f);
        problem_input(&p, (size_t)m * (size_t)n, 1);
        problem_output(&p, (size_t)m * (size_t)n);
        device->op->copy(device, p.found, p.value[2], p.out_size);
        device->op->gemm(device, s.ta, s.tb, m, n, s.k, p.value[0], s.ta ? m : s.k, p.value[1],
                         s.tb ? s.k : n, s.beta, p.found, n);
        check_forward(&p, label("gemm", m, n));
        problem_close(&p);
    }
}

struct matrix {
    int rows, cols;
};

static void reference_bias(const struct problem *p, double *out)
{
    const struct matrix *s = p->shape;
    for (int i = 0; i < s->rows * s->cols; i++)
        out[i] = p->in[0][i] + p->in[1][i % s->cols];
}

static void check_bias(void)
{
    for (int i = 0; i < SIZES; i++) {
        struct matrix s = {sizes[i], sizes[SIZES - 1 - i]};
        struct problem p = {.reference = reference_bias, .shape = &s};
        size_t n = (size_t)s.rows * (size_t)s.cols;
        problem_input(&p, n, 1);
        problem_input(&p, (size_t)s.cols, 1);
        problem_output(&p, n);
        device->op->copy(device, p.found, p.value[0], n);
        device->op->bias(device, s.rows, s.cols, p.value[1], p.found);
        check_forward(&p, label("bias", s.rows, s.cols));
        device->op->bias_back(device, s.rows, s.cols, p.dout, p.grad[1]);
        device->op->add(device, p.grad[0], p.dout, n);
        check_backward(&p, label("bias_back", s.rows, s.cols));
        problem_close(&p);
    }
}

/* The n floats of the device are those expected. */
static bool device_equals(const float *p, const float *expected, size_t n)
{
    float *found = to_host(device, p, n * sizeof *found);
    bool same = !memcmp(found, expected, n * sizeof *found);
    mem_free(found);
    return same;
}

static void check_columns(void)
{
    const float zeros[2 * 4] = {0}, expected[2 * 4] = {1, 4, 3, 4, 6, 14, 8, 9};
    float numbers[2 * 5];
    for (int i = 0; i < 10; i++)
        numbers[i] = (float)(i + 1);
    float *from = to_device(device, numbers, sizeof numbers);
    float *to = to_device(device, zeros, sizeof zeros);
    device->op->columns(device, 2, 3, from + 1, 5, to + 1, 4, false);
    device->op->columns(device, 2, 2, from, 5, to, 4, true);
    tap_ok(device_equals(to, expected, 8), "columns are set and added to");
    device->op->release(device, from);
    device->op->release(device, to);
}

static void reference_activate(const struct problem *p, double *out)
{
    for (size_t i = 0; i < p->out_size; i++)
        out[i] = *(const int *)p->shape == ACTIVATION_TANH ? tanh(p->in[0][i])
                                                           : 1 / (1 + exp(-p->in[0][i]));
}

static void check_activate(void)
{
    for (int way = 0; way < 2 * SIZES; way++) {
        int kind = way % 2 ? ACTIVATION_TANH : ACTIVATION_SIGMOID, n = sizes[way / 2];
        struct problem p = {.reference = reference_activate, .shape = &kind};
        problem_input(&p, (size_t)n, 4);
        problem_output(&p, (size_t)n);
        device->op->activate(device, kind, p.out_size, p.value[0], p.found);
        check_forward(&p, label("activate", kind, n));
        device->op->activate_back(device, kind, p.out_size, p.found, p.dout, p.grad[0]);
        check_backward(&p, label("activate_back", kind, n));
        problem_close(&p);
    }
}

/* ---- dropout ---- */

enum { MASK = 100003 };

/* The first n elements of the mask, drawn from ones. */
static void draw_mask(struct device *d, struct dropout_key key, size_t n, float *mask)
{
    float *ones = d->op->alloc(d, MASK * sizeof *ones), *y = d->op->alloc(d, MASK * sizeof *y);
    d->op->fill(d, ones, 1, MASK);
    d->op->dropout(d, key, n, ones, y, false);
    d->op->download(d, mask, y, n * sizeof *mask);
    d->op->release(d, ones);
    d->op->release(d, y);
}

static double kept_share(struct dropout_key key, float *mask)
{
    size_t kept = 0, wrong = 0;
    draw_mask(device, key, MASK, mask);
    for (size_t i = 0; i < MASK; i++) {
        kept += mask[i] != 0;
        wrong += mask[i] != 0 && mask[i] != 1.0f / (1.0f - key.rate);
    }
    return wrong ? -1 : (double)kept / MASK;
}

/* Masks of other keys beside the mask of this one. */
static void check_keys(struct dropout_key key, const float *mask, float *other)
{
    const struct dropout_key keys[] = {
        {2, 2, 3, 0.2f}, {1, 3, 3, 0.2f}, {1, 2, 4, 0.2f}, {1, 2, 3, 0.5f}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        kept_share(keys[i], other);
        double both = 0, expected = 0.8 * (1 - (double)keys[i].rate);
        for (int j = 0; j < MASK; j++)
            both += mask[j] != 0 && other[j] != 0;
        if (keys[i].rate == key.rate)
            tap_ok(fabs(both / MASK - expected) < 0.006, "another key, another mask: %.4f",
                   both / MASK);
        else
            tap_ok(fabs(both / MASK - 0.5) < 0.006, "a higher rate drops more of the same: %.4f",
                   both / MASK);
    }
}

/* An element's mask depends on its number alone: neither on the device or its threads, nor on how
 * many follow. */
static void check_dropout(void)
{
    float *mask = mem_alloc(MASK * sizeof *mask), *other = mem_alloc(MASK * sizeof *other);
    struct dropout_key key = {1, 2, 3, 0.2f};
    double share = kept_share(key, mask);
    tap_ok(fabs(share - 0.8) < 0.006, "dropout keeps %.4f of 0.8, scaled", share);
    check_keys(key, mask, other);
    bool here = !strcmp(test_device_name(), "cpu"); /* else the CPU is another device */
    struct device *three = cpu_open(&(struct device_options){.threads = here ? 3 : 1});
    draw_mask(three, key, MASK, other);
    tap_ok(!memcmp(mask, other, MASK * sizeof *mask), "the same mask by %s", three->name);
    cpu_close(three);
    draw_mask(device, key, 333, other);
    tap_ok(!memcmp(mask, other, 333 * sizeof *mask), "the same mask for the first elements alone");
    for (int i = 0; i < 333; i++)
        other[i] = 1;
    float *ones = to_device(device, other, 333 * sizeof *other);
    float *y = to_device(device, mask, 333 * sizeof *mask);
    device->op->dropout(device, key, 333, ones, y, true);
    for (int i = 0; i < 333; i++)
        mask[i] *= 2;
    tap_ok(device_equals(y, mask, 333), "dropout adds");
    device->op->release(device, ones);
    device->op->release(device, y);
    mem_free(mask);
    mem_free(other);
}

/* in: x [ROWS, cols], factor [ROWS] */
static void reference_scale_rows(const struct problem *p, double *out)
{
    int cols = *(const int *)p->shape;
    for (int i = 0; i < ROWS * cols; i++)
        out[i] = p->in[0][i] * p->in[1][i / cols];
}

static void check_scale_rows(void)
{
    for (int i = 0; i < SIZES; i++) {
        int cols = sizes[i];
        struct problem p = {.reference = reference_scale_rows, .shape = &cols};
        problem_input(&p, ROWS * (size_t)cols, 1);
        problem_input(&p, ROWS, 1);
        problem_output(&p, ROWS * (size_t)cols);
        device->op->scale_rows(device, ROWS, cols, p.value[0], p.value[1], p.found);
        check_forward(&p, label("scale_rows", ROWS, cols));
        device->op->scale_rows_back(device, ROWS, cols, p.value[0], p.value[1], p.dout, p.grad[0],
                                    p.grad[1]);
        check_backward(&p, label("scale_rows_back", ROWS, cols));
        problem_close(&p);
    }
}

static void reference_multiply(const struct problem *p, double *out)
{
    for (size_t i = 0; i < p->out_size; i++)
        out[i] = p->in[0][i] * p->in[1][i];
}

static void check_multiply(void)
{
    for (int i = 0; i < SIZES; i++) {
        size_t n = (size_t)sizes[i];
        struct problem p = {.reference = reference_multiply};
        problem_input(&p, n, 2);
        problem_input(&p, n, 2);
        problem_output(&p, n);
        device->op->multiply(device, n, p.value[0], p.value[1], p.found);
        check_forward(&p, label("multiply", 1, sizes[i]));
        device->op->multiply_back(device, n, p.value[0], p.value[1], p.dout, p.grad[0], p.grad[1]);
        check_backward(&p, label("multiply_back", 1, sizes[i]));
        problem_close(&p);
    }
}

/* ---- rows ---- */

static const int32_t at[ROWS] = {4, -1, 0, 4, 2, 4, 0, -1, 5, 1, 1, 4};

static void reference_gather(const struct problem *p, double *out)
{
    int cols = *(const int *)p->shape;
    for (int i = 0; i < ROWS * cols; i++)
        out[i] = at[i / cols] < 0 ? 0 : p->in[0][at[i / cols] * cols + i % cols];
}

static void check_gather(void)
{
    for (int i = 0; i < SIZES; i++) {
        int cols = sizes[i];
        const struct rows *r = tape_rows(tape, at, ROWS);
        struct problem p = {.reference = reference_gather, .shape = &cols};
        problem_input(&p, 7 * (size_t)cols, 1);
        problem_output(&p, ROWS * (size_t)cols);
        device->op->gather(device, r, cols, p.value[0], p.found);
        check_forward(&p, label("gather", ROWS, cols));
        device->op->gather_back(device, r, cols, p.dout, p.grad[0]);
        check_backward(&p, label("gather_back", ROWS, cols));
        problem_close(&p);
    }
}

static void check_store(void)
{
    const int32_t where[3] = {2, -1, 0};
    const float numbers[6] = {1, 2, 3, 4, 5, 6}, zeros[6] = {0}, expected[6] = {5, 6, 0, 0, 1, 2};
    float *from = to_device(device, numbers, sizeof numbers);
    float *table = to_device(device, zeros, sizeof zeros);
    device->op->store(device, tape_rows(tape, where, 3), 2, from, table);
    tap_ok(device_equals(table, expected, 6), "store puts rows in their places");
    device->op->release(device, from);
    device->op->release(device, table);
}

static void reference_mean(const struct problem *p, double *out)
{
    int cols = *(const int *)p->shape;
    for (int s = 0, row = 0; s < SEQUENCES; row += some_lengths[s++])
        for (int j = 0; j < cols; j++) {
            out[s * cols + j] = 0;
            for (int i = 0; i < some_lengths[s]; i++)
                out[s * cols + j] += p->in[0][(row + i) * cols + j] / some_lengths[s];
        }
}

static void check_mean(void)
{
    for (int i = 0; i < SIZES; i++) {
        int cols = sizes[i];
        const struct ragged *r = tape_ragged(tape, some_lengths, SEQUENCES);
        struct problem p = {.reference = reference_mean, .shape = &cols};
        problem_input(&p, ROWS * (size_t)cols, 1);
        problem_output(&p, SEQUENCES * (size_t)cols);
        device->op->mean(device, r, cols, p.value[0], p.found);
        check_forward(&p, label("mean", SEQUENCES, cols));
        device->op->mean_back(device, r, cols, p.dout, p.grad[0]);
        check_backward(&p, label("mean_back", SEQUENCES, cols));
        problem_close(&p);
    }
}

static void reference_mean_up_to(const struct problem *p, double *out)
{
    int cols = *(const int *)p->shape;
    for (int s = 0, row = 0; s < SEQUENCES; row += some_lengths[s++])
        for (int t = 0; t < some_lengths[s]; t++)
            for (int j = 0; j < cols; j++, out++) {
                *out = 0;
                for (int i = 0; i <= t; i++)
                    *out += p->in[0][(row + i) * cols + j] / (t + 1);
            }
}

static void check_mean_up_to_of(int cols)
{
    const struct ragged *r = tape_ragged(tape, some_lengths, SEQUENCES);
    struct problem p = {.reference = reference_mean_up_to, .shape = &cols};
    problem_input(&p, ROWS * (size_t)cols, 1);
    problem_output(&p, ROWS * (size_t)cols);
    device->op->mean_up_to(device, r, cols, p.value[0], p.found);
    check_forward(&p, label("mean_up_to", ROWS, cols));
    device->op->mean_up_to_back(device, r, cols, p.dout, p.grad[0]);
    check_backward(&p, label("mean_up_to_back", ROWS, cols));
    problem_close(&p);
}

static void check_mean_up_to(void)
{
    for (int i = 0; i < SIZES; i++)
        check_mean_up_to_of(sizes[i]);
    check_mean_up_to_of(64); /* a GPU takes four columns at a time */
}

/* ---- optimizers ---- */

static void check_square_sum(void)
{
    size_t n = 3 * 65536 + 257;
    float *x = random_floats(n, 1);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    float *own = to_device(device, x, n * sizeof *x);
    double found = device->op->square_sum(device, own, n);
    device->op->release(device, own);
    tap_ok(fabs(found / sum - 1) < 1e-9, "square_sum: %.6f of %.6f", found, sum);
    mem_free(x);
}

/* One step on both sides with gradients of up to `size`; the worst that the weights are off then, 1
 * where a gradient was left. */
static double update_both(const struct update *u, bool momentum, float size, size_t n,
                          float *const state[3], struct moments *x)
{
    float *g = random_floats(n, size), *own = NULL;
    double worst = 0;
    g[0] = 0;
    for (size_t i = 0; i < n; i++)
        reference_update(u, momentum, (double)g[i], &x[i]);
    own = to_device(device, g, n * sizeof *g);
    device->op->update(device, u, n, state[0], own, momentum ? state[1] : NULL, state[2]);
    float *w = to_host(device, state[0], n * sizeof *w);
    device->op->download(device, g, own, n * sizeof *g);
    for (size_t i = 0; i < n; i++) {
        worst = worse(worst, fabs((double)w[i] - x[i].w));
        worst = g[i] != 0 ? 1 : worst;
    }
    device->op->release(device, own);
    mem_free(w);
    mem_free(g);
    return worst;
}

/* The worst that n weights are off in four steps. */
static double worst_update(struct update u, bool momentum, float size, size_t n)
{
    float *w = random_floats(n, 1);
    float *state[3] = {to_device(device, w, n * sizeof *w), device_zeros(device, n),
                       device_zeros(device, n)};
    struct moments *x = mem_zero(n, sizeof *x);
    double worst = 0;
    for (size_t i = 0; i < n; i++)
        x[i].w = (double)w[i];
    for (u.step = 1; u.step <= 4; u.step++)
        worst = worse(worst, update_both(&u, momentum, size, n, state, x));
    for (int i = 0; i < 3; i++)
        device->op->release(device, state[i]);
    mem_free(w);
    mem_free(x);
    return worst;
}

static double worst_at_edge(const struct update_setting *s)
{
    return worst_update(s->u, s->momentum, s->size, 5);
}

static void check_update(void)
{
    const struct {
        struct update u;
        bool momentum;
        const char *name;
    } way[] = {
        {{OPTIMIZER_SGD, 0.1f, 0, 0, 1, 0}, false, "sgd"},
        {{OPTIMIZER_SGD, 0.1f, 0.9f, 0.01f, 0.5f, 0}, true, "sgd with momentum, decay, clipping"},
        {{OPTIMIZER_ADAM, 0.01f, 0, 0, 1, 0}, true, "adam"},
        {{OPTIMIZER_ADAM, 0.01f, 0, 0.1f, 0.5f, 0}, true, "adam with decay, clipping"},
        {{OPTIMIZER_ADAGRAD, 0.1f, 0, 0, 1, 0}, false, "adagrad"},
        {{OPTIMIZER_ADAGRAD, 0.1f, 0.5f, 0.1f, 0.5f, 0}, true, "adagrad with momentum, decay"},
    };
    for (size_t i = 0; i < sizeof way / sizeof *way; i++)
        for (int j = 0; j < SIZES; j++) {
            double worst = worst_update(way[i].u, way[i].momentum, 1, (size_t)sizes[j]);
            tap_ok(worst < 2e-6, "update, %s, %d weights: worst %.1e", way[i].name, sizes[j],
                   worst);
        }
    check_edges(worst_at_edge, "update");
}

/* ---- the table ---- */

static const struct check checks[] = {OPERATION_CHECKS(CHECK_ROW)};
#define CHECK_NAME(operation, function) #operation,
static const char *const checked[] = {
    OPERATION_CHECKS(CHECK_NAME) LAYER_CHECKS(CHECK_NAME) OUTPUT_CHECKS(CHECK_NAME)
        GROUP_CHECKS(CHECK_NAME) TABLE_CHECKS(CHECK_NAME) UP_TO_CHECKS(CHECK_NAME)
            HEADS_CHECKS(CHECK_NAME) SAMPLED_CHECKS(CHECK_NAME) PLAN_CHECKS(CHECK_NAME)};

static void check_table(void)
{
    void (*row[sizeof(struct operations) / sizeof(void (*)(void))])(void);
    int rows = (int)(sizeof row / sizeof *row);
    memcpy(row, device->op, sizeof row);
    tap_ok(rows == operation_count, "the table has %d rows, %d names", rows, operation_count);
    for (int i = 0; i < operation_count; i++) {
        size_t j = 0;
        while (j < sizeof checked / sizeof *checked && strcmp(checked[j], operation_name[i]) != 0)
            j++;
        tap_ok(j < sizeof checked / sizeof *checked && i < rows && row[i],
               "%s is on %s and is checked", operation_name[i], device->name);
    }
}

int main(void)
{
    checks_open(1);
    check_table();
    run_checks(checks, sizeof checks / sizeof *checks);
    return checks_close();
}
