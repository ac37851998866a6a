/* Session embedding against itself written plainly, in double, from its equations: losses and
 * gradients over all items and over candidates, with and without actions. */
#include "context_batch.h"

struct form {
    const char *context, *decoder;
    struct sizes size; /* action 1: means by action */
    int hidden;
    double dropout;
};

enum { NEGATIVES = 7 };

/* W₀ u_t + b₀ in y [H]: the mean of the items of each action up to t. */
static void first_layer(const struct reference *r, const struct form *s, size_t event, int t,
                        double x[][REF_WIDE], double *y)
{
    const double *blocks = ref_w(r, "context.action", ".weight");
    const double *plain = ref_w(r, "session0", ".weight"), *bias = ref_w(r, "session0", ".bias");
    int E = s->size.item, H = s->hidden;
    memcpy(y, bias, (size_t)H * sizeof *y);
    for (int a = 0; a < (blocks ? ACTIONS : 1); a++) {
        double u[REF_WIDE] = {0};
        int n = 0;
        for (int j = 0; j <= t; j++)
            if (!blocks || actions[event + (size_t)j] == a) {
                for (int i = 0; i < E; i++)
                    u[i] += x[j][i];
                n++;
            }
        for (int i = 0; i < E && n; i++)
            u[i] /= n;
        for (int i = 0; i < H; i++)
            y[i] += row_dot(E, (blocks ? blocks + a * H * E : plain), i, u);
    }
}

static int states(const struct reference *r, const void *form, const struct ref_inputs *of,
                  double x[][REF_WIDE], double out[][REF_WIDE])
{
    const struct form *s = form;
    const double *second = ref_w(r, "session1", ".weight"), *bias = ref_w(r, "session1", ".bias");
    int H = s->hidden;
    for (int t = 0; t < of->count; t++) {
        double y[REF_WIDE];
        first_layer(r, s, of->event, t, x, y);
        for (int i = 0; i < H; i++)
            y[i] = fmax(0, y[i]);
        for (int i = 0; i < H; i++)
            out[t][i] = row_dot(H, second, i, y) + bias[i];
        drop_row(r, 1, of->row + t, H, out[t]);
    }
    return H;
}

static double reference_batch(const struct reference *r, const void *form, const struct batch *b)
{
    const struct form *s = form;
    return sessions_loss(r, (struct sizes){.item = s->size.item}, states, form, b);
}

static struct model_shape shape_of(const struct form *s)
{
    return (struct model_shape){.context = s->context,
                                .decoder = s->decoder,
                                .embedding = s->size.item,
                                .hidden = s->hidden,
                                .dropout = s->dropout};
}

static void check_equations(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    char text[100];
    snprintf(text, sizeof text, "context %s, %s, %d and %d wide", s->context ? s->context : "none",
             s->decoder, s->size.item, s->hidden);
    check_context_model("session-embedding", &shape, reference_batch, s, text);
}

/* ---- the list of a few items ---- */

static const struct candidates *listed;

/* The cross-entropy over the target and the candidates of other items and owners. */
static double list_loss(const struct reference *r, const void *form, const struct batch *b)
{
    static double x[LONG][REF_WIDE], out[LONG][REF_WIDE];
    const struct form *s = form;
    double total = 0;
    int row = 0;
    size_t event = 0;
    for (size_t q = 0; q < b->length.len; q++, event++) {
        int count = column_i32(b->length)[q] - 1;
        for (int t = 0; t < count; t++)
            item_input(r, s->size.item, b, event + (size_t)t, row + t, x[t]);
        const struct ref_inputs of = {.count = count, .row = row, .event = event};
        states(r, form, &of, x, out);
        for (int t = 0; t < count; t++, event++, row++) {
            double score[PAIR_ITEMS];
            int target = column_i32(b->item)[event + 1];
            scores_of(r, s->hidden, s->size.item, out[t], score);
            double sum = exp(score[target]);
            for (int i = 0; i < listed->count; i++)
                if (listed->item[i] != target && listed->owner[i] != (int)q)
                    sum += exp(score[listed->item[i]]);
            total += log(sum) - score[target];
        }
    }
    return total / row;
}

static void check_list(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    struct made made;
    struct pair p;
    double worst = 0;
    make_batch(&made);
    pair_open(&p, "session-embedding", &shape);
    p.reference.step = 9;
    negatives_open(&p.learner.negatives, NEGATIVES, 0.75, false, &p.model.data);
    struct tape *t = p.learner.tape;
    struct forward f = run_forward(&p, &made.batch, 9);
    struct candidates c = negatives_draw(&p.learner.negatives, t, &f, (struct column){0}, 11, 9);
    listed = &c;
    clear_gradients(&p);
    const float *losses = model_sampled_loss(
        &p.model, t, &f, LOSS_CROSS_ENTROPY,
        tape_plan_candidates(t, f.output, f.output_bias, &c, f.target, f.targets));
    float *loss = to_host(p.device, losses, (size_t)f.targets * sizeof *loss);
    double sum = 0, expected = list_loss(&p.reference, s, &made.batch);
    for (int i = 0; i < f.targets; i++)
        sum += (double)loss[i] / f.targets;
    tape_backward(t);
    float *g = all_gradients(&p);
    for (size_t i = 0; i < p.model.parameters.count; i += 3)
        worst = fmax(worst, fabs((double)g[i] -
                                 reference_slope(&p.reference, list_loss, s, &made.batch, i)));
    tap_ok(fabs(sum - expected) < 1e-6 && worst < 1e-6 && c.count == f.targets + NEGATIVES &&
               !without_gradient(&p.model.parameters, g),
           "a list of %d items, %s: loss to %.1e, gradients to %.1e", c.count, s->decoder,
           fabs(sum - expected), worst);
    mem_free(g);
    mem_free(loss);
    pair_close(&p);
    made_release(&made);
}

/* The weights of all items in the output layer, and where the device has them. */
static float *output_weights(struct pair *p, const struct batch *b, bool learns, const float **at)
{
    struct forward f;
    tape_begin(p->learner.tape, learns, 1, 1);
    model_forward_deep(&p->model, p->learner.tape, b, &f);
    struct tensor *x = model_output(&p->model, p->learner.tape, &f);
    *at = x->value;
    return to_host(p->device, x->value, (size_t)(x->rows * x->cols) * sizeof *x->value);
}

/* Item weights that a model makes of its parameters are made once where nothing is learned. */
static void check_kept(const char *model, const struct model_shape *shape)
{
    enum { ROUNDS = 4 }; /* made, kept, made after a change, and with gradients */
    struct made made;
    struct pair p;
    const float *at[ROUNDS];
    float *weight[ROUNDS];
    make_batch(&made);
    pair_open(&p, model, shape);
    struct parameters *q = &p.model.parameters;
    size_t n = PAIR_ITEMS * (size_t)parameters_find(q, "item_embedding.weight")->cols, same[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        if (i == 2) {
            model_items_change(&p.model);
            p.device->op->fill(p.device, parameters_find(q, "item_embedding.weight")->value, 2, n);
        }
        weight[i] = output_weights(&p, &made.batch, i == 3, &at[i]);
        same[i] = 0;
        while (same[i] < 8 && weight[i][same[i]] == weight[0][same[i]])
            same[i]++;
    }
    tap_ok(same[1] == 8 && same[2] < 8 && same[3] < 8 && at[0] != at[1] && at[3] != at[1],
           "%s: weights of items are kept until they change", model);
    for (int i = 0; i < ROUNDS; i++)
        mem_free(weight[i]);
    pair_close(&p);
    made_release(&made);
}

int main(void)
{
    const struct form forms[] = {{NULL, "layers", {6, 0, 0}, 6, 0.25},
                                 {"action", "layers", {5, 1, 0}, 7, 0.25},
                                 {"action", "dense", {6, 1, 0}, 4, 0.25},
                                 {"action", "layers", {33, 1, 0}, 31, 0}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct model_shape shape = shape_of(&forms[i]);
        check_equations(&forms[i]);
        check_no_future("session-embedding", &shape);
    }
    check_list(&forms[0]);
    check_list(&forms[1]);
    check_list(&forms[2]);
    check_kept("session-embedding", &(struct model_shape){.embedding = 9});
    check_kept("improved", &(struct model_shape){.embedding = 9, .decoder = "embedding"});
    return tap_done();
}
