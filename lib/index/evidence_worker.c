#include "index/evidence_worker.h"

#include <math.h>

#include "base/prefetch.h"
#include "index/around.h"
#include "index/scored_items.h"
#include "index/item_facts.h"
#include "index/largest.h"
#include "index/logs.h"
#include "index/own_events.h"

/* What was chosen in developing the features, on the validation parts of several logs. */
enum {
    RECENT_ITEMS = 10,       /* distinct items of the session whose postings are read */
    RULE_ITEMS = 5,          /* last items of the session that sequential rules start from */
    NEIGHBOURS = 100,        /* sessions that vote as nearest neighbours, */
    NEIGHBOUR_EVENTS = 4000, /* and how many events all of them have at most */
    CHOSEN = 100,            /* candidates by each kind of score, and of the user's items */
    NEWEST = 50,             /* candidates that anybody used last */
    LOGS = 4096              /* logarithms of whole numbers in a table */
};
static const float NEAR_DECAY = 0.8f;     /* for each item back */
static const float SESSION_DECAY = 0.85f; /* of what a shared item adds to a neighbour's weight */

/* One of the session's last distinct items. */
struct recent_item {
    const struct around *around;
    float rule; /* Σ 1/(j+1) over its places j among the last RULE_ITEMS items */
};

struct position {
    size_t seen;                             /* events of the session so far */
    struct recent_item recent[RECENT_ITEMS]; /* the last one first */
    int count;
    size_t ruled, around;   /* places of scored items: those with rules come first, then all that
                               occur with the session's items */
    int32_t own_successors; /* times that anything followed the last item with the user */
    float best_knn;
};

/* Features that are logarithms of numbers that are not whole; the others are set at once. */
enum { TO_LOG = 6 };
static const int logged[TO_LOG] = {3, 4, 14, 17, 18, 20};
static const float logged_scale[TO_LOG] = {0.5f, 1, 0.1f, 0.1f, 0.1f, 1};

struct evidence_worker {
    const struct evidence_maker *maker;
    float log[LOGS];
    struct made_evidence found;
    /* the current session, with numbers for the items and sessions that it has to do with: what
     * holds for all its positions is read once, and what is read at each is close together */
    struct numbers items;
    struct known_sessions sessions;
    struct item_facts_of facts;
    struct own_events own;
    struct arounds arounds; /* of the session's items */
    struct scored_items scored;
    int64_t time;
    i32_vec sequence; /* its items */
    i64_vec moment;   /* their times */
    i32_vec newest;   /* items that anybody used last */
    int32_t sessions_before, repeats;
    int64_t last_before; /* end of the user's session before; -1: there is none */
    /* the current position */
    f32_vec weight; /* [numbers of sessions] of neighbours */
    i32_vec weighed;
    f32_vec value;        /* of each of these */
    i32_vec nearest;      /* those of them that vote */
    i32_vec votes, voter; /* [scored] how many do for each item, the last of them */
    i32_vec kept, chosen; /* places of the chosen items, and their numbers */
    f32_vec to_log;
    struct {
        float session, rule, near, knn;
    } cut; /* the least chosen ones at the position before: those of this one are similar */
};

/* ---- opening ---- */

struct evidence_worker *evidence_worker_new(const struct evidence_maker *e)
{
    struct evidence_worker *w = mem_zero(1, sizeof *w);
    w->maker = e;
    for (int i = 0; i < LOGS; i++)
        w->log[i] = logf((float)(i ? i : 1));
    numbers_open(&w->items, (size_t)e->index->item_room);
    known_sessions_open(&w->sessions, e->index);
    item_facts_open(&w->facts, e->index, &w->items);
    own_events_open(&w->own);
    arounds_open(&w->arounds, &w->items, &w->sessions, e->postings);
    scored_items_open(&w->scored, &w->items);
    return w;
}

void evidence_worker_free(struct evidence_worker *w)
{
    numbers_release(&w->items);
    known_sessions_release(&w->sessions);
    item_facts_release(&w->facts);
    own_events_release(&w->own);
    arounds_release(&w->arounds);
    scored_items_release(&w->scored);
    vec_release(&w->found.start);
    vec_release(&w->found.item);
    vec_release(&w->found.feature);
    vec_release(&w->found.context);
    vec_release(&w->found.votes);
    vec_release(&w->found.voters);
    vec_release(&w->found.occurrences);
    vec_release(&w->sequence);
    vec_release(&w->moment);
    vec_release(&w->newest);
    vec_release(&w->weighed);
    vec_release(&w->value);
    vec_release(&w->nearest);
    vec_release(&w->votes);
    vec_release(&w->voter);
    vec_release(&w->kept);
    vec_release(&w->chosen);
    vec_release(&w->to_log);
    vec_release(&w->weight);
    mem_free(w);
}

/* ---- numbers ---- */

/* log n for n >= 1. */
static float log_of(const struct evidence_worker *w, int32_t n)
{
    return n < LOGS ? w->log[n] : logf((float)n);
}

/* log (1 + n) */
static float log1_of(const struct evidence_worker *w, int32_t n)
{
    return log_of(w, n + 1);
}

static float one_and_seconds(int64_t seconds)
{
    return 1 + (seconds > 0 ? (float)seconds : 0);
}

static float log_seconds(int64_t seconds)
{
    return 0.1f * logf(one_and_seconds(seconds));
}

/* ---- the user ---- */

/* Whether a session of the user is of a part that may be looked at. */
static bool is_of_own_part(const struct evidence_worker *w, size_t session)
{
    enum part own = w->maker->own;
    return own == PART_NONE || session_store_part(w->maker->store, session) <= own;
}

/* Whether it had also ended before the current one began. */
static bool is_own(const struct evidence_worker *w, size_t session)
{
    return session_store_last(w->maker->store, session) < w->time && is_of_own_part(w, session);
}

/* How many sessions the user had begun, of parts that may be looked at: later parts come last. */
static int32_t sessions_before(const struct evidence_worker *w, size_t first, size_t session)
{
    while (session > first && !is_of_own_part(w, session - 1))
        session--;
    return (int32_t)(session - first);
}

/* Fetches the numbers of a session's items. */
PREFETCH expect_own(const struct evidence_worker *w, size_t session)
{
    const int32_t *item = session_store_items(w->maker->store, session);
    for (size_t i = 0; i < session_store_length(w->maker->store, session); i++)
        __builtin_prefetch(&w->items.number[item[i]], 1);
}

static void add_own(struct evidence_worker *w, size_t session)
{
    const struct session_store *c = w->maker->store;
    const int32_t *item = session_store_items(c, session);
    size_t length = session_store_length(c, session);
    vec_reserve(&w->items.of, length);
    for (size_t i = 0; i < length; i++)
        own_events_add(&w->own, number_of(&w->items, item[i]), i == 0,
                       session_store_time(c, session, i));
}

/* The user's sessions that had ended before this one: their newest EVIDENCE_OWN_EVENTS events. */
static void read_own(struct evidence_worker *w, size_t session)
{
    const struct session_store *c = w->maker->store;
    int32_t user = session_store_user(c, session);
    size_t first = (size_t)c->first.at[user], from = session, events = 0;
    w->last_before = -1;
    w->sessions_before = sessions_before(w, first, session);
    if (w->maker->before)
        w->sessions_before += w->maker->before[user];
    while (from > first && events < EVIDENCE_OWN_EVENTS) {
        from--;
        events += is_own(w, from) ? session_store_length(c, from) : 0;
    }
    for (size_t s = from; s < session; s++) {
        int64_t last = session_store_last(c, s);
        expect_own(w, s + 1);
        if (!is_own(w, s))
            continue;
        w->last_before = last > w->last_before ? last : w->last_before;
        add_own(w, s);
    }
    own_events_begin_session(&w->own);
}

/* ---- the session ---- */

static void find_newest(struct evidence_worker *w)
{
    const struct session_index *x = w->maker->index;
    i32_vec *slot = &w->scored.slot;
    vec_clear(&w->newest);
    for (int32_t rank = w->facts.rank; rank-- > 0 && w->newest.len < NEWEST;) {
        const int32_t *item = session_index_items(x, rank);
        for (size_t i = session_index_length(x, rank); i-- > 0 && w->newest.len < NEWEST;) {
            vec_reserve(&w->items.of, 1);
            int32_t number = number_of(&w->items, item[i]);
            numbers_cover(slot, (size_t)number + 1);
            if (slot->at[number] >= 0)
                continue;
            slot->at[number] = 0;
            vec_push(&w->newest, number);
        }
    }
    for (size_t i = 0; i < w->newest.len; i++)
        slot->at[w->newest.at[i]] = -1;
}

static void begin_session(struct evidence_worker *w, size_t session, bool ended)
{
    const struct session_store *c = w->maker->store;
    const int32_t *item = session_store_items(c, session), *row = w->maker->row;
    w->time = session_store_start(c, session);
    numbers_forget(&w->items);
    known_sessions_forget(&w->sessions);
    item_facts_begin(&w->facts, w->time, ended);
    arounds_forget(&w->arounds, w->facts.counts);
    w->repeats = 0;
    vec_clear(&w->sequence);
    vec_clear(&w->moment);
    for (size_t i = 0; i < session_store_length(c, session); i++) {
        if (row && row[item[i]] < 0)
            continue;
        vec_reserve(&w->items.of, 1);
        vec_push(&w->sequence, number_of(&w->items, item[i]));
        vec_push(&w->moment, session_store_time(c, session, i));
    }
    read_own(w, session);
}

/* ---- scores ---- */

/* The distinct items of the session, the last one first, at most RECENT_ITEMS. */
static void find_recent(struct evidence_worker *w, struct position *p)
{
    int32_t item[RECENT_ITEMS];
    for (int32_t i = w->own.newest; i >= 0 && p->count < RECENT_ITEMS; i = w->own.use.at[i].older) {
        if (!w->own.use.at[i].in_session)
            break;
        item[p->count++] = i;
    }
    for (int k = 0; k < p->count; k++) {
        size_t before = w->arounds.count;
        const struct around *g = arounds_of(&w->arounds, item[k]);
        if (w->arounds.count > before)
            item_facts_hold(&w->facts, g->other.at, g->other.len);
    }
    for (int k = 0; k < p->count; k++) /* all are there: none moves any more */
        p->recent[k] = (struct recent_item){.around = arounds_of(&w->arounds, item[k])};
    for (size_t j = 0; j < RULE_ITEMS && j < p->seen; j++)
        for (int k = 0; k < p->count; k++)
            if (item[k] == w->sequence.at[p->seen - 1 - j])
                p->recent[k].rule += 1 / (float)(j + 1);
}

/* Sequential rules from the last items: 1/(j+1) for the jth last, 1/d for each occurrence d events
 * later; co-occurrence, as a cosine of counts.  The items around the last one come first of all
 * candidates. */
static void score_around(struct evidence_worker *w, struct position *p)
{
    struct scored_items *c = &w->scored;
    float decay = 1;
    for (int k = 0; k < p->count; k++, decay *= NEAR_DECAY) {
        const struct around *g = p->recent[k].around;
        float scale = g->walked ? (float)g->uses / (float)g->walked : 0;
        float near = decay * scale / sqrtf((float)g->uses + FACTS_SMOOTH);
        float rule = p->recent[k].rule / (float)(g->occurrences + 1);
        scored_items_reserve(c, g->other.len);
        for (size_t i = 0; i < g->other.len; i++) {
            size_t at = scored_items_place(c, g->other.at[i]);
            c->near[at] += near * g->neighbour.at[i].sum[AROUND_NEAR];
            c->rule[at] += rule * g->neighbour.at[i].sum[AROUND_RULE];
        }
        p->ruled = rule > 0 ? c->count : p->ruled;
    }
    p->around = c->count;
    for (size_t i = 0; i < c->count; i++)
        c->near[i] *= w->facts.root.at[c->item[i]];
}

/* A weight of 0 for each session that has a number. */
static void cover_weights(struct evidence_worker *w)
{
    size_t sessions = w->sessions.session.len, covered = w->weight.len;
    if (sessions <= covered)
        return;
    vec_reserve(&w->weight, sessions - covered);
    memset(w->weight.at + covered, 0, (sessions - covered) * sizeof *w->weight.at);
    w->weight.len = sessions;
}

/* What the sessions that share items with this one are worth, in proportion to their votes. */
static void weigh_sessions(struct evidence_worker *w, const struct position *p)
{
    float decay = 1, sessions = (float)w->facts.counts + 1;
    const struct known_session *known = w->sessions.session.at;
    cover_weights(w);
    vec_clear(&w->weighed);
    for (int k = 0; k < p->count; k++, decay *= SESSION_DECAY) {
        const struct around *g = p->recent[k].around;
        float weight = decay * logf(sessions / ((float)g->uses + 1));
        if (weight <= 0) /* all sessions hold it */
            continue;
        vec_reserve(&w->weighed, g->session.len);
        for (size_t i = 0; i < g->session.len; i++) {
            int32_t number = g->session.at[i];
            w->weighed.at[w->weighed.len] = number;
            w->weighed.len += w->weight.at[number] == 0;
            w->weight.at[number] += weight * known[number].root;
        }
    }
    vec_clear(&w->value);
    vec_reserve(&w->value, w->weighed.len);
    for (size_t i = 0; i < w->weighed.len; i++) {
        float *weight = &w->weight.at[w->weighed.at[i]];
        w->value.at[w->value.len++] = *weight;
        *weight = 0;
    }
}

/* The best NEIGHBOURS of them vote for their items. */
static void score_neighbours(struct evidence_worker *w, const struct position *p)
{
    struct scored_items *c = &w->scored;
    size_t events = 0;
    weigh_sessions(w, p);
    vec_clear(&w->nearest);
    struct cut cut = largest_cut(w->value.at, w->value.len, NEIGHBOURS, &w->cut.session);
    for (size_t i = 0; i < w->value.len && events < NEIGHBOUR_EVENTS; i++) {
        if (!cut_takes(&cut, w->value.at[i]))
            continue;
        int32_t session = w->weighed.at[i];
        const int32_t *item = known_sessions_items(&w->sessions, session, &w->items);
        size_t length = (size_t)w->sessions.session.at[session].length;
        events += length;
        vec_push(&w->nearest, session);
        scored_items_reserve(c, length);
        for (size_t k = 0; k < length; k++)
            c->knn[scored_items_place(c, item[k])] += w->value.at[i];
    }
}

/* ---- candidates ---- */

static void choose(struct scored_items *c, int32_t item)
{
    c->chosen[scored_items_place(c, item)] = true;
}

/* The best by each score, the user's latest items, what followed the last one with the user, and
 * what anybody used last. */
static void choose_candidates(struct evidence_worker *w, const struct position *p)
{
    const struct own_events *own = &w->own;
    struct scored_items *c = &w->scored;
    int count = 0;
    largest_choose(c->rule, p->ruled, CHOSEN, &w->cut.rule, c->chosen);
    largest_choose(c->near, p->around, CHOSEN, &w->cut.near, c->chosen);
    largest_choose(c->knn, c->count, CHOSEN, &w->cut.knn, c->chosen);
    scored_items_reserve(c, CHOSEN + own->nexts.len + w->newest.len);
    for (int32_t i = own->newest; i >= 0 && count < CHOSEN; i = own->use.at[i].older, count++)
        choose(c, i);
    for (size_t i = 0; i < own->nexts.len; i++)
        choose(c, own->nexts.at[i]);
    for (size_t i = 0; i < w->newest.len; i++)
        choose(c, w->newest.at[i]);
}

/* ---- features ---- */

/* What the sessions that hold the last item say. */
static void put_around(const struct evidence_worker *w, const struct around *g,
                       const struct neighbour *n, int32_t uses, float *f)
{
    float total = (float)g->occurrences + 1;
    int32_t next = (int32_t)n->sum[AROUND_NEXT];
    f[0] = log1_of(w, next);
    f[1] = n->sum[AROUND_NEXT] / total;
    f[2] = next ? log_of(w, next) - log_of(w, g->occurrences + 1) + 5 : 0;
    f[22] = n->sum[AROUND_SECOND] / total;
    f[23] = n->sum[AROUND_BEFORE] / (float)(uses + 1);
    f[24] = n->sum[AROUND_NEAR] * ((float)g->uses / (float)g->walked) /
            sqrtf(((float)g->uses + FACTS_SMOOTH) * ((float)uses + FACTS_SMOOTH));
    f[25] = n->sum[AROUND_NEAR] / total;
}

static void put_no_around(float *f)
{
    f[0] = f[1] = f[2] = f[22] = f[23] = f[24] = f[25] = 0;
}

/* The user, and the session. */
static void put_own(const struct evidence_worker *w, const struct position *p,
                    const struct own_use *own, float *f)
{
    int32_t since = (int32_t)w->own.event.len - 1 - own->last;
    f[5] = log1_of(w, own->count);
    f[6] = 5 * own_events_decayed(&w->own, own) / w->own.total;
    f[7] = 1 / (1 + (float)since);
    f[8] = 1 - log1_of(w, since) / 8;
    f[9] = log1_of(w, own->next);
    f[10] = p->own_successors ? (float)own->next / (float)p->own_successors : 0;
    f[11] = log1_of(w, own->in_session);
    f[12] = own->in_session ? f[7] : 0;
}

static void put_no_own(float *f)
{
    for (int k = 5; k <= 12; k++)
        f[k] = 0;
}

/* The features of candidate k of n, whose facts were counted, but for those that are logarithms of
 * numbers, which go to w->to_log[. * n + k]. */
static void put_features(struct evidence_worker *w, const struct position *p, size_t k, float *all,
                         size_t n)
{
    const struct scored_items *c = &w->scored;
    size_t at = (size_t)w->kept.at[k];
    float *f = all + k * EVIDENCE_FEATURES, *to_log = w->to_log.at + k;
    const struct around *last = p->recent[0].around;
    const struct item_facts *i = item_facts_now(&w->facts, c->item[at]);
    const struct own_use *own = &w->own.use.at[c->item[at]];
    int32_t uses = item_facts_uses(&w->facts, i);
    if (at < last->other.len)
        put_around(w, last, &last->neighbour.at[at], uses, f);
    else
        put_no_around(f);
    if (own->count)
        put_own(w, p, own, f);
    else
        put_no_own(f);
    f[13] = 0.3f * log1_of(w, uses);
    f[15] = 0.5f * log1_of(w, i->before - i->late);
    f[16] = 0.3f * log1_of(w, i->before - i->recent);
    f[19] = uses > 0;
    f[21] = p->best_knn > 0 ? c->knn[at] / p->best_knn : 0;
    to_log[0] = 1 + 100 * c->rule[at];
    to_log[n] = 1 + 20 * c->near[at];
    to_log[2 * n] =
        own->count ? one_and_seconds(w->facts.now - w->own.event.at[own->last].time) : 1;
    to_log[3 * n] = uses ? one_and_seconds(w->facts.now - item_facts_first(&w->facts, i)) : 1;
    to_log[4 * n] = uses ? one_and_seconds(w->facts.now - item_facts_last(&w->facts, i)) : 1;
    to_log[5 * n] = 1 + c->knn[at];
}

static void put_logs(float *f, float *to_log, size_t n)
{
    logs_of(to_log, TO_LOG * n);
    for (size_t i = 0; i < n; i++, f += EVIDENCE_FEATURES)
        for (int k = 0; k < TO_LOG; k++)
            f[logged[k]] = logged_scale[k] * to_log[(size_t)k * n + i];
}

/* How often the session's items follow themselves in the index: logs that keep such repeats and
 * logs that leave them out are of two kinds. */
static float self_repeats(const struct position *p)
{
    float repeats = 0, occurrences = 1;
    for (int k = 0; k < p->count; k++) {
        repeats += (float)p->recent[k].around->repeats;
        occurrences += (float)p->recent[k].around->occurrences;
    }
    return repeats / occurrences;
}

static void put_context(const struct evidence_worker *w, const struct position *p, float *z)
{
    int32_t events = (int32_t)w->own.event.len;
    z[0] = 0.2f * log1_of(w, p->recent[0].around->uses);
    z[1] = 0.2f * log1_of(w, events);
    z[2] = 0.2f * log1_of(w, w->own.distinct);
    z[3] = 0.2f * log1_of(w, (int32_t)w->scored.count);
    z[4] = 1 - (float)w->own.distinct / (float)events;
    z[5] = 0.3f * log1_of(w, (int32_t)p->seen);
    z[6] = 0.3f * log1_of(w, w->sessions_before);
    z[7] = 0.3f * log1_of(w, p->own_successors);
    z[8] = (float)w->repeats / (float)p->seen;
    z[9] = p->seen > 1 ? log_seconds(w->facts.now - w->moment.at[p->seen - 2]) : 0;
    z[10] = w->last_before < 0 ? 0 : log_seconds(w->time - w->last_before);
    z[11] = p->seen == 1;
    z[12] = self_repeats(p);
}

/* ---- a position ---- */

/* Keeps the chosen ones that the model knows; how many.  Without branches. */
static size_t keep_chosen(struct evidence_worker *w)
{
    const int32_t *row = w->maker->row;
    const struct scored_items *c = &w->scored;
    size_t chosen = 0, kept = 0;
    vec_clear(&w->kept);
    vec_reserve(&w->kept, c->count);
    int32_t *place = w->kept.at;
    for (size_t i = 0; i < c->count; i++) {
        place[chosen] = (int32_t)i;
        chosen += c->chosen[i];
    }
    vec_reserve(&w->chosen, chosen);
    vec_reserve(&w->found.item, chosen);
    int32_t *to = w->found.item.at + w->found.item.len;
    for (size_t i = 0; i < chosen; i++) {
        int32_t number = c->item[place[i]], item = w->items.of.at[number];
        int32_t known = row ? row[item] : item;
        place[kept] = place[i];
        w->chosen.at[kept] = number;
        to[kept] = known;
        kept += known >= 0;
    }
    w->kept.len = kept;
    w->found.item.len += kept;
    return kept;
}

static void leave_out(uint32_t without, float *f, size_t n)
{
    for (size_t i = 0; without && i < n; i++, f += EVIDENCE_FEATURES)
        for (int k = 0; k < EVIDENCE_FEATURES; k++)
            f[k] = without >> k & 1 ? 0 : f[k];
}

static void put_candidates(struct evidence_worker *w, const struct position *p)
{
    size_t n = keep_chosen(w);
    item_facts_count(&w->facts, w->chosen.at, n);
    own_events_cover(&w->own, w->items.of.len);
    vec_reserve(&w->found.feature, n * EVIDENCE_FEATURES);
    vec_reserve(&w->to_log, n * TO_LOG);
    float *feature = w->found.feature.at + w->found.feature.len;
    for (size_t i = 0; i < n; i++)
        put_features(w, p, i, feature, n);
    put_logs(feature, w->to_log.at, n);
    leave_out(w->maker->without, feature, n);
    w->found.feature.len += n * EVIDENCE_FEATURES;
}

/* A session votes once for each of its items. */
static void vote(struct evidence_worker *w, int32_t session)
{
    const int32_t *item = known_sessions_items(&w->sessions, session, &w->items);
    for (int32_t k = 0; k < w->sessions.session.at[session].length; k++) {
        int32_t at = w->scored.slot.at[item[k]];
        w->votes.at[at] += w->voter.at[at] != session;
        w->voter.at[at] = session;
    }
}

static void put_votes(struct evidence_worker *w, const struct position *p)
{
    vec_clear(&w->votes);
    vec_clear(&w->voter);
    for (size_t i = 0; i < w->scored.count; i++) {
        vec_push(&w->votes, 0);
        vec_push(&w->voter, -1);
    }
    for (size_t i = 0; i < w->nearest.len; i++)
        vote(w, w->nearest.at[i]);
    for (size_t i = 0; i < w->kept.len; i++)
        vec_push(&w->found.votes, w->votes.at[w->kept.at[i]]);
    vec_push(&w->found.voters, (int32_t)w->nearest.len);
    vec_push(&w->found.occurrences, p->recent[0].around->occurrences);
}

/* The first `seen` events have happened. */
static void run_position(struct evidence_worker *w, size_t seen)
{
    struct position p = {.seen = seen};
    struct scored_items *c = &w->scored;
    float z[EVIDENCE_CONTEXT];
    find_recent(w, &p);
    if (item_facts_come_to(&w->facts, w->moment.at[w->maker->at_target ? seen : seen - 1]))
        find_newest(w);
    score_around(w, &p);
    score_neighbours(w, &p);
    p.own_successors = own_events_follow(&w->own);
    choose_candidates(w, &p);
    p.best_knn = largest_value(c->knn, c->count);
    put_candidates(w, &p);
    if (w->maker->tells_votes)
        put_votes(w, &p);
    put_context(w, &p, z);
    vec_append(&w->found.context, z, EVIDENCE_CONTEXT);
    vec_push(&w->found.start, (int32_t)w->found.item.len);
    scored_items_clear(c);
}

void evidence_worker_run(struct evidence_worker *w, size_t session, int32_t seen, bool ended)
{
    begin_session(w, session, ended);
    bool last = w->maker->last || seen > 0; /* of the positions that are gone through */
    size_t end = seen > 0 ? (size_t)seen + 1 : w->sequence.len;
    for (size_t i = 0; i + 1 < end; i++) {
        int32_t item = w->sequence.at[i];
        own_events_add(&w->own, item, i == 0, w->moment.at[i]);
        w->repeats += w->own.use.at[item].in_session > 1;
        if (!last || i + 2 == end)
            run_position(w, i + 1);
    }
    own_events_clear(&w->own);
}

struct made_evidence *evidence_worker_found(struct evidence_worker *w)
{
    return &w->found;
}

void evidence_worker_begin(struct evidence_worker *w)
{
    vec_clear(&w->found.start);
    vec_push(&w->found.start, 0);
    vec_clear(&w->found.item);
    vec_clear(&w->found.feature);
    vec_clear(&w->found.context);
    vec_clear(&w->found.votes);
    vec_clear(&w->found.voters);
    vec_clear(&w->found.occurrences);
}
