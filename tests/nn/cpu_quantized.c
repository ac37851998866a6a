/* The search in 8-bit copies of the weights finds exactly the best items, and does find them: where
 * it gives up, output_best reads all weights, and no caller sees a difference. */
#include <math.h>

#include "base/random.h"
#include "nn/device_open.h"
#include "nn/cpu_quantized.h"
#include "../tap.h"

enum { ITEMS = 5000, WIDTH = 50, ROWS = 3, K = 20 };

static struct device *device;
static struct random draws;
static float weight[ITEMS * WIDTH], bias[ITEMS], state[ROWS * WIDTH];
static unsigned char candidate[ITEMS];
static struct output_layer layer = {.targets = ROWS,
                                    .width = WIDTH,
                                    .items = ITEMS,
                                    .state = state,
                                    .weight = weight,
                                    .bias = bias};

/* Weights of very different sizes from item to item, some rows of zeros. */
static void draw_all(void)
{
    for (int i = 0; i < ITEMS; i++) {
        float size = i % 97 ? expf(random_between(&draws, -3, 1)) : 0;
        for (int j = 0; j < WIDTH; j++)
            weight[i * WIDTH + j] = random_between(&draws, -size, size);
        bias[i] = random_between(&draws, -1, 1);
        candidate[i] = i % 5 == 0;
    }
    for (int j = 0; j < ROWS * WIDTH; j++)
        state[j] = random_between(&draws, -1, 1);
}

struct list {
    int32_t item[ROWS * K];
    float score[ROWS * K];
};

/* The best items by all weights; then by the copy. */
static void check(const char *what, bool finds)
{
    static struct list all, found, either;
    struct quantized *copy = device->op->quantize(device, ITEMS, WIDTH, weight);
    device->op->output_best(device, &layer, NULL, K, all.item, all.score);
    bool did = quantized_best((struct cpu *)device, &layer, copy, K, found.item, found.score);
    device->op->output_best(device, &layer, copy, K, either.item, either.score);
    tap_ok(did == finds, "%s: the copy is %senough", what, finds ? "" : "not ");
    tap_ok((!did || !memcmp(&all, &found, sizeof all)) && !memcmp(&all, &either, sizeof all),
           "%s: the same items and scores", what);
    device->op->release(device, copy);
}

int main(void)
{
    struct err e = {0};
    draws = random_of(7, 1);
    if (device_choose("cpu", &(struct device_options){.threads = 2}, &device, &e))
        return 1;
    draw_all();
    check("weights of all sizes", true);
    layer.candidate = candidate;
    check("a fifth of the items", true);
    memset(candidate, 0, sizeof candidate);
    candidate[4711] = 1;
    check("one item", true);
    layer.candidate = NULL;

    /* the copy cannot tell apart what differs in the last digit */
    for (int i = 1000; i < 1200; i++) {
        memcpy(weight + i * WIDTH, state, WIDTH * sizeof *weight);
        weight[i * WIDTH] = nextafterf(weight[i * WIDTH], i % 3 ? 2 : -2);
        bias[i] = i % 2;
    }
    check("200 items nearly alike", true);

    int32_t start[ROWS + 1] = {0, 3, 3, 4}, item[] = {1000, 4999, 7, 1001};
    float value[] = {-100, 1e3f, 0.5f, -1};
    layer.add = (struct additions){.count = 4, .start = start, .item = item, .value = value};
    check("additions to some", true);
    layer.add.count = 0;

    state[0] = 1e30f;
    check("a state that is large", true);
    state[0] = 1e38f;
    check("scores near the largest number", false);
    state[0] = 0;

    for (int i = 1; i < ITEMS; i++) {
        memcpy(weight + i * WIDTH, weight, WIDTH * sizeof *weight);
        bias[i] = bias[0];
    }
    check("items that are all alike", false);
    device_close(device);
    return tap_done();
}
