/* Losses over some of the items, against their formulas in double precision, against their closed
 * forms on three items, and the sampled cross-entropy against the full one. */
#include "reference.h"

struct shape {
    enum loss_kind kind;
    int rows, cols;
    const int32_t *own, *item, *target;
    bool corrected;
};

static double sigma(double x)
{
    return 1 / (1 + exp(-x));
}

/* in: score, correction */
static double reference_row(const struct problem *p, int i)
{
    const struct shape *s = p->shape;
    double y[64], own = 0, sum = 0, mean = 0;
    int n = 0;
    for (int j = 0; j < s->cols; j++) {
        double score = p->in[0][i * s->cols + j];
        if (j == s->own[i])
            own = score;
        else if (s->item[j] != s->target[i])
            y[n++] = score - (s->corrected ? p->in[1][j] : 0);
    }
    if (!n)
        return 0;
    for (int j = 0; j < n; j++)
        sum += exp(y[j]);
    for (int j = 0; j < n; j++) {
        double top1 = sigma(y[j] - own) + sigma(y[j] * y[j]), share = exp(y[j]) / sum;
        mean += s->kind == LOSS_TOP1       ? top1 / n
                : s->kind == LOSS_BPR      ? -log(sigma(own - y[j])) / n
                : s->kind == LOSS_TOP1_MAX ? share * top1
                                           : share * sigma(own - y[j]);
    }
    return s->kind == LOSS_CROSS_ENTROPY ? log(sum + exp(own)) - own
           : s->kind == LOSS_BPR_MAX     ? -log(mean)
                                         : mean;
}

static void reference_sampled(const struct problem *p, double *out)
{
    const struct shape *s = p->shape;
    for (int i = 0; i < s->rows; i++)
        out[i] = reference_row(p, i);
}

static const char *const kind_name[] = {"cross-entropy", "top1", "bpr", "top1-max", "bpr-max"};

static void check_kind(enum loss_kind kind, int rows, int cols, bool corrected)
{
    int32_t own[64], item[64], target[64];
    char name[80];
    for (int j = 0; j < cols; j++)
        item[j] = (int32_t)random_below(&test_random, (uint32_t)cols); /* some twice */
    for (int i = 0; i < rows; i++) {
        own[i] = i % cols;
        target[i] = item[own[i]];
    }
    struct shape s = {kind, rows, cols, own, item, target, corrected};
    struct problem p = {.reference = reference_sampled, .shape = &s};
    problem_input(&p, (size_t)rows * (size_t)cols, 3);
    problem_input(&p, (size_t)cols, 1);
    problem_output(&p, (size_t)rows);
    for (int i = 0; i < rows; i++)
        p.slope[i] = 1.0f / (float)rows; /* the gradient is that of the mean */
    device->op->sampled_loss(
        device, kind, rows, cols, p.value[0], tape_ints(tape, own, (size_t)rows),
        tape_ints(tape, item, (size_t)cols), tape_ints(tape, target, (size_t)rows),
        corrected ? p.value[1] : NULL, p.found, p.grad[0]);
    p.inputs = 1; /* nothing is learned of corrections */
    snprintf(name, sizeof name, "%s%s %d × %d", kind_name[kind], corrected ? ", corrected" : "",
             rows, cols);
    check_forward(&p, name);
    check_backward(&p, name);
    p.inputs = 2;
    problem_close(&p);
}

/* The loss of a target scored 1 and negatives scored 2 and 0. */
static void check_closed_form(enum loss_kind kind, double expected)
{
    const float score[] = {1, 2, 0};
    const int32_t own[] = {0}, item[] = {7, 8, 9}, target[] = {7};
    float *on_device = tape_memory(tape, sizeof score), *loss = tape_memory(tape, sizeof *loss);
    device->op->upload(device, on_device, score, sizeof score);
    device->op->sampled_loss(device, kind, 1, 3, on_device, tape_ints(tape, own, 1),
                             tape_ints(tape, item, 3), tape_ints(tape, target, 1), NULL, loss,
                             NULL);
    double found = (double)device_float(device, loss);
    tap_ok(fabs(found - expected) < 1e-6, "%s of scores 1, 2, 0 is %.6f: %.6f", kind_name[kind],
           expected, found);
}

/* Over many draws of negatives with equal chances and their expected counts as correction, the
 * gradient by the target's score comes to the full softmax's. */
static void check_expectation(void)
{
    enum { ITEMS = 40, DRAWN = 12, DRAWS = 4000 };
    float score[ITEMS], drawn[1 + DRAWN], correction[1 + DRAWN];
    int32_t item[1 + DRAWN], own[] = {0}, target[] = {0};
    double sum = 0, mean = 0;
    for (int j = 0; j < ITEMS; j++)
        sum += exp((double)(score[j] = random_between(&test_random, -1, 1)));
    sum += exp(3) - exp((double)score[0]);
    score[0] = 3;
    size_t bytes = sizeof drawn;
    for (int draw = 0; draw < DRAWS; draw++) {
        tape_begin(tape, false, 0, 0);
        float *on_device = tape_memory(tape, bytes), *slope = tape_memory(tape, bytes);
        float *corrections = tape_memory(tape, bytes), *loss = tape_memory(tape, sizeof *loss);
        drawn[0] = score[0];
        correction[0] = 5; /* the target's own is not asked for */
        item[0] = 0;
        for (int j = 1; j <= DRAWN; j++) {
            item[j] = 1 + (int32_t)random_below(&test_random, ITEMS - 1);
            drawn[j] = score[item[j]];
            correction[j] = logf((float)DRAWN / (float)(ITEMS - 1));
        }
        device->op->upload(device, on_device, drawn, bytes);
        device->op->upload(device, corrections, correction, bytes);
        device->op->fill(device, slope, 0, 1 + DRAWN);
        device->op->sampled_loss(device, LOSS_CROSS_ENTROPY, 1, 1 + DRAWN, on_device,
                                 tape_ints(tape, own, 1), tape_ints(tape, item, 1 + DRAWN),
                                 tape_ints(tape, target, 1), corrections, loss, slope);
        mean += (double)device_float(device, slope) / DRAWS;
    }
    double full = exp((double)score[0]) / sum - 1;
    tap_ok(fabs(mean - full) < 0.03 * fabs(full),
           "sampled cross-entropy in the mean: %.5f, full: %.5f", mean, full);
}

static void check_sampled(void)
{
    for (int kind = 0; kind < 5; kind++)
        for (int corrected = 0; corrected < 2; corrected++) {
            check_kind((enum loss_kind)kind, 5, 9, corrected);
            check_kind((enum loss_kind)kind, 33, 64, corrected);
            check_kind((enum loss_kind)kind, 1, 1, corrected);
            check_kind((enum loss_kind)kind, 3, 2, corrected);
        }
    check_closed_form(LOSS_CROSS_ENTROPY, log(exp(1) + exp(2) + 1) - 1);
    check_closed_form(LOSS_TOP1, (sigma(1) + sigma(4) + sigma(-1) + sigma(0)) / 2);
    check_closed_form(LOSS_BPR, -(log(sigma(-1)) + log(sigma(1))) / 2);
    double share = exp(2) / (exp(2) + 1);
    check_closed_form(LOSS_TOP1_MAX,
                      share * (sigma(1) + sigma(4)) + (1 - share) * (sigma(-1) + sigma(0)));
    check_closed_form(LOSS_BPR_MAX, -log(share * sigma(-1) + (1 - share) * sigma(1)));
    check_expectation();
}

static const struct check checks[] = {SAMPLED_CHECKS(CHECK_ROW)};

int main(void)
{
    test_random = random_of(6, 1);
    device = test_device(&(struct device_options){.threads = 2});
    tape = tape_new(device);
    run_checks(checks, sizeof checks / sizeof *checks);
    tape_free(tape);
    device_close(device);
    return tap_done();
}
