/* The device under test against the CPU in one thread, at sizes where it goes other ways than at
 * the small ones: many sequences at once, memories that no processor holds, chunks of a few rows,
 * lists of best items as long as the vocabulary, narrower numbers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "nn/bf16.h"
#include "nn/tape.h"
#include "../device.h"
#include "../tap.h"

/* ---- one operation on one device ---- */

struct scored_run {
    struct device *d;
    struct tape *tape;
    struct random random; /* the same for both devices */
    float *out[16];       /* results, on the host */
    size_t size[16];
    int outs;
};

/* Memory with random numbers in [-size, size). */
static float *numbers(struct scored_run *r, size_t n, float size)
{
    float *host = mem_alloc(n * sizeof *host), *to = tape_memory(r->tape, n * sizeof *to);
    for (size_t i = 0; i < n; i++)
        host[i] = random_between(&r->random, -size, size);
    r->d->op->upload(r->d, to, host, n * sizeof *host);
    mem_free(host);
    return to;
}

/* Memory that a result is written or added to: it begins at 1. */
static float *results(struct scored_run *r, size_t n)
{
    float *to = tape_memory(r->tape, n * sizeof *to);
    r->d->op->fill(r->d, to, 1, n);
    return to;
}

static void keep(struct scored_run *r, const float *p, size_t n)
{
    r->out[r->outs] = to_host(r->d, p, n * sizeof *p);
    r->size[r->outs++] = n;
}

/* The largest difference between two runs, as a share of the largest number of its result. */
static double difference(const struct scored_run *a, const struct scored_run *b)
{
    double worst = 0;
    for (int i = 0; i < a->outs; i++) {
        double error = 0, top = 0;
        for (size_t j = 0; j < a->size[i]; j++) {
            double gap = fabs((double)a->out[i][j] - (double)b->out[i][j]);
            top = fmax(top, fabs((double)a->out[i][j]));
            error = gap > error || isnan(gap) ? gap : error;
        }
        error = error > 0 ? error / top : error;
        worst = error > worst || isnan(error) ? error : worst;
    }
    return worst;
}

static void run_on(struct scored_run *r, struct device *d,
                   void (*f)(struct scored_run *, const void *), const void *shape)
{
    *r = (struct scored_run){.d = d, .tape = tape_new(d), .random = random_of(7, 1)};
    f(r, shape);
}

static void scored_run_end(struct scored_run *r)
{
    tape_free(r->tape);
    for (int i = 0; i < r->outs; i++)
        mem_free(r->out[i]);
}

/* Both devices, and the line about them. */
static void compare(const char *name, struct device_options o, double most,
                    void (*f)(struct scored_run *, const void *), const void *shape)
{
    struct device *cpu = cpu_open(&(struct device_options){.threads = 1}), *d = test_device(&o);
    struct scored_run expected, found;
    run_on(&expected, cpu, f, shape);
    run_on(&found, d, f, shape);
    double worst = difference(&expected, &found);
    tap_ok(worst < most, "%s: differs by %.1e", name, worst);
    scored_run_end(&expected);
    scored_run_end(&found);
    device_close(d);
    device_close(cpu);
}

/* ---- recurrent ---- */

struct layer {
    int sequences, longest, in, state;
    bool before;
    int seen, width, cols, groups; /* memory rows at most; 0: it does not look back */
};

static const struct ragged *random_ragged(struct scored_run *r, int sequences, int longest,
                                          int32_t *lengths)
{
    for (int i = 0; i < sequences; i++)
        lengths[i] = (int32_t)random_below(&r->random, (uint32_t)longest + 1);
    lengths[0] = longest;
    return tape_ragged(r->tape, lengths, sequences);
}

struct layer_memory {
    struct gru_weights w;
    struct gru_grads dw;
    float *x, *h0, *h, *kept, *dh, *dx, *dh0;
};

/* What both forms of the layer need; w.in may be more than the x's columns. */
static struct layer_memory layer_memory(struct scored_run *r, const struct layer *s, size_t total)
{
    size_t n = (size_t)s->state, x = (size_t)s->in, in = x + (size_t)(s->seen ? s->cols : 0);
    size_t count = (size_t)s->sequences;
    float bound = 1.0f / sqrtf((float)s->state);
    struct layer_memory m = {.w = {(int)in, s->state, s->before, numbers(r, 3 * n * in, bound),
                                   numbers(r, 3 * n * n, bound), numbers(r, 3 * n, bound),
                                   numbers(r, 3 * n, bound), NULL},
                             .dw = {results(r, 3 * n * in), results(r, 3 * n * n),
                                    results(r, 3 * n), results(r, 3 * n)}};
    m.x = numbers(r, total * x, 1);
    m.h0 = numbers(r, count * n, 1);
    m.h = results(r, total * n);
    m.kept = results(r, total * 4 * n);
    m.dh = numbers(r, total * n, 1);
    m.dx = results(r, total * x);
    m.dh0 = results(r, count * n);
    return m;
}

static void layer_keep(struct scored_run *r, const struct layer *s, const struct layer_memory *m,
                       size_t total)
{
    size_t n = (size_t)s->state;
    keep(r, m->h, total * n);
    keep(r, m->dx, total * (size_t)s->in);
    keep(r, m->dh0, (size_t)s->sequences * n);
    keep(r, m->dw.ih, 3 * n * (size_t)m->w.in);
    keep(r, m->dw.hh, 3 * n * n);
    keep(r, m->dw.ih_bias, 3 * n);
    keep(r, m->dw.hh_bias, 3 * n);
}

static void run_gru(struct scored_run *r, const void *shape)
{
    const struct layer *s = shape;
    int32_t lengths[100];
    const struct ragged *rows = random_ragged(r, s->sequences, s->longest, lengths);
    struct layer_memory m = layer_memory(r, s, (size_t)rows->total);
    r->d->op->gru(r->d, rows, &m.w, m.x, m.h0, m.h, m.kept);
    r->d->op->gru_back(r->d, rows, &m.w, m.x, m.h0, m.h, m.kept, m.dh, m.dx, m.dh0, &m.dw);
    layer_keep(r, s, &m, (size_t)rows->total);
}

static void run_lstm(struct scored_run *r, const void *shape)
{
    const struct layer *s = shape;
    int32_t lengths[100];
    const struct ragged *rows = random_ragged(r, s->sequences, s->longest, lengths);
    size_t n = (size_t)s->state, in = (size_t)s->in, total = (size_t)rows->total;
    size_t count = (size_t)s->sequences;
    float bound = 1.0f / sqrtf((float)s->state);
    struct lstm_weights w = {s->in,
                             s->state,
                             numbers(r, 4 * n * in, bound),
                             numbers(r, 4 * n * n, bound),
                             numbers(r, 4 * n, bound),
                             numbers(r, 4 * n, bound)};
    struct gru_grads dw = {results(r, 4 * n * in), results(r, 4 * n * n), results(r, 4 * n),
                           results(r, 4 * n)};
    float *x = numbers(r, total * in, 1), *y0 = numbers(r, count * 2 * n, 1);
    float *dy = numbers(r, total * 2 * n, 1), *kept = results(r, total * 4 * n);
    float *y = results(r, total * 2 * n), *dx = results(r, total * in);
    float *dy0 = results(r, count * 2 * n);
    r->d->op->lstm(r->d, rows, &w, x, y0, y, kept);
    r->d->op->lstm_back(r->d, rows, &w, x, y0, y, kept, dy, dx, dy0, &dw);
    keep(r, y, total * 2 * n);
    keep(r, dx, total * in);
    keep(r, dy0, count * 2 * n);
    keep(r, dw.ih, 4 * n * in);
    keep(r, dw.hh, 4 * n * n);
    keep(r, dw.ih_bias, 4 * n);
    keep(r, dw.hh_bias, 4 * n);
}

static void check_lstm(void)
{
    const struct layer of_100 = {3, 4, 7, 100, false, 0, 0, 0, 0},
                       of_257 = {3, 3, 7, 257, false, 0, 0, 0, 0};
    compare("lstm of 100 units", (struct device_options){0}, 1e-5, run_lstm, &of_100);
    compare("lstm of 257 units", (struct device_options){0}, 1e-5, run_lstm, &of_257);
    const int sequences[] = {3, 7, 15, 31, 100};
    for (int i = 0; i < 5; i++) {
        char name[100];
        struct layer s = {sequences[i], 6, 5, 9, false, 0, 0, 0, 0};
        snprintf(name, sizeof name, "lstm of %d sequences", s.sequences);
        compare(name, (struct device_options){0}, 1e-5, run_lstm, &s);
    }
}

static void check_gru(void)
{
    /* Matrices that are on chip, and partly so. */
    const struct layer of_100 = {3, 4, 7, 100, false, 0, 0, 0, 0},
                       of_257 = {3, 3, 7, 257, true, 0, 0, 0, 0};
    compare("gru of 100 units", (struct device_options){0}, 1e-5, run_gru, &of_100);
    compare("gru of 257 units, reset before", (struct device_options){0}, 1e-5, run_gru, &of_257);
    const int sequences[] = {3, 7, 15, 31, 100};
    for (int i = 0; i < 10; i++) {
        char name[100];
        struct layer s = {sequences[i / 2], 6, 5, 9, i & 1, 0, 0, 0, 0};
        snprintf(name, sizeof name, "gru of %d sequences%s", s.sequences,
                 s.before ? ", reset before" : "");
        compare(name, (struct device_options){0}, 1e-5, run_gru, &s);
    }
}

/* Where the weights of each row begin, one for each memory row of its sequence. */
static const int32_t *weights_at(struct scored_run *r, const int32_t *lengths, const int32_t *seen,
                                 int sequences, int total, int *weights)
{
    int32_t *at = mem_alloc(((size_t)total + 1) * sizeof *at);
    int row = 0;
    *weights = 0;
    for (int s = 0; s < sequences; s++)
        for (int i = 0; i < lengths[s]; i++, *weights += seen[s])
            at[row++] = *weights;
    at[total] = *weights;
    const int32_t *to = tape_ints(r->tape, at, (size_t)total + 1);
    mem_free(at);
    return to;
}

static void run_gru_attend(struct scored_run *r, const void *shape)
{
    const struct layer *s = shape;
    int32_t lengths[100], seen[100], group[100];
    const struct ragged *rows = random_ragged(r, s->sequences, s->longest, lengths);
    const struct ragged *memories = random_ragged(r, s->sequences, s->seen, seen);
    for (int i = 0; i < s->sequences; i++)
        group[i] = s->groups ? (int32_t)random_below(&r->random, (uint32_t)s->groups) : 0;
    struct layer_memory l = layer_memory(r, s, (size_t)rows->total);
    size_t n = (size_t)s->state, cols = (size_t)s->cols, width = (size_t)s->width;
    size_t groups = s->groups ? (size_t)s->groups : 1, seen_rows = (size_t)memories->total;
    struct memory m = {.rows = memories, .width = s->width, .cols = s->cols, .ld = s->state};
    m.key = numbers(r, seen_rows * width, 1);
    m.value = numbers(r, seen_rows * cols, 1);
    m.query = numbers(r, groups * width * n, 1.0f / sqrtf((float)s->state));
    m.scale = numbers(r, groups * width, 1.0f / sqrtf((float)s->width));
    m.group = s->groups ? tape_rows(r->tape, group, s->sequences) : NULL;
    m.at = weights_at(r, lengths, seen, s->sequences, rows->total, &m.weights);
    struct memory_grads dm = {results(r, seen_rows * width), results(r, seen_rows * cols),
                              results(r, groups * width * n), results(r, groups * width)};
    float *context = results(r, (size_t)rows->total * cols);
    float *weight = results(r, (size_t)m.weights);
    r->d->op->gru_attend(r->d, rows, &l.w, &m, s->in, l.x, l.h0, l.h, l.kept, context, weight);
    r->d->op->gru_attend_back(r->d, rows, &l.w, &m, s->in, l.x, l.h0, l.h, l.kept, context, weight,
                              l.dh, l.dx, l.dh0, &l.dw, &dm);
    layer_keep(r, s, &l, (size_t)rows->total);
    keep(r, context, (size_t)rows->total * cols);
    keep(r, weight, (size_t)m.weights);
    keep(r, dm.key, seen_rows * width);
    keep(r, dm.value, seen_rows * cols);
    keep(r, dm.query, groups * width * n);
    keep(r, dm.scale, groups * width);
}

static void check_gru_attend(void)
{
    const struct {
        const char *name;
        struct layer s;
    } way[] = {
        {"gru_attend of 7 sequences", {7, 4, 5, 9, false, 5, 6, 7, 0}},
        {"gru_attend of 13 sequences, grouped", {13, 4, 5, 9, true, 5, 6, 7, 3}},
        {"gru_attend of 100 sequences, grouped", {100, 4, 5, 9, false, 5, 65, 7, 3}},
        {"gru_attend of 40 sequences", {40, 4, 5, 9, false, 5, 40, 7, 0}},
        {"gru_attend to 45,000 rows", {2, 2, 2, 3, false, 45000, 2, 1, 0}},
    };
    for (size_t i = 0; i < sizeof way / sizeof *way; i++)
        compare(way[i].name, (struct device_options){0}, 2e-5, run_gru_attend, &way[i].s);
}

/* ---- attention, and matrices of groups ---- */

static void run_attend(struct scored_run *r, const void *shape)
{
    const struct layer *s = shape;
    int32_t lengths[100], group[100];
    const struct ragged *rows = random_ragged(r, s->sequences, s->longest, lengths);
    for (int i = 0; i < s->sequences; i++)
        group[i] = (int32_t)random_below(&r->random, (uint32_t)s->groups);
    const struct rows *groups = tape_rows(r->tape, group, s->sequences);
    size_t total = (size_t)rows->total, width = (size_t)s->width, cols = (size_t)s->cols;
    size_t scales = (size_t)s->groups * width, outs = (size_t)s->sequences * cols;
    float *key = numbers(r, total * width, 2), *value = numbers(r, total * cols, 1);
    float *scale = numbers(r, scales, 1.0f / sqrtf((float)s->width)), *dout = numbers(r, outs, 1);
    float *weight = results(r, total), *out = results(r, outs), *dkey = results(r, total * width);
    float *dscale = results(r, scales), *dvalue = results(r, total * cols);
    r->d->op->attend(r->d, rows, groups, s->width, s->cols, key, scale, value, weight, out);
    r->d->op->attend_back(r->d, rows, groups, s->width, s->cols, key, scale, value, weight, dout,
                          dkey, dscale, dvalue);
    keep(r, key, total * width);
    keep(r, weight, total);
    keep(r, out, outs);
    keep(r, dkey, total * width);
    keep(r, dscale, scales);
    keep(r, dvalue, total * cols);
}

static void run_group_linear(struct scored_run *r, const void *shape)
{
    const struct layer *s = shape;
    int32_t lengths[100], group[100];
    const struct ragged *rows = random_ragged(r, s->sequences, s->longest, lengths);
    for (int i = 0; i < s->sequences; i++)
        group[i] = (int32_t)random_below(&r->random, (uint32_t)s->groups);
    const struct rows *groups = tape_rows(r->tape, group, s->sequences);
    size_t total = (size_t)rows->total, in = (size_t)s->in, out = (size_t)s->cols;
    size_t weights = (size_t)s->groups * out * in;
    float *x = numbers(r, total * in, 1), *w = numbers(r, weights, 1.0f / sqrtf((float)s->in));
    float *dy = numbers(r, total * out, 1), *y = results(r, total * out);
    float *dx = results(r, total * in), *dw = results(r, weights);
    r->d->op->group_linear(r->d, rows, groups, s->in, s->cols, x, w, s->in, true, y);
    r->d->op->group_linear_back(r->d, rows, groups, s->in, s->cols, x, w, s->in, dy, dx, dw);
    keep(r, y, total * out);
    keep(r, dx, total * in);
    keep(r, dw, weights);
}

static void check_groups(void)
{
    const struct layer few = {.sequences = 100, .longest = 3, .width = 65, .cols = 3, .groups = 3};
    const struct layer many = {
        .sequences = 90, .longest = 40, .width = 33, .cols = 70, .groups = 60};
    const struct layer linear = {.sequences = 40, .longest = 40, .in = 70, .cols = 45, .groups = 5};
    compare("attend, 100 sequences in 3 groups", (struct device_options){0}, 1e-5, run_attend,
            &few);
    compare("attend, 90 sequences in 60 groups", (struct device_options){0}, 1e-5, run_attend,
            &many);
    compare("group_linear, 40 sequences in 5 groups", (struct device_options){0}, 1e-5,
            run_group_linear, &linear);
}

/* ---- the output layer ---- */

/* Adds to the scores of three items of each row. */
static void add_some(struct scored_run *r, struct output_layer *o)
{
    enum { EACH = 3 };
    size_t T = (size_t)o->targets;
    int32_t start[301], item[300 * EACH];
    for (size_t row = 0; row <= T; row++)
        start[row] = EACH * (int32_t)row;
    for (size_t i = 0; i < EACH * T; i++)
        item[i] = (int32_t)((i * 7919 + i % EACH) % (size_t)o->items);
    o->add = (struct additions){.count = EACH * o->targets,
                                .start = tape_ints(r->tape, start, T + 1),
                                .item = tape_ints(r->tape, item, EACH * T),
                                .value = numbers(r, EACH * T, 2)};
}

static struct output_layer random_output(struct scored_run *r, int targets, int width, int items)
{
    size_t T = (size_t)targets, H = (size_t)width, N = (size_t)items;
    int32_t target[300];
    struct output_layer o = {.targets = targets, .width = width, .items = items};
    o.state = numbers(r, T * H, 1);
    o.weight = numbers(r, N * H, 1);
    o.bias = numbers(r, N, 1);
    for (int i = 0; i < targets; i++)
        target[i] = (int32_t)random_below(&r->random, (uint32_t)items);
    o.target = tape_ints(r->tape, target, T);
    add_some(r, &o);
    return o;
}

struct size {
    int targets, width, items;
};

static void run_loss(struct scored_run *r, const void *shape)
{
    const struct size *s = shape;
    size_t T = (size_t)s->targets, H = (size_t)s->width, N = (size_t)s->items;
    struct output_layer o = random_output(r, s->targets, s->width, s->items);
    float *loss = results(r, T), *alone = results(r, T), *dstate = results(r, T * H);
    float *dweight = results(r, N * H), *dbias = results(r, N);
    size_t added = (size_t)o.add.count;
    float *dadded = results(r, added);
    r->d->op->fill(r->d, dadded, 0, added);
    /* gradients beginning at 1 would hide how small they are */
    r->d->op->fill(r->d, dstate, 0, T * H);
    r->d->op->fill(r->d, dweight, 0, N * H);
    r->d->op->fill(r->d, dbias, 0, N);
    r->d->op->output_loss(r->d, &o, alone, NULL, NULL, NULL);
    o.add.grad = dadded;
    r->d->op->output_loss(r->d, &o, loss, dstate, dweight, dbias);
    keep(r, dadded, added);
    keep(r, alone, T);
    keep(r, loss, T);
    keep(r, dstate, T * H);
    keep(r, dweight, N * H);
    keep(r, dbias, N);
}

static void check_loss(void)
{
    const struct size in_chunks = {97, 33, 1031}, wide = {3, 5, 50000};
    compare("output_loss in chunks of a row", (struct device_options){.workspace = 4096}, 1e-5,
            run_loss, &in_chunks);
    compare("output_loss in chunks of 31 rows", (struct device_options){.workspace = 31 * 1032 * 4},
            1e-5, run_loss, &in_chunks);
    compare("output_loss over 50,000 items", (struct device_options){0}, 1e-5, run_loss, &wide);
    if (strcmp(test_device_name(), "cpu"))
        compare("output_loss in tf32", (struct device_options){.precision = PRECISION_TF32}, 5e-3,
                run_loss, &in_chunks);
    compare("output_loss in bf16", (struct device_options){.precision = PRECISION_BF16}, 4e-2,
            run_loss, &in_chunks);
    compare("output_loss in bf16, over 50,000 items",
            (struct device_options){.precision = PRECISION_BF16}, 4e-2, run_loss, &wide);
}

/* Whether a row's places, one for each item, are in order and say its target's rank and ties. */
static bool list_is_right(const int32_t *item, const float *score, int items, int32_t target,
                          int32_t rank, int32_t ties)
{
    int above = 0, equal = 0;
    float own = NAN;
    char *met = mem_zero((size_t)items, 1);
    bool right = true;
    for (int i = 0; i < items; i++) {
        right &= item[i] >= 0 && item[i] < items && !met[item[i]]++;
        right &=
            !i || score[i - 1] > score[i] || (score[i - 1] == score[i] && item[i - 1] < item[i]);
        own = item[i] == target ? score[i] : own;
    }
    for (int i = 0; i < items; i++) {
        above += score[i] > own;
        equal += score[i] == own;
    }
    mem_free(met);
    return right && ties == equal - 1 && rank == 1 + above + ties;
}

/* All items in their order, and the k best as their beginning. */
static void check_lists(const char *name, struct device_options options, struct size s, int k)
{
    struct device *d = test_device(&options);
    struct scored_run r = {.d = d, .tape = tape_new(d), .random = random_of(3, 1)};
    struct output_layer o = random_output(&r, s.targets, s.width, s.items);
    size_t T = (size_t)s.targets, all = T * (size_t)s.items, some = T * (size_t)k;
    int32_t *rank[2], *ties[2], *item[2];
    float *score[2];
    for (int i = 0; i < 2; i++) {
        size_t n = i ? some : all;
        float *loss = results(&r, T), *scores = results(&r, n);
        int32_t *of[3];
        for (int j = 0; j < 3; j++)
            of[j] = tape_memory(r.tape, (j < 2 ? T : n) * sizeof(int32_t));
        d->op->output_rank(d, &o, loss, of[0], of[1], i ? k : s.items, of[2], scores);
        rank[i] = to_host(d, of[0], T * sizeof(int32_t));
        ties[i] = to_host(d, of[1], T * sizeof(int32_t));
        item[i] = to_host(d, of[2], n * sizeof(int32_t));
        score[i] = to_host(d, scores, n * sizeof(float));
    }
    int32_t *target = to_host(d, o.target, T * sizeof *target);
    int wrong = 0;
    for (int t = 0; t < s.targets; t++) {
        const int32_t *list = item[0] + t * s.items, *best = item[1] + t * k;
        wrong += !list_is_right(list, score[0] + t * s.items, s.items, target[t], rank[0][t],
                                ties[0][t]);
        bool same = rank[0][t] == rank[1][t] && ties[0][t] == ties[1][t];
        for (int i = 0; i < k; i++)
            same &= best[i] == (i < s.items ? list[i] : -1);
        wrong += !same;
    }
    tap_ok(wrong == 0, "%s: %d wrong", name, wrong);
    for (int i = 0; i < 2; i++) {
        mem_free(rank[i]);
        mem_free(ties[i]);
        mem_free(item[i]);
        mem_free(score[i]);
    }
    mem_free(target);
    scored_run_end(&r);
    device_close(d);
}

static void check_rank(void)
{
    const struct device_options none = {0}, few = {.workspace = 40000};
    check_lists("ranks and lists of 5,000 items", none, (struct size){3, 4, 5000}, 7);
    check_lists("ranks and lists of 12,001 items", none, (struct size){2, 3, 12001}, 12007);
    check_lists("ranks and lists in chunks", few, (struct size){31, 5, 1031}, 20);
    if (strcmp(test_device_name(), "cpu") != 0)
        check_lists("ranks and lists in bf16", (struct device_options){.precision = PRECISION_BF16},
                    (struct size){31, 5, 1031}, 20);
}

int main(void)
{
    if (bf16_missing()) /* float32 multiplies the rounded factors then */
        setenv("SESSPIPE_BF16", "rounded", 1);
    check_gru();
    check_lstm();
    check_gru_attend();
    check_groups();
    check_loss();
    check_rank();
    return tap_done();
}
