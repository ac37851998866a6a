#include "baseline/baseline.h"

#include <omp.h>
#include <stdlib.h>

#include "base/ascending.h"
#include "base/threads.h"
#include "baseline/counts.h"
#include "baseline/timeline.h"

/* Items are known by their place in the order of popularity from baseline_ready on: place 0 is the
 * most popular one; where popularity changes, an item's place is its id.  A row of the table holds
 * its places ascending, so that the members of the row before a place are found by halving, and
 * beside each its rank within the row. */
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
    bool replayed;            /* sessions are learned from a timeline */
    bool changes;             /* what is learned changes from session to session */
    struct timeline timeline; /* of all that is learned */
    struct counts counts;     /* in place of the table, where sessions are replayed */
    size_t learned;           /* of the timeline, by end */
    size_t left;              /* of these: out of the window */
    int64_t now;              /* start of the session that is predicted */
    int32_t user;             /* whose it is; -1: none so far */
    i32_vec own;              /* numbers in the timeline of the user's that are learned */
    VEC(int64_t) popularity;  /* n(i), by item */
    int64_t events;           /* n */
    int32_t items;            /* N */
    int32_t *place, *item;    /* by item: its place; by place: the item */
    int32_t *ranked; /* [N + 1] candidates at the places before each; NULL: all items are */
    double one;      /* scores that are a score of 1 */
    size_t contexts;
    size_t *start;  /* [contexts + 1]: where each row begins */
    int64_t *total; /* [contexts]: s(c) */
    VEC(struct entry) row;
};

struct baseline_work {
    struct scores scores;
    struct knn_work knn;
    VEC(struct knn_item) session; /* the one so far */
    unsigned char *listed;        /* [N] zeros between uses */
    int32_t *shared;              /* [N] zeros, of knn_items */
};

/* ---- learning ---- */

struct baseline *baseline_new(const struct baseline_kind *kind, const struct baseline_options *o)
{
    struct baseline *b = mem_zero(1, sizeof *b);
    b->kind = kind;
    b->options = *o;
    b->one = kind->sets || o->mix ? (double)SCORE_ONE : 1;
    b->changes = o->online || o->window;
    b->replayed = b->changes || kind->sets;
    b->user = -1;
    return b;
}

void baseline_free(struct baseline *b)
{
    if (!b)
        return;
    vec_release(&b->pairs);
    sets_release(&b->sets);
    timeline_release(&b->timeline);
    counts_release(&b->counts);
    vec_release(&b->own);
    vec_release(&b->popularity);
    mem_free(b->place);
    mem_free(b->item);
    mem_free(b->ranked);
    mem_free(b->start);
    mem_free(b->total);
    vec_release(&b->row);
    mem_free(b);
}

/* The row of the moment; a window is the only row that pop has. */
static int32_t context_of(const struct baseline *b, const struct moment *m)
{
    if (b->kind->context)
        return b->kind->context(m);
    return b->options.window ? 0 : -1;
}

/* The row in which the next item is counted. */
static int32_t counted_in(const struct baseline *b, const struct moment *m)
{
    return b->kind->fill || b->kind->score ? -1 : context_of(b, m);
}

static void count_session(struct baseline *b, const struct session *s)
{
    for (size_t i = 0; i < s->count; i++) {
        int32_t item = s->items[i];
        struct moment m = {.user = s->user, .items = s->items, .count = i};
        int32_t context = counted_in(b, &m);
        while (b->popularity.len <= (size_t)item)
            vec_push(&b->popularity, 0);
        b->popularity.at[item]++;
        if (context >= 0)
            vec_push(&b->pairs, (uint64_t)context << 32 | (uint32_t)item);
    }
    b->events += (int64_t)s->count;
}

void baseline_take(struct baseline *b, const struct session *s)
{
    if (b->replayed && (s->part == PART_TRAIN || b->options.online))
        timeline_add(&b->timeline, s);
    if (s->part == PART_TRAIN && !b->changes)
        count_session(b, s);
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
                                b->options.regularization, NULL, shared, row);
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

/* ---- sessions of the timeline ---- */

/* Adds the session's counts, or with n = -1 takes them away. */
static void count_timed(struct baseline *b, const struct timed *t, int64_t n)
{
    const int32_t *items = b->timeline.items.at + t->from;
    for (size_t i = 0; i < t->count; i++) {
        struct moment m = {.user = t->user, .items = items, .count = i};
        int32_t context = counted_in(b, &m);
        b->popularity.at[items[i]] += n;
        if (context >= 0)
            counts_add(&b->counts, context, items[i], n);
    }
    b->events += n * (int64_t)t->count;
}

static void learn_timed(struct baseline *b, int32_t number)
{
    const struct timed *t = &b->timeline.sessions.at[number];
    if (b->changes)
        count_timed(b, t, 1);
    if (!b->kind->sets)
        return;
    int32_t *places = mem_alloc(t->count * sizeof *places);
    for (size_t i = 0; i < t->count; i++)
        places[i] = b->place[b->timeline.items.at[t->from + i]];
    sets_add(&b->sets, t->user, t->end, places, t->count);
    mem_free(places);
}

/* Forgets the session that was learned last. */
static void forget_timed(struct baseline *b, int32_t number)
{
    count_timed(b, &b->timeline.sessions.at[number], -1);
    if (b->kind->sets)
        sets_remove_last(&b->sets);
}

/* Pop's only row holds what ended `window` before now, and later. */
static void move_window(struct baseline *b, int64_t now)
{
    for (; b->left < b->learned; b->left++) {
        const struct timed *t = &b->timeline.sessions.at[b->timeline.by_end.at[b->left]];
        if (t->end >= now - b->options.window)
            return;
        for (size_t i = 0; i < t->count; i++)
            counts_add(&b->counts, 0, b->timeline.items.at[t->from + i], -1);
    }
}

static void learn_until(struct baseline *b, int64_t time)
{
    for (; b->learned < b->timeline.by_end.len; b->learned++) {
        int32_t number = b->timeline.by_end.at[b->learned];
        if (b->timeline.sessions.at[number].end >= time)
            return;
        learn_timed(b, number);
    }
}

static void learn_training(struct baseline *b)
{
    int64_t last = 0;
    for (size_t i = 0; i < b->timeline.by_end.len; i++) {
        int32_t number = b->timeline.by_end.at[i];
        if (b->timeline.sessions.at[number].part != PART_TRAIN)
            continue;
        learn_timed(b, number);
        last = b->timeline.sessions.at[number].end;
    }
    b->learned = b->timeline.by_end.len;
    if (b->options.window)
        move_window(b, last);
}

static void forget_own(struct baseline *b)
{
    while (b->own.len)
        forget_timed(b, b->own.at[--b->own.len]);
}

static void forget_all(struct baseline *b)
{
    memset(b->popularity.at, 0, b->popularity.len * sizeof *b->popularity.at);
    sets_release(&b->sets);
    counts_release(&b->counts);
    b->events = 0;
    b->learned = b->left = 0;
}

/* The user's sessions of the later parts that ended before the moment's began. */
static void learn_own(struct baseline *b, const struct moment *m)
{
    const struct timeline *t = &b->timeline;
    forget_own(b);
    for (size_t i = timeline_user(t, m->user); i < t->by_user.len; i++) {
        const struct timed *s = &t->sessions.at[t->by_user.at[i]];
        if (s->user != m->user || s->start > m->start)
            return;
        if (s->part == PART_TRAIN || s->end >= m->start)
            continue;
        learn_timed(b, t->by_user.at[i]);
        vec_push(&b->own, t->by_user.at[i]);
    }
}

void baseline_advance(struct baseline *b, const struct moment *m)
{
    if (m->user == b->user && m->start == b->now)
        return;
    if (b->options.online == ONLINE_USER)
        learn_own(b, m);
    if (b->options.online == ONLINE_ALL) {
        if (m->start < b->now) /* another pass */
            forget_all(b);
        learn_until(b, m->start);
        if (b->options.window)
            move_window(b, m->start);
    }
    b->user = m->user;
    b->now = m->start;
}

enum baseline_online baseline_is_online(const struct baseline *b)
{
    return b->options.online;
}

/* An item's place where popularity changes. */
static void order_by_id(struct baseline *b)
{
    b->place = mem_alloc((size_t)b->items * sizeof *b->place);
    b->item = mem_alloc((size_t)b->items * sizeof *b->item);
    for (int32_t i = 0; i < b->items; i++)
        b->place[i] = b->item[i] = i;
}

void baseline_ready(struct baseline *b, int32_t items, const unsigned char *candidate)
{
    b->items = items;
    while (b->popularity.len < (size_t)items)
        vec_push(&b->popularity, 0);
    if (b->changes)
        order_by_id(b);
    else
        order_by_popularity(b);
    if (candidate)
        count_candidates(b, candidate);
    timeline_ready(&b->timeline);
    if (b->replayed && b->options.online != ONLINE_ALL)
        learn_training(b);
    if (b->changes)
        return;
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

/* Each item of the session so far once, the last one first. */
static void list_session(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    vec_clear(&w->session);
    for (size_t i = m->count; i-- > 0;) {
        int32_t place = b->place[m->items[i]];
        if (!w->listed[place])
            vec_push(&w->session, ((struct knn_item){place, (int32_t)(m->count - 1 - i)}));
        w->listed[place] = 1;
    }
    for (size_t i = 0; i < w->session.len; i++)
        w->listed[w->session.at[i].place] = 0;
}

static void score_by_sessions(const struct baseline *b, const struct moment *m,
                              const struct knn_decays *decays, struct baseline_work *w)
{
    list_session(b, m, w);
    struct knn_session session = {w->session.at, w->session.len, m->start};
    knn_sessions(&b->sets, &session, b->options.neighbours, b->options.sample, decays, &w->knn,
                 &w->scores);
}

static void score_neighbours(const struct baseline *b, const struct moment *m,
                             struct baseline_work *w)
{
    score_by_sessions(b, m, &(struct knn_decays){0}, w);
}

static void score_vstan(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    score_by_sessions(b, m, &b->options.decays, w);
}

static void score_next_items(const struct baseline *b, const struct moment *m,
                             struct baseline_work *w)
{
    struct similar *row;
    size_t n = knn_items(&b->sets, b->place[m->items[m->count - 1]], b->options.neighbours,
                         b->options.regularization, b->popularity.at, w->shared, &row);
    for (size_t i = 0; i < n; i++)
        scores_add(&w->scores, row[i].place, row[i].score);
    mem_free(row);
}

/* An item counts 1 in the user's last session that is known, and decay^k in the k-th before it. */
static void score_decayed(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    session_list own = sets_of_user(&b->sets, m->user);
    double weight = 1;
    for (size_t k = own.len; k-- > 0; weight *= b->options.decay)
        for (size_t i = b->sets.begin.at[own.at[k]]; i < b->sets.begin.at[own.at[k] + 1]; i++)
            if (score_of(weight))
                scores_add(&w->scores, b->sets.item.at[i], score_of(weight));
}

const struct baseline_kind baseline_kinds[] = {
    {.name = "pop", .help = "how often the item is in the training part"},
    {.name = "s-pop", .help = "how often it is in the session so far", .score = score_session},
    {.name = "ppop",
     .help = "how often it is in the user's own training sessions",
     .context = user_context},
    {.name = "ppop-decay",
     .help = "in how many of them, where older ones count less",
     .score = score_decayed,
     .sets = true},
    {.name = "markov",
     .help = "how often it comes right after the item before, in training",
     .context = item_context},
    {.name = "item-knn",
     .help = "how many training sessions it shares with the item before",
     .context = item_context,
     .fill = find_neighbours,
     .score_online = score_next_items,
     .sets = true},
    {.name = "session-knn",
     .help = "how near the training sessions that have it are to this one",
     .score = score_neighbours,
     .sets = true},
    {.name = "vstan",
     .help = "the same, where last items and new sessions count more",
     .score = score_vstan,
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
    int32_t c = context_of(b, m);
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

static void add_counts(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    count_row row = counts_row(&b->counts, context_of(b, m));
    for (size_t i = 0; i < row.len; i++)
        if (row.at[i].count)
            scores_add(&w->scores, row.at[i].item, row.at[i].count * (int64_t)b->one);
}

static void add_row(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    struct neighbour_row row = row_of(b, m);
    for (int32_t i = 0; i < row.len; i++)
        scores_add(&w->scores, row.at[i].place, row.at[i].score);
}

/* Puts the scores of the moment into the work; returns whether the mix had a list for it. */
static bool find_scores(const struct baseline *b, const struct moment *m, struct baseline_work *w)
{
    scores_clear(&w->scores);
    if (b->kind->score)
        b->kind->score(b, m, w);
    else if (b->changes && b->kind->score_online)
        b->kind->score_online(b, m, w);
    else if (b->changes)
        add_counts(b, m, w);
    else
        add_row(b, m, w);
    struct mix_position at = {m->user, m->session, (int32_t)m->count - 1};
    bool mixed =
        b->options.mix && mix_into(b->options.mix, at, b->options.mix_weight, b->place, &w->scores);
    for (size_t i = 0; b->options.no_remind && i < m->count; i++)
        scores_bar(&w->scores, b->place[m->items[i]]);
    return mixed;
}

/* Whether the rows were ranked by baseline_ready, and their ranks are those of all items. */
static bool is_ranked(const struct baseline *b)
{
    return !b->kind->score && !b->options.mix && !b->options.no_remind && !b->changes && !b->ranked;
}

struct verdict baseline_answer(const struct baseline *b, struct baseline_work *w,
                               const struct moment *m, int32_t target, int32_t k, int32_t *items,
                               float *scores)
{
    int32_t place = b->place[target];
    if (is_ranked(b)) {
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
    if (b->changes)
        w->scores.popularity = b->popularity.at;
    if (b->kind->sets)
        w->listed = mem_zero((size_t)b->items, sizeof *w->listed);
    if (b->kind->score_online && b->changes)
        w->shared = mem_zero((size_t)b->items, sizeof *w->shared);
    return w;
}

void baseline_work_free(struct baseline_work *w)
{
    if (!w)
        return;
    scores_release(&w->scores);
    knn_work_release(&w->knn);
    vec_release(&w->session);
    mem_free(w->listed);
    mem_free(w->shared);
    mem_free(w);
}
