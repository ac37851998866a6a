/* The wide part against itself written plainly, in double, from its equations, over made-up
 * evidence: losses of training and of tests, and the gradients of all weights; alone, and beside a
 * deep part that looks at the last item only. */
#include "model/wide_part.h"
#include "model/wide_score.h"
#include "pair.h"

enum { SESSIONS = 6, SIZE = 4, WIDTH = 32, MOST = 12, EVENTS = 60 };

/* ---- a deep part ---- */

struct chain {
    const struct parameter *item, *output, *bias;
};

static void chain_open(struct model *m)
{
    struct chain *c = mem_zero(1, sizeof *c);
    m->own = c;
    c->item = parameters_add_matrix(&m->parameters, "item_embedding.weight", PAIR_ITEMS, SIZE, 1);
    c->output = parameters_add_matrix(&m->parameters, "output.weight", PAIR_ITEMS, SIZE, 1);
    c->bias = parameters_add_vector(&m->parameters, "output.bias", PAIR_ITEMS, 1);
}

static void chain_close(struct model *m)
{
    mem_free(m->own);
}

static void chain_forward(struct model *m, struct tape *t, const struct batch *b, struct forward *f)
{
    const struct chain *c = m->own;
    int32_t *last = tape_host_ints(t, b->item.len), *target = tape_host_ints(t, b->item.len);
    const int32_t *item = column_i32(b->item);
    *f = (struct forward){.target = target, .output = c->output, .output_bias = c->bias};
    for (size_t s = 0; s < b->length.len; item += column_i32(b->length)[s++])
        for (int j = 1; j < column_i32(b->length)[s]; j++) {
            last[f->targets] = item[j - 1];
            target[f->targets++] = item[j];
        }
    f->state = tape_gather(t, tape_parameter(t, c->item), tape_rows(t, last, f->targets));
}

static const struct model_options chain_defaults = {0};
static const struct option *const chain_options[] = {model_wide_rows, NULL};
static const struct model_class chain_class = {.name = "chain",
                                               .options_size = sizeof chain_defaults,
                                               .defaults = &chain_defaults,
                                               .options = chain_options,
                                               .open = chain_open,
                                               .forward = chain_forward,
                                               .close = chain_close};

/* ---- made-up evidence ---- */

struct said {
    int32_t start[EVENTS + 1], item[EVENTS * MOST];
    float feature[EVENTS * MOST * EVIDENCE_FEATURES], context[EVENTS * EVIDENCE_CONTEXT];
    struct evidence evidence;
};

static float draw_number(void)
{
    return (float)random_below(&drawn, 1 << 20) / (1 << 19) - 0.5f;
}

/* Some positions have no candidates; `none`: all of them. */
static void make_evidence(struct said *e, int positions, bool none)
{
    int n = 0;
    e->start[0] = 0;
    for (int p = 0; p < positions; p++) {
        int count = none || p % 4 == 2 ? 0 : (int)random_below(&drawn, MOST);
        int32_t item = (int32_t)random_below(&drawn, PAIR_ITEMS);
        for (int i = 0; i < count; i++, n++)
            e->item[n] = (item + 11 * i) % PAIR_ITEMS; /* all different, in no order */
        e->start[p + 1] = n;
    }
    for (int i = 0; i < n * EVIDENCE_FEATURES; i++)
        e->feature[i] = draw_number();
    for (int i = 0; i < positions * EVIDENCE_CONTEXT; i++)
        e->context[i] = draw_number();
    e->evidence = (struct evidence){.positions = positions,
                                    .candidates = n,
                                    .start = e->start,
                                    .item = e->item,
                                    .feature = e->feature,
                                    .context = e->context};
}

static void make_batch(struct made *m, struct said *e, bool none)
{
    static const int length[SESSIONS] = {2, 7, 1, 5, 4, 3};
    drawn = random_of(5, 17);
    *m = (struct made){0};
    for (int s = 0; s < SESSIONS; s++)
        add_first_session(m, s, length[s]);
    close_batch(m);
    make_evidence(e, (int)m->item.len - SESSIONS, none);
    m->batch.evidence = &e->evidence;
}

/* ---- the equations ---- */

struct weights {
    const double *features, *features_bias, *context, *score, *direct, *prior, *deep, *deep_bias;
    const double *item, *output, *bias;
};

static struct weights bind(const struct reference *r)
{
    return (struct weights){.features = ref_w(r, "wide_features", ".weight"),
                            .features_bias = ref_w(r, "wide_features", ".bias"),
                            .context = ref_w(r, "wide_context", ".weight"),
                            .score = ref_w(r, "wide_score", ".weight"),
                            .direct = ref_w(r, "wide_direct", ".weight"),
                            .prior = ref_w(r, "wide_prior", ".weight"),
                            .deep = ref_w(r, "wide_deep", ".weight"),
                            .deep_bias = ref_w(r, "wide_deep", ".bias"),
                            .item = ref_w(r, "item_embedding", ".weight"),
                            .output = ref_w(r, "output", ".weight"),
                            .bias = ref_w(r, "output", ".bias")};
}

static double product(int n, const double *w, const float *x)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += w[i] * (double)x[i];
    return sum;
}

static double addition(const struct weights *w, const float *phi, const float *z)
{
    double sum = product(EVIDENCE_FEATURES, w->direct, phi);
    for (int h = 0; h < WIDTH; h++) {
        double x = w->features_bias[h] +
                   product(EVIDENCE_FEATURES, w->features + h * EVIDENCE_FEATURES, phi) +
                   product(EVIDENCE_CONTEXT, w->context + h * EVIDENCE_CONTEXT, z);
        sum += x > 0 ? w->score[h] * x : 0;
    }
    return sum;
}

static double taken; /* from the scores of items that the user has had */

/* -log softmax of the target at position p, behind the item `last`. */
static double loss_at(const struct weights *w, const struct evidence *e, int p, int last,
                      int target)
{
    const float *z = e->context + p * EVIDENCE_CONTEXT;
    double score[PAIR_ITEMS], wide[PAIR_ITEMS], sum = 0;
    for (int i = 0; i < PAIR_ITEMS; i++)
        wide[i] = w->prior[0] * log((pair_count ? pair_count[i] : 0) + 0.5);
    for (int32_t k = e->start[p]; k < e->start[p + 1]; k++) {
        const float *phi = e->feature + k * EVIDENCE_FEATURES;
        wide[e->item[k]] = addition(w, phi, z) - (phi[5] > 0 || phi[11] > 0 ? taken : 0);
    }
    for (int i = 0; i < PAIR_ITEMS; i++) {
        score[i] = wide[i];
        if (w->deep)
            score[i] += (product(EVIDENCE_CONTEXT, w->deep, z) + w->deep_bias[0]) *
                            ref_dot(SIZE, w->item + last * SIZE, w->output + i * SIZE) +
                        w->bias[i];
    }
    for (int i = 0; i < PAIR_ITEMS; i++)
        sum += exp(score[i]);
    return log(sum) - score[target];
}

static double reference_batch(const struct reference *r, const struct batch *b)
{
    struct weights w = bind(r);
    const int32_t *item = column_i32(b->item);
    double total = 0;
    int p = 0;
    for (size_t s = 0; s < b->length.len; item += column_i32(b->length)[s++])
        for (int j = 1; j < column_i32(b->length)[s]; j++, p++)
            total += loss_at(&w, b->evidence, p, item[j - 1], item[j]);
    return total / p;
}

/* ---- held against the model ---- */

static double slope(struct reference *r, const struct batch *b, size_t i)
{
    double was = r->w[i], step = 1e-6;
    r->w[i] = was + step;
    double above = reference_batch(r, b);
    r->w[i] = was - step;
    double below = reference_batch(r, b);
    r->w[i] = was;
    return (above - below) / (2 * step);
}

/* The largest difference of a gradient; *most: the largest gradient. */
static double slopes_apart(struct pair *p, const struct batch *b, double *most)
{
    double worst = 0;
    clear_gradients(p);
    add_gradients(p, b, 9);
    float *g = all_gradients(p);
    *most = 0;
    for (size_t i = 0; i < p->model.parameters.count; i++) {
        double wanted = slope(&p->reference, b, i);
        worst = fmax(worst, fabs((double)g[i] - wanted) / (1 + fabs(wanted)));
        *most = fmax(*most, fabs((double)g[i]));
    }
    mem_free(g);
    return worst;
}

/* The additions once more, on the host (model/wide_score.h): the largest difference. */
static double host_apart(const struct pair *p, const struct evidence *e)
{
    struct weights w = bind(&p->reference);
    struct wide_weights host = {0};
    wide_part_weights(&p->model, &host);
    double worst = fabs((double)host.prior - w.prior[0]);
    for (int at = 0; at < e->positions; at++) {
        const float *z = e->context + at * EVIDENCE_CONTEXT;
        float hidden[WIDE_HIDDEN];
        wide_score_context(&host, z, hidden);
        for (int32_t k = e->start[at]; k < e->start[at + 1]; k++) {
            const float *phi = e->feature + k * EVIDENCE_FEATURES;
            worst =
                fmax(worst, fabs((double)wide_score(&host, hidden, phi) - addition(&w, phi, z)));
        }
    }
    return worst;
}

/* The test loss with evidence that comes in parts. */
static double loss_in_parts(struct pair *p, const struct batch *b)
{
    enum { PART = 4 };
    const struct evidence *e = b->evidence;
    struct tape *t = tape_new(p->model.device);
    struct wide_values values = {0};
    tape_begin(t, false, 0, 0);
    wide_values_clear(&values);
    for (int from = 0, count; from < e->positions; from += count) {
        int32_t start[PART + 1], first = e->start[from];
        count = e->positions - from < PART ? e->positions - from : PART;
        for (int i = 0; i <= count; i++)
            start[i] = e->start[from + i] - first;
        const struct evidence part = {.positions = count,
                                      .candidates = start[count],
                                      .start = start,
                                      .item = e->item + first,
                                      .feature = e->feature + first * EVIDENCE_FEATURES,
                                      .context = e->context + from * EVIDENCE_CONTEXT};
        wide_part_values(p->model.wide, &p->model, t, &part, &values);
    }
    struct evidence all = wide_values_evidence(&values);
    struct batch own = *b;
    own.evidence = &all;
    double loss = batch_loss(p, &own);
    wide_values_release(&values);
    tape_free(t);
    return loss;
}

/* Test losses, whole and in parts, where new items count eight times. */
static void check_explore(struct pair *p, const struct batch *b)
{
    taken = log(8);
    wide_part_explore(p->model.wide, 8);
    double expected = reference_batch(&p->reference, b);
    double whole = fabs(batch_loss(p, b) - expected);
    double parts = fabs(loss_in_parts(p, b) - expected);
    wide_part_explore(p->model.wide, 1);
    taken = 0;
    tap_ok(whole < 1e-6 && parts < 1e-6, "    new items count eight times: loss to %.1e, %.1e",
           whole, parts);
}

static void check_wide(const struct model_class *class, bool counts, bool none)
{
    static const int32_t count[PAIR_ITEMS] = {0, 1, 2, 30, 4000, 5, 0, 7, 80, 9, 10, 11, 120};
    static struct said said;
    struct made made;
    struct pair p;
    double most, loss[2];
    pair_count = counts ? count : NULL;
    make_batch(&made, &said, none);
    pair_open_class(&p, class, &(struct model_shape){.wide = true});
    double slopes = slopes_apart(&p, &made.batch, &most);
    double expected = reference_batch(&p.reference, &made.batch);
    for (int i = 0; i < 2; i++) {
        learner_begin(&p.learner, (struct epoch){1, i ? PART_TEST : PART_TRAIN});
        loss[i] = fabs(batch_loss(&p, &made.batch) - expected);
    }
    double parts = fabs(loss_in_parts(&p, &made.batch) - expected);
    tap_ok(loss[0] < 1e-6 && loss[1] < 1e-6 && slopes < 5e-7 && most > 1e-3,
           "%s%s%s: losses to %.1e and %.1e, %d gradients to %.1e of at most %.2f", class->name,
           counts ? "" : ", counts not known", none ? ", no candidates" : "", loss[0], loss[1],
           (int)p.model.parameters.count, slopes, most);
    double host = host_apart(&p, &said.evidence);
    tap_ok(host < 1e-5, "    additions on the host to %.1e", host);
    tap_ok(parts < 1e-6, "    evidence in parts: loss to %.1e", parts);
    check_explore(&p, &made.batch);
    pair_close(&p);
    made_release(&made);
}

int main(void)
{
    const struct model_class *class[] = {class_named("wide"), &chain_class};
    for (int i = 0; i < 2; i++) {
        check_wide(class[i], true, false);
        check_wide(class[i], false, false);
        check_wide(class[i], true, true);
    }
    return tap_done();
}
