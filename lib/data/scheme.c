#include "data/scheme.h"

#include "base/heap.h"
#include "base/random.h"
#include "data/parallel_batches.h"

/* ---- what schemes share: the sessions that are left, and random orders ---- */

/* The sessions of one part that are left, as a range for each of the U users; the caller frees.  A
 * user's sessions of a part follow each other. */
static struct session_range *ranges_of(const struct session_store *c, enum part part)
{
    struct session_range *range = mem_zero(session_store_users(c), sizeof *range);
    for (size_t u = 0; u < session_store_users(c); u++) {
        size_t s = c->first.at[u], end = c->first.at[u + 1];
        while (s < end && c->part.at[s] != part)
            s++;
        range[u].next = s;
        while (s < end && c->part.at[s] == part)
            s++;
        range[u].end = s;
    }
    return range;
}

static size_t sessions_left(const struct session_range *t)
{
    return t->end - t->next;
}

static struct random random_for(const struct batching *b, struct epoch epoch)
{
    return random_of(b->seed, (uint64_t)epoch.number << 2 | epoch.part);
}

/* Every order is as likely as any other (Fisher, Yates). */
static void shuffle(session_range_vec *ranges, struct random random)
{
    for (size_t i = ranges->len; i > 1; i--) {
        size_t j = random_below(&random, (uint32_t)i);
        struct session_range range = ranges->at[j];
        ranges->at[j] = ranges->at[i - 1];
        ranges->at[i - 1] = range;
    }
}

/* The sessions of the part in a random order, each a range of its own. */
static session_range_vec drawn_sessions(const struct batching *b, struct epoch epoch)
{
    session_range_vec ranges = {0};
    for (size_t s = 0; s < session_store_sessions(b->store); s++)
        if (b->store->part.at[s] == epoch.part)
            vec_push(&ranges, ((struct session_range){s, s + 1}));
    shuffle(&ranges, random_for(b, epoch));
    return ranges;
}

/* The users of the part, a range of each one's sessions, in the order in which a random order of
 * all sessions first meets them.  Users of many sessions so come rather early: a slot that began
 * one of them last would run alone at the end. */
static session_range_vec drawn_users(const struct batching *b, struct epoch epoch)
{
    session_range_vec ranges = {0}, sessions = drawn_sessions(b, epoch);
    struct session_range *of_user = ranges_of(b->store, epoch.part);
    for (size_t i = 0; i < sessions.len; i++) {
        struct session_range *range = &of_user[b->store->user.at[sessions.at[i].next]];
        if (sessions_left(range) > 0)
            vec_push(&ranges, *range);
        range->next = range->end;
    }
    mem_free(of_user);
    vec_release(&sessions);
    return ranges;
}

/* ---- longest-first ---- */

/* A max-heap of keys that order by most sessions left, then by the smaller user id. */
typedef VEC(uint64_t) key_vec;

static uint64_t key_of(const struct session_range *range, int32_t user)
{
    return (uint64_t)sessions_left(&range[user]) << 32 | (UINT32_MAX - (uint32_t)user);
}

static int32_t key_user(uint64_t key)
{
    return (int32_t)(UINT32_MAX - (uint32_t)key);
}

static bool is_greater(const void *heap, size_t a, size_t b)
{
    const uint64_t *key = heap;
    return key[a] > key[b];
}

static void exchange(void *heap, size_t a, size_t b)
{
    uint64_t *key = heap, other = key[a];
    key[a] = key[b];
    key[b] = other;
}

static void push_key(key_vec *heap, uint64_t key)
{
    vec_push(heap, key);
    heap_rise(heap->at, heap->len - 1, is_greater, exchange);
}

static uint64_t pop_key(key_vec *heap)
{
    uint64_t top = heap->at[0];
    heap->at[0] = heap->at[--heap->len];
    heap_sink(heap->at, heap->len, 0, is_greater, exchange);
    return top;
}

/* One session of each of the B users with the most sessions left, which is the rule of the thesis.
 * A user goes back into the heap only after the batch, so that no user is in a batch twice. */
static int longest_first(struct batching *b, struct epoch epoch, struct err *e)
{
    struct session_range *range = ranges_of(b->store, epoch.part);
    size_t *picked = mem_alloc((size_t)b->size * sizeof *picked);
    key_vec heap = {0};
    for (size_t u = 0; u < session_store_users(b->store); u++)
        if (sessions_left(&range[u]) > 0)
            push_key(&heap, key_of(range, (int32_t)u));
    int status = 0;
    while (heap.len > 0 && status == 0) {
        size_t count = 0;
        while (heap.len > 0 && count < (size_t)b->size)
            picked[count++] = range[key_user(pop_key(&heap))].next++;
        status = batching_emit(b, epoch.part, picked, count, e);
        for (size_t i = 0; i < count; i++) {
            int32_t user = b->store->user.at[picked[i]];
            if (sessions_left(&range[user]) > 0)
                push_key(&heap, key_of(range, user));
        }
    }
    vec_release(&heap);
    mem_free(picked);
    mem_free(range);
    return status;
}

/* ---- shuffled ---- */

/* One session of each of B users, drawn with equal chances from all that have sessions left: the
 * first steps of a Fisher-Yates shuffle, begun again for every batch. */
static int shuffled(struct batching *b, struct epoch epoch, struct err *e)
{
    struct random random = random_for(b, epoch);
    struct session_range *range = ranges_of(b->store, epoch.part);
    size_t *picked = mem_alloc((size_t)b->size * sizeof *picked);
    i32_vec users = {0};
    for (size_t u = 0; u < session_store_users(b->store); u++)
        if (sessions_left(&range[u]) > 0)
            vec_push(&users, (int32_t)u);
    int status = 0;
    while (users.len > 0 && status == 0) {
        size_t count = users.len < (size_t)b->size ? users.len : (size_t)b->size;
        for (size_t i = 0; i < count; i++) {
            size_t j = i + random_below(&random, (uint32_t)(users.len - i));
            int32_t user = users.at[j];
            users.at[j] = users.at[i];
            users.at[i] = user;
            picked[i] = range[user].next++;
        }
        status = batching_emit(b, epoch.part, picked, count, e);
        for (size_t i = count; i-- > 0;)
            if (sessions_left(&range[users.at[i]]) == 0)
                users.at[i] = users.at[--users.len];
    }
    vec_release(&users);
    mem_free(picked);
    mem_free(range);
    return status;
}

/* ---- sessions ---- */

/* Any B sessions: batches are full to the end, but a user's sessions come in any order. */
static int any_sessions(struct batching *b, struct epoch epoch, struct err *e)
{
    session_range_vec ranges = drawn_sessions(b, epoch);
    size_t *picked = mem_alloc((size_t)b->size * sizeof *picked);
    int status = 0;
    for (size_t from = 0; from < ranges.len && status == 0; from += (size_t)b->size) {
        size_t count = 0;
        for (; count < (size_t)b->size && from + count < ranges.len; count++)
            picked[count] = ranges.at[from + count].next;
        status = batching_emit(b, epoch.part, picked, count, e);
    }
    mem_free(picked);
    vec_release(&ranges);
    return status;
}

/* ---- parallel mini-batches ---- */

/* Each slot takes one user after another, each user's sessions in order (Quadrana et al. 2017). */
static int user_parallel(struct batching *b, struct epoch epoch, struct err *e)
{
    session_range_vec ranges = drawn_users(b, epoch);
    int status = parallel_batches_run(b, ranges.at, ranges.len, e);
    vec_release(&ranges);
    return status;
}

/* Each slot takes one session after another, of any user (Hidasi et al. 2016). */
static int session_parallel(struct batching *b, struct epoch epoch, struct err *e)
{
    session_range_vec ranges = drawn_sessions(b, epoch);
    int status = parallel_batches_run(b, ranges.at, ranges.len, e);
    vec_release(&ranges);
    return status;
}

/* ---- the table ---- */

const struct scheme scheme_table[] = {
    {"longest-first", true, false, longest_first},
    {"shuffled", true, false, shuffled},
    {"sessions", false, false, any_sessions},
    {"user-parallel", true, true, user_parallel},
    {"session-parallel", false, true, session_parallel},
    {NULL, false, false, NULL},
};

const struct scheme *scheme_find(const char *name)
{
    for (const struct scheme *s = scheme_table; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

void scheme_names(struct buf *to)
{
    for (const struct scheme *s = scheme_table; s->name; s++) {
        if (s != scheme_table)
            buf_byte(to, '|');
        buf_text(to, s->name);
    }
    buf_byte(to, '\0');
}
