#include "train/stacking.h"

#include "base/signals.h"
#include "cli/progress.h"
#include "data/learned.h"
#include "data/rounds.h"

enum {
    TARGETS =
        100,    /* of a batch, about: the few weights of a wide part learn best from small ones */
    PASSES = 7, /* of the wide part alone over all training sessions */
    PASSES_BESIDE = 14,   /* of it over the unseen ones, beside a network that has learned */
    MOST = PASSES_BESIDE, /* the most of a turn */
    TAKEN = 256           /* sessions that a model takes in at once */
};

/* ---- what is unseen ---- */

/* Marks of training sessions: 0, what the network sees; what it does not; what passes leave out and
 * comes after that. */
enum { UNSEEN = 1, LATER };

/* Whether all that is tested is newer than all that trains; false: nothing is tested. */
static bool splits_by_time(const struct session_store *c)
{
    int64_t trained = INT64_MIN, tested = INT64_MAX;
    for (size_t s = 0; s < session_store_sessions(c); s++) {
        int64_t at = session_store_start(c, s);
        if (session_store_part(c, s) == PART_TRAIN)
            trained = at > trained ? at : trained;
        else
            tested = at < tested ? at : tested;
    }
    return tested != INT64_MAX && tested >= trained;
}

static size_t count_unseen(const struct stacking *s, const struct session_store *c)
{
    size_t count = 0;
    for (size_t i = 0; i < session_store_sessions(c); i++)
        count += session_store_part(c, i) == PART_TRAIN && s->unseen[i] == UNSEEN;
    return count;
}

/* What passes leave out is not seen either where it comes after what is unseen. */
static void mark_later(struct stacking *s, const struct session_store *c,
                       const unsigned char *learned_from)
{
    for (size_t u = 0; u < session_store_users(c) && learned_from; u++) {
        bool later = false;
        for (size_t i = (size_t)c->first.at[u]; i < (size_t)c->first.at[u + 1]; i++) {
            later |= session_store_part(c, i) == PART_TRAIN && s->unseen[i] == UNSEEN;
            if (later && !learned_from[i])
                s->unseen[i] = LATER;
        }
    }
}

static size_t choose(struct stacking *s, const struct pass_run *r, bool of_each_user)
{
    const struct session_store *c = &r->in.store;
    struct learned_share share = {{1, 5}, true, of_each_user};
    struct err none; /* of no sessions, none is unseen */
    mem_free(s->unseen);
    learned_choose(c, r->learned_from, (struct learned_share[]){share, share}, &s->unseen, &none);
    mark_later(s, c, r->learned_from);
    return count_unseen(s, c);
}

static void choose_unseen(struct stacking *s, const struct pass_run *r)
{
    bool of_each_user = !splits_by_time(&r->in.store);
    s->sessions = choose(s, r, of_each_user);
    if (of_each_user && s->sessions > r->training / 3)
        s->sessions = choose(s, r, false);
}

/* ---- opening ---- */

static const struct model_rates *rates_of_wide(void)
{
    int i = 0;
    while (!model_classes[i]->wide_alone)
        i++;
    return model_classes[i]->rates;
}

static void open_learner(struct stacking *s, struct pass_run *r)
{
    const struct model_rates *rates = rates_of_wide();
    struct update network = r->model.parameters.update;
    const struct train_options o = {
        .seed = (uint64_t)r->o->seed,
        .max_steps = -1,
        .warm_up = rates->warm_up,
        .decays = true,
        .optimizer = {.update = {.kind = OPTIMIZER_ADAM, .rate = (float)rates->lr, .scale = 1},
                      .clip = (float)rates->clip}};
    learner_open(&s->wide, &r->model, &o);
    r->model.parameters.update = network;
}

void stacking_open(struct stacking *s, struct pass_run *r, struct stacking_pause pause)
{
    s->pause = pause;
    choose_unseen(s, r);
    s->until = r->epochs > 1 ? r->epochs / 2 : 1;
    open_learner(s, r);
    model_turn(&r->model, TURN_NETWORK);
    cli_note(
        r->cli,
        "the newest %zu of %zu training sessions teach what the network is worth beside counts; "
        "it learns from them %s",
        s->sessions, r->training, r->epochs > 1 ? "in the second half of the passes" : "not");
}

/* ---- what the wide part learns from ---- */

/* What the model remembers of the sessions that it has seen. */
static void take_seen(struct stacking *s, struct pass_run *r)
{
    struct rounds rounds;
    if (!r->model.remembers)
        return;
    r->model.class->restart(&r->model);
    rounds_open_marked(&rounds, &r->in.store, PART_TRAIN, s->unseen, 0);
    while (rounds_next(&rounds, TAKEN)) {
        struct batch b = batching_make(&r->in.batching, rounds.picked.at, rounds.picked.len, false);
        if (b.user.len)
            learner_take(&s->wide, &b);
    }
    rounds_release(&rounds);
}

/* Ends a batch where it has targets enough, or where no more sessions may be in it. */
static void add_session(struct stacking *s, const struct session_store *c, int32_t session,
                        bool is_last)
{
    size_t length = session_store_length(c, (size_t)session);
    vec_push(&s->picked, session);
    s->targets += length ? length - 1 : 0;
    if (s->targets < TARGETS && !is_last)
        return;
    vec_push(&s->end, (int32_t)s->picked.len);
    s->targets = 0;
}

static void begin_plan(struct stacking *s)
{
    vec_clear(&s->picked);
    vec_clear(&s->end);
    s->targets = 0;
}

/* Batches of all sessions that passes have, in an order that is drawn. */
static void plan_all(struct stacking *s, const struct pass_run *r, struct random *random)
{
    const struct session_store *c = &r->in.store;
    const unsigned char *from = r->learned_from;
    i32_vec all = {0};
    begin_plan(s);
    for (size_t i = 0; i < session_store_sessions(c); i++)
        if (session_store_part(c, i) == PART_TRAIN && (!from || from[i]))
            vec_push(&all, (int32_t)i);
    for (size_t left = all.len; left > 0; left--) {
        size_t k = random_below(random, (uint32_t)left);
        add_session(s, c, all.at[k], left == 1);
        all.at[k] = all.at[left - 1];
    }
    vec_release(&all);
}

static void shuffle_users(struct rounds *r, struct random *random)
{
    for (size_t i = r->next.len; i > 1; i--) {
        size_t k = random_below(random, (uint32_t)i);
        int32_t next = r->next.at[k], end = r->end.at[k];
        r->next.at[k] = r->next.at[i - 1], r->end.at[k] = r->end.at[i - 1];
        r->next.at[i - 1] = next, r->end.at[i - 1] = end;
    }
}

/* Batches of the unseen sessions: each user's in order and none with two of a user, so that a model
 * can take them in; users in an order that is drawn. */
static void plan_unseen(struct stacking *s, const struct session_store *c, struct random *random)
{
    struct rounds rounds;
    begin_plan(s);
    rounds_open_marked(&rounds, c, PART_TRAIN, s->unseen, UNSEEN);
    shuffle_users(&rounds, random);
    while (rounds_next(&rounds, rounds.next.len))
        for (size_t i = 0; i < rounds.picked.len; i++)
            add_session(s, c, rounds.picked.at[i], i + 1 == rounds.picked.len);
    rounds_release(&rounds);
}

/* ---- the wide part's passes ---- */

static struct evidence_wanted wanted_of(const struct stacking *s, size_t batch)
{
    int32_t from = batch ? s->end.at[batch - 1] : 0;
    return (struct evidence_wanted){
        .picked = s->picked.at + from, .count = (size_t)(s->end.at[batch] - from), .ended = true};
}

static int learn_batch(struct stacking *s, struct pass_run *r, struct err *e)
{
    size_t batch = (size_t)s->batch;
    const struct evidence_wanted now = wanted_of(s, batch);
    struct evidence said = pass_run_evidence_of(r, &now);
    struct outcome outcome;
    if (batch + 1 < s->end.len) {
        const struct evidence_wanted next = wanted_of(s, batch + 1);
        pass_run_evidence_ask(r, &next);
    }
    struct batch b = batching_make(&r->in.batching, now.picked, now.count, true);
    b.evidence = &said;
    return b.user.len ? learner_batch(&s->wide, &b, &outcome, e) : 0;
}

/* ---- turns ---- */

static int64_t rounds_of(const struct stacking *s)
{
    return s->turn == TURN_WIDE ? PASSES : s->turn == TURN_BESIDE ? PASSES_BESIDE : 1;
}

static void say_progress(const struct stacking *s, const struct pass_run *r, double share)
{
    if (!progress_due(r->cli))
        return;
    const struct pass_stats *stats = &s->wide.stats;
    double loss = pass_stats_pass(stats).loss;
    struct progress at = {.epoch = s->pass,
                          .part = "wide part",
                          .share = share,
                          .seconds = epoch_log_now() - s->start,
                          .count = (double)stats->events,
                          .unit = "events",
                          .loss = stats->events ? &loss : NULL};
    progress_show(r->cli, &at);
}

/* The share of the turn that is done. */
static double share_of(const struct stacking *s)
{
    double batches = s->end.len ? (double)s->end.len : 1;
    return ((double)s->round + (double)s->batch / batches) / (double)rounds_of(s);
}

/* How far the learning rate of the turn has fallen. */
static double done_of(const struct stacking *s)
{
    double share = share_of(s);
    return s->turn != TURN_WORTH ? share : ((double)(s->pass - 1) + share) / (double)s->until;
}

/* The batches of one pass of the turn, those that are left. */
static int learn_round(struct stacking *s, struct pass_run *r, struct err *e)
{
    struct random random = random_of((uint64_t)r->o->seed, (uint64_t)(s->pass * MOST + s->round));
    if (s->turn == TURN_WIDE)
        plan_all(s, r, &random);
    else
        plan_unseen(s, &r->in.store, &random);
    if (s->turn != TURN_WIDE && !s->batch)
        take_seen(s, r);
    while ((size_t)s->batch < s->end.len && !signals_first()) {
        s->wide.done = done_of(s);
        if (learn_batch(s, r, e))
            return e->status;
        s->batch++;
        say_progress(s, r, share_of(s));
        if (s->pause.after && s->pause.after(s->pause.of, e))
            return e->status;
    }
    if ((size_t)s->batch == s->end.len)
        s->batch = 0, s->round++;
    return 0;
}

static void begin_turn(struct stacking *s, enum turn turn)
{
    s->turn = turn;
    if (turn != TURN_WORTH || s->pass == 1)
        s->wide.steps = 0; /* the learning rate rises anew, and then falls */
    s->round = s->batch = 0;
    s->start = epoch_log_now();
}

/* Sets the learner up; goes on where a checkpoint has left the turn.  Rows of the network's tables
 * catch up before it, as before a test: what does not learn is not flushed. */
static void set_up(struct stacking *s, struct pass_run *r)
{
    const struct epoch epoch = {s->pass, PART_TRAIN};
    if (!s->round && !s->batch)
        parameters_flush(&r->model.parameters);
    model_turn(&r->model, s->turn);
    s->wide.rate = rates_of_wide()->lr / (s->turn == TURN_WORTH ? 2 : 1);
    if (s->round || s->batch)
        s->wide.stats.epoch = epoch;
    else
        learner_begin(&s->wide, epoch);
}

/* The turn of the network again, with the optimizer as its last step has left it. */
static void turn_back(struct stacking *s, struct pass_run *r)
{
    struct parameters *p = &r->model.parameters;
    model_turn(&r->model, TURN_NETWORK);
    p->update = r->learner.options.optimizer.update;
    p->update.step = r->learner.steps;
    progress_clear(r->cli);
    if (s->round == rounds_of(s))
        s->turn = TURN_NETWORK;
}

int stacking_learn(struct stacking *s, struct pass_run *r, struct err *e)
{
    int status = 0;
    if (!stacking_waits(s))
        return 0;
    set_up(s, r);
    while (!status && s->round < rounds_of(s) && !signals_first())
        status = learn_round(s, r, e);
    if (!status)
        status = learner_flush(&s->wide, e);
    turn_back(s, r);
    return status;
}

bool stacking_waits(const struct stacking *s)
{
    return s->turn != TURN_NETWORK;
}

/* ---- the network's passes ---- */

void stacking_hide(const struct stacking *s, struct pass_run *r, int64_t pass)
{
    bool hides = s->unseen && pass <= s->until;
    if (s->unseen && r->epochs)
        r->first = hides ? 1 : s->until + 1, r->last = hides ? s->until : r->epochs;
    r->in.left_out = hides ? s->unseen : NULL;
    pass_run_count(r, r->in.left_out);
}

void stacking_begin_pass(struct stacking *s, struct pass_run *r, int64_t pass)
{
    bool first = s->unseen && !s->pass && r->o->max_steps;
    if (s->pass == pass)
        return; /* it has begun, before a checkpoint */
    s->pass = pass;
    s->steps = r->learner.steps;
    stacking_hide(s, r, pass);
    if (first)
        begin_turn(s, TURN_WIDE);
    else if (s->unseen && pass == s->until + 1 && r->o->max_steps)
        begin_turn(s, TURN_BESIDE);
}

void stacking_end_pass(struct stacking *s, const struct pass_run *r)
{
    if (!s->unseen || s->pass > s->until || r->learner.steps == s->steps)
        return;
    begin_turn(s, TURN_WORTH);
}

bool stacking_gives_up(struct stacking *s, const struct pass_run *r)
{
    bool hid = s->unseen && s->pass <= s->until && s->pass < r->epochs;
    if (hid) {
        s->until = s->pass - 1;
        cli_warn(r->cli,
                 "there are no older sessions to learn from: the network learns from all, and "
                 "what it is worth beside counts is not learned");
    }
    return hid;
}

bool stacking_goes_on(struct stacking *s)
{
    bool first_half = s->unseen && s->pass <= s->until;
    if (first_half)
        s->until = s->pass;
    return first_half;
}

int stacking_flush(struct stacking *s, struct err *e)
{
    return s->unseen ? learner_flush(&s->wide, e) : 0;
}

void stacking_state(struct stacking *s, struct state *to)
{
    int32_t turn = (int32_t)s->turn;
    double seconds = epoch_log_now() - s->start;
    if (!s->unseen)
        return;
    state_begin(to, "stacking");
    state_i64(to, "until", &s->until, 0, INT64_MAX);
    state_i64(to, "pass", &s->pass, 0, INT64_MAX);
    state_i64(to, "steps", &s->steps, 0, INT64_MAX);
    state_i64(to, "updates", &s->wide.steps, 0, INT64_MAX);
    state_i32(to, "turn", &turn, TURN_NETWORK, TURN_BESIDE);
    state_i64(to, "round", &s->round, 0, MOST);
    state_i64(to, "batch", &s->batch, 0, INT64_MAX);
    state_f64(to, "seconds", &seconds);
    state_end(to);
    s->turn = (enum turn)turn;
    s->start = epoch_log_now() - seconds;
}

void stacking_close(struct stacking *s)
{
    if (s->unseen)
        learner_close(&s->wide);
    vec_release(&s->picked);
    vec_release(&s->end);
    mem_free(s->unseen);
    *s = (struct stacking){0};
}
