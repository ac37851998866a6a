/* Self-attention of several heads, layer normalization and directions of rows, against plain
 * references in double precision. */
#include "reference.h"

/* Sequences, and columns: `width` of all heads, rows of query, key and value `ld` apart. */
struct shape {
    const int32_t *length;
    int sequences, heads, width, ld;
};

static int rows_of(const struct shape *s)
{
    int rows = 0;
    for (int q = 0; q < s->sequences; q++)
        rows += s->length[q];
    return rows;
}

static int weights_of(const struct shape *s)
{
    int weights = 0;
    for (int q = 0; q < s->sequences; q++)
        weights += s->length[q] * (s->length[q] + 1) / 2;
    return weights;
}

/* in: query, key [rows, ld] */
static void reference_weights(const struct problem *p, double *out)
{
    const struct shape *s = p->shape;
    int cols = s->width / s->heads;
    for (int k = 0; k < s->heads; k++)
        for (int q = 0, first = 0; q < s->sequences; first += s->length[q++])
            for (int t = first; t < first + s->length[q]; t++) {
                double sum = 0;
                for (int j = first; j <= t; j++) {
                    double e = 0;
                    for (int i = k * cols; i < (k + 1) * cols; i++)
                        e += p->in[0][t * s->ld + i] * p->in[1][j * s->ld + i];
                    sum += out[j - first] = exp(e / sqrt(cols));
                }
                for (int j = first; j <= t; j++)
                    *out++ /= sum;
            }
}

/* in: weight [heads, weights], value [rows, ld] */
static void reference_sums(const struct problem *p, double *out)
{
    const struct shape *s = p->shape;
    const double *w = p->in[0];
    int cols = s->width / s->heads;
    memset(out, 0, p->out_size * sizeof *out);
    for (int k = 0; k < s->heads; k++)
        for (int q = 0, first = 0; q < s->sequences; first += s->length[q++])
            for (int t = first; t < first + s->length[q]; t++)
                for (int j = first; j <= t; j++, w++)
                    for (int i = k * cols; i < (k + 1) * cols; i++)
                        out[t * s->width + i] += *w * p->in[1][j * s->ld + i];
}

static struct heads heads_of(const struct shape *s)
{
    int rows = rows_of(s);
    int32_t *at = tape_host_ints(tape, (size_t)rows + 1), weights = 0;
    for (int q = 0, row = 0; q < s->sequences; q++)
        for (int i = 0; i < s->length[q]; i++, weights += i)
            at[row++] = weights;
    at[rows] = weights;
    return (struct heads){s->heads, s->width, s->ld, tape_ints(tape, at, (size_t)rows + 1),
                          weights};
}

static const char *name_of(const char *operation, const struct shape *s)
{
    static char text[100];
    snprintf(text, sizeof text, "%s, %d rows, %d heads, %d of %d columns", operation, rows_of(s),
             s->heads, s->width, s->ld);
    return text;
}

static void check_weights_of(const struct shape *s)
{
    const struct ragged *r = tape_ragged(tape, s->length, s->sequences);
    struct heads h = heads_of(s);
    struct problem p = {.reference = reference_weights, .shape = s};
    size_t n = (size_t)rows_of(s) * (size_t)s->ld;
    problem_input(&p, n, 2);
    problem_input(&p, n, 2);
    problem_output(&p, (size_t)(s->heads * weights_of(s)));
    device->op->head_weights(device, r, &h, p.value[0], p.value[1], p.found);
    check_forward(&p, name_of("head_weights", s));
    device->op->head_weights_back(device, r, &h, p.value[0], p.value[1], p.found, p.dout, p.grad[0],
                                  p.grad[1]);
    check_backward(&p, name_of("head_weights_back", s));
    problem_close(&p);
}

static void check_sums_of(const struct shape *s)
{
    const struct ragged *r = tape_ragged(tape, s->length, s->sequences);
    struct heads h = heads_of(s);
    struct problem p = {.reference = reference_sums, .shape = s};
    size_t rows = (size_t)rows_of(s);
    problem_input(&p, (size_t)(s->heads * weights_of(s)), 1);
    problem_input(&p, rows * (size_t)s->ld, 1);
    problem_output(&p, rows * (size_t)s->width);
    device->op->head_sums(device, r, &h, p.value[0], p.value[1], p.found);
    check_forward(&p, name_of("head_sums", s));
    device->op->head_sums_back(device, r, &h, p.value[0], p.value[1], p.dout, p.grad[0], p.grad[1]);
    check_backward(&p, name_of("head_sums_back", s));
    problem_close(&p);
}

/* Sequences longer than a block has threads, and none. */
static const int32_t long_lengths[] = {1, 70, 9}, no_lengths[] = {0, 0};
static const struct shape shapes[] = {
    {some_lengths, SEQUENCES, 1, 1, 1},
    {some_lengths, SEQUENCES, 1, 33, 99},
    {some_lengths, SEQUENCES, 3, 33, 33},
    {some_lengths, SEQUENCES, 2, 64, 192},
    {some_lengths, SEQUENCES, 2, 256, 257},
    {long_lengths, 3, 2, 4, 12},
    {no_lengths, 2, 2, 4, 12},
};

static void check_head_weights(void)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        check_weights_of(&shapes[i]);
}

static void check_head_sums(void)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        check_sums_of(&shapes[i]);
}

/* ---- layer normalization ---- */

/* in: x [ROWS, cols], gain, bias */
static void reference_norm(const struct problem *p, double *out)
{
    int cols = *(const int *)p->shape;
    for (int i = 0; i < ROWS; i++, out += cols) {
        const double *x = p->in[0] + i * cols;
        double mean = 0, variance = 0;
        for (int j = 0; j < cols; j++)
            mean += x[j] / cols;
        for (int j = 0; j < cols; j++)
            variance += (x[j] - mean) * (x[j] - mean) / cols;
        for (int j = 0; j < cols; j++)
            out[j] = p->in[1][j] * (x[j] - mean) / sqrt(variance + 1e-5) + p->in[2][j];
    }
}

static void check_layer_norm(void)
{
    for (int i = 0; i < SIZES; i++) {
        size_t cols = (size_t)sizes[i];
        struct problem p = {.reference = reference_norm, .shape = &sizes[i]};
        float *kept = tape_memory(tape, 2 * ROWS * sizeof *kept);
        problem_input(&p, ROWS * cols, 2);
        problem_input(&p, cols, 1);
        problem_input(&p, cols, 1);
        problem_output(&p, ROWS * cols);
        device->op->layer_norm(device, ROWS, sizes[i], p.value[0], p.value[1], p.value[2], p.found,
                               kept);
        check_forward(&p, label("layer_norm", ROWS, sizes[i]));
        device->op->layer_norm_back(device, ROWS, sizes[i], p.value[0], p.value[1], kept, p.dout,
                                    p.grad[0], p.grad[1], p.grad[2]);
        check_backward(&p, label("layer_norm_back", ROWS, sizes[i]));
        problem_close(&p);
    }
}

/* ---- rows of length 1 ---- */

static void reference_unit(const struct problem *p, double *out)
{
    int cols = *(const int *)p->shape;
    for (int i = 0; i < ROWS; i++, out += cols) {
        const double *x = p->in[0] + i * cols;
        double squares = 0;
        for (int j = 0; j < cols; j++)
            squares += x[j] * x[j];
        for (int j = 0; j < cols; j++)
            out[j] = squares > 0 ? x[j] / sqrt(squares) : 0;
    }
}

/* A row of zeros has no direction: it stays, and is at no angle to any other. */
static void check_no_direction(int cols)
{
    size_t n = (size_t)cols;
    float *x = device_zeros(device, n), *y = device_floats(n), *dx = device_zeros(device, n),
          *dy = device_zeros(device, n), *of = device_floats(1), loss[1];
    device->op->normalize(device, 1, cols, x, y);
    float *values = to_host(device, y, n * sizeof *values);
    device->op->fill(device, y, 1, n);
    device->op->cosine_loss(device, 1, cols, x, y, of, dx, dy);
    float *slopes = to_host(device, dx, n * sizeof *slopes),
          *others = to_host(device, dy, n * sizeof *others);
    bool zeros = true;
    for (size_t j = 0; j < n; j++)
        zeros &= values[j] == 0 && slopes[j] == 0 && others[j] == 0;
    device->op->download(device, loss, of, sizeof loss);
    tap_ok(zeros && loss[0] == 1, "a row of %d zeros has no direction", cols);
    float *const all[] = {x, y, dx, dy, of};
    for (int i = 0; i < 5; i++)
        device->op->release(device, all[i]);
    mem_free(values), mem_free(slopes), mem_free(others);
}

static void check_normalize(void)
{
    for (int i = 0; i < SIZES; i++) {
        size_t cols = (size_t)sizes[i];
        struct problem p = {.reference = reference_unit, .shape = &sizes[i]};
        problem_input(&p, ROWS * cols, 2);
        problem_output(&p, ROWS * cols);
        device->op->normalize(device, ROWS, sizes[i], p.value[0], p.found);
        check_forward(&p, label("normalize", ROWS, sizes[i]));
        problem_close(&p);
        check_no_direction(sizes[i]);
    }
}

/* in: x, aim [rows, cols] */
static void reference_cosine(const struct problem *p, double *out)
{
    int cols = *(const int *)p->shape;
    for (size_t i = 0; i < p->out_size; i++) {
        const double *x = p->in[0] + i * (size_t)cols, *aim = p->in[1] + i * (size_t)cols;
        double xx = 0, aa = 0, xa = 0;
        for (int j = 0; j < cols; j++)
            xx += x[j] * x[j], aa += aim[j] * aim[j], xa += x[j] * aim[j];
        out[i] = 1 - xa / sqrt(xx * aa);
    }
}

/* So many rows that threads share them, and few. */
static void check_cosine(void)
{
    static const int rows[] = {ROWS, 4000};
    for (int i = 0; i < 2 * SIZES; i++) {
        size_t n = (size_t)rows[i / SIZES], cols = (size_t)sizes[i % SIZES];
        struct problem p = {.reference = reference_cosine, .shape = &sizes[i % SIZES]};
        problem_input(&p, n * cols, 2);
        problem_input(&p, n * cols, 2);
        problem_output(&p, n);
        for (size_t j = 0; j < n; j++)
            p.slope[j] = 1 / (float)n;
        device->op->cosine_loss(device, (int)n, (int)cols, p.value[0], p.value[1], p.found,
                                p.grad[0], NULL);
        device->op->cosine_loss(device, (int)n, (int)cols, p.value[0], p.value[1], p.found, NULL,
                                p.grad[1]);
        check_forward(&p, label("cosine_loss", (int)n, (int)cols));
        check_backward(&p, label("cosine_loss, gradients", (int)n, (int)cols));
        problem_close(&p);
    }
}

static const struct check checks[] = {HEADS_CHECKS(CHECK_ROW)};

int main(void)
{
    checks_open(5);
    run_checks(checks, sizeof checks / sizeof *checks);
    return checks_close();
}
