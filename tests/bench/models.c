/* The time of a training step of each model over that of the baseline without attention, at the
 * thesis's shapes of Last.fm and Reddit, and with weights for each user over the same model with
 * weights for all: rows "name<TAB>ratio<TAB>ratio".  Hierarchical models, whose products alone may
 * take longer than the baseline's, stand over a floor of their own too (floor.h).
 *
 * Models that are compared take alternate steps on batches with the same number of targets, and
 * floors are timed between the rounds.  The result is the ratio of their least times.  Arguments
 * are prefixes of the names of rows to measure. */
#include <math.h>

#include "running.h"
#include "session_floors.h"
#include "timing.h"

enum { ACTIVE = 900, ROUNDS = 8, FLOORS = 4 };

/* Steps of both in turns; the least times. */
static void take_turns(struct running *a, struct running *b, double least_of[2])
{
    double took[2][ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        struct running *turn[] = {a, b};
        for (int i = 0; i < 2; i++) {
            double begin = now();
            run_batch(turn[i], SESSIONS, true);
            took[i][round] = now() - begin;
        }
    }
    for (int i = 0; i < 2; i++)
        least_of[i] = least(took[i], ROUNDS);
}

static double say_ratio(struct running *a, struct running *over, const char *name)
{
    double took[2];
    take_turns(over, a, took);
    printf("%s\t%.3f\tratio\n", name, took[1] / took[0]);
    fflush(stdout);
    return took[1];
}

/* The floor of a step of the hierarchical model, on batches like its last one. */
static double hierarchical_seconds(const struct running *r, const struct variant *v)
{
    const struct shape *s = r->log.shape;
    const struct batch *b = &r->made.batch;
    int E = (int)s->size;
    double events = (double)b->history_item.len, earlier = (double)b->history_length.len;
    double best = INFINITY;
    struct floor f = {.dense = dense_floats(&r->model.parameters)};
    hierarchical_floor(&f, &v->o, events, earlier, SESSIONS, s->targets, E);
    floor_linear(&f, s->targets, s->items, E, s->targets);
    floor_rows(&f, s->targets + events, E, s->items, false);
    floor_open(&f);
    for (int round = 0; round < FLOORS; round++)
        best = fmin(best, floor_seconds(&f, 2));
    floor_close(&f);
    return best;
}

static const char *const *wanted;

static struct running *open_on_cpu(const struct shape *s, const struct variant *v, int32_t users)
{
    return open_running(s, v, users, ACTIVE, cpu_open(&(struct device_options){0}));
}

/* ---- what is compared ---- */

static const struct variant baseline = {"baseline", "ii-rnn", {0}};

static const struct variant variants[] = {
    {"inter", "ii-rnn", {.inter = "hidden"}},
    {"inter_delta", "ii-rnn", {.inter = "hidden,delta"}},
    {"intra", "ii-rnn", {.intra = "cat"}},
    {"intra_sum", "ii-rnn", {.intra = "sum"}},
    {"combined", "ii-rnn", {.inter = "hidden", .intra = "cat"}},
    {"hierarchical_mean", "hierarchical", {.session_rep = "mean", .user_rep = "last"}},
    {"hierarchical_last", "hierarchical", {.session_rep = "last", .user_rep = "last"}},
    {"hierarchical_attention",
     "hierarchical",
     {.session_rep = "attention", .user_rep = "attention"}},
};

static void compare_models(const struct shape *s)
{
    char name[100];
    struct running *base = NULL; /* used again for the next variant */
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        snprintf(name, sizeof name, "%s_%s", s->name, variants[i].name);
        if (!is_wanted(wanted, name))
            continue;
        base = base ? base : open_on_cpu(s, &baseline, ACTIVE);
        struct running *other = open_on_cpu(s, &variants[i], ACTIVE);
        double step = say_ratio(other, base, name);
        if (!strcmp(variants[i].model, "hierarchical"))
            printf("%s_over_floor\t%.3f\tratio\n", name,
                   step / hierarchical_seconds(other, &variants[i]));
        close_running(other);
    }
    if (base)
        close_running(base);
}

/* Weights for each user over weights for all. */
static const struct variant per_user[] = {
    {"per_user_inter", "ii-rnn", {.inter = "hidden,delta", .per_user = "inter"}},
    {"per_user_intra", "ii-rnn", {.intra = "cat", .per_user = "intra"}},
    {"per_user_hierarchical",
     "hierarchical",
     {.session_rep = "attention", .user_rep = "attention", .per_user = "session,user"}},
};

static void compare_per_user(const struct shape *s, int32_t users)
{
    char name[100];
    for (size_t i = 0; i < sizeof per_user / sizeof *per_user; i++) {
        struct variant global = per_user[i];
        global.o.per_user = NULL;
        snprintf(name, sizeof name, "%s_%s_%d", s->name, per_user[i].name, (int)users);
        if (!is_wanted(wanted, name))
            continue;
        struct running *base = open_on_cpu(s, &global, users);
        struct running *other = open_on_cpu(s, &per_user[i], users);
        say_ratio(other, base, name);
        close_running(other);
        close_running(base);
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    wanted = (const char *const *)argv + 1;
    const struct shape *const shapes[] = {&lastfm, &reddit};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        compare_models(shapes[i]);
        compare_per_user(shapes[i], 900);
        compare_per_user(shapes[i], 18271);
    }
    return 0;
}
