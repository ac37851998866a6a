#include "index/evidence_worker.h"

#include <math.h>

#include "index/around.h"

/* What was chosen in developing the features, on the validation parts of several logs. */
enum {
    RECENT_ITEMS = 10,       /* distinct items of the session whose postings are read */
    RULE_ITEMS = 5,          /* last items of the session that sequential rules start from */
    NEIGHBOURS = 100,        /* sessions that vote as nearest neighbours, */
    NEIGHBOUR_EVENTS = 4000, /* and how many events all of them have at most */
    CHOSEN = 100,            /* candidates by each kind of score, and of the user's items */
    NEWEST = 50,             /* candidates that anybody used last */
    OWN_EVENTS = 2000,       /* newest events of the user that are looked at */
    LOGS = 4096,             /* logarithms of whole numbers in a table */
    POWERS = 1024,           /* powers of OWN_DECAY in a table; further ones are 0 */
    LATE = 200,
    RECENT = 20 /* the last windows: the log's duration divided by these */
};
static const float NEAR_DECAY = 0.8f;     /* for each item back */
static const float SESSION_DECAY = 0.85f; /* of what a shared item adds to a neighbour's weight */
static const float OWN_DECAY = 0.98f;     /* for each event back */
static const float SMOOTH = 5;            /* added to counts under square roots */

/* Facts of an item as of the last event.  What time brings in the course of a session is little: so
 * the counts of postings go on from where they stood at the event before. */
struct item_facts {
    size_t session, position;     /* for which `holders` holds, and for which the others do */
    int32_t holders;              /* postings that count around items */
    int32_t before, late, recent; /* postings that had ended by now, and before the windows; -1: not
                                     counted in this session */
    int32_t uses;                 /* postings that count by now */
    float age, unseen;            /* 0.1 log of seconds since it was first and last seen */
};

/* The user's use of an item. */
struct own_use {
    int32_t count, last; /* index of the last use among the user's events */
    float decayed;       /* Σ OWN_DECAY^(events from each use to the last one) */
};

struct own_event {
    int32_t item, before; /* index of the event before of the same item; -1: none */
    bool begins;          /* first event of its session */
    int64_t time;
};

struct scored_item {
    int32_t item;
    float rule, near, knn;
    bool chosen;
};

struct evidence_worker {
    const struct evidence_maker *maker;
    float log[LOGS], power[POWERS];
    size_t run, position; /* sessions and positions so far */
    /* the current session */
    int64_t time;
    bool ended;
    int32_t began;               /* sessions that had ended before `time` */
    int64_t now;                 /* time of the last event */
    int32_t rank, late, recent;  /* sessions that had ended before `now`, and before the windows */
    i32_vec sequence;            /* its items, in the store's ids */
    i64_vec moment;              /* their times */
    struct arounds arounds;      /* of its items */
    i32_vec newest;              /* items that anybody used last */
    struct item_facts *facts;    /* [items] */
    struct own_use *own;         /* [items] */
    int32_t *in_session;         /* [items] times in the session so far */
    int32_t *last_in_session;    /* [items] index of the last */
    VEC(struct own_event) event; /* the user's, oldest first, then the session's */
    float own_total;             /* Σ OWN_DECAY^age of all these events */
    int32_t own_distinct, sessions_before, repeats;
    int64_t last_before; /* end of the user's session before; -1: there is none */
    /* the current position */
    VEC(struct scored_item) scored;
    int32_t *slot;     /* [items] index in `scored`; -1: none */
    int32_t *follow;   /* [items] index of the neighbour of the last item; -1: none */
    int32_t *own_next; /* [items] the user's own successors of the last item */
    i32_vec own_nexts;
    float *weight; /* [sessions] of neighbours */
    i32_vec weighed;
    valued_vec order;
};

void found_evidence_release(struct found_evidence *f)
{
    vec_release(&f->end);
    vec_release(&f->item);
    vec_release(&f->feature);
    vec_release(&f->context);
}

/* ---- opening ---- */

struct evidence_worker *evidence_worker_new(const struct evidence_maker *e)
{
    struct evidence_worker *w = mem_zero(1, sizeof *w);
    size_t items = (size_t)e->index->item_room;
    w->maker = e;
    for (int i = 0; i < LOGS; i++)
        w->log[i] = logf((float)(i ? i : 1));
    for (int i = 0; i < POWERS; i++)
        w->power[i] = powf(OWN_DECAY, (float)i);
    w->facts = mem_zero(items, sizeof *w->facts);
    w->own = mem_zero(items, sizeof *w->own);
    w->in_session = mem_zero(items, sizeof *w->in_session);
    w->last_in_session = mem_zero(items, sizeof *w->last_in_session);
    w->own_next = mem_zero(items, sizeof *w->own_next);
    w->slot = arounds_no_slots(items);
    w->follow = arounds_no_slots(items);
    arounds_open(&w->arounds, e->index, e->postings);
    w->weight = mem_zero((size_t)e->index->session_room, sizeof *w->weight);
    return w;
}

void evidence_worker_free(struct evidence_worker *w)
{
    arounds_release(&w->arounds);
    vec_release(&w->sequence);
    vec_release(&w->moment);
    vec_release(&w->newest);
    vec_release(&w->event);
    vec_release(&w->scored);
    vec_release(&w->own_nexts);
    vec_release(&w->weighed);
    vec_release(&w->order);
    mem_free(w->facts);
    mem_free(w->own);
    mem_free(w->in_session);
    mem_free(w->last_in_session);
    mem_free(w->own_next);
    mem_free(w->slot);
    mem_free(w->follow);
    mem_free(w->weight);
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

static float log_seconds(int64_t seconds)
{
    return 0.1f * logf(1 + (seconds > 0 ? (float)seconds : 0));
}

static float power_of(const struct evidence_worker *w, int32_t n)
{
    return n < POWERS ? w->power[n] : 0;
}

/* ---- the index ---- */

/* How many sessions of the index count around items: in training those that had ended before the
 * session began. */
static int32_t sessions_that_count(const struct evidence_worker *w)
{
    return w->ended ? w->began : w->maker->index->sessions;
}

/* How many of them hold the item. */
static int32_t holders_of(struct evidence_worker *w, int32_t item)
{
    struct item_facts *f = &w->facts[item];
    if (f->session != w->run)
        *f = (struct item_facts){.session = w->run,
                                 .holders = (int32_t)session_index_postings(w->maker->index, item,
                                                                            sessions_that_count(w)),
                                 .before = -1};
    return f->holders;
}

/* How many of the item's postings are of ranks below `rank`, if `count` of them are for sure. */
static int32_t go_on(const struct session_index *x, int32_t item, int32_t count, int32_t rank)
{
    const int32_t *session = x->session + x->posting[item];
    int32_t all = x->postings[item];
    while (count < all && session[count] < rank)
        count++;
    return count;
}

static void count_uses(const struct evidence_worker *w, int32_t item, struct item_facts *f)
{
    const struct session_index *x = w->maker->index;
    if (f->before < 0) {
        f->before = (int32_t)session_index_postings(x, item, w->rank);
        f->late = (int32_t)session_index_postings_among(x, item, w->late, (size_t)f->before);
        f->recent = (int32_t)session_index_postings_among(x, item, w->recent, (size_t)f->late);
        return;
    }
    f->before = go_on(x, item, f->before, w->rank);
    f->late = go_on(x, item, f->late, w->late);
    f->recent = go_on(x, item, f->recent, w->recent);
}

static const struct item_facts *facts_of(struct evidence_worker *w, int32_t item)
{
    const struct session_index *x = w->maker->index;
    const int32_t *session = x->session + x->posting[item];
    struct item_facts *f = &w->facts[item];
    holders_of(w, item);
    if (f->position == w->position)
        return f;
    f->position = w->position;
    count_uses(w, item, f);
    f->uses = w->ended ? f->before : f->holders;
    if (f->uses) {
        int32_t last = f->before ? f->before : f->uses;
        f->unseen = log_seconds(w->now - x->last[session[last - 1]]);
        f->age = log_seconds(w->now - x->start[session[0]]);
    }
    return f;
}

/* ---- the user ---- */

static void add_event(struct evidence_worker *w, int32_t item, bool begins, int64_t time)
{
    struct own_use *own = &w->own[item];
    int32_t at = (int32_t)w->event.len;
    vec_push(&w->event, ((struct own_event){item, own->count ? own->last : -1, begins, time}));
    own->decayed = 1 + (own->count ? own->decayed * power_of(w, at - own->last) : 0);
    w->own_distinct += own->count == 0;
    own->count++;
    own->last = at;
    w->own_total = 1 + w->own_total * OWN_DECAY;
}

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

/* The user's sessions that had ended before this one: their newest OWN_EVENTS events. */
static void read_own(struct evidence_worker *w, size_t session)
{
    const struct session_store *c = w->maker->store;
    size_t first = (size_t)c->first.at[session_store_user(c, session)], from = session, events = 0;
    w->last_before = -1;
    w->sessions_before = sessions_before(w, first, session);
    while (from > first && events < OWN_EVENTS) {
        from--;
        events += is_own(w, from) ? session_store_length(c, from) : 0;
    }
    for (size_t s = from; s < session; s++) {
        int64_t last = session_store_last(c, s);
        if (!is_own(w, s))
            continue;
        w->last_before = last > w->last_before ? last : w->last_before;
        for (size_t i = 0; i < session_store_length(c, s); i++)
            add_event(w, session_store_items(c, s)[i], i == 0, session_store_time(c, s, i));
    }
}

static void forget_own(struct evidence_worker *w)
{
    for (size_t i = 0; i < w->event.len; i++)
        w->own[w->event.at[i].item] = (struct own_use){0};
    for (size_t i = 0; i < w->sequence.len; i++)
        w->in_session[w->sequence.at[i]] = 0;
    vec_clear(&w->event);
    w->own_total = 0;
    w->own_distinct = 0;
}

/* ---- the session ---- */

static void find_newest(struct evidence_worker *w)
{
    const struct session_index *x = w->maker->index;
    vec_clear(&w->newest);
    for (int32_t rank = w->rank; rank-- > 0 && w->newest.len < NEWEST;) {
        const int32_t *item = session_index_items(x, rank);
        for (size_t i = session_index_length(x, rank); i-- > 0 && w->newest.len < NEWEST;) {
            if (w->slot[item[i]] >= 0)
                continue;
            w->slot[item[i]] = 0;
            vec_push(&w->newest, item[i]);
        }
    }
    for (size_t i = 0; i < w->newest.len; i++)
        w->slot[w->newest.at[i]] = -1;
}

static void begin_session(struct evidence_worker *w, size_t session, bool ended)
{
    const struct session_store *c = w->maker->store;
    const int32_t *item = session_store_items(c, session), *row = w->maker->row;
    w->run++;
    w->ended = ended;
    w->time = session_store_start(c, session);
    w->began = session_index_before(w->maker->index, w->time);
    w->rank = -1;
    arounds_forget(&w->arounds, sessions_that_count(w));
    w->repeats = 0;
    vec_clear(&w->sequence);
    vec_clear(&w->moment);
    for (size_t i = 0; i < session_store_length(c, session); i++) {
        if (row && row[item[i]] < 0)
            continue;
        vec_push(&w->sequence, item[i]);
        vec_push(&w->moment, session_store_time(c, session, i));
    }
    read_own(w, session);
}

/* What has ended while the session went on counts too. */
static void come_to(struct evidence_worker *w, int64_t now)
{
    const struct session_index *x = w->maker->index;
    int32_t rank = session_index_before(x, now);
    bool more = rank != w->rank;
    w->position++;
    w->now = now;
    w->rank = rank;
    w->late = session_index_before(x, now - x->duration / LATE);
    w->recent = session_index_before(x, now - x->duration / RECENT);
    if (more)
        find_newest(w);
}

/* ---- candidates of a position ---- */

static struct scored_item *scored_of(struct evidence_worker *w, int32_t item)
{
    if (w->slot[item] < 0) {
        w->slot[item] = (int32_t)w->scored.len;
        vec_push(&w->scored, ((struct scored_item){.item = item}));
    }
    return &w->scored.at[w->slot[item]];
}

/* Sequential rules from the last items: 1/(j+1) for the jth last, 1/d for each occurrence d events
 * later. */
static void score_rules(struct evidence_worker *w, size_t seen)
{
    for (size_t j = 0; j < RULE_ITEMS && j < seen; j++) {
        const struct around *g = arounds_of(&w->arounds, w->sequence.at[seen - 1 - j]);
        float factor = 1 / ((float)(j + 1) * (float)(g->occurrences + 1));
        for (size_t i = 0; i < g->neighbour.len; i++)
            if (g->neighbour.at[i].rule > 0)
                scored_of(w, g->neighbour.at[i].item)->rule += factor * g->neighbour.at[i].rule;
    }
}

/* The distinct items of the session, the last one first, at most RECENT_ITEMS. */
static int recent_items(struct evidence_worker *w, size_t seen, struct around *of[RECENT_ITEMS])
{
    int32_t item[RECENT_ITEMS];
    int count = 0;
    for (size_t i = seen; i-- > 0 && count < RECENT_ITEMS;)
        if (w->last_in_session[w->sequence.at[i]] == (int32_t)i)
            item[count++] = w->sequence.at[i];
    for (int j = 0; j < count; j++)
        arounds_of(&w->arounds, item[j]);
    for (int j = 0; j < count; j++) /* all are there: none moves any more */
        of[j] = arounds_of(&w->arounds, item[j]);
    return count;
}

/* Co-occurrence, as a cosine of counts. */
static void score_near(struct evidence_worker *w, struct around *const *of, int count)
{
    float decay = 1;
    for (int j = 0; j < count; j++, decay *= NEAR_DECAY) {
        const struct around *g = of[j];
        float scale = g->walked ? (float)g->uses / (float)g->walked : 0;
        float factor = decay * scale / sqrtf((float)g->uses + SMOOTH);
        for (size_t i = 0; i < g->neighbour.len; i++)
            if (g->neighbour.at[i].near > 0)
                scored_of(w, g->neighbour.at[i].item)->near += factor * g->neighbour.at[i].near;
    }
    for (size_t i = 0; i < w->scored.len; i++) {
        struct scored_item *s = &w->scored.at[i];
        if (s->near > 0)
            s->near /= sqrtf((float)holders_of(w, s->item) + SMOOTH);
    }
}

/* Sessions that share items with this one vote for their items: the best NEIGHBOURS of them. */
static void score_neighbours(struct evidence_worker *w, struct around *const *of, int count)
{
    const struct session_index *x = w->maker->index;
    float decay = 1, sessions = (float)sessions_that_count(w) + 1;
    vec_clear(&w->weighed);
    for (int j = 0; j < count; j++, decay *= SESSION_DECAY) {
        float weight = decay * logf(sessions / ((float)of[j]->uses + 1));
        if (weight <= 0) /* all sessions hold it */
            continue;
        for (size_t i = 0; i < of[j]->session.len; i++) {
            int32_t rank = of[j]->session.at[i];
            if (w->weight[rank] == 0)
                vec_push(&w->weighed, rank);
            w->weight[rank] += weight;
        }
    }
    vec_clear(&w->order);
    for (size_t i = 0; i < w->weighed.len; i++) {
        int32_t rank = w->weighed.at[i];
        float length = (float)session_index_length(x, rank);
        vec_push(&w->order, ((struct valued){w->weight[rank] / sqrtf(length), rank}));
        w->weight[rank] = 0;
    }
    size_t best = largest_first(&w->order, NEIGHBOURS);
    size_t events = 0;
    for (size_t i = 0; i < best && events < NEIGHBOUR_EVENTS; i++) {
        const int32_t *item = session_index_items(x, w->order.at[i].at);
        size_t length = session_index_length(x, w->order.at[i].at);
        events += length;
        for (size_t k = 0; k < length; k++)
            scored_of(w, item[k])->knn += w->order.at[i].value;
    }
}

enum score { BY_RULE, BY_NEAR, BY_KNN };

static float score_by(const struct scored_item *s, enum score by)
{
    return by == BY_RULE ? s->rule : by == BY_NEAR ? s->near : s->knn;
}

static void choose_best(struct evidence_worker *w, enum score by)
{
    vec_clear(&w->order);
    for (size_t i = 0; i < w->scored.len; i++) {
        float value = score_by(&w->scored.at[i], by);
        if (value > 0)
            vec_push(&w->order, ((struct valued){value, (int32_t)i}));
    }
    size_t best = largest_first(&w->order, CHOSEN);
    for (size_t i = 0; i < best; i++)
        w->scored.at[w->order.at[i].at].chosen = true;
}

/* The user's latest distinct items, and what followed the last item in the user's sessions. */
static void choose_own(struct evidence_worker *w, int32_t last)
{
    int count = 0;
    for (size_t i = w->event.len; i-- > 0 && count < CHOSEN;) {
        int32_t item = w->event.at[i].item;
        if (w->own[item].last != (int32_t)i)
            continue;
        scored_of(w, item)->chosen = true;
        count++;
    }
    vec_clear(&w->own_nexts);
    for (int32_t i = w->event.at[w->own[last].last].before; i >= 0; i = w->event.at[i].before) {
        const struct own_event *next = &w->event.at[i + 1];
        if (next->begins)
            continue;
        if (!w->own_next[next->item]++)
            vec_push(&w->own_nexts, next->item);
        scored_of(w, next->item)->chosen = true;
    }
}

/* ---- features ---- */

struct position {
    int32_t events, own_successors;
    const struct around *last;
    float best_knn;
};

static void put_features(struct evidence_worker *w, const struct position *p,
                         const struct scored_item *s, float *f)
{
    static const struct neighbour nothing;
    const struct around *g = p->last;
    const struct item_facts *facts = facts_of(w, s->item);
    const struct own_use *own = &w->own[s->item];
    const struct neighbour *n =
        w->follow[s->item] < 0 ? &nothing : &g->neighbour.at[w->follow[s->item]];
    int32_t since = p->events - 1 - own->last, next = (int32_t)n->next, in = w->in_session[s->item];
    int32_t own_next = w->own_next[s->item];
    float total = (float)g->occurrences + 1, uses = (float)facts->uses;
    float scale = g->walked ? (float)g->uses / (float)g->walked : 0;
    /* successors of the last item */
    f[0] = log1_of(w, next);
    f[1] = n->next / total;
    f[2] = next ? log_of(w, next) - log_of(w, g->occurrences + 1) + 5 : 0;
    f[3] = 0.5f * logf(1 + 100 * s->rule);
    f[4] = logf(1 + 20 * s->near);
    /* the user */
    f[5] = log1_of(w, own->count);
    f[6] = own->count ? 5 * own->decayed * power_of(w, since) / w->own_total : 0;
    f[7] = own->count ? 1 / (1 + (float)since) : 0;
    f[8] = own->count ? 1 - log1_of(w, since) / 8 : 0;
    f[9] = log1_of(w, own_next);
    f[10] = p->own_successors ? (float)own_next / (float)p->own_successors : 0;
    /* the session */
    f[11] = log1_of(w, in);
    f[12] = in ? 1 / (1 + (float)since) : 0;
    /* all users, and time */
    f[13] = 0.3f * log1_of(w, facts->uses);
    f[14] = own->count ? log_seconds(w->now - w->event.at[own->last].time) : 0;
    f[15] = 0.5f * log1_of(w, facts->before - facts->late);
    f[16] = 0.3f * log1_of(w, facts->before - facts->recent);
    f[17] = facts->age;
    f[18] = facts->unseen;
    f[19] = facts->uses > 0;
    /* neighbours */
    f[20] = logf(1 + s->knn);
    f[21] = p->best_knn > 0 ? s->knn / p->best_knn : 0;
    f[22] = n->second / total;
    f[23] = n->before / (uses + 1);
    f[24] = scale * n->near / sqrtf(((float)g->uses + SMOOTH) * (uses + SMOOTH));
    f[25] = n->near / total;
}

static void put_context(const struct evidence_worker *w, const struct position *p, size_t seen,
                        float *z)
{
    float events = (float)p->events;
    z[0] = 0.2f * log1_of(w, p->last->uses);
    z[1] = 0.2f * log1_of(w, p->events);
    z[2] = 0.2f * log1_of(w, w->own_distinct);
    z[3] = 0.2f * log1_of(w, (int32_t)w->scored.len);
    z[4] = 1 - (float)w->own_distinct / events;
    z[5] = 0.3f * log1_of(w, (int32_t)seen);
    z[6] = 0.3f * log1_of(w, w->sessions_before);
    z[7] = 0.3f * log1_of(w, p->own_successors);
    z[8] = (float)w->repeats / (float)seen;
    z[9] = seen > 1 ? log_seconds(w->now - w->moment.at[seen - 2]) : 0;
    z[10] = w->last_before < 0 ? 0 : log_seconds(w->time - w->last_before);
    z[11] = seen == 1;
}

/* ---- a position ---- */

static void mark_follow(struct evidence_worker *w, const struct around *last, bool mark)
{
    for (size_t i = 0; i < last->neighbour.len; i++)
        w->follow[last->neighbour.at[i].item] = mark ? (int32_t)i : -1;
}

static void put_candidates(struct evidence_worker *w, const struct position *p, size_t seen,
                           struct found_evidence *to)
{
    const int32_t *row = w->maker->row;
    float z[EVIDENCE_CONTEXT];
    for (size_t i = 0; i < w->scored.len; i++) {
        const struct scored_item *s = &w->scored.at[i];
        if (!s->chosen || (row && row[s->item] < 0))
            continue;
        vec_push(&to->item, row ? row[s->item] : s->item);
        vec_reserve(&to->feature, EVIDENCE_FEATURES);
        put_features(w, p, s, to->feature.at + to->feature.len);
        to->feature.len += EVIDENCE_FEATURES;
    }
    put_context(w, p, seen, z);
    vec_append(&to->context, z, EVIDENCE_CONTEXT);
    vec_push(&to->end, (int32_t)to->item.len);
}

static void clear_position(struct evidence_worker *w)
{
    for (size_t i = 0; i < w->scored.len; i++)
        w->slot[w->scored.at[i].item] = -1;
    for (size_t i = 0; i < w->own_nexts.len; i++)
        w->own_next[w->own_nexts.at[i]] = 0;
    vec_clear(&w->scored);
}

/* The first `seen` events have happened. */
static void run_position(struct evidence_worker *w, size_t seen, struct found_evidence *to)
{
    struct around *of[RECENT_ITEMS] = {NULL};
    int32_t last = w->sequence.at[seen - 1];
    int count = recent_items(w, seen, of);
    struct position p = {.events = (int32_t)w->event.len, .last = of[0]};
    come_to(w, w->moment.at[seen - 1]);
    score_rules(w, seen);
    score_near(w, of, count);
    score_neighbours(w, of, count);
    for (enum score by = BY_RULE; by <= BY_KNN; by++)
        choose_best(w, by);
    choose_own(w, last);
    for (size_t i = 0; i < w->newest.len; i++)
        scored_of(w, w->newest.at[i])->chosen = true;
    for (size_t i = 0; i < w->scored.len; i++)
        p.best_knn = w->scored.at[i].knn > p.best_knn ? w->scored.at[i].knn : p.best_knn;
    for (size_t i = 0; i < w->own_nexts.len; i++)
        p.own_successors += w->own_next[w->own_nexts.at[i]];
    mark_follow(w, p.last, true);
    put_candidates(w, &p, seen, to);
    mark_follow(w, p.last, false);
    clear_position(w);
}

void evidence_worker_run(struct evidence_worker *w, size_t session, bool ended,
                         struct found_evidence *to)
{
    begin_session(w, session, ended);
    for (size_t i = 0; i + 1 < w->sequence.len; i++) {
        int32_t item = w->sequence.at[i];
        w->repeats += w->in_session[item] > 0;
        w->in_session[item]++;
        w->last_in_session[item] = (int32_t)i;
        add_event(w, item, i == 0, w->moment.at[i]);
        if (!w->maker->last || i + 2 == w->sequence.len)
            run_position(w, i + 1, to);
    }
    forget_own(w);
}
