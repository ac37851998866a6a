/* What a wide part costs: microseconds of evidence a position of a news log (one thread, 200 and 50
 * postings an item), the same over reading its postings and sessions and writing its numbers alone;
 * the steps of a training with a wide part at the size of Last.fm, and all of it, over a training
 * without; seconds and bytes of an index over 32 million events.  Items are drawn with a skew, as
 * real ones are. */
#include "index/evidence.h"

#include "data/batch.h"

#include "running.h"
#include "timing.h"

enum { BEGIN = 1500000000, SKIPPED = 40000 }; /* seconds between sessions on average, and more */

struct log_size {
    int32_t users, items;
    int sessions_each, events_each;
    int32_t alive; /* items that are in use at the same time: news; 0: all */
    bool own;      /* every other event is of the user's own few items: music */
};

static int32_t draw_item(const struct log_size *s, int32_t user, double age, struct random *r)
{
    float x = random_between(r, 0, 1);
    int32_t skewed = (int32_t)(x * x * x * (float)(s->alive ? s->alive : s->items));
    if (s->own && random_below(r, 2))
        return (int32_t)(((int64_t)user * 7919 + skewed / 500) % s->items);
    return s->alive ? skewed + (int32_t)(age * (double)(s->items - s->alive)) : skewed;
}

static void make_log(struct session_store *c, struct log_size s, uint64_t seed)
{
    struct random random = random_of(seed, 0);
    struct err e;
    double lasts = (double)s.sessions_each * (SKIPPED + 4000) + 100000;
    c->keeps_times = s.users < 100000;
    for (int32_t u = 0; u < s.users; u++) {
        int64_t now = BEGIN + random_below(&random, 100000);
        for (int k = 0; k < s.sessions_each; k++) {
            int64_t times[64];
            int32_t items[64];
            size_t n = 2 + random_below(&random, 2 * (uint32_t)s.events_each - 3);
            for (size_t i = 0; i < n; i++) {
                double age = (double)(now - BEGIN) / lasts;
                items[i] = draw_item(&s, u, age < 1 ? age : 1, &random);
                times[i] = now += random_below(&random, 300);
            }
            now += 3600 + random_below(&random, 2 * SKIPPED);
            struct session session = {u, PART_TRAIN, n, times, items, NULL, 0};
            if (session_store_add(c, &session, &e))
                bench_fail(&e);
        }
    }
    if (session_store_end(c, &e))
        bench_fail(&e);
}

/* ---- evidence ---- */

enum { PICKED = 64, ROUNDS = 6, BATCHES = 30 };

static void pick(const struct session_store *c, int batch, int32_t picked[PICKED])
{
    for (int32_t i = 0; i < PICKED; i++)
        picked[i] = (batch * 7919 + i * 104729) % (int32_t)session_store_sessions(c);
}

/* Reads what is looked at anew at each position, the sessions with its last item, and writes as
 * many numbers as evidence has; returns something of what it read. */
static int64_t read_and_write(const struct evidence_maker *m, const int32_t picked[PICKED],
                              const struct evidence *e, float *to)
{
    const struct session_index *x = m->index;
    int64_t sum = 0;
    for (int i = 0; i < PICKED; i++) {
        size_t s = (size_t)picked[i];
        int32_t rank = session_index_before(x, session_store_start(m->store, s));
        for (size_t k = 0; k + 1 < session_store_length(m->store, s); k++) {
            int32_t item = session_store_items(m->store, s)[k];
            size_t n = session_index_postings(x, item, rank), least = 0;
            least = n > (size_t)m->postings ? n - (size_t)m->postings : 0;
            for (; n > least; n--) {
                int32_t at = x->session[x->posting[item].from + n - 1];
                for (size_t j = 0; j < session_index_length(x, at); j++)
                    sum += session_index_items(x, at)[j];
            }
        }
    }
    memcpy(to, e->feature, (size_t)e->candidates * EVIDENCE_FEATURES * sizeof *to);
    return sum;
}

static void time_evidence(const struct session_store *c, const struct session_index *x,
                          int postings)
{
    struct evidence_maker maker = {.index = x, .store = c, .postings = postings, .threads = 1};
    double took[ROUNDS], alone[ROUNDS] = {0};
    f32_vec copy = {0};
    volatile int64_t unused = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t positions = 0;
        double making = 0;
        for (int batch = 0; batch < BATCHES; batch++) {
            int32_t picked[PICKED];
            pick(c, batch, picked);
            double begin = now();
            struct evidence e = evidence_make(&maker, picked, PICKED, true);
            making += now() - begin;
            positions += e.positions;
            vec_reserve(&copy, (size_t)e.candidates * EVIDENCE_FEATURES);
            begin = now();
            unused += read_and_write(&maker, picked, &e, copy.at);
            alone[round] += now() - begin;
        }
        took[round] = making / (double)positions;
        alone[round] /= (double)positions;
    }
    printf("evidence_%d\t%.1f\tµs\n", postings, 1e6 * least(took, ROUNDS));
    printf("evidence_%d_over_floor\t%.1f\tratio\n", postings,
           least(took, ROUNDS) / least(alone, ROUNDS));
    fflush(stdout);
    evidence_release(&maker);
    vec_release(&copy);
}

static void news(void)
{
    struct session_store c = {0};
    struct session_index x;
    make_log(&c, (struct log_size){4000, 2000, 8, 4, 400, false}, 1);
    session_index_build(&x, &c, 2000, PART_TRAIN, PART_TRAIN);
    time_evidence(&c, &x, EVIDENCE_POSTINGS);
    time_evidence(&c, &x, 50);
    session_index_release(&x);
    session_store_release(&c);
}

/* ---- training ---- */

enum { STEPS = 4, EPOCHS = 10 };

/* What a training with or without a wide part does with sessions (train/stacking.h). */
struct work {
    bool wide; /* the model has a wide part */
    enum turn turn;
    bool learn;   /* false: the network takes the sessions in */
    int sessions; /* of a batch: the wide part learns of about 100 targets */
};

enum { ALONE, NETWORK, WIDE, BESIDE, TAKEN, WORKS };

static const struct work works[WORKS] = {
    {false, TURN_NETWORK, true, SESSIONS}, {true, TURN_NETWORK, true, SESSIONS},
    {true, TURN_WIDE, true, 13},           {true, TURN_BESIDE, true, 13},
    {true, TURN_BESIDE, false, 256},
};

static double time_batch(struct running *r, struct batching *b, struct evidence_maker *m,
                         const struct work *w, int from, int count)
{
    int32_t picked[STEPS * SESSIONS];
    int32_t each = (int32_t)session_store_sessions(b->store) / ACTIVE_MOST;
    struct outcome o;
    struct err e = {0};
    struct evidence said;
    for (int32_t i = 0; i < count; i++) /* late sessions of different users */
        picked[i] = (from + i) % ACTIVE_MOST * each + each - 1 - from / SESSIONS;
    struct batch of = batching_make(b, picked, (size_t)count, w->learn);
    double begin = now();
    if (w->learn && w->turn != TURN_NETWORK) {
        said = evidence_make(m, picked, (size_t)count, true);
        of.evidence = &said;
    }
    if (!w->learn)
        learner_take(&r->learner, &of);
    else if (learner_batch(&r->learner, &of, &o, &e))
        bench_fail(&e);
    return now() - begin;
}

/* The time for the same sessions in each work. */
static double time_work(struct running *r, struct batching *b, struct evidence_maker *m,
                        const struct work *w)
{
    double took = 0;
    if (w->wide)
        model_turn(&r->model, w->turn);
    for (int from = 0; from < STEPS * SESSIONS; from += w->sessions) {
        int left = STEPS * SESSIONS - from;
        took += time_batch(r, b, m, w, from, left < w->sessions ? left : w->sessions);
    }
    return took;
}

static struct running *open_step(bool wide)
{
    const struct variant v = {"wide", "ii-rnn", {.wide = wide}};
    return open_new(&lastfm, &v, ACTIVE_MOST, 0, cpu_open(&(struct device_options){0}));
}

/* What is unseen is a fifth: in the first half of the epochs the network learns from the others,
 * and after each the wide part from the fifth; seven passes of the wide part alone, fourteen over
 * the fifth.  Before a pass over the fifth the network takes the others in. */
static double training(const double *took)
{
    double passes_of_fifth = EPOCHS / 2 + 14;
    return EPOCHS / 2 * (.8 + 1) * took[NETWORK] + 7 * took[WIDE] +
           passes_of_fifth * (.2 * took[BESIDE] + .8 * took[TAKEN]);
}

static void lastfm_wide(void)
{
    struct session_store c = {0};
    struct session_index x;
    double took[WORKS][ROUNDS], best[WORKS];
    make_log(&c, (struct log_size){ACTIVE_MOST, lastfm.items, 150, 9, 0, true}, 3);
    session_index_build(&x, &c, lastfm.items, PART_TRAIN, PART_TRAIN);
    struct batching b = {.store = &c, .history = HISTORY};
    struct evidence_maker m = {
        .index = &x, .store = &c, .postings = EVIDENCE_POSTINGS, .threads = omp_get_max_threads()};
    struct running *of[2] = {open_step(false), open_step(true)};
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < WORKS; i++)
            took[i][round] = time_work(of[works[i].wide], &b, &m, &works[i]);
    for (int i = 0; i < WORKS; i++)
        best[i] = least(took[i], ROUNDS);
    printf("lastfm_wide_network\t%.3f\tratio\n", best[NETWORK] / best[ALONE]);
    printf("lastfm_wide_beside\t%.3f\tratio\n", best[BESIDE] / best[ALONE]);
    printf("lastfm_wide_alone\t%.3f\tratio\n", best[WIDE] / best[ALONE]);
    printf("lastfm_wide_training\t%.3f\tratio\n", training(best) / (EPOCHS * best[ALONE]));
    fflush(stdout);
    for (int i = 0; i < 2; i++)
        close_running(of[i]);
    evidence_release(&m);
    batching_release(&b);
    session_index_release(&x);
    session_store_release(&c);
}

/* ---- the index ---- */

static void large(void)
{
    struct session_store c = {0};
    struct session_index x;
    make_log(&c, (struct log_size){500000, 380000, 8, 8, 0, false}, 2);
    double begin = now();
    session_index_build(&x, &c, 380000, PART_TRAIN, PART_TRAIN);
    double took = now() - begin;
    size_t sessions = (size_t)x.sessions, events = (size_t)x.event[sessions];
    double bytes = 24.0 * (double)sessions + 4.0 * (double)(events + x.posting_end) + 24.0 * 380000;
    printf("index_seconds\t%.1f\ts for %.0f million events\n", took, (double)events / 1e6);
    printf("index_mb\t%.0f\tMB\n", bytes / 1e6);
    session_index_release(&x);
    session_store_release(&c);
}

int main(int argc, char **argv)
{
    const char *const *wanted = (const char *const *)argv + (argc > 0);
    if (is_wanted(wanted, "evidence"))
        news();
    if (is_wanted(wanted, "lastfm_wide"))
        lastfm_wide();
    if (is_wanted(wanted, "index"))
        large();
    return 0;
}
