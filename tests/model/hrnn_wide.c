/* Networks over slots with a wide part: what steps learn from is what the same sessions run whole
 * would; scores against additions made dense on the host; what begins a joined session has none. */
#include "model/wide_part.h"
#include "model/wide_score.h"
#include "pair.h"

enum { SLOTS = PAIR_SLOTS, STEPS = 8, SESSIONS = 6, TARGETS = 16, MOST = 9, WIDTH = 5 };

static const int slot_of[SESSIONS] = {0, 0, 1, 1, 1, 2}, user_of[SESSIONS] = {0, 1, 2, 2, 2, 3},
                 length_of[SESSIONS] = {4, 5, 3, 2, 4, 4};

/* The sessions whole, and in slots; made-up evidence of the targets in both orders. */
struct log {
    struct made made;
    int32_t item[STEPS * SLOTS], target[STEPS * SLOTS], user[STEPS * SLOTS];
    unsigned char reset[STEPS * SLOTS];
    int place[STEPS * SLOTS]; /* of the target of each step among those of whole sessions; -1 */
    struct said {
        int32_t start[TARGETS + 1], item[TARGETS * MOST];
        float feature[TARGETS * MOST * EVIDENCE_FEATURES], context[TARGETS * EVIDENCE_CONTEXT];
        struct evidence evidence;
    } whole, steps;
};

static float draw_number(void)
{
    return (float)random_below(&drawn, 1 << 20) / (1 << 19) - 0.5f;
}

static void end_evidence(struct said *e, int positions)
{
    e->evidence = (struct evidence){.positions = positions,
                                    .candidates = e->start[positions],
                                    .start = e->start,
                                    .item = e->item,
                                    .feature = e->feature,
                                    .context = e->context};
}

static void draw_evidence(struct said *e)
{
    int n = 0;
    e->start[0] = 0;
    for (int p = 0; p < TARGETS; p++) {
        int count = p % 5 == 3 ? 0 : (int)random_below(&drawn, MOST);
        for (int i = 0; i < count; i++)
            e->item[n++] = (p + 4 * i) % PAIR_ITEMS;
        e->start[p + 1] = n;
    }
    for (int i = 0; i < n * EVIDENCE_FEATURES; i++)
        e->feature[i] = draw_number();
    for (int i = 0; i < TARGETS * EVIDENCE_CONTEXT; i++)
        e->context[i] = draw_number();
    end_evidence(e, TARGETS);
}

/* Adds position `of` of the one to the other. */
static void add_position(struct said *to, int at, const struct said *from, int of)
{
    enum { F = EVIDENCE_FEATURES, Z = EVIDENCE_CONTEXT };
    int32_t begin = from->start[of], n = from->start[of + 1] - begin, put = at ? to->start[at] : 0;
    to->start[at] = put;
    to->start[at + 1] = put + n;
    memcpy(to->item + put, from->item + begin, (size_t)n * sizeof *to->item);
    memcpy(to->feature + put * F, from->feature + begin * F, (size_t)(n * F) * sizeof(float));
    memcpy(to->context + at * Z, from->context + of * Z, Z * sizeof(float));
}

static void fill_slots(struct log *l)
{
    int next[SLOTS] = {0}, target = 0, user[SLOTS] = {-1, -1, -1};
    const int32_t *item = l->made.item.at;
    for (int i = 0; i < STEPS * SLOTS; i++)
        l->reset[i] = RESET_IDLE, l->place[i] = -1;
    for (int s = 0; s < SESSIONS; item += length_of[s++])
        for (int j = 0; j + 1 < length_of[s]; j++, target++) {
            int slot = slot_of[s], at = next[slot]++ * SLOTS + slot;
            l->item[at] = item[j];
            l->target[at] = item[j + 1];
            l->user[at] = user_of[s];
            l->place[at] = target;
            l->reset[at] = j ? RESET_NONE : user[slot] == user_of[s] ? RESET_SESSION : RESET_USER;
            user[slot] = user_of[s];
        }
}

static void log_make(struct log *l)
{
    int at = 0;
    memset(l, 0, sizeof *l);
    drawn = random_of(23, 4);
    for (int s = 0; s < SESSIONS; s++)
        add_first_session(&l->made, user_of[s], length_of[s]);
    close_batch(&l->made);
    draw_evidence(&l->whole);
    l->made.batch.evidence = &l->whole.evidence;
    fill_slots(l);
    for (int i = 0; i < STEPS * SLOTS; i++)
        if (l->place[i] >= 0)
            add_position(&l->steps, at++, &l->whole, l->place[i]);
    end_evidence(&l->steps, at);
}

/* ---- one forward and backward pass ---- */

struct passed {
    int targets, begun;
    float *loss, *gradient; /* of the mean */
    float *score;           /* [targets, items], of the network alone */
    int32_t target[2 * TARGETS];
    unsigned char begins[2 * TARGETS];
};

static void passed_release(struct passed *p)
{
    mem_free(p->loss);
    mem_free(p->gradient);
    mem_free(p->score);
}

static struct slot_steps slots_of(const struct log *l)
{
    return (struct slot_steps){.slots = SLOTS,
                               .count = STEPS,
                               .item = l->item,
                               .target = l->target,
                               .user = l->user,
                               .reset = l->reset};
}

/* steps false: of whole sessions, as if in training. */
static struct passed pass(struct pair *p, const struct log *l, bool steps)
{
    const struct slot_steps slots = slots_of(l);
    struct tape *t = p->learner.tape;
    struct passed to = {.targets = 0};
    struct forward f;
    clear_gradients(p);
    tape_begin(t, true, 1, 1);
    if (steps) {
        p->model.class->plan(&p->model, t, &slots, &f);
        model_steps(&p->model, t, &l->steps.evidence, &f);
    } else {
        model_forward(&p->model, t, &l->made.batch, &f);
    }
    const float *loss =
        tape_output_loss(t, f.state, model_output(&p->model, t, &f), model_output_bias(t, &f),
                         &f.add, tape_ints(t, f.target, (size_t)f.targets));
    tape_backward(t);
    to.targets = f.targets;
    to.loss = to_host(p->device, loss, (size_t)f.targets * sizeof *loss);
    to.gradient = all_gradients(p);
    for (int i = 0; i < f.targets; i++) {
        to.target[i] = f.target[i];
        to.begins[i] = f.begins && f.begins[i];
        to.begun += to.begins[i];
    }
    return to;
}

/* The scores of the network alone: the class's steps without evidence. */
static void pass_alone(struct pair *p, const struct log *l, struct passed *to)
{
    const struct slot_steps slots = slots_of(l);
    struct tape *t = p->learner.tape;
    struct forward f;
    tape_begin(t, true, 1, 1);
    p->model.class->plan(&p->model, t, &slots, &f);
    model_steps(&p->model, t, NULL, &f);
    struct tensor *score = tape_linear(t, f.state, model_output(&p->model, t, &f), NULL);
    to->score =
        to_host(p->device, score->value, (size_t)(f.targets * PAIR_ITEMS) * sizeof *score->value);
}

/* ---- held against each other ---- */

static struct model_shape shape_of(bool joined, bool parted, const char *propagate)
{
    return (struct model_shape){.embedding = WIDTH,
                                .hidden = 7,
                                .gru = "reset-before",
                                .decoder = "tied",
                                .propagate = propagate,
                                .join_sessions = joined,
                                .separator = parted,
                                .wide = true};
}

/* Each session of rnn begins from zeros, in slots as whole. */
static void check_whole(const struct log *l)
{
    struct model_shape shape = shape_of(false, false, NULL);
    struct pair a, b;
    double losses = 0, gradients = 0, most = 0;
    int at = 0;
    pair_open(&a, "rnn", &shape);
    pair_open(&b, "rnn", &shape);
    struct passed x = pass(&a, l, true), y = pass(&b, l, false);
    for (int i = 0; i < STEPS * SLOTS && x.targets == TARGETS && y.targets == TARGETS; i++)
        if (l->place[i] >= 0)
            losses = fmax(losses, fabs((double)x.loss[at++] - (double)y.loss[l->place[i]]));
    for (size_t i = 0; i < a.model.parameters.count; i++) {
        gradients = fmax(gradients, fabs((double)x.gradient[i] - (double)y.gradient[i]));
        most = fmax(most, fabs((double)y.gradient[i]));
    }
    tap_ok(at == TARGETS && losses < 1e-6 && gradients < 1e-6 && most > 0.01,
           "rnn: steps learn what whole sessions do: %d losses to %.1e, %d gradients to %.1e of at "
           "most %.2f",
           at, losses, (int)a.model.parameters.count, gradients, most);
    passed_release(&x);
    passed_release(&y);
    pair_close(&a);
    pair_close(&b);
}

/* m(z) of a target; z NULL: zeros. */
static double factor_of(const struct reference *r, const float *z)
{
    double factor = *ref_w(r, "wide_deep", ".bias");
    for (int i = 0; i < EVIDENCE_CONTEXT && z; i++)
        factor += ref_w(r, "wide_deep", ".weight")[i] * (double)z[i];
    return factor;
}

/* The loss of target i by scores of all items; `of`: its position in the evidence, -1: none. */
static double dense_loss(const struct pair *p, const struct wide_weights *w, const struct passed *x,
                         int i, const struct evidence *e, int of)
{
    const double *bias = ref_w(&p->reference, "output", ".bias");
    const float *z = of < 0 ? NULL : e->context + of * EVIDENCE_CONTEXT;
    double score[PAIR_ITEMS], factor = factor_of(&p->reference, z), sum = 0;
    float hidden[WIDE_HIDDEN];
    for (int j = 0; j < PAIR_ITEMS; j++)
        score[j] = (double)w->prior * log(pair_count[j] + 0.5);
    if (z)
        wide_score_context(w, z, hidden);
    for (int32_t k = z ? e->start[of] : 0; z && k < e->start[of + 1]; k++)
        score[e->item[k]] = (double)wide_score(w, hidden, e->feature + k * EVIDENCE_FEATURES);
    for (int j = 0; j < PAIR_ITEMS; j++) {
        score[j] += factor * (double)x->score[i * PAIR_ITEMS + j] + bias[j];
        sum += exp(score[j]);
    }
    return log(sum) - score[x->target[i]];
}

/* The mean loss of the steps from where they began, with all weights moved along `way`. */
static double loss_at(struct pair *p, const struct log *l, const float *way, double by)
{
    const struct parameters *q = &p->model.parameters;
    float *w = mem_alloc(q->count * sizeof *w);
    double sum = 0;
    for (size_t i = 0; i < q->count; i++)
        w[i] = (float)(p->reference.w[i] + by * (double)way[i]);
    p->device->op->upload(p->device, q->value, w, q->count * sizeof *w);
    p->model.class->restart(&p->model);
    struct passed x = pass(p, l, true);
    for (int i = 0; i < x.targets; i++)
        sum += (double)x.loss[i] / x.targets;
    passed_release(&x);
    mem_free(w);
    return sum;
}

/* How much the loss falls along the gradient, by differences; the gradient says 1. */
static double slope(struct pair *p, const struct log *l, const float *gradient)
{
    double squares = 0;
    for (size_t i = 0; i < p->model.parameters.count; i++)
        squares += (double)gradient[i] * (double)gradient[i];
    double by = 4e-3 / squares;
    double fall = loss_at(p, l, gradient, by) - loss_at(p, l, gradient, -by);
    loss_at(p, l, gradient, 0);
    return fall / (2 * by * squares);
}

static void check_dense(const struct log *l, const char *model, bool joined, bool parted,
                        const char *propagate)
{
    struct model_shape shape = shape_of(joined, parted, propagate);
    struct pair p;
    struct wide_weights w = {0};
    double worst = 0;
    int of = 0;
    pair_open(&p, model, &shape);
    struct passed x = pass(&p, l, true);
    wide_part_weights(&p.model, &w);
    p.model.class->restart(&p.model); /* the steps once more, from where they began */
    pass_alone(&p, l, &x);
    for (int i = 0; i < x.targets; i++) {
        double wanted = dense_loss(&p, &w, &x, i, &l->steps.evidence, x.begins[i] ? -1 : of++);
        worst = fmax(worst, fabs((double)x.loss[i] - wanted));
    }
    double fall = slope(&p, l, x.gradient);
    tap_ok(of == TARGETS && x.begun == (joined ? 2 : 0) && worst < 1e-5 && fabs(fall - 1) < 3e-3,
           "%s%s%s%s%s: %d losses by dense additions to %.1e, of %d without evidence; %.4f of the "
           "gradient by differences",
           model, joined ? " joined" : "", parted ? " parted" : "", propagate ? " " : "",
           propagate ? propagate : "", x.targets, worst, x.begun, fall);
    passed_release(&x);
    pair_close(&p);
}

int main(void)
{
    static const int32_t count[PAIR_ITEMS] = {0, 1, 2, 30, 4000, 5, 0, 7, 80, 9, 10, 11, 120};
    static struct log l;
    pair_count = count;
    log_make(&l);
    check_whole(&l);
    check_dense(&l, "rnn", false, false, NULL);
    check_dense(&l, "rnn", true, false, NULL);
    check_dense(&l, "rnn", true, true, NULL);
    check_dense(&l, "hrnn", false, false, "init");
    check_dense(&l, "hrnn", false, false, "all");
    made_release(&l.made);
    return tap_done();
}
