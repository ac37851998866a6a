/* The tape's functions that take one block of weights a user: a small network of all of them, its
 * gradients against differences of its loss; tied blocks against one for all; training of tables
 * against training of dense weights; tables of items likewise. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "nn/optimizer.h"
#include "nn/tape.h"
#include "../device.h"
#include "../tap.h"

enum { ITEMS = 19, SIZE = 7, WIDTH = 5, USERS = 6, SESSIONS = 5, EVENTS = 13, PAST = 8 };

static const int32_t lengths[SESSIONS] = {4, 1, 0, 5, 3}; /* one is empty */
static const int32_t histories[SESSIONS] = {2, 1, 1, 3, 1};
static const int32_t inputs[EVENTS] = {3, 5, 16, 3, 0, 7, 7, 8, 9, 1, 2, 3, 11};
static const int32_t targets[EVENTS] = {5, 16, 3, 1, 9, 7, 8, 9, 1, 2, 3, 0, 12};
static const int32_t past[PAST] = {4, 4, 1, 2, 9, 12, 14, 3};
static const int32_t users[SESSIONS] = {4, 1, 4, 0, 4};

enum kind { GLOBAL, DENSE, TABLE }; /* one block; all blocks learned at every step; a table */

struct network {
    struct device *device;
    struct tape *tape;
    struct parameters p;
    enum kind kind;
    struct gru gru;
    struct parameter *items, *key, *key_bias, *query, *scale, *output, *bias;
};

static struct parameter *add_blocks(struct network *n, const char *name, int64_t rows, int64_t cols)
{
    int64_t shape[3] = {n->kind == GLOBAL ? 1 : USERS, rows, cols};
    return n->kind == TABLE ? parameters_add_table(&n->p, name, 3, shape, 0.5f)
                            : parameters_add(&n->p, name, 3, shape, 0.5f);
}

static void network_open(struct network *n, enum kind kind, int threads)
{
    *n = (struct network){.kind = kind};
    n->device = test_device(&(struct device_options){.threads = threads});
    n->tape = tape_new(n->device);
    struct parameters *p = &n->p;
    n->items = parameters_add_matrix(p, "items", ITEMS, SIZE, 1);
    n->key = add_blocks(n, "key", WIDTH, SIZE + 2);
    n->key_bias = add_blocks(n, "key.bias", 1, WIDTH);
    n->query = add_blocks(n, "query", WIDTH, SIZE + 1);
    n->scale = add_blocks(n, "scale", 1, WIDTH);
    parameters_add_gru(p, &n->gru, "gru", 2 * SIZE, SIZE, false);
    n->output = parameters_add_matrix(p, "output", ITEMS, SIZE, 1);
    n->bias = parameters_add_vector(p, "bias", ITEMS, 1);
    parameters_allocate(p, n->device, OPTIMIZER_ADAM, 0, 7);
}

static void network_close(struct network *n)
{
    parameters_release(&n->p);
    tape_free(n->tape);
    device_close(n->device);
}

/* The blocks of a step. */
struct taken {
    struct network *n;
    const struct rows *users, *group; /* NULL: one block for all */
};

static struct tensor *take(const struct taken *k, const struct parameter *p)
{
    struct tape *t = k->n->tape;
    if (k->n->kind == TABLE)
        return tape_blocks(t, p, k->users);
    if (k->n->kind == GLOBAL)
        return tape_parameter(t, p);
    struct tensor *all = tape_parameter(t, p); /* the blocks as rows, gathered */
    all->rows = USERS, all->cols = parameter_block(p);
    struct tensor *own = tape_gather(t, all, k->users), *view = tape_host(t, sizeof *view);
    *view = *own;
    view->rows = k->users->count * (parameter_block(p) / p->cols), view->cols = p->cols;
    return view;
}

/* Dense blocks are gathered one for each session. */
static struct taken take_groups(struct network *n, const int32_t *user)
{
    static const int32_t each[SESSIONS] = {0, 1, 2, 3, 4};
    struct taken k = {.n = n};
    if (n->kind == TABLE)
        k.group = tape_groups(n->tape, user, SESSIONS, &k.users);
    if (n->kind == DENSE) {
        k.users = tape_rows(n->tape, user, SESSIONS);
        k.group = tape_rows(n->tape, each, SESSIONS);
    }
    return k;
}

static struct tensor *linear(const struct taken *k, struct tensor *x, const struct ragged *r)
{
    struct network *n = k->n;
    struct tensor *w = take(k, n->key), *b = take(k, n->key_bias);
    if (k->group)
        return tape_group_linear(n->tape, x, w, 1, b, r, k->group);
    return tape_linear_part(n->tape, x, w, 1, b);
}

/* The mean loss; gradients are added to the parameters' and the tape's. */
static double network_run(struct network *n, bool training, const int32_t *user)
{
    struct tape *t = n->tape;
    tape_begin(t, training, 1, 1);
    const struct ragged *session = tape_ragged(t, lengths, SESSIONS);
    const struct ragged *history = tape_ragged(t, histories, SESSIONS);
    struct tensor *items = tape_parameter(t, n->items);
    struct taken k = take_groups(n, user);
    struct tensor *x = tape_gather(t, items, tape_rows(t, inputs, EVENTS));
    struct tensor *before = tape_gather(t, items, tape_rows(t, past, PAST));
    struct tensor *value = tape_activate(t, ACTIVATION_TANH, tape_reverse(t, before, history));
    struct tensor *key = linear(&k, tape_add(t, before, value), history);
    struct tensor *scale = take(&k, n->scale), *query = take(&k, n->query);
    struct tensor *start = tape_attend(t, key, scale, value, history, k.group, NULL);
    struct tape_memory m = {history, key, value, query, scale, k.group};
    struct attention_weights attention;
    struct tensor *h = tape_gru_attend(t, &n->gru, x, tape_activate(t, ACTIVATION_SIGMOID, start),
                                       session, &m, &attention);
    float *loss = tape_output_loss(t, h, tape_parameter(t, n->output), tape_parameter(t, n->bias),
                                   NULL, tape_ints(t, targets, EVENTS));
    float losses[EVENTS];
    n->device->op->download(n->device, losses, loss, sizeof losses);
    double sum = 0;
    for (int i = 0; i < EVENTS; i++)
        sum += (double)losses[i];
    if (training)
        tape_backward(t);
    return sum / EVENTS;
}

/* ---- gradients ---- */

/* The gradient of a parameter; a table's stands on the tape, the step's blocks alone. */
static float *gradient_of(const struct network *n, const struct parameter *p)
{
    size_t size = p->count * sizeof(float), block = (size_t)parameter_block(p);
    if (!p->table)
        return to_host(n->device, p->grad, size);
    const struct table_use *q = tape_table_uses(n->tape);
    while (q->parameter != p)
        q = q->before;
    size_t unique = (size_t)q->rows->unique;
    float *grad = mem_zero(p->count, sizeof *grad);
    float *own = to_host(n->device, q->tensor->grad, unique * block * sizeof *own);
    int32_t *row = to_host(n->device, q->rows->row, unique * sizeof *row);
    for (size_t u = 0; u < unique; u++)
        memcpy(grad + (size_t)row[u] * block, own + u * block, block * sizeof *own);
    mem_free(own);
    mem_free(row);
    return grad;
}

static void check_gradient(struct network *n, struct parameter *p, const float *grad)
{
    double worst = 0;
    size_t stride = p->count / (size_t)test_some(41) + 1;
    for (size_t i = 0; i < p->count; i += stride) {
        float kept = device_float(n->device, p->value + i), step = 0.01f;
        device_set_float(n->device, p->value + i, kept + step);
        double up = network_run(n, true, users);
        device_set_float(n->device, p->value + i, kept - step);
        double down = network_run(n, true, users);
        device_set_float(n->device, p->value + i, kept);
        double numeric = (up - down) / (2.0 * (double)step);
        double error = fabs(numeric - (double)grad[i]) / (0.02 + fabs(numeric));
        worst = error > worst || isnan(error) ? error : worst;
    }
    tap_ok(worst < 0.02, "gradient of %s, kind %d: worst %.4f", p->name, n->kind, worst);
}

static void check_gradients(enum kind kind)
{
    struct network n;
    network_open(&n, kind, 2);
    for (size_t i = 0; i < n.p.list.len; i++) {
        struct parameter *p = n.p.list.at[i];
        n.device->op->fill(n.device, n.p.grad, 0, n.p.dense);
        network_run(&n, true, users);
        float *grad = gradient_of(&n, p);
        check_gradient(&n, p, grad);
        mem_free(grad);
    }
    network_close(&n);
}

/* ---- equal to others ---- */

static void copy_values(struct network *to, const struct network *from)
{
    for (size_t i = 0; i < to->p.list.len; i++) {
        struct parameter *p = to->p.list.at[i];
        const struct parameter *q = parameters_find(&from->p, p->name);
        float *value = mem_alloc(p->count * sizeof *value);
        float *other = to_host(from->device, q->value, q->count * sizeof *other);
        for (size_t j = 0; j < p->count; j++)
            value[j] = other[j % q->count];
        to->device->op->upload(to->device, p->value, value, p->count * sizeof *value);
        mem_free(value);
        mem_free(other);
    }
}

static void check_tied(void)
{
    struct network one, table;
    network_open(&one, GLOBAL, 2);
    network_open(&table, TABLE, 2);
    copy_values(&table, &one);
    double a = network_run(&one, false, users), b = network_run(&table, false, users);
    tap_ok(fabs(a - b) < 1e-6, "equal blocks are one for all: %.8f, %.8f", a, b);
    static const int32_t same[SESSIONS] = {2, 2, 2, 2, 2};
    double c = network_run(&table, false, same);
    tap_ok(fabs(a - c) < 1e-6, "one block for everybody: %.8f, %.8f", a, c);
    network_close(&one);
    network_close(&table);
}

/* Other users at each step: some come back after long, one never comes. */
static void some_users(struct random *r, int64_t step, int32_t *user)
{
    for (int i = 0; i < SESSIONS; i++)
        user[i] = (int32_t)random_below(r, step % 50 == 1 ? USERS - 1 : 2);
}

static double worst_difference(const struct network *a, const struct network *b)
{
    double worst = 0;
    for (size_t i = 0; i < a->p.list.len; i++) {
        const struct parameter *p = a->p.list.at[i], *q = b->p.list.at[i];
        float *x = to_host(a->device, p->value, p->count * sizeof *x);
        float *y = to_host(b->device, q->value, q->count * sizeof *y);
        for (size_t j = 0; j < p->count; j++) {
            double off = fabs((double)x[j] - (double)y[j]);
            worst = off > worst || isnan(off) ? off : worst;
        }
        mem_free(x);
        mem_free(y);
    }
    return worst;
}

static void check_training(struct optimizer o, const char *name)
{
    struct network dense, table;
    struct random r = random_of(5, 5);
    double first = 0, last = 0;
    network_open(&dense, DENSE, 1);
    network_open(&table, TABLE, 1);
    for (o.update.step = 1; o.update.step <= test_some(200); o.update.step++) {
        int32_t user[SESSIONS];
        some_users(&r, o.update.step, user);
        network_run(&dense, true, user);
        optimizer_step(&o, &dense.p, dense.tape);
        last = network_run(&table, true, user);
        first = o.update.step == 1 ? last : first;
        optimizer_step(&o, &table.p, table.tape);
    }
    parameters_flush(&table.p);
    double worst = worst_difference(&dense, &table);
    tap_ok(worst < 1e-6 && last < first, "%s: as dense weights: off by %.1e, loss %.3f to %.3f",
           name, worst, first, last);
    network_close(&dense);
    network_close(&table);
}

/* The same bytes whatever was looked at between, and for the same number of threads. */
static void check_repeats(void)
{
    struct network n[2];
    struct optimizer o = {.update = {.kind = OPTIMIZER_ADAM, .rate = 0.01f}};
    for (int i = 0; i < 2; i++) {
        struct random r = random_of(5, 5);
        network_open(&n[i], TABLE, 2);
        for (o.update.step = 1; o.update.step <= 20; o.update.step++) {
            int32_t user[SESSIONS];
            some_users(&r, o.update.step, user);
            network_run(&n[i], true, user);
            optimizer_step(&o, &n[i].p, n[i].tape);
        }
        parameters_flush(&n[i].p);
    }
    float *value[2];
    for (int i = 0; i < 2; i++)
        value[i] = to_host(n[i].device, n[i].p.value, n[i].p.count * sizeof(float));
    tap_ok(!memcmp(value[0], value[1], n[0].p.count * sizeof(float)), "repeats byte for byte");
    mem_free(value[0]);
    mem_free(value[1]);
    network_close(&n[0]);
    network_close(&n[1]);
}

/* ---- tables of items ---- */

enum { DRAWN = 6 };

struct pairs {
    struct device *device;
    struct tape *tape;
    struct parameters p;
    struct parameter *item, *output, *bias;
    bool whole; /* a step updated all of a table */
};

static void pairs_open(struct pairs *n, bool tables, enum optimizer_kind kind, float momentum)
{
    *n = (struct pairs){.device = test_device(&(struct device_options){.threads = 1})};
    struct parameters *p = &n->p;
    n->tape = tape_new(n->device);
    if (tables) {
        n->item = parameters_add_items(p, "item", ITEMS, SIZE, 0.5f);
        n->output = parameters_add_items(p, "output", ITEMS, SIZE, 0.5f);
        n->bias = parameters_add_items(p, "bias", ITEMS, 0, 0.5f);
    } else {
        n->item = parameters_add_matrix(p, "item", ITEMS, SIZE, 0.5f);
        n->output = parameters_add_matrix(p, "output", ITEMS, SIZE, 0.5f);
        n->bias = parameters_add_vector(p, "bias", ITEMS, 0.5f);
    }
    parameters_allocate(p, n->device, kind, momentum, 7);
}

/* How a step uses the tables: rows of each; rows of `item` and all of `output`; rows of `item` and
 * all of it; rows of `item` in three places. */
enum uses { ROWS, WHOLE, BOTH, THRICE, USES };
static const char *const uses_name[] = {"rows", "whole", "rows and whole", "rows thrice",
                                        "in turn"};

/* One step over some items: the embedding of one item scores itself and others, its target and
 * DRAWN - 1 more, or all. */
static void pairs_step(struct pairs *n, struct optimizer *o, const int32_t *drawn, enum uses uses)
{
    static const int32_t own[] = {0, 1}, owner[DRAWN] = {0, 1, -1, -1, -1, -1};
    struct tape *t = n->tape;
    tape_begin(t, true, 1, 1);
    struct tensor *x = tape_rows_of(t, n->item, drawn + 2, 2);
    struct candidates c = {.count = DRAWN, .item = drawn, .own = own, .owner = owner};
    const struct parameter *scored = uses == THRICE ? n->item : n->output;
    if (uses == THRICE)
        x = tape_add(t, x, tape_rows_of(t, n->item, drawn + 3, 2));
    if (uses == ROWS || uses == THRICE) {
        const struct planned_candidates *p = tape_plan_candidates(t, scored, n->bias, &c, drawn, 2);
        tape_sampled_loss(t, LOSS_BPR, x, tape_planned_rows(t, scored, &p->weight),
                          tape_planned_rows(t, n->bias, &p->bias), p);
    } else
        tape_output_loss(t, x, tape_parameter(t, uses == BOTH ? n->item : n->output),
                         tape_parameter(t, n->bias), NULL, tape_ints(t, drawn, 2));
    tape_backward(t);
    for (const struct table_use *use = tape_table_uses(t); use; use = use->before)
        n->whole |= !use->rows;
    optimizer_step(o, &n->p, t);
}

/* The largest difference of a weight between both; *moved: how far one came from `first`. */
static double pairs_apart(struct pairs n[2], const float *first, double *moved)
{
    double worst = 0;
    tape_begin(n[1].tape, false, 0, 0);
    *moved = 0;
    for (int i = 0; i < 3; i++) {
        struct parameter *p = n[0].p.list.at[i], *q = n[1].p.list.at[i];
        float *x = to_host(n[0].device, p->value, p->count * sizeof *x);
        float *y = to_host(n[1].device, tape_parameter(n[1].tape, q)->value, q->count * sizeof *y);
        for (size_t j = 0; j < p->count; j++) {
            double off = fabs((double)x[j] - (double)y[j]);
            worst = off > worst || isnan(off) ? off : worst;
            *moved = i ? *moved : fmax(*moved, fabs((double)x[j] - (double)first[j]));
        }
        mem_free(x);
        mem_free(y);
    }
    return worst;
}

/* With USES the uses change, after one step or after several. */
static void check_items(struct optimizer o, enum uses uses, const char *name)
{
    struct pairs n[2];
    struct random r = random_of(6, 6);
    double moved;
    enum uses now = uses % USES;
    for (int i = 0; i < 2; i++)
        pairs_open(&n[i], i, o.update.kind, o.update.momentum);
    float *first = to_host(n[0].device, n[0].item->value, n[0].item->count * sizeof *first);
    for (o.update.step = 1; o.update.step <= test_some(200); o.update.step++) {
        int32_t drawn[DRAWN];
        for (int i = 0; i < DRAWN; i++)
            drawn[i] = (int32_t)random_below(&r, o.update.step % 3 ? 4 : ITEMS); /* some are rare */
        if (uses == USES && random_below(&r, 3) == 0)
            now = (enum uses)random_below(&r, USES);
        for (int i = 0; i < 2; i++)
            pairs_step(&n[i], &o, drawn, now);
        if (o.update.step % 50 == 7) /* whoever looks on brings a table to where it is */
            tape_begin(n[1].tape, false, 0, 0), tape_parameter(n[1].tape, n[1].item);
    }
    double worst = pairs_apart(n, first, &moved);
    tap_ok(worst < 2e-6 && moved > 0.01 && n[1].whole == (uses != ROWS && uses != THRICE),
           "tables of items, %s, %s: as dense weights: off by %.1e", uses_name[uses], name, worst);
    mem_free(first);
    for (int i = 0; i < 2; i++) {
        parameters_release(&n[i].p);
        tape_free(n[i].tape);
        device_close(n[i].device);
    }
}

static void check_tables_of_items(void)
{
    static const struct {
        struct optimizer o;
        const char *name;
    } way[] = {
        {{{.kind = OPTIMIZER_ADAM, .rate = 0.001f}, 0}, "adam"},
        {{{.kind = OPTIMIZER_ADAM, .rate = 0.001f, .weight_decay = 0.01f}, 0.05f},
         "adam with decay and clipping"},
        {{{.kind = OPTIMIZER_ADAGRAD, .rate = 0.05f}, 0}, "adagrad"},
        {{{.kind = OPTIMIZER_ADAGRAD, .rate = 0.05f, .momentum = 0.5f}, 0},
         "adagrad with momentum"},
        {{{.kind = OPTIMIZER_ADAGRAD, .rate = 0.05f, .momentum = 0.5f, .weight_decay = 0.01f},
          0.1f},
         "adagrad with momentum, decay and clipping"},
        {{{.kind = OPTIMIZER_SGD, .rate = 0.05f}, 0}, "gradient descent"},
        {{{.kind = OPTIMIZER_SGD, .rate = 0.05f, .momentum = 0.5f}, 0},
         "gradient descent with momentum"},
        {{{.kind = OPTIMIZER_SGD, .rate = 0.05f, .weight_decay = 0.01f}, 0},
         "gradient descent with decay"},
    };
    for (size_t i = 0; i < sizeof way / sizeof *way; i++)
        for (int uses = 0; uses <= USES; uses++)
            check_items(way[i].o, (enum uses)uses, way[i].name);
}

int main(void)
{
    check_gradients(GLOBAL);
    check_gradients(DENSE);
    check_gradients(TABLE);
    check_tied();
    check_training((struct optimizer){{.kind = OPTIMIZER_ADAM, .rate = 0.001f}, 0}, "adam");
    check_training((struct optimizer){{.kind = OPTIMIZER_ADAM, .rate = 0.001f}, 0.1f},
                   "adam with clipping");
    check_training(
        (struct optimizer){{.kind = OPTIMIZER_ADAM, .rate = 0.001f, .weight_decay = 0.01f}, 0},
        "adam with decay");
    check_repeats();
    check_tables_of_items();
    return tap_done();
}
