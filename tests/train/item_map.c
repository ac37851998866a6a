/* Batches and steps with items that the model does not know, and what is written of their targets.
 * The stream has the items a, b, c, d; the model knows d, b, x. */
#include "train/item_map.h"

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
    tap_ok(of_rows && of_rows[ROW_B] && !of_rows[ROW_D] && of_rows[ROW_X] && v.candidates == 3 &&
               v.unknown_candidates == 1,
           "candidates are handed on to the rows");
    item_map_release(&v);
    map_open(&v, "abcd", "dbx");
    const unsigned char unknown[] = {1, 0, 1, 0, 0};
    tap_ok(!item_map_candidates(&v, unknown) && v.candidates == 2 && v.unknown_candidates == 2,
           "where the model knows none of them, that is said");
    item_map_release(&v);
}

static const struct batch batch = {
    .user = I32(0, 1, 2),
    .session = I32(7, 8, 9),
    .start = COLUMN_OF(int64_t, 70, 80, 90),
    .length = I32(5, 2, 2),
    .item = I32(A, B, D, C, B, A, C, D, D),
    .history = I32(2, 1, 1),
    .history_delta = I32(1, 2, 3, 4),
    .history_week = I32(11, 12, 13, 14),
    .history_session = I32(5, 6, 4, 3),
    .history_start = COLUMN_OF(int64_t, 50, 60, 40, 30),
    .history_length = I32(1, 2, 1, 1),
    .history_item = I32(A, D, C, D, B),
};

static void batches(void)
{
    struct item_map v;
    map_open(&v, "abcd", "dbx");
    const struct batch *b = item_map_batch(&v, &batch);
    tap_ok(IS(b->user, 0, 2) && IS(b->session, 7, 9) && IS(b->length, 3, 2) &&
               column_i64(b->start)[1] == 90,
           "a session of which nothing is known leaves");
    tap_ok(IS(b->item, ROW_B, ROW_D, ROW_B, ROW_D, ROW_D), "of the others the events not known");
    tap_ok(IS(b->history, 1, 1) && IS(b->history_delta, 2, 4) && IS(b->history_week, 12, 14) &&
               IS(b->history_session, 6, 3) && column_i64(b->history_start)[0] == 60 &&
               IS(b->history_length, 1, 1) && IS(b->history_item, ROW_D, ROW_B),
           "of the earlier sessions likewise");
    tap_ok(v.events == 9 && v.left_out == 4, "what is left out is counted");

    struct batch bare = batch;
    bare.history_length = bare.history_item = (struct column){0};
    b = item_map_batch(&v, &bare);
    tap_ok(IS(b->history, 2, 1) && IS(b->history_session, 5, 6, 3) && !b->history_item.at,
           "without their items earlier sessions stay");
    item_map_release(&v);
    map_open(&v, "bd", "dbx");
    tap_ok(item_map_batch(&v, &batch) == &batch, "where all are known a batch stays as it is");
    item_map_release(&v);
}

/* The model scored d and b of the first session and d of the last. */
static void outcomes(void)
{
    struct item_map v;
    struct pass_stats t = {.events = 3, .loss = 1};
    float loss[] = {0.5f, 0.25f, 0.125f}, score[6] = {0};
    struct outcome o = {
        .ranks = {.rank = I32(1, 2, 3), .ties = I32(0, 0, 1), .loss = {loss, 3}},
        .tops = {.k = 2,
                 .item = I32(ROW_B, ROW_D, ROW_X, ROW_B, ROW_D, ROW_X),
                 .score = {score, 6}},
    };
    map_open(&v, "abcd", "dbx");
    item_map_batch(&v, &batch);
    struct outcome to = item_map_outcome(&v, &batch, &o, &t);
    tap_ok(IS(to.ranks.user, 0, 0, 0, 0, 1, 2) && IS(to.ranks.session, 7, 7, 7, 7, 8, 9) &&
               IS(to.ranks.position, 0, 1, 2, 3, 0, 0) && IS(to.ranks.target, B, D, C, B, C, D) &&
               IS(to.ranks.length, 5, 5, 5, 5, 2, 2),
           "each target of the stream has its rank");
    /* b: nothing known before, all 4 others are alike; c: behind all, with a */
    tap_ok(IS(to.ranks.rank, 5, 1, 5, 2, 5, 3) && IS(to.ranks.ties, 4, 0, 1, 0, 1, 1),
           "those that the model could not score come last");
    const float *l = column_f32(to.ranks.loss);
    tap_ok(fabsf(l[0] - logf(5)) < 1e-6f && l[1] == 0.5f && l[5] == 0.125f &&
               fabsf(l[2] - logf(5)) < 1e-6f,
           "with the loss of a guess");
    tap_ok(IS(to.tops.position, 1, 3, 0) && IS(to.tops.user, 0, 0, 2) &&
               IS(to.tops.item, B, D, X, B, D, X),
           "lists name the output's items");
    tap_ok(v.targets == 6 && v.missed == 3 && t.events == 6 && fabs(t.loss - 1 - 3 * log(5)) < 1e-5,
           "the tally has them too");

    const unsigned char some[] = {1, 0, 0, 1, 1};
    item_map_candidates(&v, some);
    item_map_batch(&v, &batch);
    to = item_map_outcome(&v, &batch, &o, &t);
    /* b and c are no candidates: behind 3 of them; of these a is unknown as c is */
    tap_ok(IS(to.ranks.rank, 4, 1, 4, 2, 4, 3) && IS(to.ranks.ties, 3, 0, 1, 0, 1, 1),
           "among candidates, those of them alone");
    item_map_release(&v);
}

/* Two slots: a b c d, then idle; d b, a c d, b d. */
static void steps(void)
{
    struct item_map v;
    const struct steps s = {
        .lanes = 2,
        .item = I32(A, D, B, A, C, C, 0, B),
        .target = I32(B, B, C, C, D, D, 0, D),
        .reset = COLUMN_OF(unsigned char, RESET_USER, RESET_USER, RESET_NONE, RESET_SESSION,
                           RESET_NONE, RESET_NONE, RESET_IDLE, RESET_SESSION),
    };
    static const unsigned char reset[] = {RESET_NONE, RESET_USER, RESET_NONE, RESET_NONE,
                                          RESET_USER, RESET_NONE, RESET_IDLE, RESET_SESSION};
    map_open(&v, "abcd", "dbx");
    const struct steps *to = item_map_steps(&v, &s);
    tap_ok(IS(to->item, -1, ROW_D, -1, -1, ROW_B, -1, 0, ROW_B) &&
               IS(to->target, 0, ROW_B, 0, 0, ROW_D, 0, 0, ROW_D),
           "a step goes from one known item to the next one of the session");
    tap_ok(to->reset.len == sizeof reset && !memcmp(to->reset.at, reset, sizeof reset),
           "what begins waits for the next step that the model has");
    tap_ok(v.events == 11 && v.left_out == 4, "%lld events, %lld left out", (long long)v.events,
           (long long)v.left_out);
    item_map_release(&v);
}

int main(void)
{
    rows();
    batches();
    outcomes();
    steps();
    return tap_done();
}
