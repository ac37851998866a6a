#include "baseline/baseline.h"

#include <stdlib.h>

/* Items are known by their place in the order of popularity from baseline_ready on: place 0 is the
 * most popular one.  A row of counts holds its places ascending, so that the members of the row
 * before a place are found by halving, and beside each its rank within the row. */
struct entry {
    int32_t place, count;
    int32_t rank;    /* from 0, in the order of the row: count, then place */
    int32_t by_rank; /* which entry of the row has the rank that is this entry's number */
};

struct baseline {
    const struct baseline_kind *kind;
    VEC(uint64_t) pairs;     /* context and item (from ready on: place) of each event learned */
    VEC(int64_t) popularity; /* n(i), by item */
    int64_t events;          /* n */
    int32_t items;           /* N */
    int32_t *place, *item;   /* by item: its place; by place: the item */
    size_t contexts;
    size_t *start;  /* [contexts + 1]: where each row begins */
    int64_t *total; /* [contexts]: n(c) */
    struct entry *row;
};

/* ---- the kinds ---- */

static int32_t no_context(int32_t user, int32_t before)
{
    (void)user, (void)before;
    return -1;
}

static int32_t user_context(int32_t user, int32_t before)
{
    (void)before;
    return user;
}

static int32_t item_context(int32_t user, int32_t before)
{
    (void)user;
    return before;
}

const struct baseline_kind baseline_kinds[] = {
    {"pop", no_context}, {"ppop", user_context}, {"markov", item_context}, {NULL, NULL}};

const struct baseline_kind *baseline_find(const char *name)
{
    for (const struct baseline_kind *k = baseline_kinds; k->name; k++)
        if (!strcmp(k->name, name))
            return k;
    return NULL;
}

/* ---- learning ---- */

struct baseline *baseline_new(const struct baseline_kind *kind)
{
    struct baseline *b = mem_zero(1, sizeof *b);
    b->kind = kind;
    return b;
}

void baseline_free(struct baseline *b)
{
    if (!b)
        return;
    vec_release(&b->pairs);
    vec_release(&b->popularity);
    mem_free(b->place);
    mem_free(b->item);
    mem_free(b->start);
    mem_free(b->total);
    mem_free(b->row);
    mem_free(b);
}

void baseline_learn(struct baseline *b, const struct session *s)
{
    for (size_t i = 0; i < s->count; i++) {
        int32_t item = s->items[i];
        int32_t context = b->kind->context(s->user, i ? s->items[i - 1] : -1);
        while (b->popularity.len <= (size_t)item)
            vec_push(&b->popularity, 0);
        b->popularity.at[item]++;
        if (context >= 0)
            vec_push(&b->pairs, (uint64_t)context << 32 | (uint32_t)item);
    }
    b->events += (int64_t)s->count;
}

/* ---- getting ready ---- */

/* A number and what it orders; equal numbers stay in the order of `what`. */
struct ordered {
    int64_t number;
    int32_t what;
};

/* The greater number first. */
static int compare_ordered(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? 1 : -1;
    return (x->what > y->what) - (x->what < y->what);
}

static int compare_pairs(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void order_by_popularity(struct baseline *b)
{
    struct ordered *order = mem_alloc((size_t)b->items * sizeof *order);
    for (int32_t i = 0; i < b->items; i++)
        order[i] = (struct ordered){b->popularity.at[i], i};
    qsort(order, (size_t)b->items, sizeof *order, compare_ordered);
    b->place = mem_alloc((size_t)b->items * sizeof *b->place);
    b->item = mem_alloc((size_t)b->items * sizeof *b->item);
    for (int32_t p = 0; p < b->items; p++) {
        b->item[p] = order[p].what;
        b->place[order[p].what] = p;
    }
    mem_free(order);
}

/* Pairs with places for items, sorted: each row's events stand together, by place. */
static void sort_pairs(struct baseline *b)
{
    for (size_t i = 0; i < b->pairs.len; i++) {
        uint64_t pair = b->pairs.at[i];
        b->pairs.at[i] = (pair >> 32 << 32) | (uint32_t)b->place[(uint32_t)pair];
    }
    if (b->pairs.len)
        qsort(b->pairs.at, b->pairs.len, sizeof *b->pairs.at, compare_pairs);
    b->contexts = b->pairs.len ? (size_t)(b->pairs.at[b->pairs.len - 1] >> 32) + 1 : 0;
}

/* Equal pairs become one entry with their count. */
static void fill_rows(struct baseline *b)
{
    size_t entries = 0;
    for (size_t i = 0; i < b->pairs.len; i++)
        entries += i == 0 || b->pairs.at[i] != b->pairs.at[i - 1];
    b->row = mem_alloc(entries * sizeof *b->row);
    b->start = mem_zero(b->contexts + 1, sizeof *b->start);
    b->total = mem_zero(b->contexts, sizeof *b->total);
    entries = 0;
    for (size_t i = 0; i < b->pairs.len; i++) {
        uint64_t pair = b->pairs.at[i];
        if (i == 0 || pair != b->pairs.at[i - 1]) {
            b->row[entries++] = (struct entry){.place = (int32_t)(uint32_t)pair};
            b->start[(pair >> 32) + 1] = entries;
        }
        b->row[entries - 1].count++;
        b->total[pair >> 32]++;
    }
    for (size_t c = 0; c < b->contexts; c++) /* contexts without a row end where they begin */
        if (!b->start[c + 1])
            b->start[c + 1] = b->start[c];
    vec_release(&b->pairs);
}

static void rank_rows(struct baseline *b)
{
    VEC(struct ordered) order = {0};
    for (size_t c = 0; c < b->contexts; c++) {
        struct entry *row = b->row + b->start[c];
        int32_t n = (int32_t)(b->start[c + 1] - b->start[c]);
        vec_clear(&order);
        for (int32_t i = 0; i < n; i++)
            vec_push(&order, ((struct ordered){row[i].count, i}));
        if (n)
            qsort(order.at, (size_t)n, sizeof *order.at, compare_ordered);
        for (int32_t r = 0; r < n; r++) {
            row[r].by_rank = order.at[r].what;
            row[order.at[r].what].rank = r;
        }
    }
    vec_release(&order);
}

void baseline_ready(struct baseline *b, int32_t items)
{
    b->items = items;
    while (b->popularity.len < (size_t)items)
        vec_push(&b->popularity, 0);
    order_by_popularity(b);
    sort_pairs(b);
    fill_rows(b);
    rank_rows(b);
}

/* ---- answering ---- */

struct row {
    const struct entry *at;
    int32_t len;
    int64_t events; /* n(c) */
};

static struct row row_of(const struct baseline *b, int32_t user, int32_t before)
{
    int32_t c = b->kind->context(user, before);
    if (c < 0 || (size_t)c >= b->contexts)
        return (struct row){NULL, 0, 0};
    return (struct row){b->row + b->start[c], (int32_t)(b->start[c + 1] - b->start[c]),
                        b->total[c]};
}

/* The number of entries before the place. */
static int32_t entries_before(struct row row, int32_t place)
{
    int32_t low = 0, high = row.len;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (row.at[middle].place < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double probability(const struct baseline *b, struct row row, int32_t place, int32_t count)
{
    double p = (double)(b->popularity.at[b->item[place]] + 1) / (double)(b->events + b->items);
    return (count + p) / (double)(row.events + 1);
}

struct verdict baseline_rank(const struct baseline *b, int32_t user, int32_t before, int32_t target)
{
    struct row row = row_of(b, user, before);
    int32_t place = b->place[target], at = entries_before(row, place);
    if (at < row.len && row.at[at].place == place)
        return (struct verdict){row.at[at].rank + 1, probability(b, row, place, row.at[at].count)};
    /* The whole row stands before it, and what is more popular and not in the row. */
    return (struct verdict){row.len + place - at + 1, probability(b, row, place, 0)};
}

void baseline_top(const struct baseline *b, int32_t user, int32_t before, int32_t k, int32_t *items,
                  float *scores)
{
    struct row row = row_of(b, user, before);
    int32_t n = 0, member = 0;
    for (; n < k && n < row.len; n++) {
        const struct entry *entry = &row.at[row.at[n].by_rank];
        items[n] = b->item[entry->place];
        scores[n] = (float)probability(b, row, entry->place, entry->count);
    }
    for (int32_t place = 0; n < k; place++) {
        if (member < row.len && row.at[member].place == place) {
            member++;
            continue;
        }
        items[n] = b->item[place];
        scores[n++] = (float)probability(b, row, place, 0);
    }
}
