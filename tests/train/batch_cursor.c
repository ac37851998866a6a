/* Where each session of a batch begins in the arrays of a forward pass. */
#include "train/batch_cursor.h"

#include "../tap.h"

#define I32(...)                                                                                   \
    {                                                                                              \
        (int32_t[]){__VA_ARGS__}, sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)               \
    }

/* Four sessions of 3, 0, 1 and 2 events, which look back at 2, 1, 0 and 1 earlier sessions; the
 * sessions that history has are of 5, 4 and 7 events. */
static const struct batch batch = {
    .length = I32(3, 0, 1, 2),
    .history_length = I32(5, 4, 7),
};
static const float weight[1];
static const int32_t back_length[] = {2, 1, 0, 1}, back_row[] = {0, 2, 1, 2};

static struct forward forward(unsigned levels)
{
    struct forward f = {.back = {.length = (int32_t *)back_length, .row = (int32_t *)back_row}};
    for (int l = 0; l < LEVELS; l++)
        f.weight[l] = levels >> l & 1 ? weight : NULL;
    return f;
}

static struct batch_cursor at(int session, const struct forward *f)
{
    struct batch_cursor p = {0};
    for (int i = 0; i < session; i++)
        p = batch_cursor_after(p, &batch, f);
    return p;
}

static void places(void)
{
    struct forward f = forward(~0u);
    static const size_t expected[5][3] = {{0, 0, 0}, {3, 2, 2}, {3, 2, 3}, {4, 2, 3}, {6, 3, 4}};
    for (int i = 0; i < 5; i++) {
        struct batch_cursor p = at(i, &f);
        tap_ok(p.i == (size_t)i && p.event == expected[i][0] && p.target == expected[i][1] &&
                   p.back == expected[i][2],
               "session %d: event %zu, target %zu, row %zu", i, p.event, p.target, p.back);
    }
}

static void weights(void)
{
    struct forward f = forward(~0u);
    /* by level, by session: inter and user one a row, intra one a target and row, session one an
     * event of a row, item none of its own */
    static const size_t expected[LEVELS][4] = {
        [LEVEL_INTER] = {2, 1, 0, 1},         [LEVEL_USER] = {2, 1, 0, 1},
        [LEVEL_INTRA] = {2 * 2, 0, 0, 1 * 1}, [LEVEL_SESSION] = {5 + 7, 4, 0, 7},
        [LEVEL_ITEM] = {0, 0, 0, 0},
    };
    for (int l = 0; l < LEVELS; l++) {
        bool good = true;
        size_t sum = 0;
        for (int i = 0; i < 4; i++) {
            struct batch_cursor p = at(i, &f);
            good = good && p.weight[l] == sum &&
                   batch_cursor_weights(p, &batch, &f, l) == expected[l][i];
            sum += expected[l][i];
        }
        tap_ok(good && at(4, &f).weight[l] == sum, "%s: weights of each session",
               attention_levels[l].name);
    }
}

static void absent(void)
{
    struct forward f = forward(1u << LEVEL_SESSION), plain = {0};
    struct batch_cursor p = at(4, &f);
    tap_ok(p.weight[LEVEL_SESSION] == 23 && !p.weight[LEVEL_INTER] && !p.weight[LEVEL_INTRA] &&
               !p.weight[LEVEL_USER],
           "a level that the model does not have has no weights");
    p = at(4, &plain);
    tap_ok(p.event == 6 && p.target == 3 && p.back == 0 &&
               !batch_cursor_rows(at(0, &plain), &plain),
           "a model without lookback has no rows");
}

int main(void)
{
    places();
    weights();
    absent();
    return tap_done();
}
