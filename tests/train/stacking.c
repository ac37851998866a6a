/* lib/train/stacking: what is unseen, the order of turns, what each of them changes, and a turn
 * that goes on where a checkpoint has left it. */
#include "train/stacking.h"

#include "model/wide_ready.h"
#include "nn/device_open.h"

#include "../files.h"
#include "../streams.h"
#include "../tap.h"

static struct cli *cli; /* of a command line that names the stream */

/* ---- a small log ---- */

enum { ITEMS = 4, DAY = 86400 };

/* Users with so many training sessions each, one a day, and the last one of each in the test. */
struct log {
    int users, sessions, epochs; /* epochs 0: the header does not say */
    bool by_time;                /* the test is newer than all training */
    bool at_once;                /* all sessions begin at once */
    bool tests;
    const char *recent, *oldest; /* the shares that passes learn from; NULL: all */
};

/* Session `number` of a user: all items, and the first of them again in every other session. */
static void write_one(struct frame_out *out, const struct log *l, int user, int number,
                      struct err *e)
{
    bool last = number == l->sessions;
    int64_t begin =
        l->at_once ? 0 : (int64_t)DAY * (number + (last && !l->by_time ? -1 : 0)) + user;
    int32_t item[ITEMS + 1];
    int64_t time[ITEMS + 1];
    for (int i = 0; i <= ITEMS; i++) {
        item[i] = (user + number + i) % ITEMS;
        time[i] = begin + i;
    }
    const struct session s = {
        user, last ? PART_TEST : PART_TRAIN, ITEMS + (size_t)(number % 2), time, item, NULL, 0};
    must(write_session(out, &s, e), e);
}

static void records(struct frame_out *out, const void *of, struct err *e)
{
    const struct log *l = of;
    stream_names(out, l->users, ITEMS, e);
    for (int u = 0; u < l->users; u++)
        for (int n = 0; n < l->sessions + l->tests; n++)
            write_one(out, l, u, n, e);
    must(frame_out_pause(out, e), e);
    must(write_epoch(out, (struct epoch){1, PART_TRAIN}, e), e);
}

/* ---- a run on it, up to its first pass ---- */

struct fixture {
    struct run_options o;
    struct model_choice choice;
    struct pass_run run;
    struct stacking s;
    /* What is seen after each batch of a turn. */
    int batches, fails_after; /* 0: never */
    int64_t sessions;
    bool twice, of_seen, learned_well;
    struct err e;
};

enum { SUMS = 3 }; /* the first of those of the sums */
static const char *const all_of_wide[] = {"wide_features.weight", "wide_features.bias",
                                          "wide_context.weight",  "wide_score.weight",
                                          "wide_direct.weight",   "wide_prior.weight"};

static bool frozen(const struct fixture *f, const char *name)
{
    return parameters_find(&f->run.model.parameters, name)->frozen;
}

/* Whether what learns in this turn is what should. */
static bool learns_well(const struct fixture *f)
{
    enum turn turn = f->s.turn;
    bool factor = turn != TURN_WIDE, all = turn != TURN_WORTH;
    bool good = frozen(f, "item_embedding.weight");
    good &= frozen(f, "wide_deep.weight") != factor && frozen(f, "wide_deep.bias") != factor;
    for (size_t i = 0; i < sizeof all_of_wide / sizeof *all_of_wide; i++)
        good &= frozen(f, all_of_wide[i]) != (all || i >= SUMS);
    return good;
}

/* After a batch: counts its sessions, and notes whether two are of one user. */
static int look(void *of, struct err *e)
{
    struct fixture *f = of;
    const struct stacking *s = &f->s;
    const struct session_store *c = &f->run.in.store;
    size_t batch = (size_t)s->batch - 1, from = batch ? (size_t)s->end.at[batch - 1] : 0;
    for (size_t i = from; i < (size_t)s->end.at[batch]; i++) {
        f->of_seen |= !s->unseen[s->picked.at[i]];
        for (size_t j = from; j < i; j++)
            f->twice |= session_store_user(c, (size_t)s->picked.at[i]) ==
                        session_store_user(c, (size_t)s->picked.at[j]);
        f->sessions++;
    }
    f->learned_well &= learns_well(f);
    return ++f->batches == f->fails_after ? err_set(e, STATUS_FAIL, "stopped") : 0;
}

static void open_fixture(struct fixture *f, const struct log *l, int fails_after)
{
    static const struct output_options output = {0};
    struct schedule_record r;
    struct model_data data;
    struct buf stream = {0};
    struct meta meta;
    stream_meta(&meta, STREAM_BATCHES);
    if (l->epochs)
        meta_set_int(&meta, "epochs", l->epochs);
    if (l->recent)
        meta_set_text(&meta, "train_recent", l->recent);
    if (l->oldest)
        meta_set_text(&meta, "train_oldest", l->oldest);
    stream_with(&meta, false, records, l, &stream);
    meta_release(&meta);
    bytes_to_file("batches", stream.at, stream.len);
    buf_release(&stream);
    *f = (struct fixture){.o = run_defaults, .fails_after = fails_after};
    model_choice_open(&f->choice);
    f->o.model = "stamp";
    f->o.threads = 1;
    must(model_find(f->o.model, &f->o.class, &f->e), &f->e);
    struct model_options *m =
        (struct model_options *)(size_t)model_choice_of(&f->choice, f->o.class);
    m->wide = true, m->embedding = 3;
    must(run_check(cli, &f->o, &f->choice, &f->e), &f->e);
    must(pass_run_open(&f->run, cli, "trainer", &f->o, &output, &f->e), &f->e);
    do
        must(schedule_in_next(&f->run.in, &r, &f->e) != READ_RECORD, &f->e);
    while (r.kind != RECORD_EPOCH);
    f->run.device = cpu_open(&(struct device_options){.threads = 1});
    pass_run_data(&f->run, &data);
    model_open(&f->run.model, f->o.class, f->o.shape, &data, f->run.device);
    parameters_allocate(&f->run.model.parameters, f->run.device, OPTIMIZER_ADAM, 0, 1);
    wide_ready_put(&f->run.model);
    struct train_options options = run_train_options(&f->o);
    pass_run_begin(&f->run, &options);
    stacking_open(&f->s, &f->run, (struct stacking_pause){look, f});
    f->learned_well = true;
}

static void close_fixture(struct fixture *f)
{
    stacking_close(&f->s);
    pass_run_close(&f->run);
    model_choice_release(&f->choice);
}

/* A pass of the network with so many updates, which change nothing here. */
static void pass_of_network(struct fixture *f, int64_t pass, int64_t updates)
{
    stacking_begin_pass(&f->s, &f->run, pass);
    must(stacking_learn(&f->s, &f->run, &f->e), &f->e);
    f->run.learner.steps += updates;
    stacking_end_pass(&f->s, &f->run);
}

/* ---- what is unseen ---- */

static void shares(void)
{
    static const struct {
        struct log log;
        size_t unseen;
        bool of_each_user; /* else of all */
        const char *what;
    } rows[] = {
        {{10, 5, 4, .by_time = true, .tests = true},
         10,
         false,
         "where the test is newer than all training: the newest fifth of all"},
        {{10, 5, 4, .tests = true}, 10, true, "else the newest fifth of each user's"},
        {{10, 7, 4, .tests = true},
         20,
         true,
         "or more, where a user's sessions are no multiple of five"},
        {{10, 2, 4, .tests = true}, 4, false, "of all, where that is more than a third"},
        {{10, 5, 4, .tests = false}, 10, true, "where nothing is tested: of each user's"},
        {{1, 1, 4, .tests = true}, 1, false, "a single session is unseen"},
        {{4, 3, 4, .by_time = true, .tests = true, .at_once = true},
         12,
         false,
         "where all begin at once, all are"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        open_fixture(&f, &rows[i].log, 0);
        const struct session_store *c = &f.run.in.store;
        size_t count = 0, right = 0, of_user = rows[i].unseen / (size_t)rows[i].log.users;
        int64_t seen = INT64_MIN, unseen = INT64_MAX;
        for (size_t k = 0; k < session_store_sessions(c); k++) {
            size_t user = (size_t)session_store_user(c, k);
            size_t number = k - (size_t)c->first.at[user];
            if (session_store_part(c, k) != PART_TRAIN)
                continue;
            count += f.s.unseen[k];
            right += f.s.unseen[k] == (number + of_user >= (size_t)rows[i].log.sessions);
            int64_t at = session_store_start(c, k), *end = f.s.unseen[k] ? &unseen : &seen;
            *end = f.s.unseen[k] ? (at < unseen ? at : unseen) : (at > seen ? at : seen);
        }
        bool good = rows[i].of_each_user ? right == f.run.training : unseen > seen;
        tap_ok(f.s.sessions == rows[i].unseen && count == rows[i].unseen && good, "%s (%zu)",
               rows[i].what, f.s.sessions);
        close_fixture(&f);
    }
}

static void halves(void)
{
    static const int64_t rows[][2] = {{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 2}, {9, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct log l = {4, 5, (int)rows[i][0], .tests = true};
        struct fixture f;
        open_fixture(&f, &l, 0);
        size_t all = f.run.training;
        pass_of_network(&f, 1, 1);
        bool hides = f.run.in.left_out == f.s.unseen && f.run.training == all - f.s.sessions;
        bool falls = f.run.first == 1 && f.run.last == (rows[i][0] ? f.s.until : 0);
        pass_of_network(&f, f.s.until + 1, 1);
        bool shows = !f.run.in.left_out && f.run.training == all;
        falls &= f.run.last == rows[i][0] && (!f.run.last || f.run.first == f.s.until + 1);
        tap_ok(f.s.until == rows[i][1] && hides && shows && falls,
               "of %d epochs the network sees them after %d, and its rate begins anew",
               (int)rows[i][0], (int)rows[i][1]);
        close_fixture(&f);
    }
}

/* The learning rate falls with the sessions that passes have. */
static void counted(void)
{
    static const struct log some = {10, 5, 4, .by_time = true, .tests = true, .recent = "2/5"};
    static const struct log none = {10, 5, 4, .by_time = true, .tests = true, .recent = "user:"};
    struct fixture f;
    open_fixture(&f, &some, 0);
    size_t of_share = f.run.training;
    pass_of_network(&f, 1, 1);
    tap_ok(of_share == 20 && f.run.training == 16 && f.sessions == 7 * 20,
           "of the newest two fifths a pass has 20 sessions of 50, and 16 without the unseen");
    close_fixture(&f);
    open_fixture(&f, &none, 0);
    tap_ok(f.run.training == 50, "what is no share is all");
    close_fixture(&f);
}

/* Of five sessions of each user two are left out, the last ones; those before are seen, and one is
 * not. */
static void left_out(void)
{
    static const struct log some = {10, 5, 4, .tests = true, .oldest = "user:3/5"};
    struct fixture f;
    int wrong = 0;
    open_fixture(&f, &some, 0);
    const struct session_store *c = &f.run.in.store;
    for (size_t k = 0; k < session_store_sessions(c); k++) {
        int number = (int)(k - (size_t)c->first.at[session_store_user(c, k)]);
        wrong += session_store_part(c, k) == PART_TRAIN && f.s.unseen[k] != (number < 2    ? 0
                                                                             : number == 2 ? 1
                                                                                           : 2);
    }
    pass_of_network(&f, 1, 1);
    tap_ok(!wrong && f.s.sessions == 10 && f.run.training == 20 && f.sessions == 7 * 30,
           "what passes leave out is neither seen nor learned from: %d wrong", wrong);
    close_fixture(&f);
}

/* ---- the order of turns ---- */

enum { USERS = 60, SESSIONS = 5 }; /* so that a turn has several batches */
static const struct log usual = {USERS, SESSIONS, 4, .tests = true};

static void begin_count(struct fixture *f)
{
    f->batches = 0, f->sessions = 0, f->twice = f->of_seen = false;
}

static void order(void)
{
    struct fixture f;
    open_fixture(&f, &usual, 0);
    tap_ok(!stacking_waits(&f.s) && f.run.model.frozen == FROZEN_WIDE &&
               frozen(&f, "wide_direct.weight") && !frozen(&f, "item_embedding.weight"),
           "the network learns where there is no turn");
    stacking_begin_pass(&f.s, &f.run, 1);
    tap_ok(f.s.turn == TURN_WIDE && f.run.model.frozen == FROZEN_WIDE,
           "before the first pass begins the turn of the wide part");
    must(stacking_learn(&f.s, &f.run, &f.e), &f.e);
    tap_ok(f.sessions == 7 * USERS * SESSIONS && f.of_seen && f.learned_well &&
               !stacking_waits(&f.s),
           "in it the wide part alone learns, from all training sessions seven times");
    stacking_end_pass(&f.s, &f.run);
    tap_ok(!stacking_waits(&f.s), "a pass without an update has no turn after it");
    begin_count(&f);
    pass_of_network(&f, 2, 3);
    tap_ok(!f.batches && f.s.turn == TURN_WORTH,
           "after the others of the first half begins that of what both are worth");
    must(stacking_learn(&f.s, &f.run, &f.e), &f.e);
    tap_ok(f.sessions == USERS && !f.of_seen && !f.twice && f.learned_well,
           "in it they learn from the unseen sessions once, no two of a user in a batch");
    begin_count(&f);
    stacking_begin_pass(&f.s, &f.run, 3);
    tap_ok(f.s.turn == TURN_BESIDE, "before the second half begins that of all of the wide part");
    must(stacking_learn(&f.s, &f.run, &f.e), &f.e);
    tap_ok(f.sessions == 14 * USERS && !f.of_seen && !f.twice && f.learned_well,
           "in it that learns beside the network, from the unseen ones fourteen times");
    f.run.learner.steps++;
    stacking_end_pass(&f.s, &f.run);
    tap_ok(!stacking_waits(&f.s), "in the second half there are no turns");
    pass_of_network(&f, 4, 1);
    tap_ok(f.sessions == 14 * USERS && !stacking_waits(&f.s), "nor before its other passes");
    close_fixture(&f);
}

static void no_update(void)
{
    struct fixture f;
    open_fixture(&f, &usual, 0);
    f.o.max_steps = 0;
    pass_of_network(&f, 1, 0);
    tap_ok(!f.batches && !stacking_waits(&f.s), "where nothing is to learn there are no turns");
    close_fixture(&f);
}

/* ---- what one turn leaves for the next ---- */

/* All weights, to be released. */
static float *weights_of(const struct fixture *f)
{
    float *w = mem_alloc(f->run.model.parameters.count * sizeof *w);
    parameters_download(&f->run.model.parameters, w);
    return w;
}

/* How many parameters of the network, and of the wide part, differ. */
static void differences(const struct fixture *f, const float *a, const float *b, int count[2])
{
    const struct parameters *p = &f->run.model.parameters;
    count[0] = count[1] = 0;
    for (size_t i = 0; i < p->list.len; i++) {
        const struct parameter *q = p->list.at[i];
        count[!strncmp(q->name, "wide_", 5)] +=
            !!memcmp(a + q->offset, b + q->offset, q->count * sizeof *a);
    }
}

/* Makes the network's first weights so large that it says something. */
static void grow(struct fixture *f)
{
    const struct parameters *p = &f->run.model.parameters;
    for (size_t i = 0; i < p->list.len; i++)
        for (size_t k = 0; k < p->list.at[i]->count && strncmp(p->list.at[i]->name, "wide_", 5);
             k++)
            p->list.at[i]->value[k] *= 30;
}

static void handed_on(void)
{
    struct fixture f;
    int changed[2];
    open_fixture(&f, &usual, 0);
    grow(&f);
    struct update *of_network = &f.run.learner.options.optimizer.update;
    f.run.learner.steps = 5, of_network->rate = 0.125f;
    float *begun = weights_of(&f);
    stacking_begin_pass(&f.s, &f.run, 1);
    must(stacking_learn(&f.s, &f.run, &f.e), &f.e);
    float *wide = weights_of(&f);
    differences(&f, begun, wide, changed);
    tap_ok(!changed[0] && changed[1] == 6,
           "its turn changes the wide part, but for the network's factor");
    const struct update *u = &f.run.model.parameters.update;
    tap_ok(u->step == 5 && u->rate == 0.125f && u->kind == of_network->kind,
           "the optimizer is that of the network again");
    f.run.learner.steps++;
    stacking_end_pass(&f.s, &f.run);
    must(stacking_learn(&f.s, &f.run, &f.e), &f.e);
    float *worth = weights_of(&f);
    differences(&f, wide, worth, changed);
    tap_ok(!changed[0] && changed[1] == 5, "the next changes its sums and the factor");
    tap_ok(parameters_find(&f.run.model.parameters, "item_embedding.weight")->flushed == 5,
           "beside tables whose rows have caught up, as in tests");
    mem_free(begun);
    mem_free(wide);
    mem_free(worth);
    close_fixture(&f);
}

/* ---- where the network has nothing to learn from, or stops early ---- */

static void early(void)
{
    static const struct log one = {1, 1, 4, .tests = true};
    struct fixture f;
    open_fixture(&f, &one, 0);
    pass_of_network(&f, 1, 0);
    tap_ok(!f.run.training && stacking_gives_up(&f.s, &f.run) && f.s.until == 0,
           "without older sessions the second half begins");
    pass_of_network(&f, 2, 1);
    tap_ok(f.run.training == 1 && !stacking_waits(&f.s) && !stacking_gives_up(&f.s, &f.run),
           "with all of them");
    close_fixture(&f);
    open_fixture(&f, &usual, 0);
    pass_of_network(&f, 1, 1);
    tap_ok(stacking_goes_on(&f.s) && f.s.until == 1,
           "without patience in the first half the second begins");
    pass_of_network(&f, 2, 1);
    tap_ok(!stacking_goes_on(&f.s), "and in that the run ends");
    close_fixture(&f);
}

/* ---- checkpoints ---- */

static void list(void *of, struct state *s)
{
    struct fixture *f = of;
    learner_state(&f->run.learner, s);
    stacking_state(&f->s, s);
}

static void keep(struct fixture *f)
{
    struct output_file file;
    must(stacking_flush(&f->s, &f->e), &f->e);
    must(output_file_open_whole(&file, "state", &f->e), &f->e);
    must(state_write(&file, NULL, 0, list, f, &f->e), &f->e);
    must(output_file_commit(&file, &f->e), &f->e);
}

static void restore(struct fixture *f)
{
    struct safetensors file;
    must(safetensors_open(&file, "state", &f->e), &f->e);
    must(state_read(&file, list, f, &f->e), &f->e);
    safetensors_close(&file);
}

/* Two passes, from a turn on in which the run has stopped; TURN_NETWORK: from the beginning. */
static int two_passes(struct fixture *f, enum turn from)
{
    if (from == TURN_NETWORK)
        stacking_begin_pass(&f->s, &f->run, 1);
    if (stacking_learn(&f->s, &f->run, &f->e))
        return f->e.status;
    if (from <= TURN_WIDE) {
        f->run.learner.steps += 2;
        stacking_end_pass(&f->s, &f->run);
        if (stacking_learn(&f->s, &f->run, &f->e))
            return f->e.status;
    }
    if (from <= TURN_WORTH)
        stacking_begin_pass(&f->s, &f->run, 2);
    return stacking_learn(&f->s, &f->run, &f->e);
}

static const struct log two = {USERS, SESSIONS, 2, .tests = true};

/* Runs to a stop after so many batches, and goes on in another run. */
static void stopped(int batches, const float *expected)
{
    struct fixture f, g;
    open_fixture(&f, &two, batches);
    bool stops = two_passes(&f, TURN_NETWORK) == STATUS_FAIL;
    enum turn turn = f.s.turn;
    keep(&f);
    close_fixture(&f);
    open_fixture(&g, &two, 0);
    restore(&g);
    bool waits = stacking_waits(&g.s) && g.s.turn == turn;
    must(two_passes(&g, turn), &g.e);
    float *w = weights_of(&g);
    tap_ok(stops && waits && !memcmp(w, expected, g.run.model.parameters.count * sizeof *w),
           "stopped after batch %d, of turn %d: the same weights", batches, (int)turn);
    mem_free(w);
    close_fixture(&g);
}

static void resumed(void)
{
    struct fixture f;
    open_fixture(&f, &two, 0);
    must(two_passes(&f, TURN_NETWORK), &f.e);
    float *expected = weights_of(&f);
    /* the batches of a pass over the unseen sessions, and of the first turn */
    int all = f.batches, few = (int)f.s.end.len, wide = all - 15 * few;
    close_fixture(&f);
    const int batches[] = {1, wide / 2, wide, wide + 1, wide + few, wide + few + 1, all - few, all};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        stopped(batches[i], expected);
    mem_free(expected);
}

int main(void)
{
    const struct option *const none[] = {NULL};
    const struct program program = {
        .name = "trainer", .usage = "file", .tables = none, .progress = PROGRESS_OF_WORK};
    cli = cli_parse(&program, 3, (char *[]){"trainer", "--quiet", "batches", NULL});
    shares();
    halves();
    counted();
    left_out();
    order();
    no_update();
    handed_on();
    early();
    resumed();
    return tap_done();
}
