/* Operations that take one matrix a user: grouped products, attention, the recurrent layer that
 * looks back, against plain references in double precision and their differences; with groups that
 * repeat, groups of one, one group for all. */
#include "gru_reference.h"
#include "reference.h"

enum { GROUPS = 4 };

/* Group 1 is nobody's. */
static const int32_t some_groups[SEQUENCES] = {3, 0, 3, 0, 2, 2, 3};
/* What the recurrent layer looks back at. */
static const int32_t memory_lengths[SEQUENCES] = {2, 3, 0, 1, 4, 0, 1};
enum { MEMORIES = 11 };

struct shape {
    int in, out, ldw; /* of grouped products */
    bool grouped;     /* else one matrix for all */
    int x, cols, width, state, ld;
    bool before;
    int copies; /* of the sequences, one behind the other */
};

static int group_of(const struct shape *s, int sequence)
{
    return s->grouped ? some_groups[sequence % SEQUENCES] : 0;
}

static size_t group_count(const struct shape *s)
{
    return s->grouped ? GROUPS : 1;
}

/* ---- grouped products ---- */

/* in: x, w, y before */
static void reference_linear(const struct problem *p, double *out)
{
    const struct shape *s = p->shape;
    for (int q = 0, row = 0; q < SEQUENCES; row += some_lengths[q++])
        for (int t = row; t < row + some_lengths[q]; t++)
            for (int i = 0; i < s->out; i++) {
                const double *w = p->in[1] + (group_of(s, q) * s->out + i) * s->ldw;
                double sum = p->in[2][t * s->out + i];
                for (int j = 0; j < s->in; j++)
                    sum += w[j] * p->in[0][t * s->in + j];
                out[t * s->out + i] = sum;
            }
}

static void check_group_linear_of(const struct shape *s)
{
    const struct ragged *r = tape_ragged(tape, some_lengths, SEQUENCES);
    const struct rows *group = tape_rows(tape, some_groups, SEQUENCES);
    struct problem p = {.reference = reference_linear, .shape = s};
    size_t in = (size_t)s->in, out = (size_t)s->out;
    problem_input(&p, ROWS * in, 0.5f);
    problem_input(&p, GROUPS * out * (size_t)s->ldw, 0.5f);
    problem_input(&p, ROWS * out, 1);
    problem_output(&p, ROWS * out);
    device->op->copy(device, p.found, p.value[2], ROWS * out);
    device->op->group_linear(device, r, group, s->in, s->out, p.value[0], p.value[1], s->ldw, true,
                             p.found);
    check_forward(&p, label("group_linear", s->in, s->out));
    device->op->group_linear_back(device, r, group, s->in, s->out, p.value[0], p.value[1], s->ldw,
                                  p.dout, p.grad[0], p.grad[1]);
    device->op->add(device, p.grad[2], p.dout, ROWS * out);
    check_backward(&p, label("group_linear_back", s->in, s->out));
    problem_close(&p);
}

static void check_group_linear(void)
{
    for (int i = 0; i < SIZES; i++)
        for (int more = 0; more < 2; more++) {
            int in = sizes[i], out = sizes[SIZES - 1 - i];
            check_group_linear_of(
                &(struct shape){.in = in, .out = out, .ldw = in + 3 * more, .grouped = true});
        }
}

/* ---- a number for each row ---- */

/* Groups of several blocks of rows, of one row, of none. */
static const int32_t row_start[SEQUENCES + 1] = {0, 90, 90, 91, 241, 270, 270, 330};

/* in: weight, offset, score, direct; x beside them has no gradient */
struct rows_of_groups {
    int in, hidden;
    const float *x;
};

static void reference_perceptron(const struct problem *p, double *out)
{
    const struct rows_of_groups *s = p->shape;
    for (int g = 0; g < SEQUENCES; g++)
        for (int i = row_start[g]; i < row_start[g + 1]; i++) {
            const float *x = s->x + i * s->in;
            out[i] = 0;
            for (int k = 0; k < s->in; k++)
                out[i] += p->in[3][k] * (double)x[k];
            for (int j = 0; j < s->hidden; j++) {
                double unit = p->in[1][g * s->hidden + j];
                for (int k = 0; k < s->in; k++)
                    unit += p->in[0][j * s->in + k] * (double)x[k];
                out[i] += p->in[2][j] * (unit > 0 ? unit : 0);
            }
        }
}

static void check_perceptron_of(int in, int hidden)
{
    size_t rows = (size_t)row_start[SEQUENCES], width = (size_t)in, units = (size_t)hidden;
    float *x = random_floats(rows * width, 0.5f),
          *device_x = to_device(device, x, rows * width * 4);
    int32_t *start = to_device(device, row_start, sizeof row_start);
    struct rows_of_groups s = {in, hidden, x};
    struct problem p = {.reference = reference_perceptron, .shape = &s};
    problem_input(&p, units * width, 0.3f);
    problem_input(&p, SEQUENCES * units, 0.5f);
    problem_input(&p, units, 0.3f);
    problem_input(&p, width, 0.3f);
    problem_output(&p, rows);
    struct perceptron op = {(int)rows, SEQUENCES,  in,         hidden,     start,
                            device_x,  p.value[0], p.value[1], p.value[2], p.value[3]};
    device->op->perceptron(device, &op, p.found);
    check_forward(&p, label("perceptron", in, hidden));
    device->op->perceptron_back(
        device, &op, p.dout,
        &(struct perceptron_grads){p.grad[0], p.grad[1], p.grad[2], p.grad[3]});
    check_backward(&p, label("perceptron_back", in, hidden));
    problem_close(&p);
    device->op->release(device, device_x);
    device->op->release(device, start);
    mem_free(x);
}

static void check_perceptron(void)
{
    for (int i = 0; i < SIZES; i++)
        check_perceptron_of(sizes[i], sizes[SIZES - 1 - i]);
    check_perceptron_of(26, 32); /* no unit beyond the last */
}

/* ---- attention with a scale for each group ---- */

/* in: key, scale, value */
static void reference_attend(const struct problem *p, double *out)
{
    const struct shape *s = p->shape;
    for (int q = 0, row = 0; q < SEQUENCES; row += some_lengths[q++]) {
        const double *scale = p->in[1] + group_of(s, q) * s->width;
        double e[8], sum = 0;
        for (int i = 0; i < some_lengths[q]; i++) {
            e[i] = 0;
            for (int j = 0; j < s->width; j++)
                e[i] += scale[j] * tanh(p->in[0][(row + i) * s->width + j]);
            sum += e[i] = exp(e[i]);
        }
        for (int j = 0; j < s->cols; j++) {
            out[q * s->cols + j] = 0;
            for (int i = 0; i < some_lengths[q]; i++)
                out[q * s->cols + j] += e[i] / sum * p->in[2][(row + i) * s->cols + j];
        }
    }
}

static void check_group_attend_of(const struct shape *s)
{
    const struct ragged *r = tape_ragged(tape, some_lengths, SEQUENCES);
    const struct rows *group = tape_rows(tape, some_groups, SEQUENCES);
    struct problem p = {.reference = reference_attend, .shape = s};
    problem_input(&p, ROWS * (size_t)s->width, 2);
    problem_input(&p, GROUPS * (size_t)s->width, 1);
    problem_input(&p, ROWS * (size_t)s->cols, 1);
    problem_output(&p, SEQUENCES * (size_t)s->cols);
    float *weight = device_floats(ROWS);
    device->op->attend(device, r, group, s->width, s->cols, p.value[0], p.value[1], p.value[2],
                       weight, p.found);
    check_forward(&p, label("attend, grouped,", s->width, s->cols));
    device->op->attend_back(device, r, group, s->width, s->cols, p.value[0], p.value[1], p.value[2],
                            weight, p.dout, p.grad[0], p.grad[1], p.grad[2]);
    check_backward(&p, label("attend_back, grouped,", s->width, s->cols));
    device->op->release(device, weight);
    problem_close(&p);
}

static void check_group_attend(void)
{
    for (int i = 0; i < SIZES; i++)
        check_group_attend_of(
            &(struct shape){.grouped = true, .width = sizes[i], .cols = sizes[SIZES - 1 - i]});
}

/* ---- the recurrent layer that looks back ---- */

/* in: x, W_ih, W_hh, b_ih, b_hh, h0, key, value, query, scale */
enum { X, IH, HH, IH_BIAS, HH_BIAS, H0, KEY, VALUE, QUERY, SCALE };

/* context [cols] of sequence q with memory rows from `from`, after state h. */
static void reference_context(const struct problem *p, int q, int from, const double *h,
                              double *context)
{
    const struct shape *s = p->shape;
    const double *w = p->in[QUERY] + group_of(s, q) * s->width * s->ld;
    const double *scale = p->in[SCALE] + group_of(s, q) * s->width;
    double e[8], sum = 0;
    for (int j = 0; j < memory_lengths[q % SEQUENCES]; j++) {
        e[j] = 0;
        for (int i = 0; i < s->width; i++) {
            double a = p->in[KEY][(from + j) * s->width + i];
            for (int k = 0; k < s->state; k++)
                a += w[i * s->ld + k] * h[k];
            e[j] += scale[i] * tanh(a);
        }
        sum += e[j] = exp(e[j]);
    }
    for (int i = 0; i < s->cols; i++) {
        context[i] = 0;
        for (int j = 0; j < memory_lengths[q % SEQUENCES]; j++)
            context[i] += e[j] / sum * p->in[VALUE][(from + j) * s->cols + i];
    }
}

static void reference_gru_attend(const struct problem *p, double *out)
{
    const struct shape *s = p->shape;
    const struct reference_unit u = {s->x + s->cols, s->state,       s->before,     p->in[IH],
                                     p->in[HH],      p->in[IH_BIAS], p->in[HH_BIAS]};
    for (int q = 0, row = 0, from = 0; q < s->copies * SEQUENCES;
         from += memory_lengths[q++ % SEQUENCES])
        for (int t = 0; t < some_lengths[q % SEQUENCES]; t++, row++) {
            const double *h = t ? out + (row - 1) * s->state : p->in[H0] + q * s->state;
            double x[257];
            for (int i = 0; i < s->x; i++)
                x[i] = p->in[X][row * s->x + i];
            reference_context(p, q, from, h, x + s->x);
            reference_step(&u, x, h, out + row * s->state);
        }
}

/* Where the weights of each row begin; behind the last: their number. */
static void weight_places(int copies, int32_t *at)
{
    int32_t n = 0;
    for (int q = 0, row = 0; q < copies * SEQUENCES; q++)
        for (int t = 0; t < some_lengths[q % SEQUENCES]; t++, n += memory_lengths[q % SEQUENCES])
            at[row++] = n;
    at[copies * ROWS] = n;
}

static void open_inputs(struct problem *p, const struct shape *s)
{
    size_t in = (size_t)(s->x + s->cols), H = (size_t)s->state, width = (size_t)s->width;
    size_t copies = (size_t)s->copies, rows = copies * ROWS;
    float bound = 1.5f / sqrtf((float)s->state);
    problem_input(p, rows * (size_t)s->x, 1);
    problem_input(p, 3 * H * in, bound);
    problem_input(p, 3 * H * H, bound);
    problem_input(p, 3 * H, bound);
    problem_input(p, 3 * H, bound);
    problem_input(p, copies * SEQUENCES * H, 1);
    problem_input(p, copies * MEMORIES * width, 1);
    problem_input(p, copies * MEMORIES * (size_t)s->cols, 1);
    problem_input(p, group_count(s) * width * (size_t)s->ld, bound);
    problem_input(p, group_count(s) * width, 1);
    problem_output(p, rows * H);
}

/* The weights of a row with memory sum to 1. */
static double sum_error(int rows, const float *weight, const int32_t *at)
{
    double worst = 0;
    for (int i = 0; i < rows; i++) {
        double sum = at[i] == at[i + 1];
        for (int32_t j = at[i]; j < at[i + 1]; j++)
            sum += (double)weight[j];
        worst = fmax(worst, fabs(sum - 1));
    }
    return worst;
}

static void check_gru_attend_of(const struct shape *s)
{
    const struct operations *op = device->op;
    struct problem p = {.reference = reference_gru_attend, .shape = s};
    open_inputs(&p, s);
    int rows = s->copies * ROWS, sequences = s->copies * SEQUENCES;
    int32_t *at = mem_alloc(((size_t)rows + 1) * sizeof *at),
            *all[] = {copies_of(some_lengths, s->copies), copies_of(memory_lengths, s->copies),
                      copies_of(some_groups, s->copies)};
    weight_places(s->copies, at);
    size_t weights = (size_t)at[rows], cols = (size_t)s->cols, H = (size_t)s->state;
    const struct ragged *r = tape_ragged(tape, all[0], sequences);
    const struct memory m = {.rows = tape_ragged(tape, all[1], sequences),
                             .width = s->width,
                             .cols = s->cols,
                             .key = p.value[KEY],
                             .value = p.value[VALUE],
                             .query = p.value[QUERY],
                             .ld = s->ld,
                             .scale = p.value[SCALE],
                             .group = s->grouped ? tape_rows(tape, all[2], sequences) : NULL,
                             .at = tape_ints(tape, at, (size_t)rows + 1),
                             .weights = at[rows]};
    struct gru_weights w = {s->x + s->cols, s->state,         s->before,        p.value[IH],
                            p.value[HH],    p.value[IH_BIAS], p.value[HH_BIAS], NULL};
    float *kept = device_floats((size_t)rows * 4 * H);
    float *context = device_floats((size_t)rows * cols);
    float *weight = device_floats(weights);
    op->gru_attend(device, r, &w, &m, s->x, p.value[X], p.value[H0], p.found, kept, context,
                   weight);
    check_forward(&p, label(s->grouped ? "gru_attend, grouped," : "gru_attend", s->cols, s->state));
    float *found = to_host(device, weight, weights * sizeof *found);
    tap_ok(sum_error(rows, found, at) < 1e-6, "its weights sum to 1: %.1e",
           sum_error(rows, found, at));
    struct gru_grads g = {p.grad[IH], p.grad[HH], p.grad[IH_BIAS], p.grad[HH_BIAS]};
    struct memory_grads dm = {p.grad[KEY], p.grad[VALUE], p.grad[QUERY], p.grad[SCALE]};
    op->gru_attend_back(device, r, &w, &m, s->x, p.value[X], p.value[H0], p.found, kept, context,
                        weight, p.dout, p.grad[X], p.grad[H0], &g, &dm);
    check_backward(&p, label("gru_attend_back", s->cols, s->state));
    float *own[] = {kept, context, weight};
    for (int i = 0; i < 3; i++)
        op->release(device, own[i]), mem_free(all[i]);
    mem_free(at);
    mem_free(found);
    problem_close(&p);
}

static void check_gru_attend(void)
{
    const struct shape shapes[] = {
        {.x = 1, .cols = 1, .width = 1, .state = 1, .ld = 1},
        {.x = 31, .cols = 9, .width = 17, .state = 33, .ld = 35},
        {.x = 5, .cols = 33, .width = 31, .state = 31, .ld = 31},
    };
    for (int i = 0; i < 3; i++)
        for (int way = 0; way < 4; way++) {
            struct shape s = shapes[i];
            s.grouped = way & 1, s.before = way & 2, s.copies = 1;
            check_gru_attend_of(&s);
        }
    for (int way = 0; way < 2; way++) /* more sequences than are taken at once */
        check_gru_attend_of(&(struct shape){
            .x = 3, .cols = 2, .width = 4, .state = 5, .ld = 6, .grouped = way, .copies = 40});
}

/* No sequences: nothing is read or written. */
static void check_nothing(void)
{
    const struct operations *op = device->op;
    const int32_t none[1] = {0};
    const struct ragged *r = tape_ragged(tape, none, 0);
    const struct rows *group = tape_rows(tape, none, 0);
    const float zeros[3 * 4] = {0}, seven = 7;
    float *x = to_device(device, zeros, sizeof zeros), *h = to_device(device, &seven, sizeof seven);
    struct gru_weights w = {2, 1, false, x, x, x, x, NULL};
    struct gru_grads g = {x, x, x, x};
    const struct memory m = {r, 1, 1, x, x, x, 1, x, group, tape_ints(tape, none, 1), 0};
    const struct memory_grads dm = {x, x, x, x};
    op->group_linear(device, r, group, 3, 4, x, x, 3, false, h);
    op->group_linear_back(device, r, group, 3, 4, x, x, 3, x, h, h);
    op->gru_attend(device, r, &w, &m, 1, x, x, h, h, h, h);
    op->gru_attend_back(device, r, &w, &m, 1, x, x, h, h, h, h, h, h, h, &g, &dm);
    tap_ok(device_float(device, h) == seven, "no sequences");
    op->release(device, x);
    op->release(device, h);
}

static const struct check checks[] = {GROUP_CHECKS(CHECK_ROW)};

int main(void)
{
    checks_open(4);
    run_checks(checks, sizeof checks / sizeof *checks);
    check_group_attend();
    check_nothing();
    return checks_close();
}
