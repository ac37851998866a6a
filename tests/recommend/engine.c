/* Answers to users who return: the same bytes as where the model remembers nothing from answer to
 * answer, and each session is taken in once. */
#include "recommend/engine.h"

#include "base/random.h"

#include "../tap.h"
#include "../train/tiny_model.h"

enum { USERS = 5, SESSIONS = 240, LONGEST = 6, TOP = 4 };
static const char items[] = "abcdefghijklmnopqrst";

static void write_file(struct model *m, const struct model_names *names, const char *class,
                       const char *options)
{
    const char *pair[][2] = {
        {"model", class}, {"options", options}, {"history", "2"}, {"delta_edges", "[60,3600]"}};
    struct safetensors_text text[4] = {0};
    struct err e = {0};
    for (int i = 0; i < 4; i++) {
        text[i].key = mem_copy(pair[i][0], strlen(pair[i][0]));
        buf_text(&text[i].value, pair[i][1]);
    }
    must(model_file_save(m, m->parameters.value, names, NULL, text, 4, "model", &e), &e);
    for (int i = 0; i < 4; i++) {
        mem_free(text[i].key);
        buf_release(&text[i].value);
    }
}

/* A model of the class with random weights.  A file without weights says what its options are. */
static void write_model(const char *class, const char *options)
{
    struct tiny t;
    struct saved_model said;
    struct model m;
    struct err e = {0};
    tiny_open(&t, items, "");
    write_file(&t.model, &t.names, class, options);
    must(saved_model_open(&said, "model", &e), &e);
    struct model_data data = {
        .items = (int32_t)strlen(items), .users = 1, .history = 2, .delta_buckets = 3};
    model_open(&m, said.class, said.options, &data, t.model.device);
    parameters_allocate(&m.parameters, t.model.device, OPTIMIZER_SGD, 0, 7);
    write_file(&m, &t.names, class, options);
    model_close(&m);
    saved_model_close(&said);
    tiny_close(&t);
}

/* An engine and the users whom it answers. */
struct answering {
    struct engine engine;
    struct users users;
};

static void open_answering(struct answering *a, const struct saved_model *saved, int32_t returning,
                           int64_t keep, struct device *d)
{
    struct err e = {0};
    *a = (struct answering){.engine = {.batch = 2, .returning = returning}, .users.keep = keep};
    must(engine_open(&a->engine, saved, &saved->edges, d, &e), &e);
    for (int32_t i = 0; i < (int32_t)strlen(items); i++)
        users_item(&a->users, i);
    for (int u = 0; u < USERS; u++)
        users_user(&a->users, bytes_of("new"), &saved->users);
}

static void close_answering(struct answering *a)
{
    engine_release(&a->engine);
    users_release(&a->users);
}

/* A session of the user that begins at the time. */
static void come(struct answering *a, int32_t user, int64_t time, bool overlaps, uint64_t seed)
{
    struct random r = random_of(seed, 1);
    int64_t times[LONGEST];
    int32_t item[LONGEST];
    struct err e = {0};
    size_t count = 1 + random_below(&r, LONGEST);
    for (size_t i = 0; i < count; i++) {
        times[i] = time += i ? 1 + random_below(&r, overlaps ? 200 : 2) : 0;
        item[i] = (int32_t)random_below(&r, (uint32_t)strlen(items));
    }
    struct session s = {.user = user, .count = count, .times = times, .items = item};
    must(users_session(&a->users, &s, &e), &e);
}

static void answer(struct answering *a, int32_t user, enum exclude exclude)
{
    struct question asked = {.user = user, .top = TOP, .exclude = exclude};
    struct err e = {0};
    must(engine_make(&a->engine, &a->users, &asked, 1, &e), &e);
}

static bool same_answers(const struct engine *a, const struct engine *b)
{
    size_t n = a->item.len;
    return n && b->item.len == n && !memcmp(a->item.at, b->item.at, n * sizeof *a->item.at) &&
           !memcmp(a->score.at, b->score.at, n * sizeof *a->score.at);
}

/* Whether the answer leaves out the items of these sessions of the user, the newest ones, and has
 * as many others as it can. */
static bool leaves_out(struct answering *a, int32_t user, size_t sessions)
{
    const struct known_user *known = &a->users.at.at[user];
    size_t n = known->sessions.len, left = strlen(items), wrong = 0;
    bool used[sizeof items] = {false};
    struct user_events events;
    struct err e = {0};
    for (size_t v = n - (sessions < n ? sessions : n); v < n; v++) {
        must(users_events(&a->users, &known->sessions.at[v], &events, &e), &e);
        for (int32_t i = 0; i < known->sessions.at[v].count; i++) {
            left -= !used[events.item[i]];
            used[events.item[i]] = true;
        }
    }
    for (size_t i = 0; i < a->engine.item.len; i++)
        wrong += used[a->engine.item.at[i]];
    return !wrong && a->engine.item.len == (left < TOP ? left : TOP);
}

struct form {
    const char *class, *options;
    int32_t returning;
    int64_t keep;
    bool overlaps;
};

/* How many sessions the model took in for all answers. */
static int64_t check(const struct form *f, int sessions)
{
    struct answering a, anew;
    struct saved_model saved;
    struct err e = {0};
    struct device *d = cpu_open(&(struct device_options){.threads = 1});
    struct random r = random_of(3, 3);
    int wrong = 0;
    write_model(f->class, f->options);
    must(saved_model_open(&saved, "model", &e), &e);
    open_answering(&a, &saved, f->returning, f->keep, d);
    open_answering(&anew, &saved, f->returning, f->keep, d);
    anew.engine.model.data.history = SESSIONS; /* room for all */
    for (int s = 0; s < sessions; s++) {
        int32_t user = (int32_t)random_below(&r, USERS);
        come(&a, user, 1000000 + 100 * s, f->overlaps, (uint64_t)s);
        come(&anew, user, 1000000 + 100 * s, f->overlaps, (uint64_t)s);
        engine_forget(&anew.engine);
        enum exclude exclude = f->keep && s % 3 ? EXCLUDE_HISTORY : EXCLUDE_SESSION;
        answer(&a, user, exclude);
        answer(&anew, user, exclude);
        wrong += !same_answers(&a.engine, &anew.engine);
        wrong += !leaves_out(&a, user, exclude == EXCLUDE_HISTORY ? SESSIONS : 1);
    }
    int64_t taken = a.engine.taken;
    tap_ok(
        !wrong && taken <= anew.engine.taken,
        "%s %s, %d returning, keep %d%s: as if all sessions were taken in anew, %d in place of %d",
        f->class, f->options, f->returning, (int)f->keep, f->overlaps ? ", overlaps" : "",
        (int)taken, (int)anew.engine.taken);
    close_answering(&a);
    close_answering(&anew);
    saved_model_close(&saved);
    device_close(d);
    return taken;
}

int main(void)
{
    static const char *const models[][2] = {
        {"hrnn", "{\"embedding\":6}"},
        {"rnn", "{\"embedding\":6,\"join-sessions\":true}"},
        {"ii-rnn", "{\"embedding\":6,\"session-rep\":\"last\",\"inter\":\"hidden,delta\"}"}};
    for (size_t m = 0; m < 3; m++) {
        struct form f = {.class = models[m][0], .options = models[m][1], .returning = USERS};
        int64_t taken = check(&f, SESSIONS);
        tap_ok(taken == SESSIONS - USERS, "all sessions but each user's newest, once: %d",
               (int)taken);
        f.returning = USERS - 2;
        tap_ok(check(&f, SESSIONS) > taken, "and again for users who had to make room");
        f.keep = 3;
        check(&f, SESSIONS);
        f = (struct form){f.class, f.options, USERS, 0, true};
        tap_ok(check(&f, SESSIONS) < 3 * SESSIONS,
               "sessions that overlap are taken in anew seldom");
    }
    return tap_done();
}
