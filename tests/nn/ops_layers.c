/* The layers of the table (recurrent, attention) against plain references in double precision:
 * forward, and backward against its differences, at odd sizes and with empty and single sequences.
 */
#include "gru_reference.h"
#include "reference.h"

struct matrix {
    int rows, cols;
};

/* ---- recurrent ---- */

/* Layers of one step at most, which devices may compute otherwise; without and with empty ones. */
static const int32_t one_step[SEQUENCES] = {1, 1, 1, 1, 1, 1, 1};
static const int32_t one_or_none[SEQUENCES] = {0, 1, 1, 0, 1, 0, 1};

struct layer {
    int in, state;
    bool before, start;     /* reset before; an initial state is given */
    int copies;             /* of the sequences, one behind the other */
    bool multiplied;        /* x is W_ih x; in: 0 */
    const int32_t *lengths; /* [SEQUENCES]; NULL: some_lengths */
};

static const int32_t *lengths_of(const struct layer *s)
{
    return s->lengths ? s->lengths : some_lengths;
}

static int input_cols(const struct layer *s)
{
    return s->multiplied ? 3 * s->state : s->in;
}

/* in: x, W_ih, W_hh, b_ih, b_hh, h0 */
static void reference_gru(const struct problem *p, double *out)
{
    const struct layer *s = p->shape;
    const struct reference_unit u = {s->in,    s->state, s->before, s->multiplied ? NULL : p->in[1],
                                     p->in[2], p->in[3], p->in[4]};
    const int32_t *length = lengths_of(s);
    for (int q = 0, row = 0; q < s->copies * SEQUENCES; row += length[q++ % SEQUENCES])
        for (int t = 0; t < length[q % SEQUENCES]; t++) {
            const double zeros[257] = {0}, *h = s->start ? p->in[5] + q * s->state : zeros;
            reference_step(&u, p->in[0] + (row + t) * input_cols(s),
                           t ? out + (row + t - 1) * s->state : h, out + (row + t) * s->state);
        }
}

static const char *name_of(const struct layer *s, bool back)
{
    static char name[60];
    snprintf(name, sizeof name, "gru%s%s%s", back ? "_back" : "", s->lengths ? " of one step," : "",
             s->before ? " reset before," : "");
    return name;
}

/* Some sequences' gradient of h0 alone: as it is among all. */
static void check_begun(const struct problem *p, const struct ragged *r, struct gru_weights w,
                        const float *kept, const struct gru_grads *g)
{
    static const int32_t begun[] = {0, 2, SEQUENCES - 1};
    size_t n = (size_t)w.state, bytes = p->size[5] * sizeof(float);
    float *all = to_host(device, p->grad[5], bytes);
    device->op->fill(device, p->grad[5], 1, p->size[5]);
    w.begun = tape_rows(tape, begun, 3);
    device->op->gru_back(device, r, &w, p->value[0], p->value[5], p->found, kept, p->dout,
                         p->grad[0], p->grad[5], g);
    float *some = to_host(device, p->grad[5], bytes);
    double worst = 0;
    for (int i = 0; i < 3; i++)
        for (size_t j = 0, at = (size_t)begun[i] * n; j < n; j++, at++)
            worst = fmax(worst, fabs((double)some[at] - (double)all[at]));
    tap_ok(worst < 1e-5, "gru_back of sequences that begin, %zu units: worst %.1e", n, worst);
    mem_free(all);
    mem_free(some);
}

static void check_gru_of(struct layer s)
{
    int32_t *lengths = copies_of(lengths_of(&s), s.copies);
    const struct ragged *r = tape_ragged(tape, lengths, s.copies * SEQUENCES);
    struct problem p = {.reference = reference_gru, .shape = &s};
    size_t in = (size_t)s.in, H = (size_t)s.state, rows = (size_t)r->total;
    float bound = 1.5f / sqrtf((float)s.state);
    problem_input(&p, rows * (size_t)input_cols(&s), 1);
    problem_input(&p, 3 * H * in, bound);
    problem_input(&p, 3 * H * H, bound);
    problem_input(&p, 3 * H, bound);
    problem_input(&p, 3 * H, bound);
    if (s.start)
        problem_input(&p, (size_t)(s.copies * SEQUENCES) * H, 1);
    problem_output(&p, rows * H);
    float *kept = device_floats(rows * 4 * H), *h0 = s.start ? p.value[5] : NULL;
    struct gru_weights w = {s.in,       s.state,    s.before,   s.multiplied ? NULL : p.value[1],
                            p.value[2], p.value[3], p.value[4], NULL};
    device->op->gru(device, r, &w, p.value[0], h0, p.found, kept);
    check_forward(&p, label(name_of(&s, false), s.in, s.state));
    struct gru_grads g = {s.multiplied ? NULL : p.grad[1], p.grad[2], p.grad[3], p.grad[4]};
    device->op->gru_back(device, r, &w, p.value[0], h0, p.found, kept, p.dout, p.grad[0],
                         s.start ? p.grad[5] : NULL, &g);
    check_backward(&p, label(name_of(&s, true), s.in, s.state));
    if (s.start)
        check_begun(&p, r, w, kept, &g);
    device->op->release(device, kept);
    problem_close(&p);
    mem_free(lengths);
}

static void check_gru_once(void)
{
    for (int i = 0; i < SIZES; i++)
        for (int way = 0; way < 8; way++) {
            const int32_t *lengths = way & 4 ? one_or_none : one_step;
            int state = sizes[(i + way) % (SIZES - 1)];
            check_gru_of((struct layer){sizes[i], state, way & 1, way & 2, 1, false, lengths});
            if (i == 0) /* the input products are given */
                check_gru_of((struct layer){0, state, way & 1, way & 2, 1, true, lengths});
        }
    for (int way = 0; way < 2; way++)
        check_gru_of((struct layer){3, 5, way, true, 50, false, one_step});
}

static void check_gru(void)
{
    for (int i = 0; i < SIZES; i++)
        for (int way = 0; way < 4; way++)
            check_gru_of((struct layer){sizes[i], sizes[(i + way) % (SIZES - 1)], way & 1, way & 2,
                                        1, false, NULL});
    for (int way = 0; way < 2; way++) { /* more sequences than are taken at once */
        check_gru_of((struct layer){3, 5, way, true, 50, false, NULL});
        check_gru_of((struct layer){0, 5, way, true, 50, true, NULL});
    }
    for (int way = 0; way < 4; way++) /* the input products are given */
        check_gru_of((struct layer){0, sizes[way], way & 1, way & 2, 1, true, NULL});
    check_gru_once();
}

/* in: x, W_ih, W_hh, b_ih, b_hh, y0 */
static void reference_lstm(const struct problem *p, double *out)
{
    const struct layer *s = p->shape;
    const struct reference_unit u = {s->in,    s->state, false,   s->multiplied ? NULL : p->in[1],
                                     p->in[2], p->in[3], p->in[4]};
    const int32_t *length = lengths_of(s);
    int width = 2 * s->state, in = s->multiplied ? 4 * s->state : s->in;
    for (int q = 0, row = 0; q < s->copies * SEQUENCES; row += length[q++ % SEQUENCES])
        for (int t = 0; t < length[q % SEQUENCES]; t++) {
            const double zeros[2 * 257] = {0}, *y = s->start ? p->in[5] + q * width : zeros;
            reference_lstm_step(&u, p->in[0] + (row + t) * in, t ? out + (row + t - 1) * width : y,
                                out + (row + t) * width);
        }
}

static void check_lstm_of(struct layer s)
{
    int32_t *lengths = copies_of(lengths_of(&s), s.copies);
    const struct ragged *r = tape_ragged(tape, lengths, s.copies * SEQUENCES);
    struct problem p = {.reference = reference_lstm, .shape = &s};
    size_t in = (size_t)s.in, H = (size_t)s.state, rows = (size_t)r->total;
    float bound = 1.5f / sqrtf((float)s.state);
    problem_input(&p, rows * (s.multiplied ? 4 * H : in), 1);
    problem_input(&p, 4 * H * in, bound);
    problem_input(&p, 4 * H * H, bound);
    problem_input(&p, 4 * H, bound);
    problem_input(&p, 4 * H, bound);
    if (s.start)
        problem_input(&p, (size_t)(s.copies * SEQUENCES) * 2 * H, 1);
    problem_output(&p, rows * 2 * H);
    float *kept = device_floats(rows * 4 * H), *y0 = s.start ? p.value[5] : NULL;
    struct lstm_weights w = {s.in,       s.state,    s.multiplied ? NULL : p.value[1],
                             p.value[2], p.value[3], p.value[4]};
    device->op->lstm(device, r, &w, p.value[0], y0, p.found, kept);
    check_forward(&p, label(s.lengths ? "lstm of one step," : "lstm", s.in, s.state));
    struct gru_grads g = {s.multiplied ? NULL : p.grad[1], p.grad[2], p.grad[3], p.grad[4]};
    device->op->lstm_back(device, r, &w, p.value[0], y0, p.found, kept, p.dout, p.grad[0],
                          s.start ? p.grad[5] : NULL, &g);
    check_backward(&p, label(s.lengths ? "lstm_back of one step," : "lstm_back", s.in, s.state));
    device->op->release(device, kept);
    problem_close(&p);
    mem_free(lengths);
}

static void check_lstm(void)
{
    for (int i = 0; i < SIZES; i++)
        for (int start = 0; start < 2; start++) {
            int state = sizes[(i + start) % (SIZES - 1)];
            check_lstm_of((struct layer){sizes[i], state, false, start, 1, false, NULL});
            check_lstm_of((struct layer){sizes[i], state, false, start, 1, false, one_step});
            check_lstm_of((struct layer){sizes[i], state, false, start, 1, false, one_or_none});
        }
    for (int start = 0; start < 2; start++) {
        /* more sequences than are taken at once; the input products are given */
        check_lstm_of((struct layer){3, 5, false, start, 50, false, NULL});
        check_lstm_of((struct layer){0, 5, false, start, 50, true, NULL});
        check_lstm_of((struct layer){0, 31, false, start, 1, true, one_step});
    }
}

/* ---- attention ---- */

/* in: key, scale, value */
static void reference_attend(const struct problem *p, double *out)
{
    const struct matrix *s = p->shape; /* width and columns */
    for (int q = 0, row = 0; q < SEQUENCES; row += some_lengths[q++]) {
        double e[8], sum = 0;
        for (int i = 0; i < some_lengths[q]; i++) {
            e[i] = 0;
            for (int j = 0; j < s->rows; j++)
                e[i] += p->in[1][j] * tanh(p->in[0][(row + i) * s->rows + j]);
            sum += e[i] = exp(e[i]);
        }
        for (int j = 0; j < s->cols; j++) {
            out[q * s->cols + j] = 0;
            for (int i = 0; i < some_lengths[q]; i++)
                out[q * s->cols + j] += e[i] / sum * p->in[2][(row + i) * s->cols + j];
        }
    }
}

static void check_attend(void)
{
    for (int i = 0; i < SIZES; i++) {
        struct matrix s = {sizes[i], sizes[SIZES - 1 - i]};
        const struct ragged *r = tape_ragged(tape, some_lengths, SEQUENCES);
        struct problem p = {.reference = reference_attend, .shape = &s};
        problem_input(&p, ROWS * (size_t)s.rows, 2);
        problem_input(&p, (size_t)s.rows, 1);
        problem_input(&p, ROWS * (size_t)s.cols, 1);
        problem_output(&p, SEQUENCES * (size_t)s.cols);
        float *weight = device_floats(ROWS);
        device->op->attend(device, r, NULL, s.rows, s.cols, p.value[0], p.value[1], p.value[2],
                           weight, p.found);
        check_forward(&p, label("attend", s.rows, s.cols));
        device->op->attend_back(device, r, NULL, s.rows, s.cols, p.value[0], p.value[1], p.value[2],
                                weight, p.dout, p.grad[0], p.grad[1], p.grad[2]);
        check_backward(&p, label("attend_back", s.rows, s.cols));
        device->op->release(device, weight);
        problem_close(&p);
    }
}

static const struct check checks[] = {LAYER_CHECKS(CHECK_ROW)};

int main(void)
{
    checks_open(2);
    run_checks(checks, sizeof checks / sizeof *checks);
    return checks_close();
}
