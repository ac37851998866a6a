/* Evidence against scans over the whole log, and what must not change it: anything that has not
 * happened yet, and the number of threads. */
#include "index/evidence.h"

#include "../tap.h"
#include "plain.h"

/* Which sessions count in tests: all those of training, or those of any part that had ended. */
enum counting { LEARNED, ONLINE };

/* A log with its evidence. */
struct maker {
    struct session_store store;
    struct session_index index;
    struct evidence_maker maker;
    enum counting counting;
};

static void maker_open(struct maker *m, const struct log *l, const int32_t *row, int postings,
                       enum counting counting)
{
    log_store(&m->store, l);
    session_index_build(&m->index, &m->store, l->items, PART_TRAIN,
                        counting == ONLINE ? PART_TEST : PART_TRAIN);
    m->counting = counting;
    m->maker = (struct evidence_maker){.index = &m->index,
                                       .store = &m->store,
                                       .row = row,
                                       .postings = postings,
                                       .threads = 1,
                                       .tells_votes = true};
}

static bool maker_wants_ended(const struct maker *m, enum part part)
{
    return part == PART_TRAIN || m->counting == ONLINE;
}

static void maker_close(struct maker *m)
{
    evidence_release(&m->maker);
    session_index_release(&m->index);
    session_store_release(&m->store);
}

/* ---- against scans ---- */

/* What a comparison of logs has found. */
struct found {
    int positions, unclear, items, wrong_sets, wrong_votes;
    double feature[EVIDENCE_FEATURES], context[EVIDENCE_CONTEXT]; /* the largest differences */
};

static void widen(double *worst, double got, double wanted)
{
    double apart = fabs(got - wanted) / (1 + fabs(wanted));
    *worst = apart <= *worst ? *worst : apart; /* NaN is worse too */
}

/* Those that must be candidates are, no others than those that may be, each once. */
static bool same_candidates(const struct plain_at *a, const struct plain *p,
                            const struct evidence *e, int at)
{
    int times[PLAIN_ITEMS] = {0};
    for (int32_t i = e->start[at]; i < e->start[at + 1]; i++)
        times[e->item[i]]++;
    for (int i = 0; i < a->log->items; i++) {
        int32_t row = a->row ? a->row[i] : i;
        if (row >= 0 && (times[row] > p->item[i].may || times[row] < p->item[i].must))
            return false;
    }
    return true;
}

static void compare_position(const struct plain_at *a, const struct evidence *e, int at,
                             struct found *f)
{
    static struct plain p;
    int32_t back[PLAIN_ITEMS];
    plain_make(a, &p);
    f->unclear += p.unclear;
    if (p.unclear)
        return;
    for (int32_t i = 0; i < a->log->items; i++)
        if (!a->row || a->row[i] >= 0)
            back[a->row ? a->row[i] : i] = i;
    f->positions++;
    f->wrong_sets += !same_candidates(a, &p, e, at);
    f->wrong_votes += e->voters[at] != p.voters || e->occurrences[at] != p.occurrences;
    for (int32_t i = e->start[at]; i < e->start[at + 1]; i++, f->items++) {
        f->wrong_votes += e->votes[i] != p.item[back[e->item[i]]].votes;
        for (int k = 0; k < EVIDENCE_FEATURES; k++)
            widen(&f->feature[k], (double)e->feature[i * EVIDENCE_FEATURES + k],
                  p.item[back[e->item[i]]].feature[k]);
    }
    for (int k = 0; k < EVIDENCE_CONTEXT; k++)
        widen(&f->context[k], (double)e->context[at * EVIDENCE_CONTEXT + k], p.context[k]);
}

static const struct log *sorted; /* for the comparison below */

static int by_end(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    int64_t ends = log_last(&sorted->session[x]), other = log_last(&sorted->session[y]);
    return ends != other ? (ends > other) - (ends < other) : (x > y) - (x < y);
}

/* Compares all positions of each `step`-th session of the part; the rest of them are made too. */
static void compare_part(const struct log *l, struct maker *m, enum part part, int step,
                         struct found *f)
{
    int order[LOG_SESSIONS], unused[LOG_EVENTS], count = 0, at = 0;
    int32_t picked[LOG_SESSIONS];
    int64_t times[LOG_EVENTS];
    for (int n = 0; n < l->sessions; n++) {
        order[n] = n;
        if (l->session[n].part == part)
            picked[count++] = n;
    }
    sorted = l;
    qsort(order, (size_t)l->sessions, sizeof *order, by_end);
    struct evidence e = evidence_make(&m->maker, picked, (size_t)count, maker_wants_ended(m, part));
    for (int i = 0; i < count; i++) {
        struct plain_at a = {.log = l,
                             .by_end = order,
                             .row = m->maker.row,
                             .postings = m->maker.postings,
                             .session = picked[i],
                             .indexed = m->counting == ONLINE ? PART_TEST : PART_TRAIN,
                             .ended = maker_wants_ended(m, part)};
        int known = plain_sequence(&a, unused, times);
        for (a.seen = 1; a.seen < known; a.seen++, at++)
            if (i % step == 0)
                compare_position(&a, &e, at, f);
    }
    f->wrong_sets += at != e.positions;
}

/* A model that does not know each fourth item. */
static const int32_t *some_rows(int32_t row[PLAIN_ITEMS])
{
    for (int32_t i = 0, next = 0; i < PLAIN_ITEMS; i++)
        row[i] = i % 4 ? next++ : -1;
    return row;
}

static double worst_of(const double *x, int n, int *which)
{
    double worst = -1;
    for (int k = 0; k < n; k++)
        if (!(x[k] <= worst))
            worst = x[ *which = k];
    return worst;
}

static void compare_log(const char *what, const struct log *l, const int32_t *row, int postings,
                        int step)
{
    for (enum counting counting = LEARNED; counting <= ONLINE; counting++) {
        struct found f = {0};
        struct maker m;
        int feature = 0, context = 0;
        maker_open(&m, l, row, postings, counting);
        for (enum part part = PART_TRAIN; part <= PART_TEST; part++)
            compare_part(l, &m, part, step, &f);
        double features = worst_of(f.feature, EVIDENCE_FEATURES, &feature);
        double contexts = worst_of(f.context, EVIDENCE_CONTEXT, &context);
        tap_ok(f.positions > f.unclear && f.wrong_sets + f.wrong_votes == 0 && features < 1e-5 &&
                   contexts < 1e-5,
               "%s%s%s, %d postings: %d positions, %d candidates, %d sets and %d votes wrong; "
               "feature %d to "
               "%.1e, context %d to %.1e; %d unclear",
               what, row ? ", some items unknown" : "", counting == ONLINE ? ", online" : "",
               postings, f.positions, f.items, f.wrong_sets, f.wrong_votes, feature, features,
               context, contexts, f.unclear);
        maker_close(&m);
    }
}

static void check_plain(const char *what, const struct log_form *form, uint64_t seed, bool rows,
                        int postings, int step)
{
    static struct log l;
    int32_t row[PLAIN_ITEMS];
    log_make(&l, form, seed);
    compare_log(what, &l, rows ? some_rows(row) : NULL, postings, step);
}

/* What all sessions hold tells none of them from the others. */
static void check_held_by_all(void)
{
    static struct log l;
    l = (struct log){.users = 3, .items = PLAIN_ITEMS, .sessions = 3};
    for (int n = 0; n < 3; n++) {
        struct logged *s = &l.session[n];
        *s = (struct logged){.user = n, .part = PART_TRAIN, .length = LOG_EVENTS};
        for (int i = 0; i < s->length; i++) {
            s->item[i] = i ? 100 * n + i : 0;
            s->time[i] = LOG_BEGINS + 1000 * n + i;
        }
    }
    compare_log("an item that all sessions hold", &l, NULL, 200, 1);
}

/* ---- bounds ---- */

/* Sessions of items that are all different, but that item 1 follows item 0 in every other one. */
static void make_strange(struct log *l, int sessions)
{
    struct random r = random_of(1, 3);
    *l = (struct log){.users = sessions, .items = 20000, .sessions = sessions};
    for (int n = 0; n < sessions; n++) {
        struct logged *s = &l->session[n];
        *s = (struct logged){.user = n, .part = PART_TRAIN, .length = LOG_EVENTS};
        for (int i = 0; i < s->length; i++) {
            s->time[i] = LOG_BEGINS + 1000 * n + i;
            s->item[i] = 2 + log_draw(&r, l->items - 2);
        }
        if (n % 2)
            continue;
        s->item[LOG_EVENTS / 2] = 0;
        s->item[LOG_EVENTS / 2 + 1] = 1;
    }
    l->session[sessions - 1].item[0] = 0; /* the position looked at */
}

/* However much has happened around the last item, what is most frequent there is found, and no more
 * is looked at than the bounds say. */
static void check_bounds(void)
{
    enum { SESSIONS = 200, NEAR = 60, VOTES = 4000 + LOG_EVENTS };
    static struct log l;
    struct maker m;
    float next = 0;
    make_strange(&l, SESSIONS);
    maker_open(&m, &l, NULL, SESSIONS, LEARNED);
    struct evidence e = evidence_make(&m.maker, &(int32_t){SESSIONS - 1}, 1, true);
    for (int32_t i = 0; i < e.start[1]; i++)
        next = e.item[i] == 1 ? e.feature[i * EVIDENCE_FEATURES] : next;
    double touched = exp((double)e.context[3] / 0.2) - 1;
    tap_ok(fabs((double)next - log(1 + SESSIONS / 2)) < 1e-6,
           "the item that always follows is found");
    tap_ok(e.start[1] <= 451 && touched <= 500 + VOTES + 151 && touched > 1000,
           "around %d other items: %d candidates of %.0f items", SESSIONS / 2 * NEAR, e.start[1],
           touched);
    maker_close(&m);
}

/* ---- what has not happened yet ---- */

/* Position p of x and position q of y, byte by byte. */
static bool same_position(const struct evidence *x, int p, const struct evidence *y, int q)
{
    int32_t i = x->start[p], j = y->start[q], n = x->start[p + 1] - i;
    return y->start[q + 1] - j == n &&
           !memcmp(x->item + i, y->item + j, (size_t)n * sizeof *x->item) &&
           !memcmp(x->feature + i * EVIDENCE_FEATURES, y->feature + j * EVIDENCE_FEATURES,
                   (size_t)n * EVIDENCE_FEATURES * sizeof(float)) &&
           !memcmp(x->context + p * EVIDENCE_CONTEXT, y->context + q * EVIDENCE_CONTEXT,
                   EVIDENCE_CONTEXT * sizeof(float));
}

/* Another course of a session from event `from` on, which does not end before `time`.  Its start
 * stays: the windows of the last counts are parts of the log's whole duration. */
static void go_on_otherwise(struct log *l, struct logged *s, int from, int64_t time,
                            struct random *r)
{
    s->length = from + 1 + log_draw(r, 9);
    for (int i = from; i < s->length; i++) {
        s->time[i] = i ? s->time[i - 1] + log_draw(r, 400) : s->time[0];
        s->item[i] = log_draw(r, l->items);
    }
    if (log_last(s) < time)
        s->time[s->length - 1] = time + log_draw(r, 3);
}

/* The log as it might be but for what is known at the position. */
static void change_the_rest(struct log *l, const struct log *was, int session, int seen, bool ended,
                            struct random *r)
{
    int64_t now = was->session[session].time[seen - 1];
    *l = *was;
    go_on_otherwise(l, &l->session[session], seen, 0, r);
    for (int h = 0; h < l->sessions; h++) {
        struct logged *s = &l->session[h];
        bool open = h != session && log_last(s) >= now;
        if (open && (ended || s->part != PART_TRAIN))
            go_on_otherwise(l, s, s->time[0] < now ? 1 : 0, now, r);
    }
}

static bool same_without_the_rest(const struct log *l, const struct log *other, int32_t session,
                                  int seen, enum counting counting)
{
    struct maker a, b;
    bool ended;
    maker_open(&a, l, NULL, 7, counting);
    maker_open(&b, other, NULL, 7, counting);
    ended = maker_wants_ended(&a, l->session[session].part);
    struct evidence x = evidence_make(&a.maker, &session, 1, ended);
    struct evidence y = evidence_make(&b.maker, &session, 1, ended);
    bool same = same_position(&x, seen - 1, &y, seen - 1);
    maker_close(&b);
    maker_close(&a);
    return same;
}

/* At every position of the part, what has not happened is changed. */
static void check_causal(const struct log_form *form, uint64_t seed, enum part part,
                         enum counting counting)
{
    static struct log l, other;
    struct random r = random_of(seed, 2);
    bool ended = part == PART_TRAIN || counting == ONLINE;
    int positions = 0, changed = 0;
    log_make(&l, form, seed);
    for (int32_t n = 0; n < l.sessions; n++)
        for (int seen = 1; seen < l.session[n].length && l.session[n].part == part; seen++) {
            change_the_rest(&other, &l, n, seen, ended, &r);
            changed += !same_without_the_rest(&l, &other, n, seen, counting);
            positions++;
        }
    tap_ok(positions > 0 && !changed,
           "%s%s, seed %d: what comes later changes the evidence of %d of %d positions",
           part_name[part], counting == ONLINE ? ", online" : "", (int)seed, changed, positions);
}

/* ---- what is left out ---- */

static void check_without(const struct log_form *form)
{
    static struct log l;
    const uint32_t without = 1 << 5 | 1 << 13 | 1 << 17;
    struct maker all, some;
    int32_t picked[LOG_SESSIONS];
    int zeros = 0, wrong = 0;
    log_make(&l, form, 1);
    maker_open(&all, &l, NULL, 200, LEARNED);
    maker_open(&some, &l, NULL, 200, LEARNED);
    some.maker.without = without;
    for (int32_t n = 0; n < l.sessions; n++)
        picked[n] = n;
    struct evidence x = evidence_make(&all.maker, picked, (size_t)l.sessions, true);
    struct evidence y = evidence_make(&some.maker, picked, (size_t)l.sessions, true);
    for (int32_t i = 0; i < x.candidates * EVIDENCE_FEATURES; i++) {
        bool out = without >> i % EVIDENCE_FEATURES & 1;
        zeros += out && x.feature[i] != 0;
        wrong += y.feature[i] != (out ? 0 : x.feature[i]);
    }
    tap_ok(zeros > 100 && !wrong && x.candidates == y.candidates,
           "features left out are 0, and no others: %d of them", zeros);
    maker_close(&some);
    maker_close(&all);
}

/* ---- threads, and what a worker keeps ---- */

static bool same_evidence(const struct evidence *x, const struct evidence *y)
{
    bool same = x->positions == y->positions && x->candidates == y->candidates;
    for (int at = 0; same && at < x->positions; at++)
        same = same_position(x, at, y, at);
    return same;
}

/* Single positions, each of another session than the one before, against all. */
static void check_single(const struct log_form *form, int threads)
{
    static struct log l;
    struct maker whole, single;
    int32_t all[LOG_SESSIONS];
    i32_vec picked = {0}, seen = {0}, at = {0};
    bool same = true;
    log_make(&l, form, 1);
    maker_open(&whole, &l, NULL, 200, LEARNED);
    maker_open(&single, &l, NULL, 200, LEARNED);
    single.maker.threads = threads;
    for (int32_t n = 0, before = 0; n < l.sessions; before += l.session[n++].length - 1)
        all[n] = n, vec_push(&at, before);
    for (int32_t round = 1; round < LOG_EVENTS; round++)
        for (int32_t n = 0; n < l.sessions; n++)
            if (l.session[n].length > round && (n + round) % 3) {
                vec_push(&picked, n);
                vec_push(&seen, round);
            }
    for (int ended = 0; ended < 2; ended++) {
        struct evidence x = evidence_make(&whole.maker, all, (size_t)l.sessions, ended);
        struct evidence y = evidence_make_wanted(
            &single.maker, &(struct evidence_wanted){picked.at, seen.at, picked.len, ended});
        same = same && (size_t)y.positions == picked.len;
        for (int i = 0; same && i < y.positions; i++)
            same = same_position(&x, at.at[picked.at[i]] + seen.at[i] - 1, &y, i);
    }
    tap_ok(same && picked.len > 200, "%d single positions are those of whole sessions, %d threads",
           (int)picked.len, threads);
    vec_release(&picked);
    vec_release(&seen);
    vec_release(&at);
    maker_close(&single);
    maker_close(&whole);
}

static void check_threads(const struct log_form *form)
{
    static struct log l;
    struct maker one, three;
    int32_t all[LOG_SESSIONS];
    bool same = true;
    log_make(&l, form, 1);
    maker_open(&one, &l, NULL, 200, LEARNED);
    maker_open(&three, &l, NULL, 200, LEARNED);
    three.maker.threads = 3;
    for (int32_t n = 0; n < l.sessions; n++)
        all[n] = (n * 7) % l.sessions;
    for (int round = 0; round < 4; round++) {
        struct evidence x = evidence_make(&one.maker, all, (size_t)l.sessions, round % 2);
        struct evidence y = evidence_make(&three.maker, all, (size_t)l.sessions, round % 2);
        same = same && x.positions > 0 && same_evidence(&x, &y);
    }
    tap_ok(same, "one thread and three make the same bytes");
    same = true;
    struct evidence together = evidence_make(&three.maker, all, (size_t)l.sessions, true);
    for (int n = 0, at = 0; n < l.sessions; n++) {
        struct evidence x = evidence_make(&one.maker, all + n, 1, true);
        for (int i = 0; i < x.positions; i++)
            same = same && same_position(&together, at++, &x, i);
    }
    tap_ok(same, "sessions alone and in one batch: the same bytes");
    one.maker.last = true;
    same = true;
    for (int n = 0, at = 0; n < l.sessions; n++) {
        struct evidence x = evidence_make(&one.maker, all + n, 1, true);
        at += l.session[all[n]].length - 1;
        same = same && x.positions == (l.session[all[n]].length > 1) &&
               (!x.positions || same_position(&together, at - 1, &x, 0));
    }
    tap_ok(same, "the last position alone: the same bytes");
    maker_close(&three);
    maker_close(&one);
}

/* ---- an index that grows ---- */

static bool same_bytes(const struct evidence *a, const struct evidence *b)
{
    size_t n = (size_t)a->candidates, m = (size_t)a->positions;
    return a->positions == b->positions && a->candidates == b->candidates &&
           !memcmp(a->start, b->start, (m + 1) * sizeof *a->start) &&
           !memcmp(a->item, b->item, n * sizeof *a->item) &&
           !memcmp(a->feature, b->feature, n * EVIDENCE_FEATURES * sizeof *a->feature) &&
           !memcmp(a->context, b->context, m * EVIDENCE_CONTEXT * sizeof *a->context);
}

/* Evidence is asked for while the index grows, and then is that of an index built of all. */
static void check_growth(const struct log_form *f)
{
    static struct log l;
    struct maker whole, growing;
    VEC(int32_t) picked = {0};
    log_make(&l, f, 3);
    maker_open(&whole, &l, NULL, 20, ONLINE);
    maker_open(&growing, &l, NULL, 20, ONLINE);
    for (int i = 0; i < l.sessions; i++)
        vec_push(&picked, i);
    struct session_index *x = &growing.index, *all = &whole.index;
    struct session_store none = {0};
    struct err e;
    session_store_end(&none, &e);
    session_index_release(x);
    session_index_build(x, &none, 0, PART_TRAIN, PART_TEST);
    session_store_release(&none);
    session_index_widen(x, l.items);
    for (int32_t rank = 0; rank < all->sessions; rank++) {
        session_index_add(x, all->start[rank], all->last[rank], session_index_items(all, rank),
                          session_index_length(all, rank));
        if (rank % 16 == 0)
            evidence_make(&growing.maker, picked.at, 5, true);
    }
    struct evidence got = evidence_make(&growing.maker, picked.at, picked.len, true);
    struct evidence want = evidence_make(&whole.maker, picked.at, picked.len, true);
    tap_ok(same_bytes(&got, &want), "an index that grew: the evidence of one built at once");
    maker_close(&whole);
    maker_close(&growing);
    vec_release(&picked);
}

/* The first session that is needed for the evidence of the last one, of a log of one user. */
static int first_needed(const struct log *l)
{
    const struct logged *last = &l->session[l->sessions - 1];
    int from = l->sessions - 1, events = 0;
    while (from > 0 && events < EVIDENCE_OWN_EVENTS)
        if (log_last(&l->session[--from]) < last->time[0])
            events += l->session[from].length;
    return from;
}

/* The store may lack a user's sessions that are too old to be looked at, where it is said how many
 * they are. */
static void check_before(const struct log_form *f)
{
    static struct log l, rest;
    struct session_store newest;
    struct maker m;
    log_make(&l, f, 1);
    maker_open(&m, &l, NULL, 50, ONLINE);
    int32_t picked = l.sessions - 1, before = first_needed(&l);
    struct evidence whole = evidence_make(&m.maker, &picked, 1, true);
    rest = (struct log){l.users, l.items, l.sessions - before, {{0}}};
    memcpy(rest.session, l.session + before, (size_t)rest.sessions * sizeof *rest.session);
    log_store(&newest, &rest);
    m.maker.store = &newest;
    m.maker.before = &before;
    picked -= before;
    struct evidence got = evidence_make(&m.maker, &picked, 1, true);
    tap_ok(before > 0 && same_bytes(&got, &whole), "%d sessions of %d are too old to be looked at",
           (int)before, l.sessions);
    session_store_release(&newest);
    maker_close(&m);
}

int main(void)
{
    const struct log_form mixed = {6, 30, 90, 12, 200, 900, true};
    const struct log_form busy = {8, 12, 120, 8, 2, 30, true};
    const struct log_form large = {30, 400, LOG_SESSIONS, 60, 90, 4000, true};
    const struct log_form alike = {12, 9, LOG_SESSIONS, 40, 90, 4000, false};
    const struct log_form lasting = {1, 30, LOG_SESSIONS, 80, 90, 9000, true};
    const struct log_form longest = {2, 200, 30, LOG_EVENTS, 30, 2000, true};
    for (uint64_t seed = 1; seed <= 3; seed++) {
        check_plain("sessions that overlap", &mixed, seed, seed == 2, seed == 3 ? 3 : 200, 1);
        check_plain("equal times", &busy, seed, seed == 2, seed == 3 ? 3 : 200, 1);
    }
    check_plain("long sessions", &longest, 1, false, 200, 3);
    check_plain("long sessions", &longest, 2, true, 2, 3);
    check_plain("a user of many events", &lasting, 1, false, 50, 13);
    check_plain("many neighbours", &alike, 1, false, 200, 5);
    check_plain("many neighbours", &alike, 2, true, 50, 5);
    check_plain("many items", &large, 1, false, 200, 9);
    check_plain("many items", &large, 2, true, 200, 9);
    check_held_by_all();
    check_bounds();
    for (uint64_t seed = 1; seed <= 2; seed++)
        for (enum part part = PART_TRAIN; part <= PART_TEST; part++)
            for (enum counting counting = LEARNED; counting <= ONLINE; counting++) {
                check_causal(&mixed, seed, part, counting);
                check_causal(&busy, seed, part, counting);
            }
    check_before(&lasting);
    check_without(&mixed);
    check_threads(&large);
    check_single(&large, 1);
    check_single(&large, 3);
    check_growth(&alike);
    return tap_done();
}
