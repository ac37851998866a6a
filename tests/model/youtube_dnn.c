/* The candidate generation of YouTube against itself written plainly, in double, from its
 * equations, and in its closed form. */
#include "context_batch.h"

struct form {
    const char *context, *layers, *decoder;
    struct sizes size;
    double dropout;
};

static int states(const struct reference *r, const void *form, int row, int count,
                  double x[][REF_WIDE], double out[][REF_WIDE])
{
    const struct form *s = form;
    int E = s->size.item, more = s->size.action + s->size.bin, last = 0;
    double mean[REF_WIDE] = {0};
    for (int t = 0; t < count; t++) {
        for (int i = 0; i < E; i++)
            mean[i] = (mean[i] * t + x[t][i]) / (t + 1);
        memcpy(out[t], mean, (size_t)E * sizeof *mean);
        memcpy(out[t] + E, x[t] + E, (size_t)more * sizeof *mean);
        last = dense_layers_of(r, E + more, out[t]);
        drop_row(r, 1, row + t, last, out[t]);
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
                                .layer_sizes = s->layers,
                                .decoder = s->decoder,
                                .embedding = s->size.item,
                                .dropout = s->dropout};
}

static void check_equations(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    char text[100];
    snprintf(text, sizeof text, "context %s, layers '%s', %s, %d wide",
             s->context ? s->context : "none", s->layers, s->decoder, s->size.item);
    check_context_model("youtube-dnn", &shape, reference_batch, s, text);
}

/* Without layers and contexts the state is the mean of the items so far, in any order. */
static void check_mean(void)
{
    struct model_shape shape = {.layer_sizes = "", .decoder = "tied", .embedding = 6};
    struct made made;
    struct pair p;
    int all;
    make_batch(&made);
    pair_open(&p, "youtube-dnn", &shape);
    float *one = test_losses(&p, &made.batch, &all);
    for (int i = 0; i < 5; i++) { /* turns the first ten items of the long session */
        int32_t was = made.item.at[2 + i];
        made.item.at[2 + i] = made.item.at[11 - i];
        made.item.at[11 - i] = was;
    }
    float *two = test_losses(&p, &made.batch, &all);
    double later = 0;
    for (int i = 10; i < all; i++)
        later = fmax(later, fabs((double)one[i] - (double)two[i]));
    tap_ok(later < 1e-6 && fabsf(one[3] - two[3]) > 1e-6f,
           "without layers: the mean, whatever the order, to %.1e", later);
    mem_free(one);
    mem_free(two);
    pair_close(&p);
    made_release(&made);
}

int main(void)
{
    const struct form forms[] = {{NULL, "", "tied", {6, 0, 0}, 0.25},
                                 {NULL, "9,7", "tied", {6, 0, 0}, 0.25},
                                 {"action:2,dwell:3", "7,5", "dense", {5, 2, 3}, 0.25},
                                 {"action:2", "", "tied", {5, 2, 0}, 0.25},
                                 {"action:1,dwell:4", "40,33", "tied", {33, 1, 4}, 0}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct model_shape shape = shape_of(&forms[i]);
        check_equations(&forms[i]);
        check_no_future("youtube-dnn", &shape);
    }
    check_mean();
    return tap_done();
}
