/* Sessions with items that the model does not know: the batches made of them, and what is written
 * of their targets.  The stream has the items a, b, c, d; the model knows d, b, x. */
#include "train/item_map.h"

#include "data/batch.h"

#include <math.h>

#include "../tap.h"

enum { A, B, C, D, X };             /* in the output */
enum { ROW_B, ROW_D, ROW_X, ROWS }; /* in the model */

#define COLUMN_OF(type, ...)                                                                       \
    {                                                                                              \
        (type[]){__VA_ARGS__}, sizeof((type[]){__VA_ARGS__}) / sizeof(type)                        \
    }
#define I32(...) COLUMN_OF(int32_t, __VA_ARGS__)

static void map_open(struct item_map *v, const char *streamed, const char *known)
{
    struct names stream = {0}, model = {0};
    for (; *streamed; streamed++)
        names_add(&stream, (struct bytes){streamed, 1}, NULL);
    for (; *known; known++)
        names_add(&model, (struct bytes){known, 1}, NULL);
    item_map_open(v, &stream, &model);
    names_release(&stream);
    names_release(&model);
}

static bool is(struct column c, const int32_t *expected, size_t n)
{
    bool same = c.len == n && (!n || !memcmp(c.at, expected, n * sizeof *expected));
    for (size_t i = 0; !same && i < c.len; i++)
        printf("# %zu: %d\n", i, column_i32(c)[i]);
    return same;
}
#define IS(column, ...)                                                                            \
    is(column, (const int32_t[]){__VA_ARGS__}, sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t))

static void rows(void)
{
    struct item_map v;
    map_open(&v, "abcd", "dbx");
    tap_ok(names_count(&v.rows) == ROWS &&
               IS(((struct column){v.row.at, v.row.len}), -1, 0, -1, 1) &&
               IS(((struct column){v.id.at, v.id.len}), B, D, X) && v.items == 5 && v.unknown == 2,
           "the stream's items that the model knows come first, then its others");
    tap_ok(names_find(&v.rows, bytes_of("b")) == ROW_B &&
               names_find(&v.rows, bytes_of("x")) == ROW_X,
           "under their names");
    const unsigned char some[] = {1, 1, 0, 0, 1};
    const unsigned char *of_rows = item_map_candidates(&v, some);
    tap_ok(of_rows && of_rows[ROW_B] && !of_rows[ROW_D] && of_rows[ROW_X],
           "candidates are handed on to the rows");
    item_map_release(&v);
    map_open(&v, "abcd", "dbx");
    const unsigned char unknown[] = {1, 0, 1, 0, 0};
    tap_ok(!item_map_candidates(&v, unknown), "where the model knows none of them, that is said");
    item_map_release(&v);
}

/* ---- the sessions ---- */

static void add(struct session_store *c, int32_t user, int64_t start, const char *items)
{
    int64_t times[8];
    int32_t item[8];
    struct err e;
    size_t n = strlen(items);
    for (size_t i = 0; i < n; i++) {
        times[i] = start;
        item[i] = items[i] - 'a';
    }
    session_store_add(
        c,
        &(struct session){
            .user = user, .part = PART_TEST, .count = n, .times = times, .items = item},
        &e);
}

/* Of user 0 a session 100 s apart from each other, of which the model knows none or some; the
 * sessions of the batch are the last ones of each user. */
static void make_sessions(struct session_store *c)
{
    struct err e;
    *c = (struct session_store){.item.limit = 0};
    add(c, 0, 100, "a");
    add(c, 0, 200, "dc");
    add(c, 0, 300, "abdcb");
    add(c, 1, 100, "d");
    add(c, 1, 200, "ac");
    add(c, 2, 100, "b");
    add(c, 2, 200, "dd");
    session_store_end(c, &e);
}

static int32_t picked[] = {2, 4, 6};
static const struct column number = {picked, 3};

static void batches(void)
{
    static const int64_t edges[] = {150};
    struct item_map v;
    struct session_store c;
    make_sessions(&c);
    map_open(&v, "abcd", "dbx");
    struct batching made = {.store = &c,
                            .row = v.row.at,
                            .history = 5,
                            .history_items = true,
                            .edges = edges,
                            .edge_count = 1};
    struct batch b = batching_make(&made, picked, 3, false);
    tap_ok(IS(b.user, 0, 2) && IS(b.session, 2, 1) && IS(b.length, 3, 2) &&
               column_i64(b.start)[0] == 300,
           "a session of which nothing is known leaves");
    tap_ok(IS(b.item, ROW_B, ROW_D, ROW_B, ROW_D, ROW_D), "of the others the events not known");
    tap_ok(IS(b.history, 1, 1) && IS(b.history_delta, 0, 0) && IS(b.history_session, 1, 0) &&
               column_i64(b.history_start)[0] == 200 && IS(b.history_length, 1, 1) &&
               IS(b.history_item, ROW_D, ROW_B),
           "of the earlier sessions likewise");
    made.history = 1, made.history_items = false;
    b = batching_make(&made, picked, 3, false);
    tap_ok(IS(b.history, 1, 1) && IS(b.history_session, 1, 0) && !b.history_item.len,
           "the newest earlier sessions are those of which something is left");
    made.row = NULL;
    b = batching_make(&made, picked, 3, false);
    tap_ok(IS(b.length, 5, 2, 2) && IS(b.item, A, B, D, C, B, A, C, D, D),
           "where all items are known, ids are the stream's");
    item_map_count(&v, &c);
    tap_ok(v.events == 14 && v.left_out == 6, "%lld events, of which %lld are left out",
           (long long)v.events, (long long)v.left_out);
    batching_release(&made);
    session_store_release(&c);
    item_map_release(&v);
}

/* ---- outcomes ---- */

/* The model scored d and b of the first session and d of the last. */
static float scored_loss[] = {0.5f, 0.25f, 0.125f}, score[6];
static const struct outcome outcome = {
    .ranks = {.rank = I32(1, 2, 3), .ties = I32(0, 0, 1), .loss = {scored_loss, 3}},
    .tops = {.k = 2, .item = I32(ROW_B, ROW_D, ROW_X, ROW_B, ROW_D, ROW_X), .score = {score, 6}},
};

static void outcomes(void)
{
    struct item_map v;
    struct session_store c;
    struct pass_stats t = {.events = 3, .loss = 1};
    make_sessions(&c);
    map_open(&v, "abcd", "dbx");
    struct outcome to = item_map_outcome(&v, &c, number, &outcome, &t);
    tap_ok(IS(to.ranks.user, 0, 0, 0, 0, 1, 2) && IS(to.ranks.session, 2, 2, 2, 2, 1, 1) &&
               IS(to.ranks.history, 2, 2, 2, 2, 1, 1) && IS(to.ranks.position, 0, 1, 2, 3, 0, 0) &&
               IS(to.ranks.target, B, D, C, B, C, D) && IS(to.ranks.length, 5, 5, 5, 5, 2, 2),
           "each target of the stream has its rank");
    /* b: nothing known before; c: unknown */
    tap_ok(IS(to.ranks.rank, RANK_NONE, 1, RANK_NONE, 2, RANK_NONE, 3) &&
               IS(to.ranks.ties, 0, 0, 0, 0, 0, 1),
           "those that the model could not score have no rank");
    const float *l = column_f32(to.ranks.loss);
    tap_ok(fabsf(l[0] - logf(5)) < 1e-6f && l[1] == 0.5f && l[5] == 0.125f &&
               fabsf(l[2] - logf(5)) < 1e-6f,
           "with the loss of a guess");
    tap_ok(IS(to.tops.position, 1, 3, 0) && IS(to.tops.user, 0, 0, 2) &&
               IS(to.tops.item, B, D, X, B, D, X),
           "lists name the output's items");
    tap_ok(v.targets == 6 && v.missed == 3 && t.events == 6 && fabs(t.loss - 1 - 3 * log(5)) < 1e-5,
           "the pass has them too");
    tap_ok(t.hits == 0 && t.reciprocal == 0, "they are missed, of five items too");

    const unsigned char some[] = {1, 0, 0, 1, 1};
    item_map_candidates(&v, some);
    to = item_map_outcome(&v, &c, number, &outcome, &t);
    tap_ok(IS(to.ranks.rank, RANK_NONE, 1, RANK_NONE, 2, RANK_NONE, 3), "among candidates too");
    tap_ok(t.hits == 0, "nor is one of them a hit");
    item_map_release(&v);
    map_open(&v, "abcd", "dbxefghijklmnopqrstuvw"); /* 24 items with a and c */
    t = (struct pass_stats){.events = 3};
    to = item_map_outcome(&v, &c, number, &outcome, &t);
    tap_ok(IS(to.ranks.rank, RANK_NONE, 1, RANK_NONE, 2, RANK_NONE, 3) && t.hits == 0 &&
               t.reciprocal == 0,
           "nor of many");
    item_map_release(&v);
    map_open(&v, "abcd", "abcdx");
    to = item_map_outcome(&v, &c, number, &outcome, &t);
    tap_ok(to.ranks.rank.at == outcome.ranks.rank.at && !v.targets,
           "where all items are known an outcome stays as it is");
    item_map_release(&v);
    session_store_release(&c);
}

/* A batch of which nothing was left for the model. */
static void nothing_left(void)
{
    static int32_t unknown[] = {4};
    struct item_map v;
    struct session_store c;
    struct pass_stats t = {.events = 0};
    const struct outcome none = {.events = 0};
    make_sessions(&c);
    map_open(&v, "abcd", "dbx");
    struct outcome to = item_map_outcome(&v, &c, (struct column){unknown, 1}, &none, &t);
    tap_ok(IS(to.ranks.target, C) && IS(to.ranks.rank, RANK_NONE) && IS(to.ranks.ties, 0) &&
               !to.tops.user.len && t.events == 1 && v.missed == 1,
           "the targets of a batch without a known item are missed");
    item_map_release(&v);
    session_store_release(&c);
}

int main(void)
{
    rows();
    batches();
    outcomes();
    nothing_left();
    return tap_done();
}
