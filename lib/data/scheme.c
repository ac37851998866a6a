#include "data/scheme.h"

#include "base/heap.h"
#include "base/random.h"
#include "data/parallel_batches.h"

/* ---- what schemes share: whose turn it is, and what is drawn ---- */

/* A user's sessions of one part that are still to come: of every user, U turns; the caller frees.
 * A part is one run of a user's sessions. */
static struct session_range *turns_of(const struct session_store *c, enum part part)
{
    struct session_range *turn = mem_zero(corpus_users(c), sizeof *turn);
    for (size_t u = 0; u < corpus_users(c); u++) {
        size_t s = c->first.at[u], end = c->first.at[u + 1];
        while (s < end && c->part.at[s] != part)
            s++;
        turn[u].next = s;
        while (s < end && c->part.at[s] == part)
            s++;
        turn[u].end = s;
    }
    return turn;
}

static size_t turns_left(const struct session_range *t)
{
    return t->end - t->next;
}

static struct random random_for(const struct batching *b, struct epoch epoch)
{
    return random_of(b->seed, (uint64_t)epoch.number << 2 | epoch.part);
}

/* All orders alike (Fisher, Yates). */
static void shuffle(session_range_vec *turns, struct random random)
{
    for (size_t i = turns->len; i > 1; i--) {
        size_t j = random_below(&random, (uint32_t)i);
        struct session_range turn = turns->at[j];
        turns->at[j] = turns->at[i - 1];
        turns->at[i - 1] = turn;
    }
}

/* Each session of the part, a turn of its own, in an order drawn. */
static session_range_vec drawn_sessions(const struct batching *b, struct epoch epoch)
{
    session_range_vec turns = {0};
    for (size_t s = 0; s < corpus_sessions(b->corpus); s++)
        if (b->corpus->part.at[s] == epoch.part)
            vec_push(&turns, ((struct session_range){s, s + 1}));
    shuffle(&turns, random_for(b, epoch));
    return turns;
}

/* Each user's sessions of the part, one turn, in the order in which a draw of all sessions first
 * meets them: users of many sessions rather early, for a lane that begins a long one last goes on
 * alone when the others are done. */
static session_range_vec drawn_users(const struct batching *b, struct epoch epoch)
{
    session_range_vec turns = {0}, sessions = drawn_sessions(b, epoch);
    struct session_range *of_user = turns_of(b->corpus, epoch.part);
    for (size_t i = 0; i < sessions.len; i++) {
        struct session_range *turn = &of_user[b->corpus->user.at[sessions.at[i].next]];
        if (turns_left(turn) > 0)
            vec_push(&turns, *turn);
        turn->next = turn->end;
    }
    mem_free(of_user);
    vec_release(&sessions);
    return turns;
}

/* ---- longest-first ---- */

/* A max-heap of keys that order by most sessions left, then by the smaller user id. */
typedef VEC(uint64_t) key_vec;

static uint64_t key_of(const struct session_range *turn, int32_t user)
{
    return (uint64_t)turns_left(&turn[user]) << 32 | (UINT32_MAX - (uint32_t)user);
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

/* One session of each of the B users with most sessions left: the thesis's rule.  A user goes back
 * into the heap only after the batch, so that none stands in it twice. */
static int longest_first(struct batching *b, struct epoch epoch, struct err *e)
{
    struct session_range *turn = turns_of(b->corpus, epoch.part);
    size_t *picked = mem_alloc((size_t)b->size * sizeof *picked);
    key_vec heap = {0};
    for (size_t u = 0; u < corpus_users(b->corpus); u++)
        if (turns_left(&turn[u]) > 0)
            push_key(&heap, key_of(turn, (int32_t)u));
    int status = 0;
    while (heap.len > 0 && status == 0) {
        size_t count = 0;
        while (heap.len > 0 && count < (size_t)b->size)
            picked[count++] = turn[key_user(pop_key(&heap))].next++;
        status = batching_emit(b, epoch.part, picked, count, e);
        for (size_t i = 0; i < count; i++) {
            int32_t user = b->corpus->user.at[picked[i]];
            if (turns_left(&turn[user]) > 0)
                push_key(&heap, key_of(turn, user));
        }
    }
    vec_release(&heap);
    mem_free(picked);
    mem_free(turn);
    return status;
}

/* ---- shuffled ---- */

/* One session of each of B users drawn from all that have sessions left, each as likely as the
 * other: the first steps of a Fisher-Yates shuffle, taken up again for every batch. */
static int shuffled(struct batching *b, struct epoch epoch, struct err *e)
{
    struct random random = random_for(b, epoch);
    struct session_range *turn = turns_of(b->corpus, epoch.part);
    size_t *picked = mem_alloc((size_t)b->size * sizeof *picked);
    i32_vec users = {0};
    for (size_t u = 0; u < corpus_users(b->corpus); u++)
        if (turns_left(&turn[u]) > 0)
            vec_push(&users, (int32_t)u);
    int status = 0;
    while (users.len > 0 && status == 0) {
        size_t count = users.len < (size_t)b->size ? users.len : (size_t)b->size;
        for (size_t i = 0; i < count; i++) {
            size_t j = i + random_below(&random, (uint32_t)(users.len - i));
            int32_t user = users.at[j];
            users.at[j] = users.at[i];
            users.at[i] = user;
            picked[i] = turn[user].next++;
        }
        status = batching_emit(b, epoch.part, picked, count, e);
        for (size_t i = count; i-- > 0;)
            if (turns_left(&turn[users.at[i]]) == 0)
                users.at[i] = users.at[--users.len];
    }
    vec_release(&users);
    mem_free(picked);
    mem_free(turn);
    return status;
}

/* ---- sessions ---- */

/* Any B sessions: batches are full to the end, but a user's sessions come in any order. */
static int any_sessions(struct batching *b, struct epoch epoch, struct err *e)
{
    session_range_vec turns = drawn_sessions(b, epoch);
    size_t *picked = mem_alloc((size_t)b->size * sizeof *picked);
    int status = 0;
    for (size_t from = 0; from < turns.len && status == 0; from += (size_t)b->size) {
        size_t count = 0;
        for (; count < (size_t)b->size && from + count < turns.len; count++)
            picked[count] = turns.at[from + count].next;
        status = batching_emit(b, epoch.part, picked, count, e);
    }
    mem_free(picked);
    vec_release(&turns);
    return status;
}

/* ---- lanes ---- */

/* Each lane one user after another, each user's sessions in order (Quadrana et al. 2017). */
static int user_parallel(struct batching *b, struct epoch epoch, struct err *e)
{
    session_range_vec turns = drawn_users(b, epoch);
    int status = parallel_batches_run(b, turns.at, turns.len, e);
    vec_release(&turns);
    return status;
}

/* Each lane one session after another, of whatever user (Hidasi et al. 2016). */
static int session_parallel(struct batching *b, struct epoch epoch, struct err *e)
{
    session_range_vec turns = drawn_sessions(b, epoch);
    int status = parallel_batches_run(b, turns.at, turns.len, e);
    vec_release(&turns);
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
