/* One training step and one test batch of a network of the thesis's Last.fm shape, over the bare
 * matrix products that its targets need; rows "name<TAB>value<TAB>unit".  Steps and products take
 * turns in one run; medians. */
#include <cblas.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/random.h"
#include "nn/tape.h"

enum { ITEMS = 94284, SIZE = 100, SESSIONS = 100, TARGETS = 805, HISTORY = 15, ROUNDS = 15 };

extern void openblas_set_num_threads(int n) __attribute__((weak));

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, ascending);
    return x[n / 2];
}

/* ---- the network ---- */

struct network {
    struct device *device;
    struct tape *tape;
    struct parameters p;
    struct gru intra, inter;
    struct parameter *items, *output, *bias;
    struct optimizer optimizer;
    float *representations; /* [SESSIONS · HISTORY, SIZE] */
    int32_t length[SESSIONS], history[SESSIONS], input[TARGETS], target[TARGETS];
    int64_t step;
};

static void network_open(struct network *n)
{
    struct random r = random_of(1, 1);
    *n = (struct network){.device = cpu_open(&(struct device_options){0})};
    n->tape = tape_new(n->device);
    n->items = parameters_add_matrix(&n->p, "items", ITEMS, SIZE, 1);
    parameters_add_gru(&n->p, &n->inter, "inter", SIZE, SIZE, false);
    parameters_add_gru(&n->p, &n->intra, "intra", SIZE, SIZE, false);
    n->output = parameters_add_matrix(&n->p, "output", ITEMS, SIZE, 0.1f);
    n->bias = parameters_add_vector(&n->p, "bias", ITEMS, 0.1f);
    parameters_allocate(&n->p, n->device, OPTIMIZER_ADAM, 0, 1);
    n->optimizer = (struct optimizer){.update = {.kind = OPTIMIZER_ADAM, .rate = 0.001f}};
    n->representations = mem_alloc(sizeof(float) * SESSIONS * HISTORY * SIZE);
    for (int i = 0; i < SESSIONS * HISTORY * SIZE; i++)
        n->representations[i] = random_between(&r, -0.3f, 0.3f);
    for (int i = 0; i < SESSIONS; i++)
        n->length[i] = 1, n->history[i] = HISTORY;
    for (int left = TARGETS - SESSIONS; left > 0;) {
        int32_t *length = &n->length[random_below(&r, SESSIONS)];
        if (*length < 19)
            ++*length, left--;
    }
    for (int i = 0; i < TARGETS; i++) {
        n->input[i] = (int32_t)random_below(&r, ITEMS);
        n->target[i] = (int32_t)random_below(&r, ITEMS);
    }
}

static struct tensor *network_states(struct network *n, bool training)
{
    struct tape *t = n->tape;
    float rate = 0.2f;
    int32_t last[SESSIONS];
    tape_begin(t, training, 1, (uint64_t)n->step++);
    const struct ragged *session = tape_ragged(t, n->length, SESSIONS);
    const struct ragged *history = tape_ragged(t, n->history, SESSIONS);
    for (int i = 0, at = 0; i < SESSIONS; i++)
        last[i] = (at += n->history[i]) - 1;
    struct tensor *stored = tape_constant(t, n->representations, SESSIONS * HISTORY, SIZE);
    struct tensor *h = tape_gru(t, &n->inter, tape_dropout(t, stored, rate), NULL, history);
    struct tensor *start = tape_dropout(t, tape_gather(t, h, tape_rows(t, last, SESSIONS)), rate);
    struct tensor *x = tape_gather(t, tape_parameter(t, n->items), tape_rows(t, n->input, TARGETS));
    x = tape_dropout(t, x, rate);
    return tape_dropout(t, tape_gru(t, &n->intra, x, start, session), rate);
}

static void train_step(struct network *n)
{
    struct tensor *state = network_states(n, true);
    tape_output_loss(n->tape, state, tape_parameter(n->tape, n->output),
                     tape_parameter(n->tape, n->bias), n->target);
    tape_backward(n->tape);
    n->optimizer.update.step = n->step;
    optimizer_step(&n->optimizer, &n->p);
}

static void test_step(struct network *n)
{
    static float loss[TARGETS];
    static int32_t rank[TARGETS], ties[TARGETS];
    struct tensor *state = network_states(n, false);
    struct output o = {TARGETS,          SIZE,           ITEMS,    state->value,
                       n->output->value, n->bias->value, n->target};
    n->device->op->output_rank(n->device, &o, loss, rank, ties, 0, NULL, NULL);
}

/* ---- the floor ---- */

struct floor {
    float *state, *weight, *score, *dstate, *dweight;
};

static float *some_floats(size_t n)
{
    struct random r = random_of(2, n);
    float *x = mem_aligned(n * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = random_between(&r, -1, 1);
    return x;
}

static void forward_product(struct floor *f)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, TARGETS, ITEMS, SIZE, 1, f->state, SIZE,
                f->weight, SIZE, 0, f->score, ITEMS);
}

static void gradient_products(struct floor *f)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, TARGETS, SIZE, ITEMS, 1, f->score, ITEMS,
                f->weight, SIZE, 0, f->dstate, SIZE);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, ITEMS, SIZE, TARGETS, 1, f->score, ITEMS,
                f->state, SIZE, 0, f->dweight, SIZE);
}

int main(void)
{
    enum { STEP, TEST, FORWARD, GRADIENTS, KINDS };
    static struct network n;
    static double took[2][KINDS][ROUNDS];
    double best[KINDS];
    struct floor f = {some_floats(TARGETS * SIZE), some_floats(ITEMS * SIZE),
                      some_floats((size_t)TARGETS * ITEMS), some_floats(TARGETS * SIZE),
                      some_floats(ITEMS * SIZE)};
    network_open(&n);
    for (int round = -1; round < ROUNDS; round++)
        for (int many = 0; many < 2; many++) {
            double at[KINDS + 1];
            if (openblas_set_num_threads)
                openblas_set_num_threads(1);
            at[0] = seconds();
            train_step(&n);
            at[1] = seconds();
            test_step(&n);
            at[2] = seconds();
            if (openblas_set_num_threads)
                openblas_set_num_threads(many ? omp_get_num_procs() : 1);
            at[2] = seconds();
            forward_product(&f);
            at[3] = seconds();
            gradient_products(&f);
            at[4] = seconds();
            for (int kind = 0; round >= 0 && kind < KINDS; kind++)
                took[many][kind][round] = at[kind + 1] - at[kind];
        }
    for (int kind = 0; kind < KINDS; kind++) {
        double one = median(took[0][kind], ROUNDS), all = median(took[1][kind], ROUNDS);
        best[kind] = one < all ? one : all;
    }
    printf("nn_step_ms\t%.1f\tms\n", 1e3 * best[STEP]);
    printf("nn_step_over_floor\t%.3f\tratio\n", best[STEP] / (best[FORWARD] + best[GRADIENTS]));
    printf("nn_test_ms\t%.1f\tms\n", 1e3 * best[TEST]);
    printf("nn_test_over_floor\t%.3f\tratio\n", best[TEST] / best[FORWARD]);
    printf("floor_ms\t%.1f\tms\n", 1e3 * (best[FORWARD] + best[GRADIENTS]));
    return 0;
}
