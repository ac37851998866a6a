/* A training step of each model over that of the baseline without attention, at the thesis's shapes
 * of Last.fm and Reddit; with weights of each user over the same model with weights for all: rows
 * "name<TAB>ratio<TAB>ratio".
 *
 * Models that are compared take their steps in turns, on the same batches; of each the least of the
 * rounds, and the ratio of these.  Arguments are beginnings of names: the rows to measure. */
#include <omp.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "model/train.h"
#include "timing.h"

enum { SESSIONS = 100, HISTORY = 15, ACTIVE = 900, FIRST = 10, ROUNDS = 8, LONGEST = 20 };

struct shape {
    const char *name;
    int32_t items;
    int targets; /* of a batch */
    int64_t size;
    double dropout;
    const char *rep; /* of the baseline */
};

static const struct shape shapes[] = {
    {"lastfm", 94284, 805, 100, 0.2, "mean"},
    {"reddit", 27452, 300, 50, 0, "last"},
};

/* ---- batches: users spread over all there are, each with a session a day ---- */

struct made {
    int32_t user[ACTIVE], session[ACTIVE], length[ACTIVE], history[ACTIVE];
    int64_t start[ACTIVE], history_start[ACTIVE * HISTORY];
    int32_t delta[ACTIVE * HISTORY], week[ACTIVE * HISTORY], past[ACTIVE * HISTORY];
    int32_t past_length[ACTIVE * HISTORY];
    i32_vec item, past_item;
    struct batch batch;
};

struct log {
    const struct shape *shape;
    int32_t users;
    struct random random;
    int32_t next[ACTIVE]; /* number of each active user's next session */
    int32_t at;           /* whose turn it is */
};

static void push_items(i32_vec *to, struct log *l, int count)
{
    for (int i = 0; i < count; i++)
        vec_push(to, (int32_t)random_below(&l->random, (uint32_t)l->shape->items));
}

/* A length with the shape's mean. */
static int32_t some_length(struct log *l)
{
    uint32_t mean = (uint32_t)(l->shape->targets / SESSIONS + 1);
    return (int32_t)(2 + random_below(&l->random, 2 * mean - 3));
}

static void add_history(struct made *m, struct log *l, int i, int *known)
{
    int32_t number = m->session[i];
    m->history[i] = number < HISTORY ? number : HISTORY;
    for (int32_t j = 0; j < m->history[i]; j++) {
        int at = (*known)++;
        m->past[at] = number - m->history[i] + j;
        m->history_start[at] = (int64_t)m->past[at] * 86400;
        m->delta[at] = (number - m->past[at]) * 24 < 168 ? (number - m->past[at]) * 24 : 168;
        m->week[at] = m->past[at] * 24 % 168;
        m->past_length[at] = some_length(l);
        push_items(&m->past_item, l, m->past_length[at]);
    }
}

/* Lengths that add up to the shape's targets, none above LONGEST. */
static void share_lengths(struct made *m, struct log *l, int count)
{
    for (int left = l->shape->targets - count; left > 0;) {
        int32_t *length = &m->length[random_below(&l->random, (uint32_t)count)];
        if (*length < LONGEST)
            ++*length, left--;
    }
}

/* The next sessions of `count` users. */
static const struct batch *next_batch(struct made *m, struct log *l, int count, bool learn)
{
    int known = 0;
    size_t n = (size_t)count;
    vec_clear(&m->item);
    vec_clear(&m->past_item);
    for (int i = 0; i < count; i++) {
        int32_t who = l->at++ % ACTIVE;
        m->user[i] = (int32_t)((int64_t)who * l->users / ACTIVE);
        m->session[i] = l->next[who]++;
        m->start[i] = (int64_t)m->session[i] * 86400;
        m->length[i] = 2;
        add_history(m, l, i, &known);
    }
    if (learn)
        share_lengths(m, l, count);
    for (int i = 0; i < count; i++)
        push_items(&m->item, l, m->length[i]);
    size_t past = (size_t)known;
    m->batch = (struct batch){.learn = learn,
                              .user = {m->user, n},
                              .session = {m->session, n},
                              .start = {m->start, n},
                              .length = {m->length, n},
                              .item = {m->item.at, m->item.len},
                              .history = {m->history, n},
                              .history_delta = {m->delta, past},
                              .history_week = {m->week, past},
                              .history_session = {m->past, past},
                              .history_start = {m->history_start, past},
                              .history_length = {m->past_length, past},
                              .history_item = {m->past_item.at, m->past_item.len}};
    return &m->batch;
}

/* ---- models ---- */

struct variant {
    const char *name, *model;
    struct model_options o; /* what is not given is the shape's */
};

struct running {
    struct device *device;
    struct model_options o;
    struct model model;
    struct learner learner;
    struct log log;
    struct made made;
    double took[ROUNDS];
};

static void fail(const struct err *e)
{
    fprintf(stderr, "models: %s\n", e->text);
    exit(1);
}

static void run_batch(struct running *r, int count, bool learn)
{
    struct err e = {0};
    struct outcome o;
    if (learner_batch(&r->learner, next_batch(&r->made, &r->log, count, learn), &o, &e))
        fail(&e);
}

/* Open, every active user's history full, FIRST steps done: each user was learned from once. */
static struct running *open_running(const struct shape *s, const struct variant *v, int32_t users)
{
    struct err e = {0};
    struct running *r = mem_zero(1, sizeof *r);
    struct train_options t = {.seed = 1, .max_steps = -1};
    struct model_data data = {.users = users,
                              .items = s->items,
                              .history = HISTORY,
                              .delta_buckets = 169,
                              .keeps_order = true,
                              .history_items = true};
    t.optimizer.update = (struct update){.kind = OPTIMIZER_ADAM, .rate = 0.001f};
    r->o = v->o;
    r->o.session_rep = r->o.session_rep ? r->o.session_rep : s->rep;
    r->o.embedding = s->size;
    r->o.dropout = s->dropout;
    r->o.gru = "reset-after";
    r->log = (struct log){.shape = s, .users = users, .random = random_of(1, 1)};
    r->device = cpu_open(&(struct device_options){0});
    if (model_open(&r->model, v->model, &r->o, &data, r->device, &e))
        fail(&e);
    parameters_allocate(&r->model.parameters, r->device, OPTIMIZER_ADAM, 0, 1);
    learner_open(&r->learner, &r->model, &t);
    learner_begin(&r->learner, (struct epoch){1, PART_TRAIN});
    for (int i = 0; i < HISTORY; i++)
        run_batch(r, ACTIVE, false);
    for (int i = 0; i < FIRST; i++)
        run_batch(r, SESSIONS, true);
    return r;
}

static void close_running(struct running *r)
{
    learner_close(&r->learner);
    model_close(&r->model);
    cpu_close(r->device);
    vec_release(&r->made.item);
    vec_release(&r->made.past_item);
    mem_free(r);
}

/* With one thread the processor's time, which others on the machine hardly lengthen. */
static double now(void)
{
    struct timespec t;
    if (omp_get_max_threads() > 1)
        return seconds();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void take_turns(struct running *a, struct running *b)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct running *turn[] = {a, b};
        for (int i = 0; i < 2; i++) {
            double begin = now();
            run_batch(turn[i], SESSIONS, true);
            turn[i]->took[round] = now() - begin;
        }
    }
}

static void say_ratio(struct running *a, struct running *over, const char *name)
{
    take_turns(over, a);
    double took = least(a->took, ROUNDS), base = least(over->took, ROUNDS);
    printf("%s\t%.3f\tratio\n", name, took / base);
    fflush(stdout);
}

static const char *const *wanted; /* NULL-terminated; none: all */

static bool is_wanted(const char *name)
{
    bool found = !*wanted;
    for (const char *const *w = wanted; *w; w++)
        found |= !strncmp(name, *w, strlen(*w));
    return found;
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
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        snprintf(name, sizeof name, "%s_%s", s->name, variants[i].name);
        if (!is_wanted(name))
            continue;
        struct running *base = open_running(s, &baseline, ACTIVE);
        struct running *other = open_running(s, &variants[i], ACTIVE);
        say_ratio(other, base, name);
        close_running(other);
        close_running(base);
    }
}

/* Weights of each user over weights for all. */
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
        if (!is_wanted(name))
            continue;
        struct running *base = open_running(s, &global, users);
        struct running *other = open_running(s, &per_user[i], users);
        say_ratio(other, base, name);
        close_running(other);
        close_running(base);
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    wanted = (const char *const *)argv + 1;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        compare_models(&shapes[i]);
        compare_per_user(&shapes[i], 900);
        compare_per_user(&shapes[i], 18271);
    }
    return 0;
}
