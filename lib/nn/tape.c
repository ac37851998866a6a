#include "nn/tape.h"

#include "base/mem.h"
#include "nn/shards.h"
#include "nn/tape_nodes.h"

/* ---- the arenas ---- */

enum { LINE = 64 }; /* bytes: a cache line */

static char *arena_block(struct arena *a, size_t bytes)
{
    return a->device ? a->device->op->alloc(a->device, bytes) : mem_aligned(bytes);
}

/* Sets the first bytes of the last block to 0. */
static void arena_zero(const struct arena *a, size_t bytes)
{
    float *x = (void *)a->blocks.at[a->blocks.len - 1];
    a->device->op->fill(a->device, x, 0, bytes / sizeof *x);
}

static void arena_release(struct arena *a)
{
    for (size_t i = 0; i < a->blocks.len; i++) {
        if (a->device)
            a->device->op->release(a->device, a->blocks.at[i]);
        else
            mem_free(a->blocks.at[i]);
    }
    vec_clear(&a->blocks);
    a->size = a->used = a->before = 0;
}

static void arena_grow(struct arena *a, size_t bytes)
{
    enum { LEAST = 1 << 16, MOST = 1 << 28 }; /* of what may not be used */
    a->before += a->size;
    size_t spare = a->before < MOST ? a->before : MOST;
    a->size = bytes > spare ? bytes : spare;
    a->size = a->size > LEAST ? a->size : LEAST;
    a->used = 0;
    vec_push(&a->blocks, arena_block(a, a->size));
    if (a->zeroed)
        arena_zero(a, a->size);
}

static void arena_clear(struct arena *a)
{
    size_t all = a->before + a->size;
    if (a->blocks.len > 1) {
        arena_release(a);
        arena_grow(a, all);
    } else if (a->zeroed && a->used) {
        arena_zero(a, a->used);
    }
    a->used = 0;
}

/* Takes bytes, rounded up to multiples of `unit`. */
static void *arena_take(struct arena *a, size_t bytes, size_t unit)
{
    size_t padded = (bytes + unit - 1) / unit * unit;
    if (!a->blocks.len || padded > a->size - a->used)
        arena_grow(a, padded);
    char *p = a->blocks.at[a->blocks.len - 1] + a->used;
    a->used += padded;
    return p;
}

/* ---- the tape ---- */

struct tape *tape_new(struct device *d)
{
    struct tape *t = mem_zero(1, sizeof *t);
    t->device = t->memory.device = t->sent[0].device = t->sent[1].device = t->kept.device = d;
    t->grads.device = d;
    t->grads.zeroed = !d->host;
    t->op = d->op;
    return t;
}

void tape_free(struct tape *t)
{
    if (!t)
        return;
    struct arena *arenas[] = {&t->host, &t->memory, &t->grads, &t->sent[0], &t->sent[1], &t->kept};
    for (size_t i = 0; i < sizeof arenas / sizeof *arenas; i++) {
        arena_release(arenas[i]);
        vec_release(&arenas[i]->blocks);
    }
    for (size_t i = 0; i < t->spread.len; i++)
        t->op->release(t->device, t->spread.at[i].at);
    vec_release(&t->spread);
    vec_release(&t->shared);
    mem_free(t);
}

void tape_begin(struct tape *t, bool training, uint64_t seed, uint64_t step)
{
    arena_clear(&t->host);
    arena_clear(&t->memory);
    arena_clear(&t->grads);
    for (size_t i = 0; i < t->spread.len; i++)
        t->spread.at[i].used = false;
    t->op->step(t->device);
    t->turn ^= 1;
    arena_clear(&t->sent[t->turn]);
    t->last = NULL;
    t->uses = NULL;
    vec_clear(&t->shared);
    t->training = training;
    t->seed = seed;
    t->step = step;
    t->dropouts = 0;
}

bool tape_training(const struct tape *t)
{
    return t->training;
}

void tape_learn(struct tape *t, bool learns)
{
    t->training = learns;
}

struct device *tape_device(const struct tape *t)
{
    return t->device;
}

void *tape_host(struct tape *t, size_t bytes)
{
    return arena_take(&t->host, bytes, LINE);
}

int32_t *tape_host_ints(struct tape *t, size_t n)
{
    return tape_host(t, n * sizeof(int32_t));
}

void *tape_memory(struct tape *t, size_t bytes)
{
    return arena_take(&t->memory, bytes, LINE);
}

/* Pieces adjoin without gaps, so that one copy can move them all. */
const void *tape_send(struct tape *t, const void *host, size_t bytes)
{
    void *to = arena_take(&t->sent[t->turn], bytes, sizeof(int32_t));
    t->op->send(t->device, to, host, bytes);
    return to;
}

const int32_t *tape_ints(struct tape *t, const int32_t *host, size_t n)
{
    const int32_t *own = tape_shared(t, host, (int)n);
    return own ? own : tape_send(t, host, n * sizeof *host);
}

struct tensor *tape_numbers(struct tape *t, const float *host, int rows, int cols)
{
    size_t bytes = (size_t)rows * (size_t)cols * sizeof *host;
    /* the tape's constants are not written to */
    return tape_constant(t, (float *)(uintptr_t)tape_send(t, host, bytes), rows, cols);
}

struct tensor *tape_numbers_that_stay(struct tape *t, const float *host, int rows, int cols)
{
    return t->device->host ? tape_constant(t, (float *)(uintptr_t)host, rows, cols)
                           : tape_numbers(t, host, rows, cols);
}

/* Uploads -1, 0 .. count-1 and more; again when these are not enough. */
static void number_rows(struct tape *t, int count)
{
    enum { LEAST = 1024 };
    for (count = count > LEAST ? count : LEAST; count & (count - 1); count += count & -count)
        ;
    size_t bytes = ((size_t)count + 1) * sizeof(int32_t);
    int32_t *host = tape_host(t, bytes), *to = arena_take(&t->kept, bytes, LINE);
    for (int i = 0; i <= count; i++)
        host[i] = i - 1;
    t->op->upload(t->device, to, host, bytes);
    t->numbers = to + 1;
    t->numbered = count;
}

const struct rows *tape_all_rows(struct tape *t, int n)
{
    if (t->numbered <= n)
        number_rows(t, n + 1);
    struct rows *r = tape_host(t, sizeof *r);
    *r = (struct rows){n, t->numbers, n, t->numbers, t->numbers, t->numbers, NULL};
    return r;
}

/* ---- numbers that the host and the device both have ---- */

void tape_share(struct tape *t, const int32_t *host, int n, const int32_t *from, const int32_t *at)
{
    if (!t->device->host && n)
        vec_push(&t->shared,
                 ((struct shared_ints){.host = host, .at = at, .from = from, .count = n}));
}

/* Where runs of adjacent or equal places begin, equal ones as ~place; returns how many runs. */
static int find_runs(const int32_t *place, int count, int32_t *start, int32_t *at)
{
    int runs = 0;
    for (int i = 0; i < count; runs++) {
        bool equal = i + 1 < count && place[i + 1] == place[i];
        start[runs] = i;
        at[runs] = equal ? ~place[i] : place[i];
        for (i++; i < count && place[i] == place[i - 1] + !equal; i++)
            ;
    }
    start[runs] = count;
    return runs;
}

static int32_t largest(const int32_t *x, int count)
{
    int32_t top = 0;
    for (int i = 0; i < count; i++)
        top = x[i] > top ? x[i] : top;
    return top;
}

/* Has the device copy the shared numbers, run by run, and n in all with those that follow them. */
static void copy_shared(struct tape *t, struct shared_ints *x, int n)
{
    int32_t *start = tape_host_ints(t, (size_t)x->count + 1);
    int32_t *at = tape_host_ints(t, (size_t)x->count), *to = tape_memory(t, (size_t)n * sizeof *to);
    int runs = find_runs(x->at, x->count, start, at), rest = n - x->count;
    const int32_t *from = x->from ? x->from : tape_all_rows(t, largest(x->at, x->count))->at;
    t->op->runs(t->device, runs, tape_send(t, start, ((size_t)runs + 1) * sizeof *start),
                tape_send(t, at, (size_t)runs * sizeof *at), from, to);
    if (rest) {
        const int32_t whole[] = {0, rest, 0};
        const int32_t *one = tape_send(t, whole, sizeof whole);
        t->op->runs(t->device, 1, one, one + 2,
                    tape_send(t, x->host + x->count, (size_t)rest * sizeof *to), to + x->count);
    }
    x->device = to;
    x->copied = n;
}

/* What shares the number at `host`; NULL: nothing. */
static struct shared_ints *find_shared(struct tape *t, const int32_t *host)
{
    for (size_t i = 0; i < t->shared.len; i++) {
        struct shared_ints *x = &t->shared.at[i];
        if (host >= x->host && host < x->host + x->count)
            return x;
    }
    return NULL;
}

const int32_t *tape_shared(struct tape *t, const int32_t *host, int n)
{
    struct shared_ints *x = n ? find_shared(t, host) : NULL;
    if (!x)
        return NULL;
    int end = (int)(host - x->host) + n;
    if (!x->device || end > x->copied)
        copy_shared(t, x, end > x->count ? end : x->count);
    return x->device + (host - x->host);
}

bool tape_share_as(struct tape *t, const int32_t *host, int n, const int32_t *as)
{
    const struct shared_ints *x = n ? find_shared(t, as) : NULL;
    if (!x || !x->at || as + n > x->host + x->count)
        return false;
    tape_share(t, host, n, x->from, x->at + (as - x->host));
    return true;
}

void tape_share_made(struct tape *t, const int32_t *host, int n, const int32_t *device)
{
    vec_push(&t->shared,
             ((struct shared_ints){.host = host, .count = n, .device = device, .copied = n}));
}

struct tensor *tape_tensor(struct tape *t, float *value, float *grad, int rows, int cols)
{
    struct tensor *x = tape_host(t, sizeof *x);
    *x = (struct tensor){.rows = rows, .cols = cols, .value = value, .grad = grad};
    return x;
}

/* A GPU clears the whole arena before the step; the host clears each gradient when it is made,
 * which leaves it in the cache. */
float *tape_gradient(struct tape *t, size_t n)
{
    float *grad = arena_take(&t->grads, n * sizeof *grad, LINE);
    if (!t->grads.zeroed)
        t->op->fill(t->device, grad, 0, n);
    return grad;
}

struct tensor *tape_result(struct tape *t, int rows, int cols, bool learned)
{
    size_t n = (size_t)rows * (size_t)cols;
    struct tensor *x = tape_tensor(t, tape_floats(t, n), NULL, rows, cols);
    if (t->training && learned)
        x->grad = tape_gradient(t, n);
    return x;
}

float *tape_floats_of(struct tape *t, const struct tensor *x, int cols)
{
    if (!shards_spread(t->device, x->value))
        return tape_floats(t, (size_t)x->rows * (size_t)cols);
    struct spread_room *room = t->spread.at, *end = room + t->spread.len;
    while (room < end && (room->used || room->rows != x->rows || room->cols != cols))
        room++;
    if (room == end) {
        float *at = shards_zeros(t->device, x->rows, (size_t)cols * sizeof *at);
        vec_push(&t->spread, ((struct spread_room){at, x->rows, cols, false}));
        room = &t->spread.at[t->spread.len - 1];
    }
    room->used = true;
    return room->at;
}

struct tensor *tape_result_of(struct tape *t, const struct tensor *x, int cols, bool learned)
{
    if (!shards_spread(t->device, x->value))
        return tape_result(t, x->rows, cols, learned);
    struct tensor *y = tape_tensor(t, tape_floats_of(t, x, cols), NULL, x->rows, cols);
    if (t->training && learned) {
        y->grad = tape_floats_of(t, x, cols);
        t->op->fill(t->device, y->grad, 0, tensor_size(y));
    }
    return y;
}

void *tape_record(struct tape *t, size_t size, void (*back)(struct tape *, struct node *))
{
    struct node *n = tape_host(t, size);
    memset(n, 0, size);
    n->back = back;
    n->before = t->last;
    t->last = n;
    return n;
}

/* ---- leaves ---- */

struct tensor *tape_part(struct tape *t, struct tensor *x, int from, int count)
{
    size_t at = (size_t)from * (size_t)x->cols;
    return tape_tensor(t, x->value + at, x->grad ? x->grad + at : NULL, count, x->cols);
}

struct tensor *tape_constant(struct tape *t, float *value, int rows, int cols)
{
    return tape_tensor(t, value, NULL, rows, cols);
}

struct tensor *tape_zeros(struct tape *t, int rows, int cols)
{
    struct tensor *x = tape_result(t, rows, cols, false);
    t->op->fill(t->device, x->value, 0, tensor_size(x));
    return x;
}
