#include "data/scheme.h"

#include <limits.h>

#include "base/heap.h"
#include "base/random.h"

/* ---- what schemes share: the sessions that are left, random orders, a batch ---- */

/* Sessions next .. end - 1 of the store, of one user, that follow each other. */
struct session_range {
    int32_t next, end;
};

static bool is_of(const struct schedule_out *o, size_t session, enum part part)
{
    return session_store_part(o->store, session) == part &&
           (part != PART_TRAIN || !o->learned || o->learned[session]);
}

/* The sessions of one part that are left, as a range for each of the U users; the caller frees.  A
 * user's sessions of a part follow each other. */
static struct session_range *ranges_of(const struct schedule_out *o, enum part part)
{
    const struct session_store *c = o->store;
    struct session_range *range = mem_zero(session_store_users(c), sizeof *range);
    for (size_t u = 0; u < session_store_users(c); u++) {
        int32_t s = c->first.at[u], end = c->first.at[u + 1];
        while (s < end && !is_of(o, (size_t)s, part))
            s++;
        range[u].next = s;
        while (s < end && is_of(o, (size_t)s, part))
            s++;
        range[u].end = s;
        session_store_passed(c, (size_t)c->first.at[u], (size_t)end);
    }
    return range;
}

static size_t sessions_left(const struct session_range *t)
{
    return (size_t)(t->end - t->next);
}

static struct random random_for(const struct schedule_out *o, struct epoch epoch)
{
    return random_of(o->seed, (uint64_t)epoch.number << 2 | epoch.part);
}

/* Every order is as likely as any other (Fisher, Yates). */
static void shuffle(i32_vec *sessions, struct random random)
{
    for (size_t i = sessions->len; i > 1; i--) {
        size_t j = random_below(&random, (uint32_t)i);
        int32_t session = sessions->at[j];
        sessions->at[j] = sessions->at[i - 1];
        sessions->at[i - 1] = session;
    }
}

/* The sessions of the part in a random order. */
static i32_vec drawn_sessions(const struct schedule_out *o, struct epoch epoch)
{
    i32_vec sessions = {0};
    vec_reserve(&sessions, session_store_part_count(o->store, epoch.part));
    for (size_t s = 0; s < session_store_sessions(o->store); s++) {
        if (is_of(o, s, epoch.part))
            vec_push(&sessions, (int32_t)s);
        session_store_passed(o->store, s, s + 1);
    }
    shuffle(&sessions, random_for(o, epoch));
    return sessions;
}

/* Keeps of each user the first one of these sessions, and of the users those with a range: users
 * are in the order in which they first occur in a random order of all sessions.  So users with many
 * sessions tend to come early: a slot that began one of them last would run alone at the end. */
static void keep_users(const struct schedule_out *o, const struct session_range *range,
                       i32_vec *sessions)
{
    unsigned char *had = mem_zero(session_store_users(o->store), 1);
    size_t kept = 0;
    for (size_t i = 0; i < sessions->len; i++) {
        int32_t user = session_store_user(o->store, (size_t)sessions->at[i]);
        if (!had[user] && sessions_left(&range[user]) > 0)
            sessions->at[kept++] = sessions->at[i];
        had[user] = 1;
    }
    sessions->len = kept;
    mem_free(had);
}

static int write_picked(struct schedule_out *o, enum part part, const int32_t *picked, size_t count,
                        struct err *e)
{
    bool learn = part != PART_TRAIN || count >= (size_t)o->min_batch;
    o->training += part == PART_TRAIN ? count : 0;
    if (!learn) {
        for (size_t i = 0; i < count; i++)
            o->left_out_events += session_store_length(o->store, (size_t)picked[i]);
        o->left_out += count;
        session_store_forget(o->store);
    }
    return write_batch(o->out, picked, count, learn, e) ? e->status : frame_out_pause(o->out, e);
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
static int longest_first(struct schedule_out *o, struct epoch epoch, struct err *e)
{
    struct session_range *range = ranges_of(o, epoch.part);
    int32_t *picked = mem_alloc((size_t)o->size * sizeof *picked);
    key_vec heap = {0};
    vec_reserve(&heap, session_store_users(o->store));
    for (size_t u = 0; u < session_store_users(o->store); u++)
        if (sessions_left(&range[u]) > 0)
            push_key(&heap, key_of(range, (int32_t)u));
    int status = 0;
    while (heap.len > 0 && status == 0) {
        size_t count = 0;
        while (heap.len > 0 && count < (size_t)o->size)
            picked[count++] = range[key_user(pop_key(&heap))].next++;
        status = write_picked(o, epoch.part, picked, count, e);
        for (size_t i = 0; i < count; i++) {
            int32_t user = session_store_user(o->store, (size_t)picked[i]);
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
static int shuffled(struct schedule_out *o, struct epoch epoch, struct err *e)
{
    struct random random = random_for(o, epoch);
    struct session_range *range = ranges_of(o, epoch.part);
    int32_t *picked = mem_alloc((size_t)o->size * sizeof *picked);
    i32_vec users = {0};
    vec_reserve(&users, session_store_users(o->store));
    for (size_t u = 0; u < session_store_users(o->store); u++)
        if (sessions_left(&range[u]) > 0)
            vec_push(&users, (int32_t)u);
    int status = 0;
    while (users.len > 0 && status == 0) {
        size_t count = users.len < (size_t)o->size ? users.len : (size_t)o->size;
        for (size_t i = 0; i < count; i++) {
            size_t j = i + random_below(&random, (uint32_t)(users.len - i));
            int32_t user = users.at[j];
            users.at[j] = users.at[i];
            users.at[i] = user;
            picked[i] = range[user].next++;
        }
        status = write_picked(o, epoch.part, picked, count, e);
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
static int any_sessions(struct schedule_out *o, struct epoch epoch, struct err *e)
{
    i32_vec sessions = drawn_sessions(o, epoch);
    int status = 0;
    for (size_t from = 0; from < sessions.len && status == 0; from += (size_t)o->size) {
        size_t left = sessions.len - from, count = left < (size_t)o->size ? left : (size_t)o->size;
        status = write_picked(o, epoch.part, sessions.at + from, count, e);
    }
    vec_release(&sessions);
    return status;
}

/* ---- parallel mini-batches ---- */

enum { TOGETHER = 8192, SLOT_BITS = 20 }; /* sessions in a record */

/* Slots by when their sessions end, of equal times the lower slot first: step << SLOT_BITS | slot.
 */
static bool is_less(const void *heap, size_t a, size_t b)
{
    return is_greater(heap, b, a);
}

/* What slots take: one session after another, or, with ranges, all of its user's range. */
struct slot_queue {
    i32_vec session;
    size_t next;
    const struct session_range *of_user; /* NULL: sessions alone */
    unsigned char *length; /* of each session of the store, up to 255: they are read in no order */
};

static unsigned char *lengths_of(const struct session_store *c)
{
    unsigned char *length = mem_alloc(session_store_sessions(c));
    for (size_t s = 0; s < session_store_sessions(c); s++) {
        size_t n = session_store_length(c, s);
        length[s] = n < UCHAR_MAX ? (unsigned char)n : UCHAR_MAX;
        session_store_passed(c, s, s + 1);
    }
    return length;
}

static size_t length_of(const struct schedule_out *o, const struct slot_queue *q, int32_t session)
{
    return q->length[session] < UCHAR_MAX ? q->length[session]
                                          : session_store_length(o->store, (size_t)session);
}

/* The next session of two events and more of the range, else of the queue; -1: there is none. */
static int32_t next_session(const struct schedule_out *o, struct session_range *range,
                            struct slot_queue *q)
{
    for (;;) {
        while (range->next < range->end)
            if (length_of(o, q, range->next++) >= 2)
                return range->next - 1;
        if (q->next == q->session.len)
            return -1;
        int32_t s = q->session.at[q->next++];
        *range = q->of_user ? q->of_user[session_store_user(o->store, (size_t)s)]
                            : (struct session_range){s, s + 1};
    }
}

/* What has been given to slots and not yet written. */
struct given {
    i32_vec slot, session;
};

static int write_given(struct schedule_out *o, struct given *g, size_t at_least, struct err *e)
{
    if (g->slot.len < at_least)
        return 0;
    int status = write_parallel(o->out, g->slot.at, g->session.at, g->slot.len, e);
    g->slot.len = g->session.len = 0;
    return status ? status : frame_out_pause(o->out, e);
}

/* Gives sessions to the slots in the order in which they begin.  A slot that has finished a range
 * takes the next one of the queue, the lower slot first, and is idle once there is none. */
static int fill_slots(struct schedule_out *o, struct slot_queue *queue, struct err *e)
{
    queue->length = lengths_of(o->store);
    struct session_range *range = mem_zero((size_t)o->size, sizeof *range);
    key_vec heap = {0};
    struct given given = {{0}, {0}};
    int status = 0;
    for (int64_t i = 0; i < o->size; i++)
        vec_push(&heap, (uint64_t)i); /* ascending numbers are a heap */
    while (heap.len && !status) {
        int32_t slot = (int32_t)(heap.at[0] & ((1 << SLOT_BITS) - 1));
        int32_t session = next_session(o, &range[slot], queue);
        if (session >= 0) {
            vec_push(&given.slot, slot);
            vec_push(&given.session, session);
            heap.at[0] += (length_of(o, queue, session) - 1) << SLOT_BITS;
        } else {
            heap.at[0] = heap.at[--heap.len];
        }
        heap_sink(heap.at, heap.len, 0, is_less, exchange);
        status = write_given(o, &given, TOGETHER, e);
    }
    if (!status)
        status = write_given(o, &given, 1, e);
    vec_release(&given.slot);
    vec_release(&given.session);
    vec_release(&heap);
    vec_release(&queue->session);
    mem_free(queue->length);
    mem_free(range);
    return status;
}

/* Each slot takes one user after another, each user's sessions in order (Quadrana et al. 2017). */
static int user_parallel(struct schedule_out *o, struct epoch epoch, struct err *e)
{
    struct session_range *range = ranges_of(o, epoch.part);
    struct slot_queue queue = {.session = drawn_sessions(o, epoch), .of_user = range};
    keep_users(o, range, &queue.session);
    int status = fill_slots(o, &queue, e);
    mem_free(range);
    return status;
}

/* Each slot takes one session after another, of any user (Hidasi et al. 2016). */
static int session_parallel(struct schedule_out *o, struct epoch epoch, struct err *e)
{
    struct slot_queue queue = {.session = drawn_sessions(o, epoch)};
    return fill_slots(o, &queue, e);
}

/* ---- the table ---- */

const struct scheme scheme_table[] = {
    {"longest-first", true, false, true, 0, longest_first},
    {"shuffled", true, false, false, 0, shuffled},
    {"sessions", false, false, false, 4, any_sessions},
    {"user-parallel", true, true, false, 5, user_parallel},
    {"session-parallel", false, true, false, 5, session_parallel},
    {NULL, false, false, false, 0, NULL},
};

const struct scheme *scheme_of_tests(void)
{
    return scheme_table;
}

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
