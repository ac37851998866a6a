/* lib/train/teacher: what a model that reads sessions from their end says of the targets of one
 * that reads them from their beginning, and the loss of both. */
#include "train/teacher.h"

#include "../model/pair.h"

enum { SESSIONS = 5, EVENTS = 17 };
static const int lengths[SESSIONS] = {4, 1, 2, 7, 3};

static void make_sessions(struct made *m, bool from_end)
{
    drawn = random_of(5, 9);
    *m = (struct made){0};
    for (int s = 0; s < SESSIONS; s++)
        add_first_session(m, s, lengths[s]);
    for (int s = 0, first = 0; from_end && s < SESSIONS; first += lengths[s++])
        for (int i = 0; i < lengths[s] / 2; i++) {
            int32_t *a = &m->item.at[first + i], *b = &m->item.at[first + lengths[s] - 1 - i];
            int32_t kept = *a;
            *a = *b;
            *b = kept;
        }
    close_batch(m);
}

/* States and scores of a batch's targets in a test, in double. */
static double *scores_of(struct pair *p, const struct batch *b, int *targets)
{
    struct tape *t = p->learner.tape;
    struct forward f;
    tape_begin(t, false, 0, 0);
    model_forward(&p->model, t, b, &f);
    size_t width = (size_t)f.state->cols, n = (size_t)f.targets;
    float *state = to_host(p->device, f.state->value, n * width * sizeof *state);
    float *weight = to_host(p->device, model_output(&p->model, t, &f)->value,
                            PAIR_ITEMS * width * sizeof *weight);
    float *bias = to_host(p->device, model_output_bias(t, &f)->value, PAIR_ITEMS * sizeof *bias);
    double *score = mem_alloc(n * PAIR_ITEMS * sizeof *score);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < PAIR_ITEMS; j++) {
            double sum = (double)bias[j];
            for (size_t k = 0; k < width; k++)
                sum += (double)state[i * width + k] * (double)weight[j * width + k];
            score[i * PAIR_ITEMS + j] = sum;
        }
    *targets = f.targets;
    mem_free(state);
    mem_free(weight);
    mem_free(bias);
    return score;
}

static double log_sum(const double *score, double temperature)
{
    double sum = 0;
    for (int j = 0; j < PAIR_ITEMS; j++)
        sum += exp(score[j] / temperature);
    return log(sum);
}

/* -(1 - λ) log q_target - λ Σ s log q; other NULL: the target alone. */
static double target_loss(const double *own, const double *other, int32_t target, double weight,
                          double temperature)
{
    double all = log_sum(own, 1), taught = other ? log_sum(other, temperature) : 0, sum = 0;
    for (int j = 0; j < PAIR_ITEMS && other; j++)
        sum -= exp(other[j] / temperature - taught) * (own[j] - all);
    return other ? (1 - weight) * (all - own[target]) + weight * sum : all - own[target];
}

/* The mean loss: of event j of n events the teacher's row is n - 2 - j, if there is one. */
static double mean_loss(const double *own, const double *other, const struct batch *b,
                        double weight, double temperature)
{
    double total = 0;
    int row = 0;
    for (int s = 0, event = 0; s < SESSIONS; event += lengths[s++])
        for (int first = row, j = 1; j < lengths[s]; j++, row++) {
            int theirs = first + lengths[s] - 2 - j;
            total += target_loss(own + row * PAIR_ITEMS,
                                 j < lengths[s] - 1 ? other + theirs * PAIR_ITEMS : NULL,
                                 column_i32(b->item)[event + j], weight, temperature);
        }
    return total / row;
}

static void check_taught(const char *decoder, double weight, double temperature)
{
    struct model_shape shape = {.decoder = decoder, .embedding = 6, .hidden = 5},
                       other = {.decoder = "dense", .embedding = 4, .hidden = 7};
    struct made made, turned;
    struct pair own, theirs;
    int all, as_many;
    make_sessions(&made, false);
    make_sessions(&turned, true);
    pair_open(&own, "improved", &shape);
    pair_open(&theirs, "improved", &other);
    double *ours = scores_of(&own, &made.batch, &all);
    double *taught = scores_of(&theirs, &turned.batch, &as_many);
    struct teacher teacher = {
        .model = theirs.model, .weight = (float)weight, .temperature = (float)temperature};
    own.learner.options.teacher = &teacher;
    learner_begin(&own.learner, (struct epoch){1, PART_TRAIN});
    double expected = mean_loss(ours, taught, &made.batch, weight, temperature);
    double found = batch_loss(&own, &made.batch);
    tap_ok(all == EVENTS - SESSIONS && as_many == all && fabs(found - expected) < 1e-5 &&
               fabs(found - mean_loss(ours, ours, &made.batch, 0, 1)) > 1e-3,
           "%s, share %g, temperature %g: the loss is %.5f, off by %.1e", decoder, weight,
           temperature, found, fabs(found - expected));
    mem_free(ours);
    mem_free(taught);
    pair_close(&own);
    pair_close(&theirs);
    made_release(&made);
    made_release(&turned);
}

/* A teacher that was never opened, and one that is not there. */
static void check_nothing(void)
{
    struct teacher none = {0};
    struct model_options o = {.teacher = "no such file"};
    struct err e;
    teacher_close(&none);
    tap_ok(teacher_open(&none, &o, &e) == STATUS_NOINPUT, "a file that is not there: %s", e.text);
    teacher_close(&none);
}

int main(void)
{
    check_taught("dense", 0.5, 1);
    check_taught("tied", 1, 2.5);
    check_taught("bilinear", 0.25, 0.5);
    check_nothing();
    return tap_done();
}
