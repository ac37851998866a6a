#include "train/negatives.h"

#include <math.h>

/* The first of the items low .. high whose `until` is above x, or the last.  Both ends are chosen
 * without a branch, of which a processor could not guess one in two. */
static int32_t item_at(const struct negatives *n, double x, int32_t low, int32_t high)
{
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        bool above = n->until[middle] > x;
        high = above ? middle : high;
        low = above ? low : middle + 1;
    }
    return low;
}

/* A search through all of `until` would miss the cache at each step: `from` limits it to one part.
 */
static void mark_parts(struct negatives *n)
{
    n->from = mem_zero(NEGATIVES_PARTS + 1, sizeof *n->from);
    for (int i = 0; i <= NEGATIVES_PARTS && n->items; i++)
        n->from[i] =
            item_at(n, (double)i / NEGATIVES_PARTS * n->until[n->items - 1], 0, n->items - 1);
}

void negatives_open(struct negatives *n, int count, double alpha, bool correct,
                    const struct model_data *data)
{
    size_t items = (size_t)data->items;
    *n = (struct negatives){.count = count, .correct = correct, .items = data->items};
    n->until = mem_alloc(items * sizeof *n->until);
    n->share = mem_alloc(items * sizeof *n->share);
    double all = 0, sum = 0;
    bool known = false;
    for (size_t i = 0; i < items && data->count; i++)
        known |= data->count[i] > 0;
    for (size_t i = 0; i < items; i++) {
        double times = known ? data->count[i] : 1;
        all += times;
        sum += times > 0 ? pow(times, alpha) : 0;
        n->until[i] = sum;
        n->share[i] = times;
    }
    for (size_t i = 0; i < items && all > 0; i++)
        n->share[i] /= all;
    mark_parts(n);
}

void negatives_release(struct negatives *n)
{
    mem_free(n->until);
    mem_free(n->share);
    mem_free(n->from);
    *n = (struct negatives){0};
}

/* How many targets of other owners a target has, in the mean. */
static double targets_of_others(struct tape *t, const struct forward *f)
{
    int32_t owners = 0;
    double pairs = 0; /* of targets with one owner, each with itself too */
    for (int i = 0; i < f->targets; i++)
        owners = f->owner[i] >= owners ? f->owner[i] + 1 : owners;
    int32_t *count = tape_host_ints(t, (size_t)owners);
    for (int32_t i = 0; i < owners; i++)
        count[i] = 0;
    for (int i = 0; i < f->targets; i++)
        count[f->owner[i]]++;
    for (int32_t i = 0; i < owners; i++)
        pairs += (double)count[i] * count[i];
    return f->targets ? f->targets - pairs / f->targets : 0;
}

/* log of the expected number of times that the item is among a target's negatives: the targets of
 * others, and those drawn */
static float expected(const struct negatives *n, int32_t item, double others)
{
    double total = n->until[n->items - 1];
    double drawn = n->until[item] - (item ? n->until[item - 1] : 0);
    double times = others * n->share[item] + (total > 0 ? n->count * drawn / total : 0);
    return (float)log(times > 1e-12 ? times : 1e-12);
}

/* A uniform number in [0, 1) of 53 bits. */
static double chance(struct random *r)
{
    uint64_t high = random_u32(r), low = random_u32(r);
    return (double)(high << 21 | low >> 11) * 0x1p-53;
}

/* The item at quantile x, 0 <= x < 1.  The number of parts is a power of two, so that the part of x
 * is exact. */
static int32_t draw(const struct negatives *n, double x)
{
    const int32_t *from = n->from + (int)(x * NEGATIVES_PARTS);
    return item_at(n, x * n->until[n->items - 1], from[0], from[1]);
}

struct candidates negatives_draw(const struct negatives *n, struct tape *t, const struct forward *f,
                                 struct column from, uint64_t seed, uint64_t step)
{
    int targets = f->targets, count = targets + n->count;
    int32_t *item = tape_host_ints(t, (size_t)count), *owner = tape_host_ints(t, (size_t)count);
    int32_t *own = tape_host_ints(t, (size_t)targets);
    struct random random = random_of(seed ^ 0x6e65676174697665u, step);
    for (int i = 0; i < targets; i++) {
        item[i] = f->target[i];
        owner[i] = f->owner[i];
        own[i] = i;
    }
    for (int i = targets; i < count; i++) {
        item[i] = from.len ? column_i32(from)[random_below(&random, (uint32_t)from.len)]
                           : draw(n, chance(&random));
        owner[i] = -1;
    }
    if (tape_share_as(t, item, targets, f->target)) {
        tape_share_as(t, owner, targets, f->owner);
        tape_share(t, own, targets, NULL, own);
    }
    float *correction = n->correct ? tape_host(t, (size_t)count * sizeof *correction) : NULL;
    double others = correction ? targets_of_others(t, f) : 0;
    for (int i = 0; i < count && correction; i++)
        correction[i] = expected(n, item[i], others);
    return (struct candidates){
        .count = count, .item = item, .own = own, .owner = owner, .correction = correction};
}
