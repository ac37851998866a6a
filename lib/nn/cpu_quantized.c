/* The best items by 8-bit copies of the weights (nn/cpu_quantized.h). */
#include <float.h>
#include <math.h>
#include <omp.h>

#include "nn/best_items.h"
#include "nn/cpu_tile.h"
#include "nn/cpu_quantized.h"

enum {
    BLOCK = QUANTIZED_BLOCK,
    MOST_ROWS = 8 /* more rows share one reading of all weights, which then costs less */
};

/* Twice the bound of the relative error of a sum of n products, with room for a few roundings more.
 */
static double rounding(int n)
{
    return (n + 8) * 2.0 * (double)FLT_EPSILON;
}

static const double UPWARDS = 1 + 1e-4; /* the rounding of the bounds themselves */

/* ---- the copy ---- */

VECTOR static float largest_of(const float *x, size_t n)
{
    float largest = 0;
#pragma omp simd reduction(max : largest)
    for (size_t i = 0; i < n; i++)
        largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
    return largest;
}

/* to [n] = x / scale in whole numbers from -127 to 127; returns Σ (x - scale to)², and Σ x² in
 * *length. */
VECTOR static double round_to_scale(size_t n, const float *x, float scale, float *to,
                                    double *length)
{
    const float by = scale >= FLT_MIN ? 1 / scale : 0;
    double error = 0, squares = 0;
#pragma omp simd reduction(+ : error, squares)
    for (size_t j = 0; j < n; j++) {
        float number = rintf(x[j] * by);
        number = number > 127 ? 127 : number < -127 ? -127 : number;
        double left = (double)x[j] - (double)scale * (double)number;
        to[j] = number;
        error += left * left;
        squares += (double)x[j] * (double)x[j];
    }
    *length += squares;
    return error;
}

/* False: a weight is not finite. */
static bool quantize_item(const struct quantized *q, const float *weight, int item)
{
    size_t width = (size_t)q->width, block = (size_t)(item / BLOCK), i = (size_t)(item % BLOCK);
    int8_t *to = q->weight + block * width * BLOCK + i;
    float scale = largest_of(weight, width) / 127, number[BLOCK];
    double error = 0, length = 0;
    for (size_t from = 0; from < width; from += BLOCK) {
        size_t n = width - from < BLOCK ? width - from : BLOCK;
        error += round_to_scale(n, weight + from, scale, number, &length);
        if (!isfinite(error))
            return false;
        for (size_t j = 0; j < n; j++)
            to[(from + j) * BLOCK] = (int8_t)number[j];
    }
    error = sqrt(error);
    q->scale[item] = scale;
    q->reach[item] = (float)((error + rounding(q->width) * (sqrt(length) + error)) * UPWARDS);
    return true;
}

/* Arrays behind the struct, each from a cache line on. */
static size_t place_arrays(struct quantized *q, char *memory)
{
    size_t head = cpu_padded(sizeof *q / sizeof(float) + 1) * sizeof(float);
    size_t padded = (size_t)q->blocks * BLOCK, weights = padded * (size_t)q->width;
    if (memory) {
        q->scale = (float *)(void *)(memory + head);
        q->reach = q->scale + padded;
        q->weight = (int8_t *)(void *)(q->reach + padded);
    }
    return head + 2 * padded * sizeof(float) + weights;
}

/* finite: becomes false where a weight is not. */
static void quantize_share(const struct quantized *q, int items, size_t width, const float *weight,
                           bool *finite)
{
    struct span blocks = cpu_own_share((size_t)q->blocks, 1);
    bool own = true;
    for (int block = (int)blocks.from; block < (int)blocks.to; block++) {
        int from = block * BLOCK, to = from + BLOCK < items ? from + BLOCK : items;
        memset(q->weight + (size_t)from * width, 0, width * BLOCK);
        for (int i = from; i < from + BLOCK; i++)
            q->scale[i] = q->reach[i] = 0;
        for (int i = from; i < to; i++)
            own = quantize_item(q, weight + (size_t)i * width, i) && own;
    }
    if (!own) {
#pragma omp atomic write
        *finite = false;
    }
}

struct quantized *cpu_quantize(struct device *d, int items, int width, const float *weight)
{
    struct quantized plan = {items, width, (items + BLOCK - 1) / BLOCK, NULL, NULL, NULL};
    struct quantized *q = d->op->alloc(d, place_arrays(&plan, NULL));
    bool finite = true;
    *q = plan;
    place_arrays(q, (char *)q);
    CPU_IN_THREADS(cpu_of(d)->threads, quantize_share(q, items, (size_t)width, weight, &finite));
    if (!finite) {
        d->op->release(d, q);
        return NULL;
    }
    return q;
}

/* ---- the search ---- */

/* What one thread has found for one row. */
struct row_search {
    struct best_items lower; /* the k best lower bounds */
    float floor;             /* the least of them once there are k: an item has to reach it */
    int count;               /* of the items that reached it */
    int32_t *item;
    float *upper;
};

struct search {
    const struct output_layer *o;
    const struct quantized *q;
    int threads, k, room;  /* room: of `item` and `upper` of struct row_search */
    float norm[MOST_ROWS]; /* ‖h‖ of each row, rounded up */
    uint64_t *added; /* [rows, blocks] a bit for each item to whose score something is added */
    struct row_search *found; /* [threads, rows] */
    float *state;             /* [threads, H, vector] the state in the first column */
};

/* lower, upper [BLOCK] = the bounds of the scores of a block's items.  Returns 1 if an upper one
 * reaches the floor, and adds 2 if one of them is too large for the bounds to hold. */
VECTOR static int bound_block(const struct quantized *q, int block, const float *state, float norm,
                              const float *bias, float floor, float *restrict lower,
                              float *restrict upper)
{
    const size_t width = (size_t)q->width;
    const int8_t *weight = q->weight + (size_t)block * width * BLOCK;
    const float *scale = q->scale + (size_t)block * BLOCK,
                *reach = q->reach + (size_t)block * BLOCK;
    const float own = (float)rounding(q->width);
    float sum[BLOCK] = {0};
    int reaches = 0, strange = 0;
    for (size_t j = 0; j < width; j++, weight += BLOCK)
#pragma omp simd
        for (int i = 0; i < BLOCK; i++)
            sum[i] += state[j] * (float)weight[i];
#pragma omp simd reduction(| : reaches, strange)
    for (int i = 0; i < BLOCK; i++) {
        float x = scale[i] * sum[i] + bias[i];
        float bound = reach[i] * norm + (own * fabsf(bias[i]) + FLT_MIN);
        lower[i] = x - bound;
        upper[i] = x + bound;
        reaches |= upper[i] >= floor;
        strange |= !(fabsf(x) < 1e37f);
    }
    return reaches | strange << 1;
}

/* Keeps those that reach the floor. */
static void drop_below_floor(struct row_search *f)
{
    int kept = 0;
    for (int i = 0; i < f->count; i++)
        if (f->upper[i] >= f->floor) {
            f->item[kept] = f->item[i];
            f->upper[kept++] = f->upper[i];
        }
    f->count = kept;
}

static bool is_open(const struct search *s, int row, int32_t item)
{
    const struct output_layer *o = s->o;
    if (item >= o->items || (o->candidate && !o->candidate[item]))
        return false;
    return !s->added ||
           !(s->added[(size_t)row * (size_t)s->q->blocks + (size_t)(item / BLOCK)] >> item % BLOCK &
             1);
}

/* Takes the items of a block whose upper bounds reach the floor.  False: there is no room for them.
 */
static bool take_block(const struct search *s, struct row_search *f, int row, int block,
                       const float *lower, const float *upper)
{
    if (f->count + BLOCK > s->room)
        drop_below_floor(f);
    if (f->count + BLOCK > s->room)
        return false;
    for (int i = 0; i < BLOCK; i++) {
        int32_t item = block * BLOCK + i;
        if (!(upper[i] >= f->floor) || !is_open(s, row, item))
            continue;
        f->item[f->count] = item;
        f->upper[f->count++] = upper[i];
        best_items_offer(&f->lower, item, lower[i]);
        if (f->lower.filled == s->k)
            f->floor = f->lower.score[0];
    }
    return true;
}

/* Searches one thread's blocks.  False: there are more items than there is room for, or numbers for
 * which the bounds do not hold. */
static bool search_blocks(const struct search *s, int thread)
{
    const struct output_layer *o = s->o;
    struct span own = cpu_share((size_t)s->q->blocks, 1, thread, s->threads);
    for (size_t b = own.from; b < own.to; b++) {
        float lower[BLOCK], upper[BLOCK], last[BLOCK] = {0};
        const float *bias = o->bias + b * BLOCK;
        if ((b + 1) * BLOCK > (size_t)o->items)
            bias = memcpy(last, bias, ((size_t)o->items - b * BLOCK) * sizeof *bias);
        for (int row = 0; row < o->targets; row++) {
            struct row_search *f = &s->found[thread * o->targets + row];
            int what = bound_block(s->q, (int)b, o->state + (size_t)row * (size_t)o->width,
                                   s->norm[row], bias, f->floor, lower, upper);
            if (what & 2 || (what && !take_block(s, f, row, (int)b, lower, upper)))
                return false;
        }
    }
    return true;
}

/* The score of an item as output_rank computes it, of the state in the thread's `state`. */
static float exact_score(const struct output_layer *o, const float *state, size_t vector,
                         int32_t item)
{
    float x[16];
    cpu_tile_product(&(struct tile_product){
        .m = 1,
        .n = vector,
        .k = (size_t)o->width,
        .a = o->weight + (size_t)item * (size_t)o->width,
        .lda = (size_t)o->width,
        .b = state,
        .ldb = vector,
        .bias = o->bias + item,
        .c = x,
        .ldc = vector,
    });
    return x[0];
}

/* The largest floor of all threads: at least k items have scores that are not below it. */
static float join_floors(const struct search *s, int row)
{
    struct best_items *all = &s->found[row].lower;
    for (int t = 1; t < s->threads; t++) {
        const struct best_items *part = &s->found[t * s->o->targets + row].lower;
        for (int i = 0; i < part->filled; i++)
            best_items_offer(all, part->item[i], part->score[i]);
    }
    return all->filled == s->k && s->k ? all->score[0] : -INFINITY;
}

/* The list of a row; false: a score is not finite. */
static bool finish_row(const struct search *s, int thread, int row, struct best_items best)
{
    const struct output_layer *o = s->o;
    size_t vector = cpu_tile_vector(), width = (size_t)o->width;
    float *state = s->state + (size_t)thread * width * vector, floor = join_floors(s, row);
    const struct additions *add = &o->add;
    bool finite = true;
    for (size_t j = 0; j < width; j++)
        state[j * vector] = o->state[(size_t)row * width + j];
    for (int t = 0; t < s->threads; t++) {
        const struct row_search *f = &s->found[t * o->targets + row];
        for (int i = 0; i < f->count; i++) {
            if (f->upper[i] < floor)
                continue;
            float x = exact_score(o, state, vector, f->item[i]);
            finite = finite && isfinite(x);
            best_items_offer(&best, f->item[i], x);
        }
    }
    for (int32_t i = add->count ? add->start[row] : 0; add->count && i < add->start[row + 1]; i++) {
        float x = exact_score(o, state, vector, add->item[i]) + add->value[i];
        finite = finite && isfinite(x);
        if (!o->candidate || o->candidate[add->item[i]])
            best_items_offer(&best, add->item[i], x);
    }
    best_items_sort(&best);
    return finite;
}

/* Places the arrays in scratch memory; with `at` NULL only returns its size in floats. */
static size_t place_search(struct search *s, float *at)
{
    size_t rows = (size_t)s->o->targets, threads = (size_t)s->threads, k = (size_t)s->k;
    size_t room = (size_t)s->room, count = threads * rows;
    size_t found = count * sizeof *s->found / sizeof(float);
    size_t added = s->o->add.count ? 2 * rows * (size_t)s->q->blocks : 0;
    size_t state = threads * (size_t)s->o->width * cpu_tile_vector();
    size_t each = 2 * cpu_padded(k) + 2 * cpu_padded(room);
    if (at) {
        s->found = (struct row_search *)(void *)cpu_take(&at, found);
        s->added = added ? (uint64_t *)(void *)cpu_take(&at, added) : NULL;
        s->state = cpu_take(&at, state);
        memset(s->state, 0, state * sizeof *s->state);
        for (size_t i = 0; i < count; i++)
            s->found[i] = (struct row_search){
                .lower = {s->k, 0, (int32_t *)(void *)cpu_take(&at, k), cpu_take(&at, k)},
                .floor = -INFINITY,
                .item = (int32_t *)(void *)cpu_take(&at, room),
                .upper = cpu_take(&at, room),
            };
    }
    return cpu_padded(found) + cpu_padded(added) + cpu_padded(state) + count * each;
}

static void mark_added(const struct search *s)
{
    const struct additions *add = &s->o->add;
    size_t blocks = (size_t)s->q->blocks;
    if (!s->added)
        return;
    memset(s->added, 0, (size_t)s->o->targets * blocks * sizeof *s->added);
    for (size_t row = 0; row < (size_t)s->o->targets; row++)
        for (int32_t i = add->start[row]; i < add->start[row + 1]; i++)
            s->added[row * blocks + (size_t)(add->item[i] / BLOCK)] |= (uint64_t)1
                                                                       << add->item[i] % BLOCK;
}

static bool find_norms(struct search *s)
{
    size_t width = (size_t)s->o->width;
    bool finite = true;
    for (int row = 0; row < s->o->targets; row++) {
        const float *h = s->o->state + (size_t)row * width;
        double sum = 0;
        for (size_t j = 0; j < width; j++)
            sum += (double)h[j] * (double)h[j];
        s->norm[row] = (float)(sqrt(sum) * UPWARDS);
        finite = finite && isfinite(s->norm[row]);
    }
    return finite;
}

/* lost: becomes true where a list has to come from all weights. */
static void search_share(const struct search *s, int32_t *item, float *score, bool *lost)
{
    int thread = omp_get_thread_num();
    struct span rows = cpu_own_share((size_t)s->o->targets, 1);
    bool own = !search_blocks(s, thread);
#pragma omp barrier
    for (size_t row = rows.from; row < rows.to; row++) {
        size_t at = row * (size_t)s->k;
        struct best_items best = {.k = s->k, .item = item + at, .score = score + at};
        own = !finish_row(s, thread, (int)row, best) || own;
    }
    if (own) {
#pragma omp atomic write
        *lost = true;
    }
}

bool quantized_best(struct cpu *cpu, const struct output_layer *o, const struct quantized *q, int k,
                    int32_t *item, float *score)
{
    struct search s = {.o = o, .q = q, .threads = cpu->threads, .k = k, .room = 4 * k + 16 * BLOCK};
    bool pays = o->targets <= MOST_ROWS && k > 0 && k <= o->items / 8;
    bool lost = false;
    if (!pays || !find_norms(&s))
        return false;
    place_search(&s, cpu_scratch(cpu, place_search(&s, NULL)));
    mark_added(&s);
    CPU_IN_THREADS(s.threads, search_share(&s, item, score, &lost));
    return !lost;
}
