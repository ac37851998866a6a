/* SASRec against itself written plainly, in double, from its equations: losses and gradients with
 * several blocks and heads, with dropout, with sessions longer than it looks back; and that no
 * score depends on later events. */
#include "pair.h"

enum { MOST = 8, LONG = 11 };

struct form {
    const char *decoder;
    int size, blocks, heads, positions, inner, earlier;
    double dropout;
};

/* An earlier session of the last one. */
static void add_earlier(struct made *m, int age, int length)
{
    m->history.at[m->history.len - 1]++;
    vec_push(&m->of_session, 0);
    vec_push(&m->of_start, 0);
    vec_push(&m->delta, age);
    vec_push(&m->week, 0);
    vec_push(&m->of_length, length);
    for (int i = 0; i < length; i++)
        vec_push(&m->of_item, (int32_t)random_below(&drawn, PAIR_ITEMS));
}

/* Three sessions of 2, LONG and 5 events, which two, one and no earlier ones precede. */
static void make_batch(struct made *m)
{
    static const int length[] = {2, LONG, 5};
    drawn = random_of(5, 9);
    *m = (struct made){0};
    for (int s = 0; s < 3; s++) {
        add_first_session(m, s, length[s]);
        if (s == 0)
            add_earlier(m, 4, 1), add_earlier(m, 1, 3);
        if (s == 1)
            add_earlier(m, 2, 2);
    }
    close_batch(m);
}

/* ---- the equations ---- */

/* A window: its number of rows; its first row and first weight among all, which masks go by. */
struct window {
    int rows, row, weight;
    int weights; /* of all windows together */
};

typedef double states[MOST][REF_SIZE];

static const double *weight_of(const struct reference *r, int block, const char *name)
{
    char full[100];
    snprintf(full, sizeof full, "layers.%d.%s", block, name);
    return ref_w(r, full, "");
}

/* y = W x + b, or W x */
static void linear(const struct reference *r, int block, const char *weight, const char *bias,
                   int out, int in, const double *x, double *y)
{
    const double *w = weight_of(r, block, weight), *b = bias ? weight_of(r, block, bias) : NULL;
    for (int i = 0; i < out; i++)
        y[i] = (b ? b[i] : 0) + ref_dot(in, w + i * in, x);
}

static void norm(const double *gain, const double *bias, int n, double *x)
{
    double mean = 0, variance = 0;
    for (int i = 0; i < n; i++)
        mean += x[i] / n;
    for (int i = 0; i < n; i++)
        variance += (x[i] - mean) * (x[i] - mean) / n;
    for (int i = 0; i < n; i++)
        x[i] = gain[i] * (x[i] - mean) / sqrt(variance + 1e-5) + bias[i];
}

/* Self-attention of row t, before the heads are joined; in: query, key, value of each row. */
static void attend(const struct reference *r, const struct form *s, const struct window *w,
                   int block, double in[][3 * REF_SIZE], int t, double *y)
{
    int cols = s->size / s->heads;
    for (int h = 0; h < s->heads; h++) {
        double e[MOST], sum = 0;
        for (int j = 0; j <= t; j++)
            sum += e[j] =
                exp(ref_dot(cols, in[t] + h * cols, in[j] + s->size + h * cols) / sqrt(cols));
        for (int i = h * cols; i < (h + 1) * cols; i++) {
            y[i] = 0;
            for (int j = 0; j <= t; j++) {
                int at = h * w->weights + w->weight + t * (t + 1) / 2 + j;
                y[i] += ref_drop(r, 1 + 3 * (uint32_t)block, (size_t)at, e[j] / sum) *
                        in[j][2 * s->size + i];
            }
        }
    }
}

/* x = norm(x + D(y)), of row t of the window; D is dropout number `tensor`. */
static void join(const struct reference *r, const struct form *s, const struct window *w, int t,
                 uint32_t tensor, int block, const char *name, const double *y, double *x)
{
    char gain[20], bias[20];
    snprintf(gain, sizeof gain, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    for (int i = 0; i < s->size; i++)
        x[i] += ref_drop(r, tensor, (size_t)((w->row + t) * s->size + i), y[i]);
    norm(weight_of(r, block, gain), weight_of(r, block, bias), s->size, x);
}

static void block_over(const struct reference *r, const struct form *s, const struct window *w,
                       int block, states x)
{
    double in[MOST][3 * REF_SIZE];
    for (int t = 0; t < w->rows; t++)
        linear(r, block, "self_attn.in_proj_weight", NULL, 3 * s->size, s->size, x[t], in[t]);
    for (int t = 0; t < w->rows; t++) {
        double heads[REF_SIZE], y[REF_SIZE], inner[2 * REF_SIZE];
        attend(r, s, w, block, in, t, heads);
        linear(r, block, "self_attn.out_proj.weight", "self_attn.out_proj.bias", s->size, s->size,
               heads, y);
        join(r, s, w, t, 2 + 3 * (uint32_t)block, block, "norm1", y, x[t]);
        linear(r, block, "linear1.weight", "linear1.bias", s->inner, s->size, x[t], inner);
        for (int i = 0; i < s->inner; i++)
            inner[i] = fmax(inner[i], 0);
        linear(r, block, "linear2.weight", "linear2.bias", s->size, s->inner, inner, y);
        join(r, s, w, t, 3 + 3 * (uint32_t)block, block, "norm2", y, x[t]);
    }
}

/* The events of a session's inputs, and before them those of earlier sessions that count. */
struct seen {
    int earlier;
    int32_t item[MOST + LONG], bucket[MOST + LONG];
};

/* What the prediction at input t of the session sees: events from, ..., from + rows - 1, of which
 * the first has position `place`. */
struct view {
    int from, rows, place;
};

static struct view view_of(const struct form *s, const struct seen *e, int t)
{
    int rows = e->earlier + t + 1;
    if (t < s->positions - s->earlier)
        return (struct view){0, rows, s->earlier - e->earlier};
    int most = rows < s->positions ? rows : s->positions;
    return (struct view){rows - most, most, s->positions - most};
}

/* States behind the last block of a window. */
static void run_window(const struct reference *r, const struct form *s, const struct window *w,
                       const struct seen *e, const struct view *v, states x)
{
    const double *position = ref_w(r, "position_embedding", ".weight");
    for (int j = 0; j < w->rows; j++) {
        int item = e->item[v->from + j], bucket = e->bucket[v->from + j];
        for (int i = 0; i < s->size; i++)
            x[j][i] = r->item[item * s->size + i] + position[(v->place + j) * s->size + i] +
                      (bucket >= 0 ? r->delta[bucket * s->size + i] : 0);
        norm(ref_w(r, "embedding_norm", ".weight"), ref_w(r, "embedding_norm", ".bias"), s->size,
             x[j]);
        for (int i = 0; i < s->size; i++)
            x[j][i] = ref_drop(r, 0, (size_t)((w->row + j) * s->size + i), x[j][i]);
    }
    for (int b = 0; b < s->blocks; b++)
        block_over(r, s, w, b, x);
}

/* -log softmax of the target */
static double loss_of(const struct reference *r, const struct form *s, const double *x, int target)
{
    const double *w = r->output ? r->output : r->item;
    double score[PAIR_ITEMS], state[REF_SIZE], sum = 0;
    for (int i = 0; i < s->size; i++)
        state[i] = r->bilinear ? ref_dot(s->size, r->bilinear + i * s->size, x) : x[i];
    for (int i = 0; i < PAIR_ITEMS; i++) {
        score[i] =
            ref_dot(s->size, w + i * s->size, state) + (r->output_bias ? r->output_bias[i] : 0);
        sum += exp(score[i]);
    }
    return log(sum) - score[target];
}

static int triangle(int n)
{
    return n * (n + 1) / 2;
}

/* Session q of the batch. */
static struct seen seen_of(const struct form *s, const struct batch *b, size_t q)
{
    struct seen e = {0};
    int32_t item[MOST], bucket[MOST];
    int row = 0, at = 0, n = 0, own = 0;
    for (size_t i = 0; i < q; own += column_i32(b->length)[i++])
        for (int k = 0; k < column_i32(b->history)[i]; k++)
            at += column_i32(b->history_length)[row++];
    for (int k = 0; k < column_i32(b->history)[q]; k++, row++)
        for (int j = 0; j < column_i32(b->history_length)[row]; j++, n++) {
            item[n] = column_i32(b->history_item)[at++];
            bucket[n] = column_i32(b->history_delta)[row];
        }
    e.earlier = n < s->earlier ? n : s->earlier;
    for (int j = 0; j < e.earlier; j++) {
        e.item[j] = item[n - e.earlier + j];
        e.bucket[j] = bucket[n - e.earlier + j];
    }
    for (int j = 0; j + 1 < column_i32(b->length)[q]; j++) {
        e.item[e.earlier + j] = column_i32(b->item)[own + j];
        e.bucket[e.earlier + j] = -1;
    }
    return e;
}

/* Whether input t is the last of its window; the first ones share a window. */
static bool ends_window(const struct form *s, const struct batch *b, size_t q, int t)
{
    return t + 1 >= s->positions - s->earlier || t + 2 == column_i32(b->length)[q];
}

/* The weights of all windows of the batch. */
static int count_weights(const struct form *s, const struct batch *b)
{
    int weights = 0;
    for (size_t q = 0; q < b->length.len; q++) {
        struct seen e = seen_of(s, b, q);
        for (int t = 0; t + 1 < column_i32(b->length)[q]; t++)
            weights += ends_window(s, b, q, t) ? triangle(view_of(s, &e, t).rows) : 0;
    }
    return weights;
}

/* Mean loss of the batch: each position alone, from what it sees. */
static double reference_batch(const struct reference *r, const void *form, const struct batch *b)
{
    const struct form *s = form;
    const int32_t *item = column_i32(b->item);
    struct window w = {.weights = count_weights(s, b)};
    double total = 0;
    int targets = 0;
    for (size_t q = 0; q < b->length.len; item += column_i32(b->length)[q++]) {
        struct seen e = seen_of(s, b, q);
        for (int t = 0; t + 1 < column_i32(b->length)[q]; t++, targets++) {
            struct view v = view_of(s, &e, t);
            states x;
            w.rows = v.rows;
            run_window(r, s, &w, &e, &v, x);
            total += loss_of(r, s, x[w.rows - 1], item[t + 1]);
            if (ends_window(s, b, q, t))
                w.row += w.rows, w.weight += triangle(w.rows);
        }
    }
    return total / targets;
}

/* ---- held against the model ---- */

static struct model_shape shape_of(const struct form *s)
{
    return (struct model_shape){.decoder = s->decoder,
                                .embedding = s->size,
                                .blocks = s->blocks,
                                .heads = s->heads,
                                .positions = s->positions,
                                .feed_forward = s->inner,
                                .earlier = s->earlier,
                                .dropout = s->dropout};
}

static void check_sasrec(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    struct made made;
    struct pair p;
    struct outcome o;
    struct err e;
    make_batch(&made);
    pair_open(&p, "sasrec", &shape);
    p.reference.step = 9;
    p.learner.steps = 8;
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    double expected = reference_batch(&p.reference, s, &made.batch);
    double worst = gradients_apart(&p, reference_batch, s, &made.batch, s->size > 10 ? 101 : 7);
    bool failed = learner_batch(&p.learner, &made.batch, &o, &e) || learner_flush(&p.learner, &e);
    double loss = failed ? INFINITY : p.learner.stats.loss / o.events;
    tap_ok(fabs(loss - expected) < 1e-6 && worst < 2e-6 && o.events == LONG - 1 + 1 + 4,
           "sasrec %s, size %d, %d blocks, %d heads, %d positions, %d of them earlier, %d "
           "inside, dropout %g: loss to %.1e, gradients to %.1e",
           s->decoder, s->size, s->blocks, s->heads, s->positions, s->earlier, s->inner, s->dropout,
           fabs(loss - expected), worst);
    pair_close(&p);
    made_release(&made);
}

/* ---- no later event ---- */

/* The states of the batch's targets outside training, on the host; to be freed. */
static float *test_states(struct pair *p, const struct batch *b, int *targets)
{
    struct forward f;
    tape_begin(p->learner.tape, false, 0, 0);
    model_forward_deep(&p->model, p->learner.tape, b, &f);
    *targets = f.targets;
    return to_host(p->device, f.state->value,
                   (size_t)f.targets * (size_t)f.state->cols * sizeof(float));
}

static void check_causal(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    struct made made;
    struct pair p;
    int targets;
    size_t row = (size_t)s->size;
    make_batch(&made);
    pair_open(&p, "sasrec", &shape);
    float *before = test_states(&p, &made.batch, &targets);
    made.item.at[2 + 6] = (made.item.at[2 + 6] + 1) % PAIR_ITEMS; /* the long session's input 6 */
    float *after = test_states(&p, &made.batch, &targets);
    bool past = !memcmp(before, after, (1 + 6) * row * sizeof *before);
    bool own = !memcmp(before + 7 * row, after + 7 * row, row * sizeof *before);
    tap_ok(past && !own && targets == LONG - 1 + 1 + 4,
           "sasrec, %d positions: an event changes no state before it, and its own", s->positions);
    mem_free(before);
    mem_free(after);
    pair_close(&p);
    made_release(&made);
}

int main(void)
{
    check_sasrec(&(struct form){"tied", 6, 2, 2, 8, 6, 0, 0.25});
    check_sasrec(&(struct form){"tied", 6, 1, 1, 3, 9, 0, 0.25});
    check_sasrec(&(struct form){"dense", 4, 3, 4, 1, 5, 0, 0});
    check_sasrec(&(struct form){"bilinear", 5, 1, 1, 5, 5, 0, 0.5});
    check_sasrec(&(struct form){"tied", 33, 2, 3, 4, 31, 0, 0});
    check_sasrec(&(struct form){"tied", 6, 2, 2, 8, 6, 3, 0.25});
    check_sasrec(&(struct form){"tied", 6, 2, 2, 7, 6, 6, 0.25});
    check_sasrec(&(struct form){"tied", 4, 1, 2, 2, 6, 1, 0});
    check_causal(&(struct form){"tied", 6, 2, 2, 8, 6, 0, 0});
    check_causal(&(struct form){"tied", 6, 2, 2, 3, 6, 0, 0});
    check_causal(&(struct form){"tied", 6, 2, 2, 8, 6, 5, 0});
    return tap_done();
}
