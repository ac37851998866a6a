/* The contextual RNN and the improved RNN against themselves written plainly, in double, from their
 * equations, with each cell and with the mean; and in their closed forms. */
#include "context_batch.h"

struct form {
    const char *model, *context, *recurrent, *cell, *layers, *decoder, *gru;
    struct sizes size;
    int hidden;
    double dropout, item_dropout;
};

static int width_of(const struct form *s)
{
    return s->size.item + s->size.action + s->size.bin;
}

static int states(const struct reference *r, const void *form, const struct ref_inputs *of,
                  double x[][REF_WIDE], double out[][REF_WIDE])
{
    const struct form *s = form;
    bool mean = !strcmp(s->recurrent, "mean");
    int n = mean ? width_of(s) : s->hidden, last = 0;
    double state[2 * REF_STATE] = {0};
    for (int t = 0; t < of->count; t++) {
        if (mean)
            for (int i = 0; i < n; i++)
                state[i] = (state[i] * t + x[t][i]) / (t + 1);
        else
            cell_step(r, "session", width_of(s), s->hidden, x[t], state);
        memcpy(out[t], state, (size_t)n * sizeof *state);
        drop_row(r, 1, of->row + t, n, out[t]);
        last = dense_layers_of(r, n, out[t]);
    }
    return last;
}

static double reference_batch(const struct reference *r, const void *form, const struct batch *b)
{
    return sessions_loss(r, ((const struct form *)form)->size, states, form, b);
}

static struct model_shape shape_of(const struct form *s)
{
    return (struct model_shape){.context = s->context,
                                .recurrent = s->recurrent,
                                .cell = s->cell,
                                .layer_sizes = s->layers,
                                .decoder = s->decoder,
                                .gru = s->gru,
                                .embedding = s->size.item,
                                .hidden = s->hidden,
                                .dropout = s->dropout,
                                .item_dropout = s->item_dropout};
}

static void check_equations(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    char text[120];
    snprintf(text, sizeof text,
             "context %s, %s, %s, layers '%s', %s, %s, %d and %d wide, items dropped %g",
             s->context ? s->context : "none", s->recurrent, s->cell, s->layers, s->decoder, s->gru,
             s->size.item, s->hidden, s->item_dropout);
    check_context_model(s->model, &shape, reference_batch, s, text);
}

/* Without contexts and layers it is a GRU and an output layer, as the other model with the same
 * weights. */
static void check_plain(const char *model)
{
    struct model_shape shape = {.encoder = "global",
                                .decoder = "dense",
                                .layer_sizes = "",
                                .embedding = 5,
                                .hidden = 4,
                                .gru = "reset-after"};
    struct made made;
    struct pair own, other;
    make_batch(&made);
    pair_open(&own, "context-rnn", &shape);
    pair_open(&other, model, &shape);
    for (size_t i = 0; i < other.model.parameters.list.len; i++) {
        const struct parameter *to = other.model.parameters.list.at[i],
                               *from = own.model.parameters.list.at[i];
        other.device->op->copy(other.device, to->value, from->value, to->count);
    }
    struct batch b = made.batch;
    int all, as_many;
    float *one = test_losses(&own, &b, &all), *two = test_losses(&other, &b, &as_many);
    double worst =
        all == as_many && own.model.parameters.count == other.model.parameters.count ? 0 : INFINITY;
    for (int i = 0; i < 19 && i < all; i++) /* NARM reads the last 19 events */
        worst = fmax(worst, fabs((double)one[i] - (double)two[i]));
    tap_ok(worst < 1e-6, "without contexts and layers: as %s, to %.1e", model, worst);
    mem_free(one);
    mem_free(two);
    pair_close(&own);
    pair_close(&other);
    made_release(&made);
}

/* An embedding that is predicted is compared by its direction: the length of an item's embedding
 * that is no input changes no score. */
static void check_direction(const char *decoder, bool changes)
{
    struct model_shape shape = {.decoder = decoder, .embedding = 6, .hidden = 5};
    struct made made;
    struct pair p;
    int all;
    make_batch(&made);
    for (size_t i = 0; i < made.item.len; i++)
        made.item.at[i] += made.item.at[i] == 7;
    pair_open(&p, "improved", &shape);
    float *one = test_losses(&p, &made.batch, &all), row[6],
          *table = p.model.parameters.list.at[0]->value;
    p.device->op->download(p.device, row, table + 7 * 6, sizeof row);
    for (int i = 0; i < 6; i++)
        row[i] *= 3;
    p.device->op->upload(p.device, table + 7 * 6, row, sizeof row);
    float *two = test_losses(&p, &made.batch, &all);
    double most = 0;
    for (int i = 0; i < all; i++)
        most = fmax(most, fabs((double)one[i] - (double)two[i]));
    tap_ok(changes ? most > 1e-3 : most < 1e-6, "improved, %s: the length of an embedding %s, %.1e",
           decoder, changes ? "matters" : "does not", most);
    mem_free(one);
    mem_free(two);
    pair_close(&p);
    made_release(&made);
}

int main(void)
{
    static const char model[] = "context-rnn", improved[] = "improved";
    const struct form forms[] = {
        {model, NULL, "rnn", "gru", "", "dense", "reset-after", {6, 0, 0}, 4, 0.25, 0},
        {model,
         "action:2,dwell:3",
         "rnn",
         "gru",
         "7,5",
         "dense",
         "reset-before",
         {5, 2, 3},
         7,
         0.25,
         0},
        {model,
         "action:2,dwell:3",
         "rnn",
         "lstm",
         "6",
         "dense",
         "reset-after",
         {5, 2, 3},
         7,
         0.25,
         0.3},
        {model, "action:3", "rnn", "lstm", "", "tied", "reset-after", {6, 3, 0}, 4, 0.25, 0},
        {model,
         "action:1,dwell:4",
         "rnn",
         "lstm",
         "30",
         "tied",
         "reset-after",
         {33, 1, 4},
         31,
         0,
         0},
        {model,
         "action:2,dwell:3",
         "mean",
         "gru",
         "8",
         "dense",
         "reset-after",
         {5, 2, 3},
         7,
         0.25,
         0.3},
        {model, NULL, "mean", "gru", "", "tied", "reset-after", {6, 0, 0}, 6, 0.25, 0},
        {improved, NULL, "rnn", "gru", "", "dense", "reset-after", {6, 0, 0}, 9, 0.25, 0.4},
        {improved, NULL, "rnn", "gru", "", "bilinear", "reset-before", {8, 0, 0}, 5, 0, 0.2},
        {improved, NULL, "rnn", "gru", "", "embedding", "reset-after", {6, 0, 0}, 9, 0.25, 0.4}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct model_shape shape = shape_of(&forms[i]);
        check_equations(&forms[i]);
        check_no_future(forms[i].model, &shape);
    }
    check_plain("narm");
    check_plain("improved");
    check_direction("embedding", false);
    check_direction("tied", true);
    return tap_done();
}
