/* Attention of each row to the rows up to itself, against a plain reference in double precision. */
#include "reference.h"

struct shape {
    int width, cols;
};

/* in: query, key, scale, value */
static void reference_up_to(const struct problem *p, double *out)
{
    const struct shape *s = p->shape;
    for (int q = 0, first = 0; q < SEQUENCES; first += some_lengths[q++])
        for (int t = first; t < first + some_lengths[q]; t++)
            for (int c = 0; c < s->cols; c++) {
                double sum = 0;
                for (int j = first; j <= t; j++) {
                    double energy = 0;
                    for (int i = 0; i < s->width; i++) {
                        double x = p->in[0][t * s->width + i] + p->in[1][j * s->width + i];
                        energy += p->in[2][i] / (1 + exp(-x));
                    }
                    sum += energy * p->in[3][j * s->cols + c];
                }
                out[t * s->cols + c] = sum;
            }
}

/* Where the weights of each row begin. */
static const int32_t *weights_at(void)
{
    int32_t at[ROWS + 1] = {0};
    for (int q = 0, row = 0; q < SEQUENCES; q++)
        for (int i = 1; i <= some_lengths[q]; i++, row++)
            at[row + 1] = at[row] + i;
    return tape_ints(tape, at, ROWS + 1);
}

static void check_up_to_of(struct shape s)
{
    const struct ragged *r = tape_ragged(tape, some_lengths, SEQUENCES);
    const int32_t *at = weights_at();
    struct problem p = {.reference = reference_up_to, .shape = &s};
    float bound = 1.0f / sqrtf((float)s.width);
    problem_input(&p, ROWS * (size_t)s.width, 2);
    problem_input(&p, ROWS * (size_t)s.width, 2);
    problem_input(&p, (size_t)s.width, bound);
    problem_input(&p, ROWS * (size_t)s.cols, 1);
    problem_output(&p, ROWS * (size_t)s.cols);
    float *weight = tape_memory(tape, ROWS * ROWS * sizeof *weight);
    device->op->attend_up_to(device, r, at, s.width, s.cols, p.value[0], p.value[1], p.value[2],
                             p.value[3], weight, p.found);
    check_forward(&p, label("attend_up_to", s.width, s.cols));
    device->op->attend_up_to_back(device, r, at, s.width, s.cols, p.value[0], p.value[1],
                                  p.value[2], p.value[3], weight, p.dout, p.grad[0], p.grad[1],
                                  p.grad[2], p.grad[3]);
    check_backward(&p, label("attend_up_to_back", s.width, s.cols));
    problem_close(&p);
}

static void check_up_to(void)
{
    for (int i = 0; i < SIZES; i++)
        check_up_to_of((struct shape){sizes[i], sizes[SIZES - 1 - i]});
}

static const struct check checks[] = {UP_TO_CHECKS(CHECK_ROW)};

int main(void)
{
    checks_open(5);
    run_checks(checks, sizeof checks / sizeof *checks);
    return checks_close();
}
