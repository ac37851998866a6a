/* The candidate generation of YouTube against itself written plainly, in double, from its
 * equations, and in its closed form. */
#include "context_batch.h"

struct form {
    const char *context, *layers, *decoder;
    struct sizes size;
    double dropout;
    int users; /* size of embeddings of users; 0: none */
};

static int states(const struct reference *r, const void *form, const struct ref_inputs *of,
                  double x[][REF_WIDE], double out[][REF_WIDE])
{
    const struct form *s = form;
    int E = s->size.item, more = s->size.action + s->size.bin, last = 0;
    const double *user = ref_w(r, "user_embedding", ".weight");
    double mean[REF_WIDE] = {0};
    for (int t = 0; t < of->count; t++) {
        for (int i = 0; i < E; i++)
            mean[i] = (mean[i] * t + x[t][i]) / (t + 1);
        memcpy(out[t], mean, (size_t)E * sizeof *mean);
        for (int i = 0; i < s->users; i++)
            out[t][E + i] = user[of->user * s->users + i];
        memcpy(out[t] + E + s->users, x[t] + E, (size_t)more * sizeof *mean);
        last = dense_layers_of(r, E + s->users + more, out[t]);
        drop_row(r, 1, of->row + t, last, out[t]);
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
                                .users = s->users,
                                .dropout = s->dropout};
}

static void check_equations(const struct form *s)
{
    struct model_shape shape = shape_of(s);
    char text[100];
    snprintf(text, sizeof text, "context %s, layers '%s', %s, %d wide, users %d",
             s->context ? s->context : "none", s->layers, s->decoder, s->size.item, s->users);
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

/* Gives `to` the weights of `from`, whose matrices may have fewer columns: the first ones. */
static void copy_columns(struct pair *to, const struct pair *from)
{
    struct device *d = to->device;
    for (size_t i = 0; i < from->model.parameters.list.len; i++) {
        const struct parameter *q = from->model.parameters.list.at[i];
        const struct parameter *p = parameters_find(&to->model.parameters, q->name);
        for (int row = 0; row < q->rows; row++)
            d->op->copy(d, p->value + row * p->cols, q->value + row * q->cols, (size_t)q->cols);
    }
}

/* A user without training, whose embedding is zeros, has the scores of the model without users. */
static void check_untrained_user(void)
{
    struct model_shape shape = {.layer_sizes = "7", .decoder = "tied", .embedding = 6};
    struct made made;
    struct pair without, with;
    int all, same = 0;
    make_batch(&made);
    pair_open(&without, "youtube-dnn", &shape);
    shape.users = 3;
    pair_open(&with, "youtube-dnn", &shape);
    copy_columns(&with, &without);
    float *one = test_losses(&without, &made.batch, &all),
          *two = test_losses(&with, &made.batch, &all);
    for (int i = 0; i < all; i++)
        same += fabsf(one[i] - two[i]) < 1e-6f;
    tap_ok(same == all, "zeros for a user: as without users, at %d of %d positions", same, all);
    mem_free(one);
    mem_free(two);
    pair_close(&without);
    pair_close(&with);
    made_release(&made);
}

int main(void)
{
    const struct form forms[] = {{NULL, "", "tied", {6, 0, 0}, 0.25, 0},
                                 {NULL, "9,7", "tied", {6, 0, 0}, 0.25, 0},
                                 {"action:2,dwell:3", "7,5", "dense", {5, 2, 3}, 0.25, 0},
                                 {"action:2", "", "tied", {5, 2, 0}, 0.25, 0},
                                 {"action:1,dwell:4", "40,33", "tied", {33, 1, 4}, 0, 0},
                                 {NULL, "", "tied", {6, 0, 0}, 0.25, 4},
                                 {"action:2", "9", "dense", {5, 2, 0}, 0.25, 3}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct model_shape shape = shape_of(&forms[i]);
        check_equations(&forms[i]);
        check_no_future("youtube-dnn", &shape);
    }
    check_mean();
    check_untrained_user();
    return tap_done();
}
