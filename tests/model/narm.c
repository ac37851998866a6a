/* NARM against itself written plainly, in double, from its equations: losses and gradients of every
 * encoder and decoder, with dropout, with sessions longer than it looks back. */
#include "pair.h"

enum { LONG = 24, BACK = 19 };

struct form {
    const char *encoder, *decoder;
    int size, hidden;
    double dropout, feature_dropout;
};

/* Three sessions of 2, LONG and 5 events. */
static void make_batch(struct made *m)
{
    static const int length[] = {2, LONG, 5};
    drawn = random_of(5, 9);
    *m = (struct made){0};
    for (int s = 0; s < 3; s++)
        add_first_session(m, s, length[s]);
    close_batch(m);
}

/* ---- the equations ---- */

struct weights {
    const double *item, *energy, *query, *key, *bilinear, *output, *output_bias;
    struct ref_gru gru;
};

static struct weights bind(const struct reference *r, const struct form *s)
{
    return (struct weights){.item = ref_w(r, "item_embedding", ".weight"),
                            .energy = ref_w(r, "attention_energy", ".weight"),
                            .query = ref_w(r, "attention_query", ".weight"),
                            .key = ref_w(r, "attention_key", ".weight"),
                            .bilinear = ref_w(r, "bilinear", ".weight"),
                            .output = ref_w(r, "output", ".weight"),
                            .output_bias = ref_w(r, "output", ".bias"),
                            .gru = ref_bind_gru(r, "gru", "", s->size, s->hidden)};
}

static double row_dot(int n, const double *w, int row, const double *x)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += w[row * n + i] * x[i];
    return sum;
}

/* c [·] from the states h of the rows 0 .. t; returns its width. */
static int feature(const struct weights *w, const struct form *s, double h[][REF_STATE], int t,
                   double *c)
{
    int H = s->hidden, width = 0;
    if (strcmp(s->encoder, "local"))
        for (int i = 0; i < H; i++)
            c[width++] = h[t][i];
    if (!strcmp(s->encoder, "global"))
        return width;
    for (int i = 0; i < H; i++)
        c[width + i] = 0;
    for (int j = 0; j <= t; j++) {
        double alpha = 0;
        for (int i = 0; i < H; i++)
            alpha += w->energy[i] /
                     (1 + exp(-row_dot(H, w->query, i, h[t]) - row_dot(H, w->key, i, h[j])));
        for (int i = 0; i < H; i++)
            c[width + i] += alpha * h[j][i];
    }
    return width + H;
}

/* -log softmax of the target, c after dropout */
static double loss_of(const struct weights *w, const struct form *s, const double *c, int width,
                      int target)
{
    double score[PAIR_ITEMS], state[REF_SIZE], sum = 0;
    for (int i = 0; i < s->size && !w->output; i++)
        state[i] = w->bilinear ? row_dot(width, w->bilinear, i, c) : c[i];
    for (int i = 0; i < PAIR_ITEMS; i++) {
        score[i] =
            (w->output ? row_dot(width, w->output, i, c) : row_dot(s->size, w->item, i, state)) +
            (w->output_bias ? w->output_bias[i] : 0);
        sum += exp(score[i]);
    }
    return log(sum) - score[target];
}

/* Mean loss of the batch: each position alone, from the last BACK items up to it. */
static double reference_batch(const struct reference *r, const void *form, const struct batch *b)
{
    const struct form *s = form;
    struct weights w = bind(r, s);
    const int32_t *item = column_i32(b->item);
    double total = 0;
    int targets = 0, row = 0; /* row: of the model's input rows, which the masks go by */
    for (size_t q = 0; q < b->length.len; q++) {
        int length = column_i32(b->length)[q];
        int before = row;
        for (int t = 0; t + 1 < length; t++, targets++) {
            int from = t + 1 > BACK ? t + 1 - BACK : 0, n = t + 1 - from;
            int at = t < BACK ? before : row; /* early positions share their rows */
            double h[BACK][REF_STATE], x[REF_SIZE], c[2 * REF_SIZE];
            for (int j = 0; j < n; j++) {
                for (int i = 0; i < s->size; i++)
                    x[i] = ref_drop(r, 0, (size_t)((at + j) * s->size + i),
                                    w.item[item[from + j] * s->size + i]);
                for (int i = 0; i < s->hidden; i++)
                    h[j][i] = j ? h[j - 1][i] : 0;
                ref_step(r, &w.gru, x, h[j]);
            }
            int width = feature(&w, s, h, n - 1, c);
            struct reference later = *r;
            later.rate = s->feature_dropout;
            for (int i = 0; i < width; i++)
                c[i] = ref_drop(&later, 1, (size_t)(targets * width + i), c[i]);
            total += loss_of(&w, s, c, width, item[t + 1]);
            row = t < BACK ? before + t + 1 : row + BACK;
        }
        item += length;
    }
    return total / targets;
}

/* ---- held against the model ---- */

static void check_narm(const struct form *s, const char *gru)
{
    struct model_shape shape = {.encoder = s->encoder,
                                .decoder = s->decoder,
                                .embedding = s->size,
                                .hidden = s->hidden,
                                .dropout = s->dropout,
                                .feature_dropout = s->feature_dropout,
                                .gru = gru};
    struct made made;
    struct pair p;
    make_batch(&made);
    pair_open(&p, "narm", &shape);
    p.reference.step = 9;
    p.learner.steps = 8;
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    double expected = reference_batch(&p.reference, s, &made.batch);
    double worst = gradients_apart(&p, reference_batch, s, &made.batch, s->size > 10 ? 61 : 3);
    struct outcome o;
    struct err e;
    bool failed = learner_batch(&p.learner, &made.batch, &o, &e) || learner_flush(&p.learner, &e);
    double loss = failed ? INFINITY : p.learner.stats.loss / o.events;
    tap_ok(fabs(loss - expected) < 1e-6 && worst < 1e-6 && o.events == LONG - 1 + 1 + 4,
           "narm %s, %s, %s, %d and %d wide, dropout %g and %g: loss to %.1e, gradients to %.1e",
           s->encoder, s->decoder, gru, s->size, s->hidden, s->dropout, s->feature_dropout,
           fabs(loss - expected), worst);
    pair_close(&p);
    made_release(&made);
}

int main(void)
{
    static const char *const encoders[] = {"global", "local", "hybrid"};
    for (int i = 0; i < 3; i++) {
        check_narm(&(struct form){encoders[i], "bilinear", 5, 7, 0.25, 0.5}, "reset-before");
        check_narm(&(struct form){encoders[i], "dense", 6, 4, 0.25, 0.5}, "reset-after");
        check_narm(&(struct form){encoders[i], "bilinear", 33, 31, 0, 0}, "reset-before");
        check_narm(&(struct form){encoders[i], "tied", 6, 6, 0.25, 0.5}, "reset-after");
        check_narm(&(struct form){encoders[i], "tied", 5, 7, 0.25, 0}, "reset-before");
    }
    return tap_done();
}
