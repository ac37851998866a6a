/* Losses over some of the items, against their formulas in double precision, against their closed
 * forms on three items, and the sampled cross-entropy against the full one. */
#include "reference.h"

/* Owners of the candidates: none, one for each target, or few. */
enum owned { OF_NOBODY, OF_EACH, OF_FEW };

struct shape {
    enum loss_kind kind;
    int rows, cols;
    enum owned owned;
    bool corrected, spared;
    int32_t own[64], target[64], item[64], owner[64];
    bool spare[64][64]; /* which candidates are spared for each target */
};

static double sigma(double x)
{
    return 1 / (1 + exp(-x));
}

/* in: score, correction */
static double reference_row(const struct problem *p, int i)
{
    const struct shape *s = p->shape;
    double y[64], own = p->in[0][i * s->cols + s->own[i]], sum = 0, mean = 0;
    int n = 0, owner = s->owner[s->own[i]];
    for (int j = 0; j < s->cols; j++) {
        bool same_owner = s->owner[j] >= 0 && s->owner[j] == owner;
        if (j != s->own[i] && s->item[j] != s->target[i] && !same_owner && !s->spare[i][j])
            y[n++] = p->in[0][i * s->cols + j] - (s->corrected ? p->in[1][j] : 0);
    }
    if (!n)
        return 0;
    for (int j = 0; j < n; j++)
        sum += exp(y[j]);
    for (int j = 0; j < n; j++) {
        double top1 = sigma(y[j] - own) + sigma(y[j] * y[j]), share = exp(y[j]) / sum;
        mean += s->kind == LOSS_TOP1       ? top1 / n
                : s->kind == LOSS_BPR      ? -log(sigma(own - y[j])) / n
                : s->kind == LOSS_HINGE    ? fmax(0, 1 + y[j] - own) / n
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

static const char *const kind_name[] = {"cross-entropy", "top1",    "bpr",
                                        "top1-max",      "bpr-max", "hinge"};

static struct sampled_scores on_device(const struct shape *s, const float *score,
                                       const float *correction)
{
    size_t T = (size_t)s->rows, S = (size_t)s->cols;
    return (struct sampled_scores){.targets = s->rows,
                                   .candidates = s->cols,
                                   .score = score,
                                   .own = tape_ints(tape, s->own, T),
                                   .target = tape_ints(tape, s->target, T),
                                   .item = tape_ints(tape, s->item, S),
                                   .owner = tape_ints(tape, s->owner, S),
                                   .correction = correction};
}

/* The first candidates are the targets, and some items come twice. */
static void fill_shape(struct shape *s)
{
    for (int j = 0; j < s->cols; j++) {
        s->item[j] = (int32_t)random_below(&test_random, (uint32_t)s->cols);
        s->owner[j] = j >= s->rows || s->owned == OF_NOBODY ? -1 : s->owned == OF_EACH ? j : j % 3;
    }
    for (int i = 0; i < s->rows; i++) {
        s->own[i] = i % s->cols;
        s->target[i] = s->item[s->own[i]];
        for (int j = 0; j < s->cols; j++)
            s->spare[i][j] = s->spared && i % 4 && random_below(&test_random, 4) < (uint32_t)i % 4;
    }
}

static void upload_spared(const struct shape *s, struct sampled_scores *to)
{
    int32_t at[65] = {0}, list[64 * 64];
    for (int i = 0; i < s->rows; i++) {
        at[i + 1] = at[i];
        for (int j = 0; j < s->cols; j++)
            if (s->spare[i][j])
                list[at[i + 1]++] = j;
    }
    to->spared_at = tape_ints(tape, at, (size_t)s->rows + 1);
    to->spared = tape_ints(tape, list, (size_t)at[s->rows]);
}

static void check_kind(struct shape s)
{
    static const char *const owned_name[] = {"", ", owners", ", few owners"};
    size_t rows = (size_t)s.rows, cols = (size_t)s.cols;
    char name[80];
    fill_shape(&s);
    struct problem p = {.reference = reference_sampled, .shape = &s};
    problem_input(&p, rows * cols, 3);
    problem_input(&p, cols, 1);
    problem_output(&p, rows);
    for (size_t i = 0; i < rows; i++)
        p.slope[i] = 1.0f / (float)rows; /* the gradient is that of the mean */
    struct sampled_scores scores = on_device(&s, p.value[0], s.corrected ? p.value[1] : NULL);
    if (s.spared)
        upload_spared(&s, &scores);
    device->op->sampled_loss(device, s.kind, &scores, p.found, p.grad[0]);
    p.inputs = 1; /* nothing is learned of corrections */
    snprintf(name, sizeof name, "%s%s%s%s %d × %d", kind_name[s.kind],
             s.corrected ? ", corrected" : "", owned_name[s.owned], s.spared ? ", some spared" : "",
             s.rows, s.cols);
    check_forward(&p, name);
    check_backward(&p, name);
    p.inputs = 2;
    problem_close(&p);
}

/* Targets of one owner and no other candidate: no negative is left, nor where all are spared. */
static void check_alone(enum loss_kind kind)
{
    enum { N = 3 };
    struct shape s = {.kind = kind, .rows = N, .cols = N, .owned = OF_FEW, .spared = true};
    float score[N * N] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, zeros[N * N] = {0}, loss[N], slope[N * N];
    bool good = true;
    for (int owned = 0; owned < 2; owned++) {
        for (int i = 0; i < N; i++) {
            s.item[i] = s.target[i] = s.own[i] = i;
            s.owner[i] = owned ? 5 : -1;
            for (int j = 0; j < N; j++)
                s.spare[i][j] = true;
        }
        float *on = to_device(device, score, sizeof score);
        float *dscore = to_device(device, zeros, sizeof zeros);
        float *losses = to_device(device, score, sizeof loss);
        struct sampled_scores scores = on_device(&s, on, NULL);
        if (!owned)
            upload_spared(&s, &scores);
        device->op->sampled_loss(device, kind, &scores, losses, dscore);
        device->op->download(device, loss, losses, sizeof loss);
        device->op->download(device, slope, dscore, sizeof slope);
        good = good && !memcmp(loss, zeros, sizeof loss) && !memcmp(slope, zeros, sizeof slope);
        device->op->release(device, on);
        device->op->release(device, dscore);
        device->op->release(device, losses);
    }
    tap_ok(good, "%s without any negative: loss and gradient are 0", kind_name[kind]);
}

/* The loss of a target scored 1 and negatives scored 2 and 0. */
static void check_closed_form(enum loss_kind kind, double expected)
{
    const float score[] = {1, 2, 0};
    const struct shape s = {
        .rows = 1, .cols = 3, .item = {7, 8, 9}, .target = {7}, .owner = {-1, -1, -1}};
    float *own = to_device(device, score, sizeof score), *loss = tape_memory(tape, sizeof *loss);
    struct sampled_scores scores = on_device(&s, own, NULL);
    device->op->sampled_loss(device, kind, &scores, loss, NULL);
    double found = (double)device_float(device, loss);
    device->op->release(device, own);
    tap_ok(fabs(found - expected) < 1e-6, "%s of scores 1, 2, 0 is %.6f: %.6f", kind_name[kind],
           expected, found);
}

/* Of a target scored 2, negatives scored 1.5 and 2.5 are within the margin, one scored 0 is not. */
static void check_hinge(void)
{
    const float score[] = {2, 1.5f, 0, 2.5f}, zeros[4] = {0};
    const struct shape s = {
        .rows = 1, .cols = 4, .item = {6, 7, 8, 9}, .target = {6}, .owner = {-1, -1, -1, -1}};
    float slope[4], *own = to_device(device, score, sizeof score);
    float *loss = tape_memory(tape, sizeof *loss), *dscore = to_device(device, zeros, sizeof zeros);
    struct sampled_scores scores = on_device(&s, own, NULL);
    device->op->sampled_loss(device, LOSS_HINGE, &scores, loss, dscore);
    device->op->download(device, slope, dscore, sizeof slope);
    double off = fabs((double)device_float(device, loss) - 2 / 3.0);
    for (int i = 0; i < 4; i++)
        off = fmax(off, fabs((double)slope[i] - (double[]){-2 / 3.0, 1 / 3.0, 0, 1 / 3.0}[i]));
    device->op->release(device, own);
    device->op->release(device, dscore);
    tap_ok(off < 1e-6, "hinge: a negative below the margin has no part in loss and gradient");
}

/* Over many draws of negatives with equal chances and their expected counts as correction, the
 * gradient by the target's score comes to the full softmax's. */
static void check_expectation(void)
{
    enum { ITEMS = 40, DRAWN = 12, DRAWS = 4000 };
    float score[ITEMS], drawn[1 + DRAWN], correction[1 + DRAWN];
    struct shape s = {.rows = 1, .cols = 1 + DRAWN};
    double sum = 0, mean = 0;
    for (int j = 0; j < ITEMS; j++)
        sum += exp((double)(score[j] = random_between(&test_random, -1, 1)));
    sum += exp(3) - exp((double)score[0]);
    score[0] = 3;
    size_t bytes = sizeof drawn;
    for (int draw = 0; draw < DRAWS; draw++) {
        tape_begin(tape, false, 0, 0);
        float *own = tape_memory(tape, bytes), *slope = tape_memory(tape, bytes);
        float *corrections = tape_memory(tape, bytes), *loss = tape_memory(tape, sizeof *loss);
        drawn[0] = score[0];
        correction[0] = 5; /* the target's own is not asked for */
        s.owner[0] = -1;
        for (int j = 1; j <= DRAWN; j++) {
            s.item[j] = 1 + (int32_t)random_below(&test_random, ITEMS - 1);
            s.owner[j] = -1;
            drawn[j] = score[s.item[j]];
            correction[j] = logf((float)DRAWN / (float)(ITEMS - 1));
        }
        device->op->upload(device, own, drawn, bytes);
        device->op->upload(device, corrections, correction, bytes);
        device->op->fill(device, slope, 0, 1 + DRAWN);
        struct sampled_scores scores = on_device(&s, own, corrections);
        device->op->sampled_loss(device, LOSS_CROSS_ENTROPY, &scores, loss, slope);
        mean += (double)device_float(device, slope) / DRAWS;
    }
    double full = exp((double)score[0]) / sum - 1;
    tap_ok(fabs(mean - full) < 0.03 * fabs(full),
           "sampled cross-entropy in the mean: %.5f, full: %.5f", mean, full);
}

static void check_sampled(void)
{
    static const int size[][2] = {{5, 9}, {33, 64}, {1, 1}, {3, 2}, {7, 7}};
    for (int kind = 0; kind < 6; kind++) {
        for (int way = 0; way < 12; way++)
            for (int i = 0; i < 5; i++)
                check_kind((struct shape){.kind = (enum loss_kind)kind,
                                          .rows = size[i][0],
                                          .cols = size[i][1],
                                          .owned = (enum owned)(way / 4),
                                          .corrected = way % 2,
                                          .spared = way / 2 % 2});
        check_alone((enum loss_kind)kind);
    }
    check_closed_form(LOSS_CROSS_ENTROPY, log(exp(1) + exp(2) + 1) - 1);
    check_closed_form(LOSS_TOP1, (sigma(1) + sigma(4) + sigma(-1) + sigma(0)) / 2);
    check_closed_form(LOSS_BPR, -(log(sigma(-1)) + log(sigma(1))) / 2);
    double share = exp(2) / (exp(2) + 1);
    check_closed_form(LOSS_TOP1_MAX,
                      share * (sigma(1) + sigma(4)) + (1 - share) * (sigma(-1) + sigma(0)));
    check_closed_form(LOSS_BPR_MAX, -log(share * sigma(-1) + (1 - share) * sigma(1)));
    check_closed_form(LOSS_HINGE, 1);
    check_hinge();
    check_expectation();
}

static const struct check checks[] = {SAMPLED_CHECKS(CHECK_ROW)};

int main(void)
{
    checks_open(6);
    run_checks(checks, sizeof checks / sizeof *checks);
    return checks_close();
}
