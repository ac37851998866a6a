#include "nn/cpu_output.h"

#include <math.h>

#include "nn/bf16.h"
#include "nn/maths.h"

enum { ROUNDED_ITEMS = 192 }; /* of a tile with rounded factors, at most: oneDNN copies factors */

/* How many parts a run of so many tiles has: each is half of what is left, so that the first are
 * long, and the last let threads end at the same time. */
static int parts_of_run(int tiles)
{
    int n = 1;
    while (tiles >> n >= LEAST_TILES)
        n++;
    return n;
}

void chunk_plan(struct chunk *c, const struct cpu *cpu, const struct output_layer *o,
                struct sharing by, bool keep, bool bf16)
{
    int groups = cpu->threads / by.sharers;
    size_t items = (size_t)(o->items > 0 ? o->items : 1), wanted = (size_t)o->targets;
    size_t fit = cpu->workspace / (keep || bf16 ? items : TILE_ITEMS);
    size_t most = (size_t)by.sharers * CHUNK_ROWS;
    fit = fit < 1 ? 1 : fit > most ? most : fit;
    size_t chunks = wanted ? (wanted + fit - 1) / fit : 1;
    *c = (struct chunk){.o = o,
                        .threads = cpu->threads,
                        .sharers = by.sharers,
                        .bf16 = bf16,
                        .by_float32 = cpu->by_float32};
    c->capacity = (int)((wanted + chunks - 1) / chunks);
    c->ld = cpu_padded((size_t)c->capacity);
    if (c->ld <= fit)
        c->capacity = (int)c->ld;
    if (o->join) {
        c->capacity = o->join->rows;
        c->ld = cpu_padded((size_t)c->capacity);
    }
    if (bf16)
        c->ld = (c->ld + BF16_DEPTH - 1) / BF16_DEPTH * BF16_DEPTH;
    else
        c->ld += c->ld / LINE % 2 ? 0 : LINE;
    c->panel = bf16 ? c->ld : PANEL;
    c->deep = ((size_t)o->width + BF16_DEPTH - 1) / BF16_DEPTH * BF16_DEPTH;
    int share = ((o->items + groups - 1) / groups + 5) / 6 * 6; /* whole blocks of rows */
    int widest = bf16 ? ROUNDED_ITEMS : TILE_ITEMS;
    c->width = share > widest ? widest : share > 0 ? share : 6;
    c->tiles = (o->items + c->width - 1) / c->width;
    c->panels = (c->ld + c->panel - 1) / c->panel;
    c->pieces = by.dealt && c->threads > 1 ? parts_of_run(c->tiles / groups) : 1;
    c->parts = groups * c->pieces;
}

/* Takes n rounded numbers likewise. */
static uint16_t *take_rounded(float **from, size_t n)
{
    return (uint16_t *)(void *)cpu_take(from, (n + 1) / 2);
}

void chunk_open(struct chunk *c, struct cpu *cpu, bool keep, size_t rest)
{
    size_t threads = (size_t)c->threads, sums = (size_t)c->parts;
    size_t ld = c->ld, width = (size_t)c->width;
    size_t state = (size_t)c->o->width * ld, kept = (size_t)c->tiles * width * ld;
    kept = keep || c->bf16 ? kept : 0;
    size_t parts = cpu_padded(sums * sizeof *c->part / sizeof(float));
    size_t own = threads * width * c->panel + sums * 4 * ld + 4 * ld;
    size_t runs = threads * sizeof(struct cpu_run) / sizeof(float);
    size_t state16 = c->deep * ld, weight16 = threads * width * c->deep;
    size_t rounded = c->bf16 ? cpu_padded(state16) + cpu_padded(weight16) : 0;
    size_t added = (size_t)c->o->add.count, buckets = (size_t)c->tiles * c->panels + 1;
    size_t placing = added ? cpu_padded(buckets) + cpu_padded(4 * added) + cpu_padded(added) : 0;
    size_t targets = cpu_padded((size_t)c->tiles + 2) + ld;
    float *at = cpu_scratch(cpu, state + kept + parts + own + 2 * runs + rounded + placing +
                                     targets + rest);
    c->state = cpu_take(&at, state);
    if (c->bf16)
        c->kept16 = take_rounded(&at, kept);
    else
        c->kept = kept ? cpu_take(&at, kept) : NULL;
    c->piece = (struct cpu_run *)(void *)cpu_take(&at, runs);
    c->tile = (struct cpu_run *)(void *)cpu_take(&at, runs);
    c->passing = cpu_take(&at, threads * width * c->panel);
    c->score = cpu_take(&at, ld);
    c->reference = cpu_take(&at, ld);
    c->of_tile = (int32_t *)(void *)cpu_take(&at, (size_t)c->tiles + 2);
    c->target_row = (int32_t *)(void *)cpu_take(&at, ld);
    c->total = (double *)(void *)cpu_take(&at, 2 * ld);
    c->part = (struct parts *)(void *)cpu_take(&at, parts);
    for (size_t t = 0; t < sums; t++) {
        c->part[t].reference = cpu_take(&at, ld);
        c->part[t].sum = (double *)(void *)cpu_take(&at, 2 * ld);
        c->part[t].not_finite = cpu_take(&at, ld);
    }
    if (c->bf16) {
        c->state16 = take_rounded(&at, state16);
        c->weight16 = take_rounded(&at, weight16);
        memset(c->state16, 0, state16 * sizeof *c->state16);
        memset(c->weight16, 0, weight16 * sizeof *c->weight16);
    }
    if (added) {
        c->bucket = (int32_t *)(void *)cpu_take(&at, buckets);
        c->placed = (struct placed *)(void *)cpu_take(&at, 4 * added);
        c->summed = cpu_take(&at, added);
    }
    c->rest = at;
}

void chunk_place_targets(const struct chunk *c)
{
    const int32_t *target = c->o->target + c->first;
    int32_t *from = c->of_tile;
    memset(from, 0, ((size_t)c->tiles + 2) * sizeof *from);
    for (int row = 0; row < c->rows; row++)
        if (target[row] >= 0)
            from[target[row] / c->width + 2]++;
    for (int tile = 0; tile < c->tiles; tile++)
        from[tile + 2] += from[tile + 1];
    for (int row = 0; row < c->rows; row++) /* from[tile + 1] runs to where the next tile's begin */
        if (target[row] >= 0)
            c->target_row[from[target[row] / c->width + 1]++] = row;
}

/* ---- additions ---- */

/* In 32 bits, whose division takes half the time. */
static size_t tile_of(const struct chunk *c, int32_t item)
{
    return (uint32_t)item / (uint32_t)c->width;
}

static size_t bucket_of(const struct chunk *c, int32_t item, size_t row)
{
    return tile_of(c, item) * c->panels + row / c->panel;
}

/* A counting sort of the chunk's additions by panel. */
static void place_additions(const struct chunk *c)
{
    const struct additions *add = &c->o->add;
    const int32_t *start = add->start + c->first;
    size_t buckets = (size_t)c->tiles * c->panels, panels = c->panels;
    memset(c->bucket, 0, (buckets + 1) * sizeof *c->bucket);
    for (size_t row = 0; row < (size_t)c->rows; row++) {
        int32_t *behind = c->bucket + row / c->panel + 1;
        for (int32_t i = start[row]; i < start[row + 1]; i++)
            behind[tile_of(c, add->item[i]) * panels]++;
    }
    for (size_t b = 0; b < buckets; b++)
        c->bucket[b + 1] += c->bucket[b];
    for (size_t row = (size_t)c->rows;
         row-- > 0;) { /* from the end: a bucket ends where it began */
        int32_t *behind = c->bucket + row / c->panel + 1;
        for (int32_t i = start[row]; i < start[row + 1]; i++)
            c->placed[--behind[tile_of(c, add->item[i]) * panels]] =
                (struct placed){i, add->item[i], (int32_t)row, add->value[i]};
    }
    memmove(c->bucket, c->bucket + 1, buckets * sizeof *c->bucket);
    c->bucket[buckets] = start[c->rows] - start[0];
}

static void add_to_panel(const struct chunk *c, const struct panel *p)
{
    size_t first = bucket_of(c, (int32_t)p->item.from, p->row.from);
    size_t last = bucket_of(c, (int32_t)p->item.from, p->row.to - 1);
    for (int32_t k = c->bucket[first]; k < c->bucket[last + 1]; k++) {
        struct placed at = c->placed[k];
        if ((size_t)at.row < p->row.from || (size_t)at.row >= p->row.to)
            continue;
        size_t item = (size_t)at.item - p->item.from;
        float *x = p->x + item * p->ld + ((size_t)at.row - p->row.from);
        *x += at.value;
        c->summed[at.number] = *x;
    }
}

void chunk_addition_slopes(const struct chunk *c, const struct panel *p)
{
    size_t bucket = bucket_of(c, (int32_t)p->item.from, p->row.from);
    for (int32_t k = c->bucket[bucket]; k < c->bucket[bucket + 1]; k++) {
        struct placed at = c->placed[k];
        size_t item = (size_t)at.item - p->item.from, row = (size_t)at.row - p->row.from;
        c->o->add.grad[at.number] += p->x[item * p->ld + row];
    }
}

static float addition_of(const struct additions *add, size_t target, int32_t item)
{
    for (int32_t i = add->start[target]; i < add->start[target + 1]; i++)
        if (add->item[i] == item)
            return add->value[i];
    return 0;
}

void chunk_addition_gradients(const struct chunk *c, size_t row, float share)
{
    const struct additions *add = &c->o->add;
    size_t at = (size_t)c->first + row;
    for (int32_t i = add->start[at]; i < add->start[at + 1]; i++) {
        float p = (float)(maths_exp(c->summed[i] - c->reference[row]) / c->total[row]);
        add->grad[i] += share * (p - (add->item[i] == c->o->target[at]));
    }
}

/* The tiles of the pieces that are a thread's at first. */
static struct span run_of(const struct chunk *c, int thread)
{
    return cpu_share((size_t)c->tiles, 1, thread / c->sharers, c->threads / c->sharers);
}

bool chunk_next(struct chunk *c)
{
    size_t width = (size_t)c->o->width;
    c->first += c->rows;
    int left = c->o->targets - c->first;
    /* Chunks of nearly the same size, in whole vectors. */
    int chunks = c->capacity ? (left + c->capacity - 1) / c->capacity : 0;
    int rows = chunks ? (int)cpu_padded((size_t)((left + chunks - 1) / chunks)) : 0;
    rows = rows < c->capacity && !c->o->join ? rows : c->capacity;
    c->rows = rows < left ? rows : left;
    for (int t = 0; t < c->threads; t++) {
        struct span tiles = run_of(c, t);
        cpu_run_fill(&c->piece[t], 0, (size_t)c->pieces);
        cpu_run_fill(&c->tile[t], tiles.from, tiles.to);
    }
    memset(c->state, 0, width * c->ld * sizeof *c->state);
    for (size_t row = 0; row < (size_t)c->rows; row++) {
        const float *from = c->o->state + ((size_t)c->first + row) * width;
        for (size_t j = 0; j < width; j++)
            c->state[j * c->ld + row] = from[j];
    }
    if (c->bf16)
        bf16_round(width, c->ld, c->state, c->ld, c->state16, c->ld);
    if (c->rows && c->o->add.count)
        place_additions(c);
    return c->rows > 0;
}

/* Piece i of those that are the owner's at first, for `thread` to compute. */
static struct piece begin_piece(const struct chunk *c, int owner, int i, int thread)
{
    struct span run = run_of(c, owner);
    size_t n = run.to - run.from, end = i + 1 < c->pieces ? n >> (i + 1) : 0;
    struct piece p = {.tile = {run.to - (n >> i), run.to - end},
                      .part = owner / c->sharers * c->pieces + i,
                      .share = owner % c->sharers,
                      .thread = thread};
    const struct parts *sums = &c->part[p.part];
    struct span rows = chunk_rows(c, &p);
    for (size_t row = rows.from; row < rows.to; row++) {
        sums->reference[row] = -INFINITY;
        sums->sum[row] = sums->not_finite[row] = 0;
    }
    return p;
}

struct piece chunk_piece(const struct chunk *c, int thread)
{
    return begin_piece(c, thread, 0, thread);
}

bool chunk_take(const struct chunk *c, int thread, struct piece *p)
{
    size_t i;
    int owner;
    if (!cpu_runs_take(c->piece, c->threads, thread, true, &owner, &i))
        return false;
    *p = begin_piece(c, owner, (int)i, thread);
    return true;
}

bool chunk_take_tile(const struct chunk *c, int thread, int *tile)
{
    size_t i = 0;
    int owner;
    bool some = cpu_runs_take(c->tile, c->threads, thread, false, &owner, &i);
    *tile = (int)i;
    return some;
}

struct span chunk_tile(const struct chunk *c, int tile)
{
    size_t from = (size_t)tile * (size_t)c->width, to = from + (size_t)c->width;
    return (struct span){from, to < (size_t)c->o->items ? to : (size_t)c->o->items};
}

bool chunk_panel(const struct chunk *c, const struct piece *w, size_t tile, size_t i,
                 struct panel *p)
{
    size_t width = (size_t)c->width;
    struct span own = chunk_rows(c, w);
    size_t from = own.from + i * c->panel;
    if (from >= own.to)
        return false;
    *p = (struct panel){
        .item = chunk_tile(c, (int)tile), .row = {from, from + c->panel}, .ld = c->panel};
    if (p->row.to > own.to)
        p->row.to = own.to;
    p->x = c->passing + (size_t)w->thread * width * c->panel;
    if (c->kept) {
        p->x = c->kept + tile * width * c->ld + from;
        p->ld = c->ld;
    }
    if (c->kept16)
        p->rounded = c->kept16 + tile * width * c->ld + from;
    return true;
}

/* The scores of some items for some rows. */
static void products(const struct chunk *c, struct span item, struct span row, float *x, size_t ld)
{
    const struct output_layer *o = c->o;
    size_t width = (size_t)o->width;
    cpu_tile_product(&(struct tile_product){
        .m = item.to - item.from,
        .n = row.to - row.from,
        .k = width,
        .a = o->weight + item.from * width,
        .lda = width,
        .b = c->state + row.from,
        .ldb = c->ld,
        .bias = o->bias + item.from,
        .c = x,
        .ldc = ld,
    });
}

/* The scores of a panel from rounded factors. */
static void rounded_products(const struct chunk *c, int thread, const struct panel *p)
{
    const struct output_layer *o = c->o;
    size_t width = (size_t)o->width, items = p->item.to - p->item.from;
    size_t rows = p->row.to - p->row.from;
    uint16_t *weight = c->weight16 + (size_t)thread * (size_t)c->width * c->deep;
    bf16_round(items, width, o->weight + p->item.from * width, width, weight, c->deep);
    for (size_t i = 0; i < items; i++)
        for (size_t j = 0; j < rows; j++)
            p->x[i * p->ld + j] = o->bias[p->item.from + i];
    bf16_multiply(&(struct bf16_product){
        .by_float32 = c->by_float32,
        .m = items,
        .n = rows,
        .k = c->deep,
        .a = weight,
        .lda = c->deep,
        .b = c->state16 + p->row.from,
        .ldb = c->ld,
        .c = p->x,
        .ldc = p->ld,
    });
}

/* Computes each score by itself, at the place that it has in its panel: the same sum in the same
 * order. */
void chunk_target_scores(const struct chunk *c, int thread)
{
    struct span own = cpu_share((size_t)c->rows, LINE, thread, c->threads);
    size_t vector = cpu_tile_vector();
    for (size_t row = own.from; row < own.to; row++) {
        float x[LINE];
        int32_t target_of = c->o->target[(size_t)c->first + row];
        size_t target = (size_t)target_of, from = row / vector * vector;
        if (target_of < 0)
            continue;
        products(c, (struct span){target, target + 1}, (struct span){from, from + vector}, x, LINE);
        c->score[row] = x[row - from];
        if (c->o->add.count)
            c->score[row] += addition_of(&c->o->add, (size_t)c->first + row, (int32_t)target);
    }
}

void chunk_note_targets(const struct chunk *c, int tile, const struct panel *p)
{
    for (int32_t k = c->of_tile[tile]; k < c->of_tile[tile + 1]; k++) {
        size_t row = (size_t)c->target_row[k];
        size_t item = (size_t)c->o->target[(size_t)c->first + row] - p->item.from;
        if (row >= p->row.from && row < p->row.to)
            c->score[row] = p->x[item * p->ld + (row - p->row.from)];
    }
}

void chunk_scores(const struct chunk *c, int thread, const struct panel *p)
{
    if (c->bf16)
        rounded_products(c, thread, p);
    else
        products(c, p->item, p->row, p->x, p->ld);
    if (c->o->add.count)
        add_to_panel(c, p);
}

VECTOR static bool any_far(const float *top, const float *reference)
{
    int32_t any = 0;
#pragma omp simd reduction(| : any)
    for (int j = 0; j < LINE; j++)
        any |= top[j] > reference[j] + FAR;
    return any;
}

bool chunk_raise(const struct chunk *c, int part, size_t row, const float *top, float *raise)
{
    float *reference = c->part[part].reference + row;
    double *sum = c->part[part].sum + row;
    if (!any_far(top, reference))
        return false;
    for (int j = 0; j < LINE; j++) {
        raise[j] = 1;
        if (top[j] > reference[j] + FAR) {
            raise[j] = maths_exp(reference[j] - top[j]);
            reference[j] = top[j];
            sum[j] *= raise[j];
        }
    }
    return true;
}

bool chunk_finite(const struct chunk *c, size_t row)
{
    bool finite = true;
    for (int t = 0; t < c->parts; t++)
        finite &= !isnan(c->part[t].not_finite[row]);
    return finite;
}

void chunk_join(const struct chunk *c, size_t row)
{
    float reference = -INFINITY, not_finite = 0;
    double sum = 0;
    for (int t = 0; t < c->parts; t++) {
        float own = c->part[t].reference[row];
        reference = own > reference ? own : reference;
        not_finite += c->part[t].not_finite[row];
    }
    for (int t = 0; t < c->parts; t++)
        sum += c->part[t].sum[row] * maths_exp(c->part[t].reference[row] - reference);
    c->reference[row] = reference;
    c->total[row] = sum + (double)not_finite;
}

void chunk_join_parts(const struct chunk *c, bool scores)
{
    const struct output_join *j = c->o->join;
    j->sums(j, c->first, c->rows, c->reference, c->total, scores ? c->score : NULL);
}

float chunk_loss(const struct chunk *c, size_t row)
{
    return (float)(log(c->total[row]) + (double)c->reference[row] - c->score[row]);
}
