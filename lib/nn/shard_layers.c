/* Layers over the rows of spread tables: each rank computes those of its rows.  What is not spread,
 * as a layer's weights, goes to all ranks, and sums over all rows come to rank 0. */
#include "nn/shard_parts.h"

/* Rooms: host and device numbers of what lives through an operation. */
enum { SENT, OWN, SUM };

/* This rank's rows of the command's first table. */
static int rows_of(const struct shards *s, const struct shard_command *c)
{
    return (int)shard_rows(s, s->arrays.at[c->array[0]].rows);
}

/* Rank 0's n floats of the device, on the device of every rank. */
static const float *send(struct shards *s, const float *x, size_t n)
{
    const void *host = shard_spread_bytes(s, SENT, x, n * sizeof *x);
    return s->rank ? shard_to_device(s, SENT, host, n * sizeof *x) : x;
}

/* The sum of n floats of every rank's device, on that of rank 0. */
static const float *sum(struct shards *s, float *own, size_t n)
{
    float *host = shard_to_host(s, OWN, own, n * sizeof *host);
    ranks_sum(s->ranks, host, n);
    return s->rank ? NULL : shard_to_device(s, SUM, host, n * sizeof *host);
}

/* ---- what all ranks do ---- */

void shard_linear(struct shards *s, const struct shard_command *c, const float *weight)
{
    int out = (int)c->number[SHARD_OUT], in = (int)c->number[SHARD_IN];
    int ld = (int)c->number[SHARD_LD];
    bool turned = c->number[SHARD_TURNED] != 0;
    size_t n = (size_t)((turned ? out : in) - 1) * (size_t)ld + (size_t)(turned ? in : out);
    weight = send(s, weight, n);
    s->op->gemm(s->device, false, turned, rows_of(s, c), out, in, shard_own(s, c->array[1]), in,
                weight, ld, c->value, shard_own(s, c->array[0]), out);
}

const float *shard_factor(struct shards *s, const struct shard_command *c)
{
    int out = (int)c->number[SHARD_OUT], in = (int)c->number[SHARD_IN];
    size_t n = (size_t)out * (size_t)in;
    float *own = shard_memory(s, OWN, n * sizeof *own);
    s->op->gemm(s->device, true, false, out, in, rows_of(s, c), shard_own(s, c->array[0]), out,
                shard_own(s, c->array[1]), in, 0, own, in);
    return sum(s, own, n);
}

void shard_bias(struct shards *s, const struct shard_command *c, const float *bias)
{
    int out = (int)c->number[SHARD_OUT];
    bias = send(s, bias, (size_t)out);
    s->op->bias(s->device, rows_of(s, c), out, bias, shard_own(s, c->array[0]));
}

const float *shard_row_sum(struct shards *s, const struct shard_command *c)
{
    int out = (int)c->number[SHARD_OUT];
    float *own = shard_memory(s, OWN, (size_t)out * sizeof *own);
    s->op->fill(s->device, own, 0, (size_t)out);
    s->op->bias_back(s->device, rows_of(s, c), out, shard_own(s, c->array[0]), own);
    return sum(s, own, (size_t)out);
}

void shard_columns(struct shards *s, const struct shard_command *c)
{
    const int64_t *n = c->number;
    float *to = shard_own(s, c->array[0]);
    const float *from = shard_own(s, c->array[1]);
    s->op->columns(s->device, rows_of(s, c), (int)n[SHARD_COLS], from + n[SHARD_AT_FROM],
                   (int)n[SHARD_LD_FROM], to + n[SHARD_AT_TO], (int)n[SHARD_LD_TO],
                   n[SHARD_ADDS] != 0);
}

/* Floats of this rank's rows. */
static size_t floats_of(const struct shards *s, const struct shard_command *c)
{
    return (size_t)rows_of(s, c) * (s->arrays.at[c->array[0]].row_bytes / sizeof(float));
}

void shard_activate(struct shards *s, const struct shard_command *c)
{
    s->op->activate(s->device, (enum activation)c->number[0], floats_of(s, c),
                    shard_own(s, c->array[1]), shard_own(s, c->array[0]));
}

void shard_activate_back(struct shards *s, const struct shard_command *c)
{
    s->op->activate_back(s->device, (enum activation)c->number[0], floats_of(s, c),
                         shard_own(s, c->array[1]), shard_own(s, c->array[2]),
                         shard_own(s, c->array[0]));
}

void shard_normalize(struct shards *s, const struct shard_command *c)
{
    s->op->normalize(s->device, rows_of(s, c), (int)c->number[SHARD_OUT], shard_own(s, c->array[1]),
                     shard_own(s, c->array[0]));
}

/* ---- rank 0: the table of operations ---- */

/* y [1, N] += a x [N] */
static void scaled(struct shards *s, struct shard_command *c, const float *factor)
{
    s->op->download(s->device, &c->value, factor, sizeof *factor);
    shard_begin(s, c);
    shard_scaled(s, c);
    shard_end(s);
}

/* y [1] = x [N] · a [N] + beta y */
static void product(struct shards *s, const struct shard_command *c, float beta, float *y)
{
    float number;
    s->op->download(s->device, &number, y, sizeof number);
    shard_begin(s, c);
    number = beta * number + (float)shard_product(s, c);
    shard_end(s);
    s->op->upload(s->device, y, &number, sizeof number);
}

static void on_gemm(struct device *d, bool ta, bool tb, int m, int n, int k, const float *a,
                    int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    struct shards *s = d->shards;
    struct shard_command of;
    if (shard_command_of(s, SHARD_LINEAR, TABLES(c, a), &of) && of.array[1] >= 0) {
        of.number[SHARD_OUT] = n;
        of.number[SHARD_IN] = k;
        of.number[SHARD_TURNED] = tb;
        of.number[SHARD_LD] = ldb;
        of.value = beta;
        shard_begin(s, &of);
        shard_linear(s, &of, b);
        shard_end(s);
    } else if (shard_command_of(s, SHARD_SCALED, TABLES(c, b), &of)) {
        scaled(s, &of, a);
    } else if (!shard_command_of(s, ta ? SHARD_FACTOR : SHARD_PRODUCT, TABLES(a, b), &of)) {
        s->op->gemm(d, ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc);
    } else if (!ta) {
        product(s, &of, beta, c);
    } else {
        of.number[SHARD_OUT] = m;
        of.number[SHARD_IN] = n;
        shard_begin(s, &of);
        s->op->columns(d, m, n, shard_factor(s, &of), n, c, ldc, beta != 0);
        shard_end(s);
    }
}

static void on_bias(struct device *d, int rows, int cols, const float *bias, float *y)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!shard_command_of(s, SHARD_BIAS, TABLES(y), &c)) {
        s->op->bias(d, rows, cols, bias, y);
        return;
    }
    c.number[SHARD_OUT] = cols;
    shard_begin(s, &c);
    shard_bias(s, &c, bias);
    shard_end(s);
}

static void on_bias_back(struct device *d, int rows, int cols, const float *g, float *to)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!shard_command_of(s, SHARD_ROW_SUM, TABLES(g), &c)) {
        s->op->bias_back(d, rows, cols, g, to);
        return;
    }
    c.number[SHARD_OUT] = cols;
    shard_begin(s, &c);
    s->op->add(d, to, shard_row_sum(s, &c), (size_t)cols);
    shard_end(s);
}

/* The addresses may be those of columns of the first row. */
static void on_columns(struct device *d, int rows, int cols, const float *from, int ld_from,
                       float *to, int ld_to, bool accumulate)
{
    struct shards *s = d->shards;
    struct shard_command c = shard_command(SHARD_COLUMNS);
    size_t at_from, at_to;
    c.array[0] = shard_find(s, to, &at_to);
    c.array[1] = shard_find(s, from, &at_from);
    if (c.array[0] < 0) {
        s->op->columns(d, rows, cols, from, ld_from, to, ld_to, accumulate);
        return;
    }
    c.number[SHARD_COLS] = cols;
    c.number[SHARD_AT_TO] = (int64_t)(at_to / sizeof *to);
    c.number[SHARD_LD_TO] = ld_to;
    c.number[SHARD_AT_FROM] = (int64_t)(at_from / sizeof *from);
    c.number[SHARD_LD_FROM] = ld_from;
    c.number[SHARD_ADDS] = accumulate;
    shard_begin(s, &c);
    shard_columns(s, &c);
    shard_end(s);
}

static void on_activate(struct device *d, enum activation a, size_t n, const float *x, float *y)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!shard_command_of(s, SHARD_ACTIVATE, TABLES(y, x), &c)) {
        s->op->activate(d, a, n, x, y);
        return;
    }
    c.number[0] = a;
    shard_begin(s, &c);
    shard_activate(s, &c);
    shard_end(s);
}

static void on_activate_back(struct device *d, enum activation a, size_t n, const float *y,
                             const float *dy, float *dx)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!shard_command_of(s, SHARD_ACTIVATE_BACK, TABLES(dx, y, dy), &c)) {
        s->op->activate_back(d, a, n, y, dy, dx);
        return;
    }
    c.number[0] = a;
    shard_begin(s, &c);
    shard_activate_back(s, &c);
    shard_end(s);
}

static void on_normalize(struct device *d, int rows, int cols, const float *x, float *y)
{
    struct shards *s = d->shards;
    struct shard_command c;
    if (!shard_command_of(s, SHARD_NORMALIZE, TABLES(y, x), &c)) {
        s->op->normalize(d, rows, cols, x, y);
        return;
    }
    c.number[SHARD_OUT] = cols;
    shard_begin(s, &c);
    shard_normalize(s, &c);
    shard_end(s);
}

void shard_set_layers(struct operations *table)
{
    table->gemm = on_gemm;
    table->bias = on_bias;
    table->bias_back = on_bias_back;
    table->columns = on_columns;
    table->activate = on_activate;
    table->activate_back = on_activate_back;
    table->normalize = on_normalize;
}
