#include "baseline/baseline.h"

#include <omp.h>
#include <stdlib.h>

#include "base/ascending.h"
#include "base/threads.h"
#include "baseline/knn.h"

/* Items are known by their place in the order of popularity from baseline_ready on: place 0 is the
 * most popular one.  A row of the table holds its places ascending, so that the members of the row
 * before a place are found by halving, and beside each its rank within the row. */
struct entry {
    int64_t score;
    int32_t place;
    int32_t rank;    /* from 0, in the order of the row: score, then place */
    int32_t by_rank; /* which entry of the row has the rank that is this entry's number */
};

struct baseline {
    const struct baseline_kind *kind;
    struct baseline_options options;
    VEC(uint64_t) pairs; /* context and item (from ready on: place) of each event learned */
    struct sets sets;
    VEC(int64_t) popularity; /* n(i), by item */
    int64_t events;          /* n */
    int32_t items;           /* N */
    int32_t *place, *item;   /* by item: its place; by place: the item */
    int32_t *ranked;         /* [N + 1] candidates at the places before each; NULL: all items are */
    double one;              /* scores that are a score of 1 */
    size_t contexts;
    size_t *start;  /* [contexts + 1]: where each row begins */
    int64_t *total; /* [contexts]: s(c) */
    VEC(struct entry) row;
};

struct baseline_work {
    struct scores scores;
    struct knn_work knn;
    i32_vec places;
};

/* ---- learning ---- */

struct baseline *baseline_new(const struct baseline_kind *kind, const struct baseline_options *o)
{
    struct baseline *b = mem_zero(1, sizeof *b);
    b->kind = kind;
    b->options = *o;
    b->one = kind->sets || o->mix ? (double)SCORE_ONE : 1;
    return b;
}

void baseline_free(struct baseline *b)
{
    if (!b)
        return;
    vec_release(&b->pairs);
    sets_release(&b->sets);
    vec_release(&b->popularity);
    mem_free(b->place);
    mem_free(b->item);
    mem_free(b->ranked);
    mem_free(b->start);
    mem_free(b->total);
    vec_release(&b->row);
    mem_free(b);
}

void baseline_learn(struct baseline *b, const struct session *s)
{
    bool counts = b->kind->context && !b->kind->fill;
    for (size_t i = 0; i < s->count; i++) {
        int32_t item = s->items[i];
        struct moment m = {.user = s->user, .items = s->items, .count = i};
        int32_t context = counts ? b->kind->context(&m) : -1;
        while (b->popularity.len <= (size_t)item)
            vec_push(&b->popularity, 0);
        b->popularity.at[item]++;
        if (context >= 0)
            vec_push(&b->pairs, (uint64_t)context << 32 | (uint32_t)item);
    }
    b->events += (int64_t)s->count;
    if (b->kind->sets)
        sets_add(&b->sets, s);
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

/* Replaces items by places and sorts the pairs: each row's events are together, by place. */
static void sort_pairs(struct baseline *b)
{
    for (size_t i = 0; i < b->pairs.len; i++) {
        uint64_t pair = b->pairs.at[i];
        b->pairs.at[i] = (pair >> 32 << 32) | (uint32_t)b->place[(uint32_t)pair];
    }
    if (b->pairs.len)
        qsort(b->pairs.at, b->pairs.len, sizeof *b->pairs.at, ascending_u64);
    b->contexts = b->pairs.len ? (size_t)(b->pairs.at[b->pairs.len - 1] >> 32) + 1 : 0;
}

/* Equal pairs become one entry with their count. */
static void count_pairs(struct baseline *b)
{
    sort_pairs(b);
    b->start = mem_zero(b->contexts + 1, sizeof *b->start);
    b->total = mem_zero(b->contexts, sizeof *b->total);
    for (size_t i = 0; i < b->pairs.len; i++) {
        uint64_t pair = b->pairs.at[i];
        if (i == 0 || pair != b->pairs.at[i - 1]) {
            vec_push(&b->row, (struct entry){.place = (int32_t)(uint32_t)pair});
            b->start[(pair >> 32) + 1] = b->row.len;
        }
        b->row.at[b->row.len - 1].score++;
        b->total[pair >> 32]++;
    }
    for (size_t c = 0; c < b->contexts; c++) /* contexts without a row end where they begin */
        if (!b->start[c + 1])
            b->start[c + 1] = b->start[c];
    vec_release(&b->pairs);
}

static void find_row(struct baseline *b, int32_t c, int32_t *shared, struct similar **row)
{
    b->start[c + 1] = knn_items(&b->sets, b->place[c], b->options.neighbours,
                                b->options.regularization, shared, row);
}

static void find_rows(struct baseline *b, struct similar **rows)
{
    int threads = threads_to_be_had(omp_get_max_threads());
    if (threads == 1) { /* without libgomp, which needs memory even for one thread */
        int32_t *shared = mem_zero(b->contexts, sizeof *shared);
        for (int32_t c = 0; c < b->items; c++)
            find_row(b, c, shared, &rows[c]);
        mem_free(shared);
        return;
    }
#pragma omp parallel num_threads(threads)
    {
        int32_t *shared = mem_zero(b->contexts, sizeof *shared);
#pragma omp for schedule(dynamic, 64)
        for (int32_t c = 0; c < b->items; c++)
            find_row(b, c, shared, &rows[c]);
        mem_free(shared);
    }
}

/* A row for each item: the items next to it. */
static void find_neighbours(struct baseline *b)
{
    b->contexts = (size_t)b->items;
    b->start = mem_zero(b->contexts + 1, sizeof *b->start);
    b->total = mem_zero(b->contexts, sizeof *b->total);
    struct similar **rows = mem_zero(b->contexts, sizeof *rows);
    find_rows(b, rows);
    for (size_t c = 0; c < b->contexts; c++) {
        for (size_t i = 0; i < b->start[c + 1]; i++) {
            vec_push(&b->row,
                     ((struct entry){.score = rows[c][i].score, .place = rows[c][i].place}));
            b->total[c] += rows[c][i].score;
        }
        mem_free(rows[c]);
        b->start[c + 1] = b->row.len;
    }
    mem_free(rows);
}

static void rank_rows(struct baseline *b)
{
    VEC(struct ordered) order = {0};
    for (size_t c = 0; c < b->contexts; c++) {
        struct entry *row = b->row.at + b->start[c];
        int32_t n = (int32_t)(b->start[c + 1] - b->start[c]);
        vec_clear(&order);
        for (int32_t i = 0; i < n; i++)
            vec_push(&order, ((struct ordered){row[i].score, i}));
        if (n)
            qsort(order.at, (size_t)n, sizeof *order.at, compare_ordered);
        for (int32_t r = 0; r < n; r++) {
            row[r].by_rank = order.at[r].what;
            row[order.at[r].what].rank = r;
        }
    }
    vec_release(&order);
}

static void count_candidates(struct baseline *b, const unsigned char *candidate)
{
    b->ranked = mem_zero((size_t)b->items + 1, sizeof *b->ranked);
    for (int32_t p = 0; p < b->items; p++)
        b->ranked[p + 1] = b->ranked[p] + candidate[b->item[p]];
}

void baseline_ready(struct baseline *b, int32_t items, const unsigned char *candidate)
{
    b->items = items;
    while (b->popularity.len < (size_t)items)
        vec_push(&b->popularity, 0);
    order_by_popularity(b);
    if (candidate)
        count_candidates(b, candidate);
    if (b->kind->sets)
        sets_ready(&b->sets, b->place, items);
    if (b->kind->fill)
        b->kind->fill(b);
    else
        count_pairs(b);
    rank_rows(b);
}

bool baseline_searches(const struct baseline *b)
{
    return b->kind->sets;
}

/* ---- the kinds ---- */

static int32_t no_context(const struct moment *m)
{
    (void)m;
    return -1;
}

static int32_t user_context(const struct moment *m)
{
    return m->user;
}

static int32_t item_context(const struct moment *m)
{
    return m->count ? m->items[m->count - 1] : -1;
}

static void score_session(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    for (size_t i = 0; i < m->count; i++)
        scores_add(&w->scores, b->place[m->items[i]], (int64_t)b->one);
}

static void score_neighbours(const struct baseline *b, const struct moment *m,
                             struct baseline_work *w)
{
    vec_clear(&w->places);
    for (size_t i = 0; i < m->count; i++)
        vec_push(&w->places, b->place[m->items[i]]);
    w->places.len = sets_unique(w->places.at, w->places.len);
    knn_sessions(&b->sets, w->places.at, w->places.len, b->options.neighbours, b->options.sample,
                 &w->knn, &w->scores);
}

const struct baseline_kind baseline_kinds[] = {
    {.name = "pop", .help = "how often the item is in the training part", .context = no_context},
    {.name = "s-pop", .help = "how often it is in the session so far", .score = score_session},
    {.name = "ppop",
     .help = "how often it is in the user's own training sessions",
     .context = user_context},
    {.name = "markov",
     .help = "how often it comes right after the item before, in training",
     .context = item_context},
    {.name = "item-knn",
     .help = "how many training sessions it shares with the item before",
     .context = item_context,
     .fill = find_neighbours,
     .sets = true},
    {.name = "session-knn",
     .help = "how near the training sessions that have it are to this one",
     .score = score_neighbours,
     .sets = true},
    {0}};

const struct baseline_kind *baseline_find(const char *name)
{
    for (const struct baseline_kind *k = baseline_kinds; k->name; k++)
        if (!strcmp(k->name, name))
            return k;
    return NULL;
}

/* ---- answering ---- */

struct neighbour_row {
    const struct entry *at;
    int32_t len;
    int64_t total; /* s(c) */
};

static struct neighbour_row row_of(const struct baseline *b, const struct moment *m)
{
    int32_t c = b->kind->context(m);
    if (c < 0 || (size_t)c >= b->contexts)
        return (struct neighbour_row){NULL, 0, 0};
    return (struct neighbour_row){b->row.at + b->start[c], (int32_t)(b->start[c + 1] - b->start[c]),
                                  b->total[c]};
}

/* The number of entries before the place. */
static int32_t entries_before(struct neighbour_row row, int32_t place)
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

static double probability(const struct baseline *b, int32_t place, int64_t score, int64_t total)
{
    double p = (double)(b->popularity.at[b->item[place]] + 1) / (double)(b->events + b->items);
    return ((double)score / b->one + p) / ((double)total / b->one + 1);
}

/* The score of an item on a list. */
static float listed(const struct baseline *b, int32_t place, int64_t score, int64_t total)
{
    if (b->one > 1)
        return (float)((double)score / b->one);
    return (float)probability(b, place, score, total);
}

static struct verdict row_rank(const struct baseline *b, struct neighbour_row row, int32_t place)
{
    int32_t at = entries_before(row, place);
    if (at < row.len && row.at[at].place == place)
        return (struct verdict){row.at[at].rank + 1,
                                probability(b, place, row.at[at].score, row.total), false};
    /* The whole row comes before it, and so do more popular items that are not in the row. */
    return (struct verdict){row.len + place - at + 1, probability(b, place, 0, row.total), false};
}

static void row_top(const struct baseline *b, struct neighbour_row row, int32_t k, int32_t *items,
                    float *scores)
{
    int32_t n = 0, member = 0;
    for (; n < k && n < row.len; n++) {
        const struct entry *entry = &row.at[row.at[n].by_rank];
        items[n] = b->item[entry->place];
        scores[n] = listed(b, entry->place, entry->score, row.total);
    }
    for (int32_t place = 0; n < k; place++) {
        if (member < row.len && row.at[member].place == place) {
            member++;
            continue;
        }
        items[n] = b->item[place];
        scores[n++] = listed(b, place, 0, row.total);
    }
}

/* Puts the scores of the moment into the work; returns whether the mix had a list for it. */
static bool find_scores(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    scores_clear(&w->scores);
    if (b->kind->score)
        b->kind->score(b, m, w);
    else {
        struct neighbour_row row = row_of(b, m);
        for (int32_t i = 0; i < row.len; i++)
            scores_add(&w->scores, row.at[i].place, row.at[i].score);
    }
    struct mix_position at = {m->user, m->session, (int32_t)m->count - 1};
    return b->options.mix &&
           mix_into(b->options.mix, at, b->options.mix_weight, b->place, &w->scores);
}

struct verdict baseline_answer(const struct baseline *b, struct baseline_work *w,
                               const struct moment *m, int32_t target, int32_t k, int32_t *items,
                               float *scores)
{
    int32_t place = b->place[target];
    if (!b->kind->score && !b->options.mix &&
        !b->ranked) { /* the rows were ranked by baseline_ready */
        struct neighbour_row row = row_of(b, m);
        row_top(b, row, k, items, scores);
        return row_rank(b, row, place);
    }
    bool mixed = find_scores(b, m, w);
    const struct scores *s = &w->scores;
    if (k)
        scores_top(&w->scores, k, items);
    for (int32_t n = 0; n < k; n++) {
        scores[n] = listed(b, items[n], s->of[items[n]], s->total);
        items[n] = b->item[items[n]];
    }
    return (struct verdict){scores_rank(s, place), probability(b, place, s->of[place], s->total),
                            mixed};
}

struct baseline_work *baseline_work_new(const struct baseline *b)
{
    struct baseline_work *w = mem_zero(1, sizeof *w);
    scores_open(&w->scores, b->items, b->ranked);
    return w;
}

void baseline_work_free(struct baseline_work *w)
{
    if (!w)
        return;
    scores_release(&w->scores);
    knn_work_release(&w->knn);
    vec_release(&w->places);
    mem_free(w);
}
