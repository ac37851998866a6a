/* The CPU's perceptron of one hidden layer over many rows: block by block, so that the hidden units
 * of a block never leave a core's first-level cache.  Each thread has the same groups at every run;
 * the threads' gradients are added in the order of the threads. */
#include <omp.h>

#include "nn/cpu.h"
#include "nn/cpu_tile.h"

enum {
    BLOCK = 64, /* rows */
    LINE = 16   /* floats: a line of the cache */
};

/* What all threads read. */
struct hidden_layer {
    const struct perceptron *p;
    size_t in, hidden, ld; /* ld: the hidden units in whole lines, zeros beyond the last */
    float *weight;         /* [in, ld] transposed */
    float *score;          /* [ld] */
    float *tail;           /* [LINE] the last of `direct`, zeros for what whole lines have */
};

/* What each thread has of its own. */
struct own_sums {
    float *units;                            /* [BLOCK, ld] */
    float *begin;                            /* [ld] what the units of the group begin with */
    float *weight, *score, *offset, *direct; /* gradients: [in, ld], [ld], [ld], [in] */
};

static size_t own_size(const struct hidden_layer *l)
{
    return (BLOCK + l->in + 3) * l->ld + cpu_padded(l->in);
}

/* The last numbers of `direct` as a line of its own, which begins LINE before its end. */
static void put_tail(const struct hidden_layer *l)
{
    for (size_t k = l->in / LINE * LINE; k < l->in && l->in > LINE; k++)
        l->tail[LINE + k - l->in] = l->p->direct[k];
}

/* Takes scratch memory for the layer and for each of the threads, all 0 but what it reads. */
static struct hidden_layer open_layer(struct device *d, const struct perceptron *p, int threads)
{
    struct hidden_layer l = {.p = p,
                             .in = (size_t)p->in,
                             .hidden = (size_t)p->hidden,
                             .ld = cpu_padded((size_t)p->hidden)};
    size_t all = (l.in + 1) * l.ld + LINE + (size_t)threads * own_size(&l);
    l.weight = cpu_scratch(cpu_of(d), all);
    l.score = l.weight + l.in * l.ld;
    l.tail = l.score + l.ld;
    memset(l.weight, 0, all * sizeof *l.weight);
    memcpy(l.score, p->score, l.hidden * sizeof *l.score);
    put_tail(&l);
    for (size_t j = 0; j < l.hidden; j++)
        for (size_t k = 0; k < l.in; k++)
            l.weight[k * l.ld + j] = p->weight[j * l.in + k];
    return l;
}

static struct own_sums own_sums(const struct hidden_layer *l, int thread)
{
    float *at = l->tail + LINE + (size_t)thread * own_size(l);
    struct own_sums own = {.units = at, .weight = at + BLOCK * l->ld};
    own.score = own.weight + l->in * l->ld;
    own.offset = own.score + l->ld;
    own.direct = own.offset + l->ld;
    own.begin = own.direct + cpu_padded(l->in);
    return own;
}

/* The groups of a thread: those that begin within its share of the rows. */
static struct span groups_of(const struct perceptron *p, int thread, int threads)
{
    struct span rows = cpu_share((size_t)p->rows, 1, thread, threads), own = {0};
    for (size_t g = 0; g < (size_t)p->groups; g++) {
        own.from += (size_t)p->start[g] < rows.from;
        own.to += (size_t)p->start[g] < rows.to;
    }
    return own;
}

static int threads_for(struct device *d, const struct perceptron *p)
{
    return cpu_threads_for(cpu_of(d), (double)p->rows * (p->in + 1) * p->hidden / 16);
}

static void begin_group(const struct hidden_layer *l, size_t group, const struct own_sums *own)
{
    memcpy(own->begin, l->p->offset + group * l->hidden, l->hidden * sizeof *own->begin);
}

/* units [rows, ld] = weight x + offset of the group that was begun */
static void hidden_units(const struct hidden_layer *l, const struct own_sums *own, struct span row)
{
    float *units = own->units;
    for (size_t i = 0; i < row.to - row.from; i++)
        for (size_t j = 0; j < l->ld; j += LINE) /* of a size that the compiler knows */
            memcpy(units + i * l->ld + j, own->begin + j, LINE * sizeof *units);
    cpu_tile_product(&(struct tile_product){.m = row.to - row.from,
                                            .n = l->ld,
                                            .k = l->in,
                                            .a = l->p->x + row.from * l->in,
                                            .lda = l->in,
                                            .b = l->weight,
                                            .ldb = l->ld,
                                            .c = units,
                                            .ldc = l->ld});
}

/* The next rows of a group, at most BLOCK, after those that end at row->to; false after the last.
 */
static bool next_rows(const struct perceptron *p, size_t group, struct span *row)
{
    size_t end = (size_t)p->start[group + 1];
    row->from = row->to;
    row->to = end - row->from < BLOCK ? end : row->from + BLOCK;
    return row->from < end;
}

/* ---- forward ---- */

typedef float line __attribute__((vector_size(4 * LINE), aligned(4)));
typedef int32_t line_bits __attribute__((vector_size(4 * LINE)));
typedef float four __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) float sum_of(const line *x)
{
    four part[LINE / 4];
    memcpy(part, x, sizeof *x);
    four sum = (part[0] + part[1]) + (part[2] + part[3]);
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

/* In an order that is the same for all vectors' widths. */
VECTOR static void add_up(const struct hidden_layer *l, size_t rows, const float *units,
                          const float *x, float *y)
{
    const float *direct = l->p->direct;
    const line none = {0};
    bool lines = l->in >= LINE;
    for (size_t i = 0; i < rows; i++, units += l->ld, x += l->in) {
        line sum = none;
        float beside = 0;
        for (size_t j = 0; j < l->ld; j += LINE) {
            line unit = *(const line *)(units + j);
            unit = (line)((line_bits)unit & (unit > none)); /* 0 where it is not above */
            sum += *(const line *)(l->score + j) * unit;
        }
        for (size_t k = 0; k + LINE <= l->in; k += LINE)
            sum += *(const line *)(direct + k) * *(const line *)(x + k);
        if (lines)
            sum += *(const line *)l->tail * *(const line *)(x + l->in - LINE);
        for (size_t k = 0; k < l->in && !lines; k++)
            beside += direct[k] * x[k];
        y[i] = sum_of(&sum) + beside;
    }
}

static void forward_share(const struct hidden_layer *l, float *y)
{
    const struct perceptron *p = l->p;
    struct span group = groups_of(p, omp_get_thread_num(), omp_get_num_threads());
    struct own_sums own = own_sums(l, omp_get_thread_num());
    for (size_t g = group.from; g < group.to; g++) {
        begin_group(l, g, &own);
        for (struct span row = {.to = (size_t)p->start[g]}; next_rows(p, g, &row);) {
            hidden_units(l, &own, row);
            add_up(l, row.to - row.from, own.units, p->x + row.from * l->in, y + row.from);
        }
    }
}

void cpu_perceptron(struct device *d, const struct perceptron *p, float *y)
{
    int threads = threads_for(d, p);
    struct hidden_layer l = open_layer(d, p, threads);
    CPU_IN_THREADS(threads, forward_share(&l, y));
}

/* ---- backward ---- */

/* The units become their gradients, which are added up in `offset`: a line of units of all rows,
 * then the next line, so that the sums stay in registers. */
VECTOR static void units_back(const struct hidden_layer *l, size_t rows, const float *restrict dy,
                              float *restrict units, float *restrict dscore, float *restrict offset)
{
    for (size_t from = 0; from < l->ld; from += LINE) {
        float score[LINE], of_score[LINE] = {0}, of_offset[LINE] = {0};
        memcpy(score, l->score + from, sizeof score);
        for (size_t i = 0; i < rows; i++) {
            float own = dy[i], *unit = units + i * l->ld + from;
#pragma omp simd
            for (int j = 0; j < LINE; j++) {
                float slope = unit[j] > 0 ? own : 0;
                of_score[j] += slope * unit[j];
                of_offset[j] += unit[j] = slope * score[j];
            }
        }
        for (int j = 0; j < LINE; j++) {
            dscore[from + (size_t)j] += of_score[j];
            offset[from + (size_t)j] += of_offset[j];
        }
    }
}

VECTOR static void direct_back(size_t rows, size_t in, const float *dy, const float *restrict x,
                               float *restrict direct)
{
    for (size_t i = 0; i < rows; i++, x += in)
        for (size_t k = 0; k < in; k++)
            direct[k] += dy[i] * x[k];
}

static void block_back(const struct hidden_layer *l, const float *dy, struct span row,
                       const struct own_sums *own)
{
    size_t rows = row.to - row.from;
    const float *x = l->p->x + row.from * l->in;
    hidden_units(l, own, row);
    units_back(l, rows, dy + row.from, own->units, own->score, own->offset);
    direct_back(rows, l->in, dy + row.from, x, own->direct);
    cpu_tile_product(&(struct tile_product){.m = l->in,
                                            .n = l->ld,
                                            .k = rows,
                                            .a = x,
                                            .lda = l->in,
                                            .turned = true,
                                            .b = own->units,
                                            .ldb = l->ld,
                                            .c = own->weight,
                                            .ldc = l->ld});
}

/* Adds the sums of one thread to the gradients. */
static void add_own(const struct hidden_layer *l, const struct own_sums *own,
                    const struct perceptron_grads *to)
{
    cpu_add_scaled(l->hidden, 1, own->score, to->score);
    cpu_add_scaled(l->in, 1, own->direct, to->direct);
    for (size_t j = 0; j < l->hidden; j++)
        for (size_t k = 0; k < l->in; k++)
            to->weight[j * l->in + k] += own->weight[k * l->ld + j];
}

static void back_share(const struct hidden_layer *l, const float *dy, float *doffset)
{
    const struct perceptron *p = l->p;
    struct span group = groups_of(p, omp_get_thread_num(), omp_get_num_threads());
    struct own_sums own = own_sums(l, omp_get_thread_num());
    for (size_t g = group.from; g < group.to; g++) {
        begin_group(l, g, &own);
        memset(own.offset, 0, l->ld * sizeof *own.offset);
        for (struct span row = {.to = (size_t)p->start[g]}; next_rows(p, g, &row);)
            block_back(l, dy, row, &own);
        cpu_add_scaled(l->hidden, 1, own.offset, doffset + g * l->hidden);
    }
}

void cpu_perceptron_back(struct device *d, const struct perceptron *p, const float *dy,
                         const struct perceptron_grads *to)
{
    int threads = threads_for(d, p);
    struct hidden_layer l = open_layer(d, p, threads);
    CPU_IN_THREADS(threads, back_share(&l, dy, to->offset));
    for (int t = 0; t < threads; t++) {
        struct own_sums own = own_sums(&l, t);
        add_own(&l, &own, to);
    }
}
