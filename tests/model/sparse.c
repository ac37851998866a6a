/* Models that update only the rows of items that a step used come out as if it had updated all:
 * against the same model with its tables of items among the dense parameters, step by step, through
 * batches that are only looked at and through tests. */
#include "pair.h"

enum { SHELVES = 12, ITEMS = PAIR_ITEMS * SHELVES, EPOCHS = 12, WAYS = 2 };

struct way_of {
    struct device *device;
    struct model_options *options;
    struct model model;
    struct learner learner;
};

/* A model and its loss: over all items, or over targets and negatives. */
struct form {
    const char *model;
    struct model_shape shape;
    bool sampled, scheduled; /* scheduled: the learning rate rises and falls */
};

static void way_open(struct way_of *t, const struct form *form, const struct optimizer *o,
                     bool dense)
{
    const struct model_class *class = class_named(form->model);
    struct model_data data = {
        .users = REF_USERS, .items = ITEMS, .history = REF_HISTORY, .delta_buckets = PAIR_BUCKETS};
    struct train_options options = {.seed = 11,
                                    .max_steps = -1,
                                    .warm_up = form->scheduled ? 20 : 0,
                                    .decays = form->scheduled,
                                    .top = 1,
                                    .optimizer = *o,
                                    .sampled = form->sampled,
                                    .loss = form->sampled ? LOSS_BPR : LOSS_CROSS_ENTROPY,
                                    .negatives = 9};
    *t = (struct way_of){.options = options_of_shape(class, &form->shape)};
    t->device = test_device(&(struct device_options){.threads = 2});
    model_open(&t->model, class, t->options, &data, t->device);
    int tables = 0;
    for (size_t i = 0; i < t->model.parameters.list.len; i++) {
        struct parameter *p = t->model.parameters.list.at[i];
        tables += p->table && p->per_item;
        p->table = p->table && !dense;
    }
    tap_ok(tables >= 1, "%s: %d tables of items", form->model, tables);
    parameters_allocate(&t->model.parameters, t->device, o->update.kind, o->update.momentum, 3);
    learner_open(&t->learner, &t->model, &options);
}

static void way_close(struct way_of *t)
{
    learner_close(&t->learner);
    model_close(&t->model);
    mem_free(t->options);
    device_close(t->device);
}

/* Moves items to other shelves, the first of which are taken more often: some are rare. */
static void draw_items(i32_vec *item, struct random *r)
{
    for (size_t i = 0; i < item->len; i++) {
        uint32_t shelf = random_below(r, 1 + random_below(r, SHELVES));
        item->at[i] = item->at[i] % PAIR_ITEMS + PAIR_ITEMS * (int32_t)shelf;
    }
}

/* One batch by all ways; the largest difference of their losses, which a training pass tells of all
 * of it. */
static double run_ways(struct way_of way[WAYS], const struct batch *b)
{
    double loss[WAYS];
    for (int i = 0; i < WAYS; i++) {
        struct outcome o;
        struct err e;
        if (learner_batch(&way[i].learner, b, &o, &e) || learner_flush(&way[i].learner, &e))
            return INFINITY;
        loss[i] = way[i].learner.stats.loss / fmax(way[i].learner.stats.events, 1);
    }
    return fabs(loss[0] - loss[1]);
}

/* The largest difference of a weight; *moved: how far one came from `first`. */
static double weights_apart(struct way_of way[WAYS], const float *first, double *moved)
{
    double worst = 0;
    const struct parameters *p = &way[0].model.parameters;
    parameters_flush(&way[0].model.parameters);
    for (size_t n = 0; n < p->list.len; n++) {
        const struct parameter *own = p->list.at[n];
        const struct parameter *other = way[1].model.parameters.list.at[n];
        float *x = to_host(way[0].device, own->value, own->count * sizeof *x);
        float *y = to_host(way[1].device, other->value, own->count * sizeof *y);
        for (size_t i = 0; i < own->count; i++) {
            worst = fmax(worst, fabs((double)x[i] - (double)y[i]));
            *moved = n ? *moved : fmax(*moved, fabs((double)x[i] - (double)first[i]));
        }
        mem_free(x);
        mem_free(y);
    }
    return worst;
}

static void check_way(const struct form *form, const struct optimizer *o, const char *name)
{
    struct made made[PAIR_BATCHES];
    struct way_of way[WAYS];
    struct random r = random_of(5, 21);
    double losses = 0, moved = 0;
    make_batches(made);
    for (int i = 0; i < WAYS; i++)
        way_open(&way[i], form, o, i);
    const struct parameter *item = way[0].model.parameters.list.at[0];
    float *first = to_host(way[0].device, item->value, item->count * sizeof *first);
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        bool tests = epoch % 4 == 3;
        for (int i = 0; i < WAYS; i++) {
            learner_begin(&way[i].learner, (struct epoch){epoch, tests ? PART_TEST : PART_TRAIN});
            way[i].learner.done = (double)epoch / EPOCHS;
        }
        for (int b = 0; b < PAIR_BATCHES; b++) {
            draw_items(&made[b].item, &r);
            draw_items(&made[b].of_item, &r);
            made[b].batch.learn = tests || b != 2; /* 2: only looked at, between two updates */
            losses = fmax(losses, run_ways(way, &made[b].batch));
        }
    }
    double apart = weights_apart(way, first, &moved);
    /* A hundredth of Adam's rate: it moves weights whose gradient is 0 by the gradient's rounding.
     */
    tap_ok(apart < 1e-5 && losses < 2e-6 && moved > (form->scheduled ? 0.001 : 0.005),
           "%s%s%s, %s: as if all rows were updated, weights to %.1e, losses to %.1e", form->model,
           form->sampled ? ", some items scored" : "",
           form->scheduled ? ", a rate that rises and falls" : "", name, apart, losses);
    mem_free(first);
    for (int i = 0; i < WAYS; i++)
        way_close(&way[i]);
    for (int b = 0; b < PAIR_BATCHES; b++)
        made_release(&made[b]);
}

int main(void)
{
    const struct form form[] = {
        {"ii-rnn", {.session_rep = "mean", .inter = "hidden", .dropout = 0.2}, false, false},
        {"ii-rnn", {.session_rep = "mean", .inter = "hidden"}, true, false},
        {"ii-rnn", {.session_rep = "mean", .inter = "hidden"}, true, true},
        {"hierarchical", {.session_rep = "attention", .user_rep = "last"}, false, false},
        {"hierarchical",
         {.session_rep = "mean", .user_rep = "attention", .dropout = 0.2},
         false,
         false},
        {"narm", {.decoder = "dense", .hidden = 5, .feature_dropout = 0.3}, false, false},
        {"narm", {.decoder = "bilinear", .hidden = 5, .feature_dropout = 0.3}, false, false},
        {"narm", {.decoder = "bilinear", .hidden = 5}, true, false},
        {"rib", {.decoder = "dense", .hidden = 5, .dropout = 0.2}, false, false},
        {"rib", {.decoder = "tied", .normalize = "sigmoid"}, true, false},
        {"sasrec", {.heads = 1, .dropout = 0.2}, false, false},
        {"sasrec", {.heads = 1, .earlier = 4}, true, false},
        {"ii-rnn", {.session_rep = "mean", .decoder = "tied"}, false, false},
        {"ii-rnn", {.session_rep = "last", .decoder = "tied", .bidirectional = true}, true, false},
    };
    const struct {
        struct optimizer o;
        const char *name;
    } way[] = {
        {{{.kind = OPTIMIZER_ADAM, .rate = 0.001f}, 0}, "adam"},
        {{{.kind = OPTIMIZER_ADAM, .rate = 0.001f}, 0.05f}, "adam with clipping"},
        {{{.kind = OPTIMIZER_ADAM, .rate = 0.001f, .weight_decay = 0.01f}, 0}, "adam with decay"},
        {{{.kind = OPTIMIZER_ADAGRAD, .rate = 0.05f, .momentum = 0.5f}, 0.1f},
         "adagrad with momentum and clipping"},
        {{{.kind = OPTIMIZER_SGD, .rate = 0.5f, .momentum = 0.5f, .weight_decay = 1e-3f}, 0},
         "gradient descent with momentum and decay"},
    };
    for (size_t i = 0; i < sizeof form / sizeof *form; i++)
        for (int j = 0; j < test_some((int)(sizeof way / sizeof *way)); j++) {
            struct form sized = form[i];
            sized.shape.embedding = 7, sized.shape.gru = "reset-after";
            check_way(&sized, &way[j].o, way[j].name);
        }
    return tap_done();
}
