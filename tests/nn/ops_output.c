/* The output layer of the table against plain references in double precision: the losses, without
 * and with a teacher, and their gradients; ranks, ties and best items, in chunks of all sizes. */
#include "reference.h"

/* A problem of the output layer: o refers to its inputs, on the device; the reference reads
 * targets and the places of additions from here. */
enum { ADDED = 9 }; /* additions of a row, at most */
static int32_t targets_of[300], added_start[301], added_item[300 * ADDED];

/* in: state, weight, bias, and where there are some the additions */
static double score_of(const struct problem *p, int row, int item)
{
    const struct output_layer *o = p->shape;
    double score = p->in[2][item];
    for (int k = 0; k < o->width; k++)
        score += p->in[0][row * o->width + k] * p->in[1][item * o->width + k];
    for (int32_t i = added_start[row]; p->inputs > 3 && i < added_start[row + 1]; i++)
        score += added_item[i] == item ? p->in[3][i] : 0;
    return score;
}

/* out: the loss of each target */
static void reference_loss(const struct problem *p, double *out)
{
    const struct output_layer *o = p->shape;
    for (int i = 0; i < o->targets; i++) {
        double sum = 0;
        for (int j = 0; j < o->items; j++)
            sum += exp(score_of(p, i, j));
        out[i] = log(sum) - score_of(p, i, targets_of[i]);
    }
}

static void set_targets(struct output_layer *o)
{
    size_t bytes = (size_t)o->targets * sizeof *targets_of;
    if (o->target)
        device->op->release(device, (void *)(uintptr_t)o->target);
    o->target = to_device(device, targets_of, bytes);
}

static struct problem output_problem(struct output_layer *o, int targets, int width, int items)
{
    struct problem p = {.reference = reference_loss, .shape = o};
    size_t T = (size_t)targets, H = (size_t)width, N = (size_t)items;
    problem_input(&p, T * H, 1);
    problem_input(&p, N * H, 1);
    problem_input(&p, N, 1);
    problem_output(&p, T);
    *o = (struct output_layer){.targets = targets,
                               .width = width,
                               .items = items,
                               .state = p.value[0],
                               .weight = p.value[1],
                               .bias = p.value[2]};
    for (int i = 0; i < targets; i++) {
        targets_of[i] = (int32_t)random_below(&test_random, (uint32_t)items);
        p.slope[i] = 1.0f / (float)targets; /* the mean */
    }
    problem_set_slope(&p);
    set_targets(o);
    return p;
}

/* Adds to some scores of each row, to none of some rows, to the target's of some. */
static void add_additions(struct problem *p, struct output_layer *o)
{
    int32_t n = 0;
    for (int row = 0; row < o->targets; row++) {
        uint32_t most = o->items < ADDED ? (uint32_t)o->items : ADDED;
        int32_t count = (int32_t)random_below(&test_random, most + 1);
        added_start[row] = n;
        for (int32_t i = 0; i < count; i++) {
            int32_t item = row % 2 && !i ? targets_of[row]
                                         : (int32_t)random_below(&test_random, (uint32_t)o->items);
            bool there = false;
            for (int32_t k = added_start[row]; k < n; k++)
                there |= added_item[k] == item;
            if (!there)
                added_item[n++] = item;
        }
    }
    added_start[o->targets] = n;
    problem_input(p, (size_t)n, 2);
    o->add = (struct additions){
        .count = n,
        .start = to_device(device, added_start, ((size_t)o->targets + 1) * sizeof *added_start),
        .item = to_device(device, added_item, (size_t)n * sizeof *added_item),
        .value = p->value[3],
    };
}

static void output_close(struct problem *p, struct output_layer *o)
{
    device->op->release(device, (void *)(uintptr_t)o->target);
    if (o->add.start)
        device->op->release(device, (void *)(uintptr_t)o->add.start);
    if (o->add.item)
        device->op->release(device, (void *)(uintptr_t)o->add.item);
    problem_close(p);
}

/* A bias that is not learned: the other gradients are the same. */
static void check_loss_no_bias(void)
{
    struct output_layer o;
    struct problem p = output_problem(&o, 33, 31, 1031);
    int inputs = p.inputs;
    device->op->output_loss(device, &o, p.found, p.grad[0], p.grad[1], NULL);
    check_forward(&p, "output_loss, no gradient of the bias");
    p.inputs = 2;
    check_backward(&p, "output_loss, no gradient of the bias, gradients");
    p.inputs = inputs;
    output_close(&p, &o);
}

/* Additions to some scores; then their gradients alone, as a model without item weights takes. */
static void check_loss_additions(void)
{
    const int way[][3] = {{1, 1, 1},    {31, 33, 257}, {33, 1, 1031},
                          {257, 5, 31}, {0, 3, 7},     {300, 3, 511}};
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        struct output_layer o;
        struct problem p = output_problem(&o, way[i][0], way[i][1], way[i][2]);
        add_additions(&p, &o);
        device->op->output_loss(device, &o, p.found, NULL, NULL, NULL);
        check_forward(&p, label("output_loss, additions,", o.targets, o.items));
        o.add.grad = p.grad[3];
        device->op->output_loss(device, &o, p.found, p.grad[0], p.grad[1], p.grad[2]);
        check_forward(&p,
                      label("output_loss, additions, loss with gradients,", o.targets, o.items));
        check_backward(&p, label("output_loss, additions, gradients,", o.targets, o.items));
        float *alone = device_zeros(device, p.size[3]), *both = device_zeros(device, p.size[3]);
        o.add.grad = both;
        device->op->output_loss(device, &o, p.found, p.grad[0], p.grad[1], p.grad[2]);
        o.add.grad = alone;
        device->op->output_loss(device, &o, p.found, NULL, NULL, NULL);
        float *x = to_host(device, alone, p.size[3] * sizeof *x);
        float *y = to_host(device, both, p.size[3] * sizeof *y);
        tap_ok(!memcmp(x, y, p.size[3] * sizeof *x), "gradients of additions alone, %d targets",
               o.targets);
        mem_free(x), mem_free(y);
        device->op->release(device, alone), device->op->release(device, both);
        output_close(&p, &o);
    }
}

/* A factor of the gradients, and not of the losses. */
static void check_loss_factor(void)
{
    const float factor[] = {1, 2.5f};
    struct output_layer o;
    struct problem p = output_problem(&o, 33, 31, 2);
    float *grad[2][3], worst = 0;
    for (int f = 0; f < 2; f++) {
        for (int i = 0; i < 3; i++)
            grad[f][i] = device_zeros(device, p.size[i]);
        o.factor = factor[f];
        device->op->output_loss(device, &o, p.found, grad[f][0], grad[f][1], grad[f][2]);
        check_forward(&p, "output_loss, with a factor of the gradients");
    }
    for (int i = 0; i < 3; i++) {
        float *x = to_host(device, grad[0][i], p.size[i] * sizeof *x);
        float *y = to_host(device, grad[1][i], p.size[i] * sizeof *y);
        for (size_t k = 0; k < p.size[i]; k++)
            worst = fmaxf(worst, fabsf(y[k] - factor[1] * x[k]));
        mem_free(x), mem_free(y);
        device->op->release(device, grad[0][i]), device->op->release(device, grad[1][i]);
    }
    tap_ok(worst < 1e-6f, "output_loss, gradients times %g: to %.1e", (double)factor[1],
           (double)worst);
    output_close(&p, &o);
}

/* Threads take the items as they come to them: the results are right, and do not depend on it. */
static void check_loss_repeats(void)
{
    enum { TIMES = 8 };
    struct device *usual = device;
    struct output_layer o;
    device = test_device(&(struct device_options){.threads = 3});
    struct problem p = output_problem(&o, 65, 5, 4099);
    float *first[3] = {0}, *grad[3], *loss = NULL;
    int different = 0;
    for (int time = 0; time < TIMES; time++) {
        for (int i = 0; i < 3; i++)
            grad[i] = device_zeros(device, p.size[i]);
        device->op->output_loss(device, &o, p.found, grad[0], grad[1], grad[2]);
        float *now = to_host(device, p.found, p.out_size * sizeof *now);
        different += time && memcmp(now, loss, p.out_size * sizeof *now);
        mem_free(loss);
        loss = now;
        for (int i = 0; i < 3; i++) {
            float *x = to_host(device, grad[i], p.size[i] * sizeof *x);
            different += time && memcmp(x, first[i], p.size[i] * sizeof *x);
            mem_free(first[i]);
            first[i] = x;
            device->op->release(device, grad[i]);
        }
    }
    tap_ok(!different, "output_loss %d times in 3 threads: %d different results", TIMES, different);
    device->op->output_loss(device, &o, p.found, p.grad[0], p.grad[1], p.grad[2]);
    check_forward(&p, "output_loss in 3 threads");
    check_backward(&p, "output_loss in 3 threads, gradients");
    for (int i = 0; i < 3; i++)
        mem_free(first[i]);
    mem_free(loss);
    output_close(&p, &o);
    device_close(device);
    device = usual;
}

static void check_loss(void)
{
    const int way[][3] = {{1, 1, 1},  {31, 33, 257}, {33, 31, 1031}, {7, 257, 33},   {257, 1, 31},
                          {5, 31, 5}, {0, 3, 7},     {257, 3, 2311}, {300, 21, 1031}};
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        struct output_layer o;
        struct problem p = output_problem(&o, way[i][0], way[i][1], way[i][2]);
        device->op->output_loss(device, &o, p.found, NULL, NULL, NULL);
        check_forward(&p, label("output_loss, the loss alone,", o.targets, o.items));
        device->op->output_loss(device, &o, p.found, p.grad[0], p.grad[1], p.grad[2]);
        check_forward(&p, label("output_loss", o.targets, o.items));
        check_backward(&p, label("output_loss, gradients,", o.targets, o.items));
        output_close(&p, &o);
    }
    check_loss_no_bias();
    check_loss_additions();
    check_loss_factor();
    check_loss_repeats();
    /* Scores far apart, higher from tile to tile: no sum and no exponential may overflow. */
    struct output_layer o;
    struct problem p = output_problem(&o, 257, 3, 2311);
    for (int j = 0; j < 2311; j++)
        p.in[2][j] = (double)((float)j / 20.0f);
    problem_set(&p, 2);
    device->op->output_loss(device, &o, p.found, p.grad[0], p.grad[1], p.grad[2]);
    check_forward(&p, "output_loss, scores far apart");
    check_backward(&p, "output_loss, scores far apart, gradients");
    output_close(&p, &o);
}

/* ---- the loss with a teacher ---- */

/* in: the teacher's state, weight, bias */
static struct problem teacher;
static struct taught taught;
static float share_of[300];

static double taught_score(int row, int item)
{
    double score = teacher.in[2][item];
    for (int k = 0; k < taught.width; k++)
        score += teacher.in[0][row * taught.width + k] * teacher.in[1][item * taught.width + k];
    return score / (double)taught.temperature;
}

static void reference_distill(const struct problem *p, double *out)
{
    const struct output_layer *o = p->shape;
    for (int i = 0; i < o->targets; i++) {
        double sum = 0, all = 0, both = 0, share = (double)share_of[i];
        for (int j = 0; j < o->items; j++) {
            double s = exp(taught_score(i, j)), score = score_of(p, i, j);
            sum += exp(score);
            all += s;
            both += s * score;
        }
        out[i] = log(sum) - (1 - share) * score_of(p, i, targets_of[i]) - share * both / all;
    }
}

/* A teacher for the problem; some targets are all the teacher's, some have none of it. */
static void teacher_open(const struct output_layer *o, int width, float temperature)
{
    teacher = (struct problem){0};
    problem_input(&teacher, (size_t)o->targets * (size_t)width, 2);
    problem_input(&teacher, (size_t)o->items * (size_t)width, 2);
    problem_input(&teacher, (size_t)o->items, 1);
    for (int i = 0; i < o->targets; i++)
        share_of[i] = i % 5 == 3 ? 1 : i % 5 == 1 ? 0 : random_between(&test_random, 0, 1);
    taught =
        (struct taught){.width = width,
                        .state = teacher.value[0],
                        .weight = teacher.value[1],
                        .bias = teacher.value[2],
                        .share = to_device(device, share_of, (size_t)o->targets * sizeof *share_of),
                        .temperature = temperature};
}

static void teacher_close(void)
{
    problem_output(&teacher, 0);
    device->op->release(device, (void *)(uintptr_t)taught.share);
    problem_close(&teacher);
}

static void check_distill_of(int targets, int width, int items, int other, bool adds)
{
    struct output_layer o;
    struct problem p = output_problem(&o, targets, width, items);
    p.reference = reference_distill;
    teacher_open(&o, other, width % 2 ? 1 : 2.5f);
    if (adds)
        add_additions(&p, &o);
    device->op->output_distill(device, &o, &taught, p.found, NULL, NULL, NULL);
    check_forward(&p, label("output_distill, the loss alone,", targets, items));
    o.add.grad = adds ? p.grad[3] : NULL;
    device->op->output_distill(device, &o, &taught, p.found, p.grad[0], p.grad[1], p.grad[2]);
    check_forward(&p, label("output_distill", targets, items));
    check_backward(
        &p, label(adds ? "output_distill, additions, gradients," : "output_distill, gradients,",
                  targets, items));
    teacher_close();
    output_close(&p, &o);
}

/* What the student says already, at temperature 1, teaches nothing. */
static void check_own_teacher(void)
{
    struct output_layer o;
    struct problem p = output_problem(&o, 33, 5, 257);
    float shares[33], *dstate = device_zeros(device, p.size[0]), most = 0;
    for (int i = 0; i < 33; i++)
        shares[i] = 1;
    const struct taught own = {.width = o.width,
                               .state = o.state,
                               .weight = o.weight,
                               .bias = o.bias,
                               .share = to_device(device, shares, sizeof shares),
                               .temperature = 1};
    device->op->output_distill(device, &o, &own, p.found, dstate, NULL, NULL);
    float *slope = to_host(device, dstate, p.size[0] * sizeof *slope);
    for (size_t i = 0; i < p.size[0]; i++)
        most = fmaxf(most, fabsf(slope[i]));
    tap_ok(most < 1e-8f, "output_distill: nothing to learn from oneself, %.1e", (double)most);
    mem_free(slope);
    device->op->release(device, dstate);
    device->op->release(device, (void *)(uintptr_t)own.share);
    output_close(&p, &o);
}

/* A target that has none of the teacher has the loss over all items. */
static void check_no_share(void)
{
    struct output_layer o;
    struct problem p = output_problem(&o, 31, 7, 1031);
    teacher_open(&o, 3, 1);
    float *loss = device_floats(31);
    device->op->output_distill(device, &o, &taught, p.found, NULL, NULL, NULL);
    device->op->output_loss(device, &o, loss, NULL, NULL, NULL);
    float *one = to_host(device, p.found, 31 * sizeof *one),
          *two = to_host(device, loss, 31 * sizeof *two);
    int same = 0, other = 0;
    for (int i = 0; i < 31; i++) {
        bool near = fabsf(one[i] - two[i]) < 1e-5f;
        same += share_of[i] == 0 && near;
        other += share_of[i] > 0 && !near;
    }
    tap_ok(same == 6 && other == 25,
           "output_distill without a share is output_loss: %d, else not: %d", same, other);
    mem_free(one), mem_free(two);
    device->op->release(device, loss);
    teacher_close();
    output_close(&p, &o);
}

/* Scores far apart: no sum and no exponential may overflow. */
static void check_far_teacher(void)
{
    struct output_layer o;
    struct problem p = output_problem(&o, 33, 3, 2311);
    p.reference = reference_distill;
    teacher_open(&o, 4, 1);
    for (int j = 0; j < 2311; j++) {
        p.in[2][j] = (double)((float)j / 20.0f);
        teacher.in[2][j] = (double)((float)(2311 - j) / 20.0f);
    }
    problem_set(&p, 2);
    problem_set(&teacher, 2);
    device->op->output_distill(device, &o, &taught, p.found, p.grad[0], p.grad[1], p.grad[2]);
    check_forward(&p, "output_distill, scores far apart");
    check_backward(&p, "output_distill, scores far apart, gradients");
    teacher_close();
    output_close(&p, &o);
}

static void check_distill(void)
{
    const struct device_options way[] = {{.threads = 2}, {.threads = 3, .workspace = 16384}};
    struct device *usual = device;
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        device = test_device(&way[i]);
        check_distill_of(1, 1, 1, 1, false);
        check_distill_of(31, 33, 257, 5, false);
        check_distill_of(257, 4, 1031, 31, false);
        check_distill_of(33, 7, 1031, 12, true);
        check_distill_of(0, 3, 7, 3, false);
        check_own_teacher();
        check_no_share();
        check_far_teacher();
        device_close(device);
    }
    device = usual;
}

/* Small whole numbers: scores are exact, so many are equal and ties are known. */
static void round_inputs(struct problem *p)
{
    for (int i = 0; i < p->inputs; i++) {
        for (size_t j = 0; j < p->size[i]; j++)
            p->in[i][j] = round(p->in[i][j] * 2);
        problem_set(p, i);
    }
}

struct ranked {
    float loss[300], score[300 * 23];
    int32_t rank[300], ties[300], item[300 * 23];
};

/* Ranks by the device; the losses stand in the problem's result, too. */
static void rank_on_device(struct problem *p, const struct output_layer *o, int k, struct ranked *r)
{
    struct ranked *own = device->op->alloc(device, sizeof *own);
    device->op->output_rank(device, o, p->found, own->rank, own->ties, k, k ? own->item : NULL,
                            k ? own->score : NULL);
    device->op->download(device, r, own, sizeof *r);
    device->op->download(device, r->loss, p->found, p->out_size * sizeof *r->loss);
    device->op->release(device, own);
}

/* Each item a candidate by a chance of one in `chance`; 0: all are, and nothing says so. */
static unsigned char candidate_of[1100];

static void set_candidates(struct output_layer *o, int chance)
{
    for (int j = 0; j < o->items; j++)
        candidate_of[j] = chance ? random_below(&test_random, (uint32_t)chance) == 0 : 1;
    o->candidate = chance ? to_device(device, candidate_of, (size_t)o->items) : NULL;
}

/* The rank, the ties and the k best of one row, by looking at every score. */
static bool rank_is_right(const struct problem *p, int row, const struct ranked *r, int k)
{
    const struct output_layer *o = p->shape;
    double score[1100];
    for (int j = 0; j < o->items; j++)
        score[j] = score_of(p, row, j);
    int above = 0, ties = 0, target = targets_of[row];
    for (int j = 0; j < o->items; j++) {
        above += candidate_of[j] && score[j] > score[target];
        ties += candidate_of[j] && j != target && score[j] == score[target];
    }
    bool right = r->rank[row] == 1 + above + ties && r->ties[row] == ties;
    for (int place = 0; place < k; place++) {
        int best = -1;
        for (int j = 0; j < o->items; j++)
            if (candidate_of[j] && score[j] > (best < 0 ? -INFINITY : score[best]))
                best = j;
        right &= r->item[row * k + place] == best;
        right &= (double)r->score[row * k + place] == (best < 0 ? -INFINITY : score[best]);
        if (best >= 0)
            score[best] = -INFINITY;
    }
    return right;
}

enum { NONE = 1 << 30 }; /* the chance of no candidate */

static void check_rank_of(int targets, int width, int items, int k, int chance)
{
    static struct ranked r;
    struct output_layer o;
    struct problem p = output_problem(&o, targets, width, items);
    if (k % 2) /* 1, 5, 23 */
        add_additions(&p, &o);
    round_inputs(&p);
    set_candidates(&o, chance);
    rank_on_device(&p, &o, k, &r);
    int wrong = 0, tied = 0, outside = 0;
    for (int i = 0; i < targets; i++) {
        wrong += !rank_is_right(&p, i, &r, k);
        tied += r.ties[i] > 0;
        outside += !candidate_of[targets_of[i]];
    }
    bool met =
        items < 31 || !targets || ((tied > 0 || chance == NONE) && (chance > 0) == (outside > 0));
    tap_ok(wrong == 0 && met,
           "ranks, ties and %d best, %d × %d, %s: %d wrong, %d tied, %d targets are no candidates",
           k, targets, items, device->name, wrong, tied, outside);
    check_forward(&p, label("output_rank, the loss,", targets, items));
    if (o.candidate)
        device->op->release(device, (void *)(uintptr_t)o.candidate);
    output_close(&p, &o);
}

/* Equal rows of weights have equal scores, whatever the numbers and wherever they stand: also in
 * the last columns, where a product ends with a narrower kernel.  (What cuBLAS does there is its
 * own; the emulation's products keep the order of k.) */
static void check_planted_ties(void)
{
    static struct ranked r;
    enum { T = 97, H = 33, N = 1031, COPIES = 6 };
    struct output_layer o;
    struct problem p = output_problem(&o, T, H, N);
    for (int i = 1; i < COPIES; i++) {
        memcpy(p.in[1] + i * (N - 1) / (COPIES - 1) * H, p.in[1], H * sizeof(double));
        p.in[2][i * (N - 1) / (COPIES - 1)] = p.in[2][0];
    }
    for (int i = 0; i < T; i++)
        targets_of[i] = i % COPIES * (N - 1) / (COPIES - 1);
    problem_set(&p, 1);
    problem_set(&p, 2);
    set_targets(&o);
    rank_on_device(&p, &o, 0, &r);
    int wrong = 0;
    for (int i = 0; i < T; i++)
        wrong += r.ties[i] != COPIES - 1;
    tap_ok(wrong == 0, "equal weights tie exactly: %d wrong", wrong);
    output_close(&p, &o);
}

static void check_not_finite(void)
{
    static struct ranked r;
    struct output_layer o;
    struct problem p = output_problem(&o, 6, 3, 100);
    const float bad[3] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++)
        device_set_float(device, p.value[0] + i * 6, bad[i]); /* rows 0, 2, 4 */
    rank_on_device(&p, &o, 3, &r);
    int wrong = 0;
    for (int i = 0; i < 6; i++)
        wrong += (isnan(r.loss[i]) != 0) != (i % 2 == 0);
    tap_ok(wrong == 0, "scores that are not finite make the loss NaN: %d wrong", wrong);
    device->op->output_loss(device, &o, p.found, NULL, NULL, NULL);
    float *loss = to_host(device, p.found, 6 * sizeof *loss);
    tap_ok(isnan(loss[0]) && isnan(loss[2]) && isnan(loss[4]), "output_loss likewise");
    mem_free(loss);
    output_close(&p, &o);
}

static void check_rank(void)
{
    const struct device_options way[] = {{.threads = 2},
                                         {.threads = 1, .workspace = 1},
                                         {.threads = 3, .workspace = 4096},
                                         {.threads = 6}}; /* of 257 rows three share each part */
    struct device *usual = device;
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        device = test_device(&way[i]);
        check_rank_of(1, 1, 1, 3, 0);
        check_rank_of(31, 5, 33, 20, 0);
        check_rank_of(257, 3, 1031, 23, 0);
        check_rank_of(33, 31, 257, 0, 0);
        check_rank_of(0, 3, 31, 5, 0);
        check_rank_of(1, 1, 1, 3, NONE); /* the target alone */
        check_rank_of(31, 5, 33, 20, 3); /* lists longer than there are candidates */
        check_rank_of(97, 3, 1031, 23, 2);
        check_rank_of(33, 31, 257, 7, 12);
        check_rank_of(31, 3, 257, 5, NONE);
        check_rank_of(33, 31, 257, 0, 2);
        device_close(device);
    }
    device = usual;
    check_planted_ties();
    check_not_finite();
}

/* The lists of output_best are those of output_rank, to the last bit. */
static void check_best_of(int targets, int width, int items, int k, int chance)
{
    static struct ranked r;
    struct output_layer o;
    struct problem p = output_problem(&o, targets, width, items);
    if (k % 2)
        add_additions(&p, &o);
    set_candidates(&o, chance);
    rank_on_device(&p, &o, k, &r);
    struct ranked *own = device->op->alloc(device, sizeof *own);
    struct quantized *copy = device->op->quantize(device, items, width, o.weight);
    size_t n = (size_t)targets * (size_t)k;
    for (int with = 0; with < 2; with++) {
        device->op->output_best(device, &o, with ? copy : NULL, k, own->item, own->score);
        int32_t *item = to_host(device, own->item, n * sizeof *item);
        float *score = to_host(device, own->score, n * sizeof *score);
        tap_ok(!memcmp(item, r.item, n * sizeof *item) &&
                   !memcmp(score, r.score, n * sizeof *score),
               "%d best of %d × %d, %s a copy, %s", k, targets, items, with ? "with" : "without",
               device->name);
        mem_free(item), mem_free(score);
    }
    if (copy)
        device->op->release(device, copy);
    device->op->release(device, own);
    if (o.candidate)
        device->op->release(device, (void *)(uintptr_t)o.candidate);
    output_close(&p, &o);
}

static void check_best_not_finite(void)
{
    struct output_layer o;
    struct problem p = output_problem(&o, 6, 3, 100);
    const float bad[3] = {NAN, INFINITY, -INFINITY};
    struct ranked *own = device->op->alloc(device, sizeof *own);
    struct quantized *copy = device->op->quantize(device, 100, 3, o.weight);
    for (int i = 0; i < 3; i++)
        device_set_float(device, p.value[0] + i * 6, bad[i]); /* rows 0, 2, 4 */
    device->op->output_best(device, &o, copy, 3, own->item, own->score);
    float *score = to_host(device, own->score, sizeof own->score);
    int32_t *item = to_host(device, own->item, sizeof own->item);
    int wrong = 0;
    for (int i = 0; i < 6; i++)
        wrong += isnan(score[3 * i]) != (i % 2 == 0) || (item[3 * i] == -1) != (i % 2 == 0);
    tap_ok(wrong == 0, "scores that are not finite make the best NaN: %d wrong", wrong);
    mem_free(score), mem_free(item);
    if (copy)
        device->op->release(device, copy);
    device_set_float(device, p.value[1] + 7, NAN);
    tap_ok(!device->op->quantize(device, 100, 3, o.weight), "no copy of a weight that is NaN");
    device->op->release(device, own);
    output_close(&p, &o);
}

static void check_best(void)
{
    const struct device_options way[] = {
        {.threads = 2}, {.threads = 1, .workspace = 1}, {.threads = 3, .workspace = 4096}};
    struct device *usual = device;
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        device = test_device(&way[i]);
        check_best_of(1, 33, 1031, 20, 0);
        check_best_of(5, 31, 1031, 23, 0);
        check_best_of(16, 3, 1000, 7, 2); /* many scores that are nearly equal */
        check_best_of(3, 97, 257, 5, 12);
        check_best_of(257, 3, 1031, 23, 0);
        check_best_of(1, 5, 64, 8, NONE);
        check_best_of(31, 5, 33, 20, 3);
        check_best_of(1, 1, 1, 3, 0);
        check_best_of(0, 3, 31, 5, 0);
        check_best_of(4, 3, 257, 0, 0);
        device_close(device);
    }
    device = usual;
    check_best_not_finite();
}

static const struct check checks[] = {OUTPUT_CHECKS(CHECK_ROW)};

int main(void)
{
    checks_open(2);
    run_checks(checks, sizeof checks / sizeof *checks);
    return checks_close();
}
