/* What the tests of operations share, on whatever device: problems whose reference is written
 * plainly in double precision, results held against it, gradients against its differences. */
#ifndef TESTS_NN_REFERENCE_H
#define TESTS_NN_REFERENCE_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "nn/tape.h"
#include "../device.h"
#include "../tap.h"

enum { INPUTS = 10 };

/* Which program checks an operation, and how: together they are the whole table. */
#define OPERATION_CHECKS(CHECK)                                                                    \
    CHECK(alloc, check_memory)                                                                     \
    CHECK(release, check_memory)                                                                   \
    CHECK(upload, check_memory)                                                                    \
    CHECK(download, check_memory)                                                                  \
    CHECK(fill, check_memory)                                                                      \
    CHECK(copy, check_memory)                                                                      \
    CHECK(add, check_memory)                                                                       \
    CHECK(send, check_send)                                                                        \
    CHECK(fetch, check_fetch)                                                                      \
    CHECK(fetched, check_fetch)                                                                    \
    CHECK(step, check_fetch)                                                                       \
    CHECK(gemm, check_gemm)                                                                        \
    CHECK(bias, check_bias)                                                                        \
    CHECK(bias_back, check_bias)                                                                   \
    CHECK(columns, check_columns)                                                                  \
    CHECK(activate, check_activate)                                                                \
    CHECK(activate_back, check_activate)                                                           \
    CHECK(dropout, check_dropout)                                                                  \
    CHECK(scale_rows, check_scale_rows)                                                            \
    CHECK(scale_rows_back, check_scale_rows)                                                       \
    CHECK(multiply, check_multiply)                                                                \
    CHECK(multiply_back, check_multiply)                                                           \
    CHECK(gather, check_gather)                                                                    \
    CHECK(gather_back, check_gather)                                                               \
    CHECK(store, check_store)                                                                      \
    CHECK(mean, check_mean)                                                                        \
    CHECK(mean_back, check_mean)                                                                   \
    CHECK(mean_up_to, check_mean_up_to)                                                            \
    CHECK(mean_up_to_back, check_mean_up_to)                                                       \
    CHECK(square_sum, check_square_sum)                                                            \
    CHECK(update, check_update)
#define LAYER_CHECKS(CHECK)                                                                        \
    CHECK(gru, check_gru)                                                                          \
    CHECK(gru_back, check_gru)                                                                     \
    CHECK(lstm, check_lstm)                                                                        \
    CHECK(lstm_back, check_lstm)                                                                   \
    CHECK(attend, check_attend)                                                                    \
    CHECK(attend_back, check_attend)
#define OUTPUT_CHECKS(CHECK)                                                                       \
    CHECK(output_loss, check_loss)                                                                 \
    CHECK(output_distill, check_distill)                                                           \
    CHECK(output_rank, check_rank)                                                                 \
    CHECK(quantize, check_best)                                                                    \
    CHECK(output_best, check_best)
#define GROUP_CHECKS(CHECK)                                                                        \
    CHECK(group_linear, check_group_linear)                                                        \
    CHECK(group_linear_back, check_group_linear)                                                   \
    CHECK(perceptron, check_perceptron)                                                            \
    CHECK(perceptron_back, check_perceptron)                                                       \
    CHECK(gru_attend, check_gru_attend)                                                            \
    CHECK(gru_attend_back, check_gru_attend)
#define UP_TO_CHECKS(CHECK)                                                                        \
    CHECK(attend_up_to, check_up_to)                                                               \
    CHECK(attend_up_to_back, check_up_to)
#define HEADS_CHECKS(CHECK)                                                                        \
    CHECK(head_weights, check_head_weights)                                                        \
    CHECK(head_weights_back, check_head_weights)                                                   \
    CHECK(head_sums, check_head_sums)                                                              \
    CHECK(head_sums_back, check_head_sums)                                                         \
    CHECK(layer_norm, check_layer_norm)                                                            \
    CHECK(layer_norm_back, check_layer_norm)                                                       \
    CHECK(normalize, check_normalize)                                                              \
    CHECK(cosine_loss, check_cosine)
#define PLAN_CHECKS(CHECK)                                                                         \
    CHECK(runs, check_runs)                                                                        \
    CHECK(plan, check_plan)                                                                        \
    CHECK(pack, check_pack)                                                                        \
    CHECK(weight_places, check_weight_places)
#define SAMPLED_CHECKS(CHECK) CHECK(sampled_loss, check_sampled)
#define TABLE_CHECKS(CHECK)                                                                        \
    CHECK(rows_lazy_update, check_rows)                                                            \
    CHECK(rows_update, check_rows)

struct check {
    const char *operation;
    void (*run)(void);
};
#define CHECK_ROW(operation, function) {#operation, function},

/* Runs a table's functions, each once. */
static inline void run_checks(const struct check *check, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!i || check[i].run != check[i - 1].run)
            check[i].run();
}

static struct device *device;
static struct tape *tape;
static struct random test_random;

/* Opens what the checks use; seeds differ by program. */
static inline void checks_open(uint64_t seed)
{
    test_random = random_of(seed, 1);
    device = test_device(&(struct device_options){.threads = 2});
    tape = tape_new(device);
}

/* Ends the program's output; its status. */
static inline int checks_close(void)
{
    tape_free(tape);
    device_close(device);
    return tap_done();
}

static const int sizes[] = {1, 31, 33, 257};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Ragged rows with empty and single ones. */
static const int32_t some_lengths[] = {3, 0, 1, 5, 1, 0, 2};
enum { SEQUENCES = 7, ROWS = 12 };

/* A number for each sequence, the same ones many times over; the caller's to free. */
static inline int32_t *copies_of(const int32_t *x, int copies)
{
    int32_t *all = mem_alloc((size_t)(copies * SEQUENCES) * sizeof *all);
    for (int i = 0; i < copies * SEQUENCES; i++)
        all[i] = x[i % SEQUENCES];
    return all;
}

static inline const char *label(const char *operation, int a, int b)
{
    static char text[100];
    snprintf(text, sizeof text, "%s %d × %d", operation, a, b);
    return text;
}

/* A function of some inputs; shape is what else it depends on. */
struct problem {
    void (*reference)(const struct problem *p, double *out);
    const void *shape;
    int inputs;
    size_t size[INPUTS], out_size;
    double *in[INPUTS]; /* what the reference reads */
    double *out;
    float *slope; /* a gradient of the result, to go backward from */
    /* of the device, for the operation: */
    float *value[INPUTS]; /* the same numbers */
    float *grad[INPUTS];  /* gradients; they begin at 1, for they are added to */
    float *found, *dout;  /* the result; its gradient */
};

static inline float *random_floats(size_t n, float size)
{
    float *x = mem_alloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = random_between(&test_random, -size, size);
    return x;
}

/* Puts the numbers of an input, or the gradient of the result, onto the device again. */
static inline void problem_set(struct problem *p, int i)
{
    float *x = mem_alloc(p->size[i] * sizeof *x);
    for (size_t j = 0; j < p->size[i]; j++)
        x[j] = (float)p->in[i][j];
    device->op->upload(device, p->value[i], x, p->size[i] * sizeof *x);
    mem_free(x);
}

static inline void problem_set_slope(struct problem *p)
{
    device->op->upload(device, p->dout, p->slope, p->out_size * sizeof *p->slope);
}

static inline float *device_floats(size_t n)
{
    return device->op->alloc(device, n * sizeof(float));
}

/* Adds an input of random numbers in [-size, size); returns its place. */
static inline int problem_input(struct problem *p, size_t n, float size)
{
    int i = p->inputs++;
    float *x = random_floats(n, size);
    p->size[i] = n;
    p->in[i] = mem_alloc(n * sizeof *p->in[i]);
    for (size_t j = 0; j < n; j++)
        p->in[i][j] = (double)x[j];
    p->value[i] = to_device(device, x, n * sizeof *x);
    p->grad[i] = device_floats(n);
    device->op->fill(device, p->grad[i], 1, n);
    mem_free(x);
    return i;
}

static inline void problem_output(struct problem *p, size_t n)
{
    p->out_size = n;
    p->out = mem_zero(n, sizeof *p->out);
    p->slope = random_floats(n, 1);
    p->found = device_floats(n);
    device->op->fill(device, p->found, 0, n);
    p->dout = to_device(device, p->slope, n * sizeof *p->slope);
}

static inline void problem_close(struct problem *p)
{
    for (int i = 0; i < p->inputs; i++) {
        mem_free(p->in[i]);
        device->op->release(device, p->value[i]);
        device->op->release(device, p->grad[i]);
    }
    mem_free(p->out);
    mem_free(p->slope);
    device->op->release(device, p->found);
    device->op->release(device, p->dout);
}

/* The larger of two errors; a NaN is the largest. */
static inline double worse(double a, double b)
{
    return a > b || isnan(a) ? a : b;
}

/* The largest difference, as a share of 1 + the size of what was expected. */
static inline double worst_of(const double *expected, const float *found, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++)
        worst = worse(worst, fabs((double)found[i] - expected[i]) / (1 + fabs(expected[i])));
    return worst;
}

static inline void check_forward(struct problem *p, const char *name)
{
    float *found = to_host(device, p->found, p->out_size * sizeof *found);
    p->reference(p, p->out);
    double worst = worst_of(p->out, found, p->out_size);
    mem_free(found);
    tap_ok(worst < 1e-5, "%s: worst %.1e", name, worst);
}

static inline double weighted(const struct problem *p)
{
    double sum = 0;
    p->reference(p, p->out);
    for (size_t i = 0; i < p->out_size; i++)
        sum += p->out[i] * (double)p->slope[i];
    return sum;
}

/* Some elements of each input's gradient against central differences of Σ dout · out. */
static inline void check_backward(struct problem *p, const char *name)
{
    double worst = 0;
    for (int i = 0; i < p->inputs; i++) {
        float *grad = to_host(device, p->grad[i], p->size[i] * sizeof *grad);
        for (size_t sample = 0; sample < 9 && p->size[i]; sample++) {
            size_t j = sample * 7919 % p->size[i];
            double *x = &p->in[i][j], kept = *x, step = 1e-5;
            *x = kept + step;
            double up = weighted(p);
            *x = kept - step;
            double down = weighted(p);
            *x = kept;
            double expected = 1 + (up - down) / (2 * step);
            worst = worse(worst, fabs((double)grad[j] - expected) / (1 + fabs(expected)));
        }
        mem_free(grad);
    }
    tap_ok(worst < 2e-5, "%s: worst %.1e", name, worst);
}

#endif
