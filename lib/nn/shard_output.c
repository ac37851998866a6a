/* The output layer over spread weights: each rank computes the scores of its items, and the ranks
 * join what they know of each row between the two walks of the device (nn/ops.h, struct
 * output_join). */
#include <math.h>

#include "nn/best_items.h"
#include "nn/shard_parts.h"

/* Rooms: host and device numbers of what lives through the operation. */
enum {
    STATE,
    TARGET,
    NEAR,
    LOCAL,
    ADDED,
    PACKED,
    GRADS,
    PARTS,
    ALL,
    OUT,
    MORE,
    BIAS,
    TAUGHT,
    TAUGHT_BIAS,
    SHARE
};
_Static_assert((int)SHARE < (int)SHARD_ROOMS, "a room for each");

/* ---- joining ---- */

struct joining {
    struct shards *s;
    const int32_t *target; /* host [T] here; -1: another rank's */
};

/* What a rank knows of a row. */
struct row_part {
    double total;
    float reference, score;
};

/* The own row_parts [rows] of each rank to rank 0, [count, rows]. */
static struct row_part *gather_parts(struct shards *s, const struct row_part *own, int rows)
{
    int bytes = rows * (int)sizeof *own;
    struct row_part *all = s->rank ? NULL : shard_host(s, ALL, (size_t)s->count * (size_t)bytes);
    for (int r = 0; r < s->count; r++)
        s->sizes[r] = bytes;
    ranks_gather(s->ranks, own, bytes, all, s->sizes);
    return all;
}

static struct row_part join_row(const struct row_part *all, int count, int rows)
{
    struct row_part sum = {.reference = -INFINITY};
    for (int r = 0; r < count; r++) {
        const struct row_part *p = &all[(size_t)r * (size_t)rows];
        sum.reference = p->reference > sum.reference ? p->reference : sum.reference;
        sum.score += p->score;
    }
    for (int r = 0; r < count; r++) {
        const struct row_part *p = &all[(size_t)r * (size_t)rows];
        sum.total += p->total * exp((double)p->reference - (double)sum.reference);
    }
    return sum;
}

/* own [rows] of all ranks become what they know together. */
static void join_rows(struct shards *s, struct row_part *own, int rows)
{
    const struct row_part *all = gather_parts(s, own, rows);
    for (int i = 0; all && i < rows; i++)
        own[i] = join_row(all + i, s->count, rows);
    ranks_send(s->ranks, own, (size_t)rows * sizeof *own);
}

static void join_scores(const struct output_join *j, int first, int rows, float *score)
{
    const struct joining *of = j->of;
    struct row_part *own = shard_host(of->s, PARTS, (size_t)rows * sizeof *own);
    for (int i = 0; i < rows; i++)
        own[i] = (struct row_part){.score = of->target[first + i] < 0 ? 0 : score[i]};
    join_rows(of->s, own, rows);
    for (int i = 0; i < rows; i++)
        score[i] = own[i].score;
}

static void join_sums(const struct output_join *j, int first, int rows, float *reference,
                      double *total, float *score)
{
    const struct joining *of = j->of;
    struct row_part *own = shard_host(of->s, PARTS, (size_t)rows * sizeof *own);
    for (int i = 0; i < rows; i++)
        own[i] = (struct row_part){
            .total = total[i],
            .reference = reference[i],
            .score = score && of->target[first + i] >= 0 ? score[i] : 0,
        };
    join_rows(of->s, own, rows);
    for (int i = 0; i < rows; i++) {
        reference[i] = own[i].reference;
        total[i] = own[i].total;
        if (score)
            score[i] = own[i].score;
    }
}

/* ---- additions ---- */

/* What each rank has of the additions: packed, on rank 0 rank by rank. */
struct split {
    int *count;      /* [ranks] additions of each */
    char *packed;    /* rank 0: of each rank start [T + 1], item [count], value [count] */
    int32_t *origin; /* rank 0: [all] the number of each addition, rank by rank */
};

static size_t packed_bytes(int targets, int count)
{
    return ((size_t)targets + 1 + 2 * (size_t)count) * sizeof(int32_t);
}

static int owner_of(const struct shards *s, int64_t items, int32_t item)
{
    int r = (int)((double)item * s->count / (double)items);
    r = r < s->count ? r : s->count - 1;
    while (r > 0 && item < shard_first(s, items, r))
        r--;
    while (item >= shard_first(s, items, r + 1))
        r++;
    return r;
}

/* Rank 0: packs the additions of each rank. */
static void split_additions(struct shards *s, const struct shard_command *c,
                            const struct additions *add, struct split *to)
{
    int targets = (int)c->number[SHARD_TARGETS], n = (int)c->number[SHARD_ADDED];
    int64_t items = c->number[SHARD_ITEMS];
    size_t ints = (size_t)targets + 1, all = (size_t)n;
    char *host = shard_host(s, ADDED, (ints + 2 * all) * sizeof(int32_t));
    int32_t *start = shard_to_host(s, OUT, add->start, ints * sizeof *start);
    memcpy(host, start, ints * sizeof *start);
    start = (int32_t *)(void *)host;
    const int32_t *item = shard_to_host(s, OUT, add->item, all * sizeof *item);
    int32_t *owner = start + ints;
    memset(to->count, 0, (size_t)s->count * sizeof *to->count);
    for (int i = 0; i < n; i++)
        to->count[owner[i] = owner_of(s, items, item[i])]++;
    size_t bytes = 0;
    for (int r = 0; r < s->count; r++)
        bytes += packed_bytes(targets, to->count[r]);
    to->packed = shard_host(s, PACKED, bytes);
    to->origin = owner + n;
    int32_t **part = mem_alloc((size_t)s->count * sizeof *part);
    int *filled = mem_zero((size_t)s->count, sizeof *filled), *before = filled;
    char *at = to->packed;
    for (int r = 0; r < s->count; at += packed_bytes(targets, to->count[r++]))
        part[r] = (int32_t *)(void *)at;
    int *base = mem_zero((size_t)s->count, sizeof *base);
    for (int r = 1; r < s->count; r++)
        base[r] = base[r - 1] + to->count[r - 1];
    for (int t = 0; t < targets; t++) {
        for (int r = 0; r < s->count; r++)
            part[r][t] = before[r];
        for (int32_t i = start[t]; i < start[t + 1]; i++) {
            int r = owner[i], k = filled[r]++;
            part[r][ints + (size_t)k] = item[i] - (int32_t)shard_first(s, items, r);
            to->origin[base[r] + k] = i;
        }
    }
    for (int r = 0; r < s->count; r++)
        part[r][targets] = filled[r];
    const float *value = shard_to_host(s, OUT, add->value, all * sizeof *value);
    for (int r = 0; r < s->count; r++)
        for (int k = 0; k < to->count[r]; k++)
            memcpy(&part[r][ints + (size_t)to->count[r] + (size_t)k],
                   &value[to->origin[base[r] + k]], sizeof *value);
    mem_free(part);
    mem_free(filled);
    mem_free(base);
}

/* Gives each rank its additions; to->grad of zeros, where they are wanted. */
static void share_additions(struct shards *s, const struct shard_command *c,
                            const struct shard_output_call *call, struct split *split,
                            struct additions *to)
{
    int targets = (int)c->number[SHARD_TARGETS];
    *to = (struct additions){0};
    if (!c->number[SHARD_ADDED])
        return;
    split->count = shard_host(s, MORE, (size_t)s->count * sizeof *split->count);
    if (call)
        split_additions(s, c, &call->o->add, split);
    ranks_send(s->ranks, split->count, (size_t)s->count * sizeof *split->count);
    int own = split->count[s->rank];
    size_t ints = (size_t)targets + 1, bytes = packed_bytes(targets, own);
    for (int r = 0; r < s->count; r++)
        s->sizes[r] = (int)packed_bytes(targets, split->count[r]);
    int32_t *packed = shard_host(s, LOCAL, bytes);
    ranks_scatter(s->ranks, split->packed, s->sizes, packed, (int)bytes);
    packed = shard_to_device(s, LOCAL, packed, bytes);
    *to = (struct additions){.count = own,
                             .start = packed,
                             .item = packed + ints,
                             .value = (const float *)(const void *)(packed + ints + own)};
    if (!(c->number[SHARD_WANTS] & SHARD_DADDED))
        return;
    to->grad = shard_memory(s, GRADS, (size_t)own * sizeof *to->grad);
    s->op->fill(s->device, to->grad, 0, (size_t)own);
}

/* Adds the gradients of the additions to rank 0's. */
static void return_additions(struct shards *s, const struct shard_command *c,
                             const struct shard_output_call *call, const struct split *split,
                             const struct additions *own)
{
    size_t all = (size_t)c->number[SHARD_ADDED];
    if (!all || !(c->number[SHARD_WANTS] & SHARD_DADDED))
        return;
    size_t n = (size_t)split->count[s->rank];
    const float *mine = shard_to_host(s, GRADS, own->grad, n * sizeof *mine);
    float *got = s->rank ? NULL : shard_host(s, ALL, all * sizeof *got);
    for (int r = 0; r < s->count; r++)
        s->sizes[r] = split->count[r] * (int)sizeof *got;
    ranks_gather(s->ranks, mine, (int)(n * sizeof *mine), got, s->sizes);
    if (!call)
        return;
    float *grad = shard_to_host(s, OUT, call->o->add.grad, all * sizeof *grad);
    for (size_t i = 0; i < all; i++)
        grad[split->origin[i]] += got[i];
    if (!s->device->host)
        s->op->upload(s->device, call->o->add.grad, grad, all * sizeof *grad);
}

/* ---- what loss and ranks begin with ---- */

/* The output layer of this rank's items. */
struct part_of_layer {
    struct output_layer o;
    struct output_join join;
    struct joining joining;
    struct split split;
};

/* In place of a bias that the model does not have. */
static const float *zeros(struct shards *s, int room, size_t items)
{
    float *x = shard_memory(s, room, items * sizeof *x);
    s->op->fill(s->device, x, 0, items);
    return x;
}

static void open_part(struct shards *s, const struct shard_command *c,
                      const struct shard_output_call *call, struct part_of_layer *p)
{
    size_t targets = (size_t)c->number[SHARD_TARGETS], width = (size_t)c->number[SHARD_WIDTH];
    int64_t items = c->number[SHARD_ITEMS], first = shard_first(s, items, s->rank);
    int32_t own = (int32_t)shard_rows(s, items);
    size_t states = targets * width * sizeof(float);
    const void *state = shard_spread_bytes(s, STATE, call ? call->o->state : NULL, states);
    const int32_t *target =
        shard_spread_bytes(s, TARGET, call ? call->o->target : NULL, targets * sizeof *target);
    share_additions(s, c, call, &p->split, &p->o.add);
    int32_t *local = shard_host(s, NEAR, targets * sizeof *local);
    for (size_t i = 0; i < targets; i++) {
        int64_t at = target[i] - first;
        local[i] = at >= 0 && at < own ? (int32_t)at : -1;
    }
    p->joining = (struct joining){s, local};
    p->join = (struct output_join){.of = &p->joining,
                                   .rows = (int)c->number[SHARD_CHUNK],
                                   .scores = join_scores,
                                   .sums = join_sums};
    p->o.targets = (int)targets;
    p->o.width = (int)width;
    p->o.items = own;
    p->o.factor = c->verb == SHARD_LOSS ? c->value : 0;
    p->o.state = call ? call->o->state : shard_to_device(s, STATE, state, states);
    p->o.weight = shard_own(s, c->array[0]);
    p->o.bias = c->array[1] < 0 ? zeros(s, BIAS, (size_t)own) : shard_own(s, c->array[1]);
    p->o.target = shard_to_device(s, NEAR, local, targets * sizeof *local);
    p->o.candidate = shard_own(s, c->array[4]);
    p->o.join = &p->join;
}

/* ---- the loss ---- */

/* Rank 0's floats, on the device of every rank. */
static const float *spread_floats(struct shards *s, int room, const float *at, size_t n)
{
    const void *host = shard_spread_bytes(s, room, at, n * sizeof *at);
    return at ? at : shard_to_device(s, room, host, n * sizeof *at);
}

/* What the teacher says of this rank's items. */
static struct taught open_taught(struct shards *s, const struct shard_command *c,
                                 const struct taught *by, int items)
{
    size_t targets = (size_t)c->number[SHARD_TARGETS], width = (size_t)c->number[SHARD_TAUGHT];
    return (struct taught){
        .width = (int)width,
        .state = spread_floats(s, TAUGHT, by ? by->state : NULL, targets * width),
        .weight = shard_own(s, c->array[5]),
        .bias = c->array[6] < 0 ? zeros(s, TAUGHT_BIAS, (size_t)items) : shard_own(s, c->array[6]),
        .share = spread_floats(s, SHARE, by ? by->share : NULL, targets),
        .temperature = c->value,
    };
}

static void run_loss(struct shards *s, const struct shard_command *c,
                     const struct shard_output_call *call, const struct output_layer *o,
                     float *loss, float *dstate)
{
    float *dweight = shard_own(s, c->array[2]), *dbias = shard_own(s, c->array[3]);
    if (c->verb == SHARD_LOSS) {
        s->op->output_loss(s->device, o, loss, dstate, dweight, dbias);
        return;
    }
    struct taught by = open_taught(s, c, call ? call->by : NULL, o->items);
    s->op->output_distill(s->device, o, &by, loss, dstate, dweight, dbias);
}

void shard_loss(struct shards *s, const struct shard_command *c, const struct shard_output_call *o)
{
    struct part_of_layer p = {.o = {0}};
    open_part(s, c, o, &p);
    size_t n = (size_t)p.o.targets * (size_t)p.o.width;
    float *loss = o ? o->loss : shard_memory(s, PARTS, (size_t)p.o.targets * sizeof *loss);
    float *dstate = NULL;
    if (c->number[SHARD_WANTS] & SHARD_DSTATE) {
        dstate = o ? o->dstate : shard_memory(s, ALL, n * sizeof *dstate);
        if (!o)
            s->op->fill(s->device, dstate, 0, n);
    }
    run_loss(s, c, o, &p.o, loss, dstate);
    return_additions(s, c, o, &p.split, &p.o.add);
    if (!dstate)
        return;
    float *sum = shard_to_host(s, STATE, dstate, n * sizeof *sum);
    ranks_sum(s->ranks, sum, n);
    if (o && !s->device->host)
        s->op->upload(s->device, dstate, sum, n * sizeof *sum);
}

/* ---- ranks ---- */

/* What each rank finds, of the device. */
struct found_part {
    float *loss, *score;
    int32_t *rank, *ties, *item;
};

/* One array after another in one room. */
static struct found_part found_in(float *at, size_t targets, size_t listed)
{
    int32_t *ints = (int32_t *)(void *)(at + targets + listed);
    return (struct found_part){at, at + targets, ints, ints + targets, ints + 2 * targets};
}

static size_t found_bytes(size_t targets, size_t listed)
{
    return (3 * targets + 2 * listed) * sizeof(float);
}

/* Rank 0: the k best of a target from those of all ranks. */
static void join_best_items(const struct shards *s, const struct found_part *part, int64_t items,
                            size_t at, int k, int32_t *item, float *score)
{
    struct best_items best = {.k = k, .item = item, .score = score};
    for (int r = 0; r < s->count; r++)
        for (size_t i = at; i < at + (size_t)k && part[r].item[i] >= 0; i++)
            best_items_offer(&best, part[r].item[i] + (int32_t)shard_first(s, items, r),
                             part[r].score[i]);
    best_items_sort(&best);
}

/* Rank 0: joins what all ranks have found into *to, of the host; losses are known already. */
static void join_found(const struct shards *s, const struct shard_command *c,
                       const struct found_part *part, const struct found_part *to)
{
    size_t targets = (size_t)c->number[SHARD_TARGETS];
    int k = (int)c->number[SHARD_BEST];
    for (size_t i = 0; i < targets; i++) {
        int32_t rank = 1, ties = 0;
        for (int r = 0; r < s->count; r++) {
            rank += part[r].rank[i] - 1;
            ties += part[r].ties[i];
        }
        to->rank[i] = rank;
        to->ties[i] = ties;
        size_t at = i * (size_t)k;
        join_best_items(s, part, c->number[SHARD_ITEMS], at, k, to->item + at, to->score + at);
    }
}

void shard_rank(struct shards *s, const struct shard_command *c, const struct shard_output_call *o)
{
    struct part_of_layer p = {.o = {0}};
    open_part(s, c, o, &p);
    size_t targets = (size_t)p.o.targets, listed = targets * (size_t)c->number[SHARD_BEST];
    size_t bytes = found_bytes(targets, listed), each = bytes / sizeof(float);
    float *mine = shard_memory(s, MORE, bytes);
    struct found_part own = found_in(mine, targets, listed);
    s->op->output_rank(s->device, &p.o, own.loss, own.rank, own.ties, (int)c->number[SHARD_BEST],
                       own.item, own.score);
    const void *sent = shard_to_host(s, MORE, mine, bytes);
    float *all = o ? shard_host(s, ALL, ((size_t)s->count + 1) * bytes) : NULL;
    for (int r = 0; r < s->count; r++)
        s->sizes[r] = (int)bytes;
    ranks_gather(s->ranks, sent, (int)bytes, all, s->sizes);
    if (!o)
        return;
    struct found_part *part = mem_alloc(((size_t)s->count + 1) * sizeof *part);
    for (int r = 0; r <= s->count; r++)
        part[r] = found_in(all + (size_t)r * each, targets, listed);
    struct found_part to = part[s->count];
    join_found(s, c, part, &to);
    s->op->upload(s->device, o->loss, part[0].loss, targets * sizeof *to.loss);
    s->op->upload(s->device, o->rank, to.rank, targets * sizeof *to.rank);
    s->op->upload(s->device, o->ties, to.ties, targets * sizeof *to.ties);
    s->op->upload(s->device, o->item, to.item, listed * sizeof *to.item);
    s->op->upload(s->device, o->score, to.score, listed * sizeof *to.score);
    mem_free(part);
}
