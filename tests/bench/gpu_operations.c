/* Single operations of a GPU at the thesis's shape of Last.fm.  For the output layer, forward and
 * backward, the time; for the others the rate at which they move the memory that they must move,
 * over the rate at which the device copies: rows "name<TAB>value<TAB>unit".
 *
 * Usage: gpu_operations [tiny]; `tiny` takes the same paths with sizes for the emulation. */
#include <stdio.h>
#include <string.h>

#include "nn/device_open.h"
#include "nn/tape.h"
#include "timing.h"

struct sizes {
    int targets, items, width, sessions;
    size_t copied; /* floats, for the bandwidth */
    int repeats;
};

/* The data of all operations. */
struct bench {
    struct device *d;
    struct tape *tape;
    struct sizes n;
    size_t weights; /* of an item table and an output layer together */
    float *w, *g, *m, *v, *big, *x, *y, *loss;
    const int32_t *target;
    const struct rows *rows;
    const struct ragged *ragged;
    const int32_t *after; /* of `ragged`, as pack takes it */
    int32_t *plan;        /* [5 targets] arrays that a plan is made in */
};

static void fail(const struct err *e)
{
    fprintf(stderr, "%s\n", e->text);
    exit(1);
}

static float *device_floats(struct bench *b, size_t n, float value)
{
    float *x = b->d->op->alloc(b->d, n * sizeof *x);
    b->d->op->fill(b->d, x, value, n);
    return x;
}

/* ---- the operations ---- */

static void copy(struct bench *b)
{
    size_t half = b->n.copied / 2;
    b->d->op->copy(b->d, b->big, b->big + half, half);
}

static void output(struct bench *b)
{
    size_t table = (size_t)b->n.items * (size_t)b->n.width;
    struct output_layer o = {.targets = b->n.targets,
                             .width = b->n.width,
                             .items = b->n.items,
                             .state = b->x,
                             .weight = b->w,
                             .bias = b->w + table,
                             .target = b->target};
    b->d->op->output_loss(b->d, &o, b->loss, b->y, b->g, b->g + table);
}

static void adam(struct bench *b)
{
    const struct update u = {OPTIMIZER_ADAM, 0.001f, 0, 0, 1, 7};
    b->d->op->update(b->d, &u, b->weights, b->w, b->g, b->m, b->v);
}

static void gather(struct bench *b)
{
    b->d->op->gather(b->d, b->rows, b->n.width, b->w, b->x);
}

static void gather_back(struct bench *b)
{
    b->d->op->gather_back(b->d, b->rows, b->n.width, b->x, b->g);
}

static void dropout(struct bench *b)
{
    b->d->op->dropout(b->d, (struct dropout_key){1, 2, 3, 0.2f},
                      (size_t)b->n.targets * (size_t)b->n.width, b->x, b->y, false);
}

static void mean(struct bench *b)
{
    b->d->op->mean(b->d, b->ragged, b->n.width, b->x, b->y);
}

static void plan(struct bench *b)
{
    int n = b->n.targets;
    int32_t *to = b->plan;
    b->d->op->plan(b->d, n, b->n.items, b->target, to, to + n, to + 2 * n, to + 3 * n + 1);
}

static void pack(struct bench *b)
{
    b->d->op->pack(b->d, b->n.sessions, b->ragged->start, b->ragged->sequence, b->after, b->plan,
                   b->plan + b->n.targets);
}

/* ---- measuring ---- */

/* Seconds of one run, with many runs queued on the device. */
static double time_of(struct bench *b, void (*run)(struct bench *b))
{
    enum { ROUNDS = 5 };
    double took[ROUNDS];
    float last;
    for (int round = 0; round < ROUNDS; round++) {
        run(b);
        b->d->op->download(b->d, &last, b->w, sizeof last);
        double begin = seconds();
        for (int i = 0; i < b->n.repeats; i++)
            run(b);
        b->d->op->download(b->d, &last, b->w, sizeof last);
        took[round] = (seconds() - begin) / b->n.repeats;
    }
    return least(took, ROUNDS);
}

static void bench_open(struct bench *b, const struct sizes *n, const char *precision)
{
    struct err e = {0};
    struct device_options o = {.precision = precision_of(precision), .workspace = 1 << 30};
    *b = (struct bench){.n = *n};
    if (device_choose("cuda", &o, &b->d, &e))
        fail(&e);
    size_t rows = (size_t)n->targets * (size_t)n->width;
    b->weights = 2 * (size_t)n->items * (size_t)(n->width + 1);
    b->tape = tape_new(b->d);
    b->big = device_floats(b, n->copied, 1);
    b->w = device_floats(b, b->weights, 0.01f);
    b->g = device_floats(b, b->weights, 0);
    b->m = device_floats(b, b->weights, 0);
    b->v = device_floats(b, b->weights, 0);
    b->x = device_floats(b, rows, 0.1f);
    b->y = device_floats(b, rows, 0);
    b->loss = device_floats(b, (size_t)n->targets, 0);
    tape_begin(b->tape, false, 0, 0);
    struct random r = random_of(1, 1);
    int32_t *at = tape_host(b->tape, (size_t)n->targets * sizeof *at);
    int32_t *length = tape_host(b->tape, (size_t)n->sessions * sizeof *length);
    int32_t *after = tape_host_ints(b->tape, (size_t)n->sessions + 1),
            each = n->targets / n->sessions;
    for (int i = 0; i < n->targets; i++)
        at[i] = (int32_t)random_below(&r, (uint32_t)n->items);
    for (int s = 0; s < n->sessions; s++)
        length[s] = each;
    for (int s = 0; s <= n->sessions; s++) /* of one length, so that they keep their order */
        after[s] = (n->sessions - s) * each;
    b->target = tape_ints(b->tape, at, (size_t)n->targets);
    b->rows = tape_rows(b->tape, at, n->targets);
    b->ragged = tape_ragged(b->tape, length, n->sessions);
    b->after = tape_ints(b->tape, after, (size_t)n->sessions + 1);
    b->plan = tape_memory(b->tape, 5 * (size_t)n->targets * sizeof *b->plan);
}

static void bench_close(struct bench *b)
{
    float *all[] = {b->big, b->w, b->g, b->m, b->v, b->x, b->y, b->loss};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        b->d->op->release(b->d, all[i]);
    tape_free(b->tape);
    device_close(b->d);
}

static void measure_output(const struct sizes *n, const char *precision)
{
    struct bench b;
    bench_open(&b, n, precision);
    printf("gpu_output_%s\t%.4f\tms\n", precision, 1e3 * time_of(&b, output));
    bench_close(&b);
}

static void measure_others(const struct sizes *n)
{
    struct bench b;
    bench_open(&b, n, "f32");
    double values = (double)n->targets * n->width;
    const struct {
        const char *name;
        void (*run)(struct bench *b);
        double floats; /* floats that it must read or write */
    } other[] = {
        {"adam", adam, 7 * (double)b.weights}, /* gradients of 0 are only read */
        {"gather", gather, 2 * values},         {"gather_back", gather_back, 3 * values},
        {"dropout", dropout, 2 * values},       {"mean", mean, values},
        {"plan", plan, 5 * (double)n->targets}, {"pack", pack, 2 * (double)n->targets},
    };
    double bandwidth = (double)n->copied * sizeof(float) / time_of(&b, copy);
    printf("gpu_copy\t%.0f\tGB/s\n", bandwidth / 1e9);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        double took = time_of(&b, other[i].run);
        printf("gpu_%s\t%.4f\tms\n", other[i].name, 1e3 * took);
        printf("gpu_%s_traffic\t%.3f\tratio\n", other[i].name,
               other[i].floats * sizeof(float) / bandwidth / took);
    }
    bench_close(&b);
}

int main(int argc, char **argv)
{
    static const struct sizes lastfm = {805, 94284, 100, 100, (size_t)1 << 28, 100};
    static const struct sizes small = {40, 90, 8, 10, 4096, 1};
    const struct sizes *n = argc > 1 && !strcmp(argv[1], "tiny") ? &small : &lastfm;
    measure_output(n, "f32");
    measure_output(n, "tf32");
    measure_output(n, "bf16");
    measure_others(n);
    return 0;
}
