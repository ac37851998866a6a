#include "data/all_user_sessions.h"

void all_user_sessions_open(struct all_user_sessions *all, size_t memory)
{
    *all = (struct all_user_sessions){.memory = memory,
                                      .store.keeps_times = true,
                                      .store.head.within = memory,
                                      .store.item.within = memory,
                                      .store.time.within = memory,
                                      .edge.within = memory,
                                      .rest.within = memory,
                                      .rest_end.within = memory};
}

int all_user_sessions_within(struct all_user_sessions *all, size_t bytes, struct err *e)
{
    struct spill *spills[] = {&all->edge, &all->rest, &all->rest_end};
    bool ended = all->store.head.at;
    int status = session_store_within(&all->store, bytes, e);
    all->memory = bytes;
    for (size_t i = 0; i < sizeof spills / sizeof *spills && !status; i++) {
        spills[i]->within = bytes;
        status = ended ? spill_end(spills[i], e) : 0;
    }
    return status;
}

/* ---- what a store has no room for ---- */

/* Everything in `rest` is aligned for int64. */
static size_t rounded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static int append(struct spill *to, const void *bytes, size_t n, struct err *e)
{
    static const char zeros[8];
    if (!n)
        return 0;
    return spill_append(to, bytes, n, e) || spill_append(to, zeros, rounded(n) - n, e) ? e->status
                                                                                       : 0;
}

static size_t column_bytes(const struct extra *x)
{
    return x->column.at ? x->column.len * column_size(x->type) : 0;
}

/* An extra in `rest`; its key and its column follow. */
struct packed_extra {
    int64_t value;
    uint32_t key, column; /* bytes; elements */
    int32_t type;
    int32_t is_column; /* 0: a single integer */
};

static int add_extra(struct spill *to, const struct extra *x, struct err *e)
{
    struct packed_extra head = {x->value, (uint32_t)x->key.len, (uint32_t)x->column.len,
                                (int32_t)x->type, x->column.at != NULL};
    return append(to, &head, sizeof head, e) || append(to, x->key.at, x->key.len, e) ||
                   append(to, x->column.at, column_bytes(x), e)
               ? e->status
               : 0;
}

/* Reads the extra at `at`; returns where the next one is. */
static const char *read_extra(struct extra *x, const char *at)
{
    struct packed_extra head;
    memcpy(&head, at, sizeof head);
    const char *key = at + rounded(sizeof head), *column = key + rounded(head.key);
    *x = (struct extra){.key = {key, head.key},
                        .type = (enum column_type)head.type,
                        .column = {head.is_column ? (char *)(uintptr_t)column : NULL, head.column},
                        .value = head.value};
    return column + rounded(column_bytes(x));
}

static bool is_long(const struct session *s)
{
    return s->times[s->count - 1] - s->times[0] >= STORED_LONG;
}

/* Where the rest of a session begins; its end is where that of the next one begins. */
static size_t rest_begin(const struct all_user_sessions *all, size_t session)
{
    const uint64_t *end = (const uint64_t *)(const void *)all->rest_end.at;
    size_t ends = all->rest_end.len / sizeof *end;
    return !session || !ends ? 0 : end[(session < ends ? session : ends) - 1];
}

/* Of the session that was added last. */
static int add_rest(struct all_user_sessions *all, const struct session *s, struct err *e)
{
    uint64_t before = all->rest.len, end = session_store_sessions(&all->store) * sizeof before;
    int status = is_long(s) ? append(&all->rest, s->times, s->count * sizeof *s->times, e) : 0;
    for (size_t i = 0; i < s->extra_count && !status; i++)
        status = add_extra(&all->rest, &s->extras[i], e);
    if (all->rest.len == before)
        return status;
    while (!status && all->rest_end.len + sizeof before < end)
        status = spill_append(&all->rest_end, &before, sizeof before, e);
    before = all->rest.len;
    return status ? status : spill_append(&all->rest_end, &before, sizeof before, e);
}

/* The times of a session that the store cannot hold; NULL: it does. */
static const int64_t *long_times(const struct all_user_sessions *all, size_t session)
{
    const char *at = all->rest.at;
    return session_store_last(&all->store, session) < INT64_MAX
               ? NULL
               : (const void *)(at + rest_begin(all, session));
}

static void view_times(struct session_view *v, const struct all_user_sessions *all, size_t session)
{
    const int64_t *times = long_times(all, session);
    size_t count = v->session.count;
    vec_clear(&v->times);
    vec_reserve(&v->times, count);
    for (size_t i = 0; i < count; i++)
        v->times.at[i] = times ? times[i] : session_store_time(&all->store, session, i);
    v->times.len = count;
}

static void view_extras(struct session_view *v, const struct all_user_sessions *all, size_t session)
{
    size_t begin = rest_begin(all, session), end = rest_begin(all, session + 1);
    begin += long_times(all, session) ? v->session.count * sizeof(int64_t) : 0;
    vec_clear(&v->extras);
    while (begin < end) {
        struct extra x;
        begin = (size_t)(read_extra(&x, all->rest.at + begin) - all->rest.at);
        vec_push(&v->extras, x);
    }
}

/* ---- adding ---- */

/* Bytes of one user in `edge`: the training part begins with the first session. */
enum { EDGES = 2 * sizeof(struct edge) };

/* Of the user that was added last. */
static int add_edges(struct all_user_sessions *all, const struct edges *edges, struct err *e)
{
    static const struct edge none[2];
    int status = 0;
    if (!edges->of[PART_VALIDATION].set && !edges->of[PART_TEST].set)
        return 0;
    while (!status && all->edge.len + EDGES < all->user.len * EDGES)
        status = spill_append(&all->edge, none, EDGES, e);
    return status ? status : spill_append(&all->edge, &edges->of[PART_VALIDATION], EDGES, e);
}

int all_user_sessions_add(struct all_user_sessions *all, const struct user_sessions *h,
                          struct err *e)
{
    int32_t place = (int32_t)all->user.len;
    for (size_t i = 0; i < h->sessions.len; i++) {
        struct session s = *h->sessions.at[i];
        s.user = place;
        if (session_store_add(&all->store, &s, e) || add_rest(all, &s, e))
            return e->status;
    }
    vec_push(&all->user, h->user);
    return add_edges(all, &h->edges, e);
}

int all_user_sessions_end(struct all_user_sessions *all, struct err *e)
{
    return session_store_end(&all->store, e) || spill_end(&all->edge, e) ||
                   spill_end(&all->rest, e) || spill_end(&all->rest_end, e)
               ? e->status
               : 0;
}

/* ---- reading ---- */

struct edges all_user_sessions_edges(const struct all_user_sessions *all, size_t user)
{
    struct edges edges = {0};
    if (user < all->edge.len / EDGES)
        memcpy(&edges.of[PART_VALIDATION], all->edge.at + user * EDGES, EDGES);
    return edges;
}

void all_user_sessions_forget(const struct all_user_sessions *all)
{
    session_store_forget(&all->store);
    spill_forget(&all->edge);
    spill_forget(&all->rest);
    spill_forget(&all->rest_end);
}

bool all_user_sessions_rest_due(const struct all_user_sessions *all, size_t from, size_t end)
{
    enum { REST = 20 }; /* bits: a megabyte */
    return rest_begin(all, from) >> REST != rest_begin(all, end) >> REST;
}

int64_t all_user_sessions_time(const struct all_user_sessions *all, size_t session, size_t event)
{
    const int64_t *times = long_times(all, session);
    return times ? times[event] : session_store_time(&all->store, session, event);
}

int64_t all_user_sessions_last(const struct all_user_sessions *all, size_t session)
{
    const int64_t *times = long_times(all, session);
    return times ? times[session_store_length(&all->store, session) - 1]
                 : session_store_last(&all->store, session);
}

void session_view_of(struct session_view *v, const struct all_user_sessions *all, size_t user,
                     size_t session)
{
    const struct session_store *c = &all->store;
    v->session = (struct session){.user = all->user.at[user],
                                  .part = session_store_part(c, session),
                                  .count = session_store_length(c, session),
                                  .items = session_store_items(c, session)};
    view_times(v, all, session);
    view_extras(v, all, session);
    v->session.times = v->times.at;
    v->session.extras = v->extras.at;
    v->session.extra_count = v->extras.len;
}

void session_view_release(struct session_view *v)
{
    vec_release(&v->times);
    vec_release(&v->extras);
}

void all_user_sessions_load(const struct all_user_sessions *all, size_t user,
                            struct user_sessions *h)
{
    struct session_view v = {0};
    h->user = all->user.at[user];
    h->place = (int32_t)user;
    h->edges = all_user_sessions_edges(all, user);
    for (int32_t s = all->store.first.at[user]; s < all->store.first.at[user + 1]; s++) {
        session_view_of(&v, all, user, (size_t)s);
        user_sessions_add(h, &v.session);
        all_user_sessions_passed(all, (size_t)s, (size_t)s + 1);
    }
    session_view_release(&v);
}

void all_user_sessions_clear(struct all_user_sessions *all)
{
    session_store_clear(&all->store);
    vec_clear(&all->user);
    spill_clear(&all->edge);
    spill_clear(&all->rest);
    spill_clear(&all->rest_end);
}

void all_user_sessions_release(struct all_user_sessions *all)
{
    session_store_release(&all->store);
    vec_release(&all->user);
    spill_release(&all->edge);
    spill_release(&all->rest);
    spill_release(&all->rest_end);
}
