/* Items that are drawn beside the targets: how often each, what corrects its score, repeatability.
 */
#include "train/negatives.h"

#include <math.h>

#include "nn/device_open.h"
#include "../tap.h"

enum { ITEMS = 6, DRAWN = 1000, STEPS = 40 };

static const int32_t counts[ITEMS] = {8, 0, 1, 4, 0, 2};
static const int32_t targets[] = {3, 0, 3}, owners[] = {0, 1, 2}, shared[] = {0, 1, 0};
static const struct forward each = {.target = targets, .owner = owners, .targets = 3};

static const struct column everything = {0}; /* no events to draw from: all of training */

static struct negatives opened(int count, double alpha, bool correct, const int32_t *times)
{
    struct negatives n;
    struct model_data data = {.items = ITEMS, .count = times};
    negatives_open(&n, count, alpha, correct, &data);
    return n;
}

/* Whether items come as often as `weight`: chi-squared over those that are to come, none of the
 * others. */
static void check_shares(struct tape *t, double alpha, const int32_t *times, struct column from,
                         const double *weight, const char *name)
{
    struct negatives n = opened(DRAWN, alpha, false, times);
    double all = 0, chi = 0;
    int drawn[ITEMS] = {0}, kinds = 0;
    bool good = true;
    for (int i = 0; i < ITEMS; i++)
        all += weight[i];
    for (uint64_t step = 0; step < STEPS; step++) {
        tape_begin(t, true, 1, step);
        struct candidates c = negatives_draw(&n, t, &each, from, 7, step);
        good = good && c.count == DRAWN + 3 && !c.correction;
        for (int i = 0; i < 3; i++)
            good = good && c.item[i] == targets[i] && c.own[i] == i && c.owner[i] == owners[i];
        for (int i = 3; i < c.count; i++) {
            good = good && c.owner[i] == -1 && c.item[i] >= 0 && c.item[i] < ITEMS;
            drawn[good ? c.item[i] : 0]++;
        }
    }
    for (int i = 0; i < ITEMS; i++) {
        double expected = DRAWN * STEPS * weight[i] / all;
        good = good && (weight[i] > 0 || !drawn[i]);
        kinds += weight[i] > 0;
        chi += weight[i] > 0 ? pow(drawn[i] - expected, 2) / expected : 0;
    }
    tap_ok(good && chi < kinds - 1 + 5 * sqrt(2.0 * kinds), "%s (%.1f over %d items)", name, chi,
           kinds);
    negatives_release(&n);
}

static void shares(struct tape *t)
{
    static const int32_t zeros[ITEMS];
    static const double even[ITEMS] = {1, 1, 1, 1, 1, 1};
    check_shares(t, 1, counts, everything, (double[]){8, 0, 1, 4, 0, 2},
                 "as often as training has them");
    check_shares(t, 0.5, counts, everything, (double[]){sqrt(8), 0, 1, 2, 0, sqrt(2)},
                 "to a power");
    check_shares(t, 0, counts, everything, (double[]){1, 0, 1, 1, 0, 1},
                 "evenly those that training has");
    check_shares(t, 1, NULL, everything, even, "evenly where counts are not known");
    check_shares(t, 1, zeros, everything, even, "evenly where all counts are 0");
    static int32_t events[] = {1, 5, 1, 4, 1, 1, 5};
    check_shares(t, 1, counts, (struct column){events, 7}, (double[]){0, 4, 0, 0, 1, 2},
                 "as often as the batch has them");
}

/* logQ: how often an item is expected among a target's `others`, which are as training, and the ten
 * negatives, which are by the square root. */
static void check_corrections(struct tape *t, const int32_t *owner, double others, const char *name)
{
    struct negatives n = opened(10, 0.5, true, counts);
    double roots = sqrt(8) + 1 + 2 + sqrt(2);
    bool good = true;
    tape_begin(t, true, 1, 1);
    struct forward f = each;
    f.owner = owner;
    struct candidates c = negatives_draw(&n, t, &f, everything, 7, 1);
    for (int i = 0; i < c.count; i++) {
        int times = counts[c.item[i]];
        double expected = log(others * times / 15.0 + 10 * sqrt(times) / roots);
        good = good && fabs(c.correction[i] - expected) < 1e-5;
    }
    tap_ok(good && c.count == 13, "the correction is the log of how often each is expected%s",
           name);
    negatives_release(&n);
}

static void corrections(struct tape *t)
{
    check_corrections(t, owners, 2, "");
    check_corrections(t, shared, 4 / 3.0, ", targets of one owner left out");
    /* a target that training does not have */
    struct negatives n = opened(10, 0.5, true, counts);
    struct forward rare = {.target = (int32_t[]){1}, .owner = owners, .targets = 1};
    struct candidates c = negatives_draw(&n, t, &rare, everything, 7, 1);
    tap_ok(isfinite(c.correction[0]) && c.correction[0] < -20,
           "and finite where none is expected (%g)", c.correction[0]);
    negatives_release(&n);
}

static bool same(struct candidates a, struct candidates b)
{
    return a.count == b.count && !memcmp(a.item, b.item, (size_t)a.count * sizeof *a.item);
}

static void repeats(struct tape *t)
{
    struct negatives n = opened(50, 1, false, counts);
    tape_begin(t, true, 1, 1);
    struct candidates c = negatives_draw(&n, t, &each, everything, 7, 1);
    tap_ok(same(c, negatives_draw(&n, t, &each, everything, 7, 1)),
           "one seed and step, the same items");
    tap_ok(!same(c, negatives_draw(&n, t, &each, everything, 7, 2)) &&
               !same(c, negatives_draw(&n, t, &each, everything, 8, 1)),
           "another step or seed, others");
    negatives_release(&n);
    n = opened(0, 1, false, counts);
    c = negatives_draw(&n, t, &each, everything, 7, 1);
    tap_ok(c.count == 3 && c.item[2] == 3, "no negatives, the targets alone");
    negatives_release(&n);
}

int main(void)
{
    struct device *d = cpu_open(&(struct device_options){.threads = 1});
    struct tape *t = tape_new(d);
    shares(t);
    corrections(t);
    repeats(t);
    tape_free(t);
    device_close(d);
    return tap_done();
}
