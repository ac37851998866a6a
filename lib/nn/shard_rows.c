/* Operations on some rows of spread tables: each rank gets the numbers of its own, and what belongs
 * to them. */
#include "nn/plan.h"
#include "nn/shard_parts.h"

/* Some of the rows that a command names, ascending. */
struct named_rows {
    int from, to;       /* of all that it names */
    const int32_t *row; /* rank 0: [to - from] */
    int *bound;         /* [count + 1] which of them each rank has */
    int own;            /* how many this rank has */
    int32_t *local;     /* [own] their numbers here */
};

/* How many rows travel at once. */
static int rows_at_once(const struct shard_command *c)
{
    int64_t most = RANKS_MOST / (int64_t)sizeof(float) / (c->number[1] ? c->number[1] : 1);
    return most < 1 ? 1 : most < INT32_MAX ? (int)most : INT32_MAX;
}

static void find_bounds(const struct shards *s, const struct named_rows *n, int64_t rows)
{
    int count = n->to - n->from, at = 0;
    for (int r = 0; r <= s->count; r++) {
        while (at < count && (r == s->count || n->row[at] < shard_first(s, rows, r)))
            at++;
        n->bound[r] = at;
    }
}

/* Sends each rank the numbers of its rows. */
static void share_numbers(struct shards *s, const struct shard_command *c, struct named_rows *n)
{
    int64_t rows = s->arrays.at[c->array[0]].rows, first = shard_first(s, rows, s->rank);
    n->bound = shard_host(s, 1, ((size_t)s->count + 1) * sizeof *n->bound);
    if (!s->rank)
        find_bounds(s, n, rows);
    ranks_send(s->ranks, n->bound, ((size_t)s->count + 1) * sizeof *n->bound);
    n->own = n->bound[s->rank + 1] - n->bound[s->rank];
    n->local = shard_host(s, 2, (size_t)n->own * sizeof *n->local);
    for (int r = 0; r < s->count; r++)
        s->sizes[r] = (n->bound[r + 1] - n->bound[r]) * (int)sizeof *n->local;
    ranks_scatter(s->ranks, n->row, s->sizes, n->local, n->own * (int)sizeof *n->local);
    for (int i = 0; i < n->own; i++)
        n->local[i] -= (int32_t)first;
}

static void row_sizes(const struct shards *s, const struct named_rows *n, size_t row_bytes)
{
    for (int r = 0; r < s->count; r++)
        s->sizes[r] = (n->bound[r + 1] - n->bound[r]) * (int)row_bytes;
}

/* The plan of this rank's rows, in the order in which they are named. */
static struct rows plan_of(struct shards *s, const struct named_rows *n)
{
    int32_t *number = shard_host(s, 3, ((size_t)n->own + 1) * sizeof *number);
    for (int i = 0; i <= n->own; i++)
        number[i] = i;
    const int32_t *row = shard_to_device(s, 2, n->local, (size_t)n->own * sizeof *row);
    const int32_t *order = shard_to_device(s, 3, number, ((size_t)n->own + 1) * sizeof *order);
    return (struct rows){.count = n->own,
                         .at = row,
                         .unique = n->own,
                         .row = row,
                         .start = order,
                         .order = order,
                         .host = n->local};
}

/* Does `some` for all rows that the command names. */
static void each_part(struct shards *s, const struct shard_command *c,
                      const struct shard_rows_call *call,
                      void (*some)(struct shards *, const struct shard_command *,
                                   struct named_rows *, const struct shard_rows_call *))
{
    int count = (int)c->number[0], most = rows_at_once(c);
    for (int from = 0; from < count; from += most) {
        struct named_rows n = {.from = from, .to = count - from < most ? count : from + most};
        n.row = call ? call->row + from : NULL;
        share_numbers(s, c, &n);
        some(s, c, &n, call);
    }
}

struct shard_distinct shard_distinct(struct shards *s, const struct rows *r)
{
    size_t n = (size_t)r->count;
    const int32_t *at = shard_to_host(s, 4, r->at, n * sizeof *at);
    int32_t *room = shard_host(s, 7, (5 * n + 1) * sizeof *room);
    struct row_order plan = {
        .row = room, .start = room + n, .order = room + 2 * n + 1, .spare = room + 3 * n + 1};
    plan_rows(&plan, at, r->count);
    plan_places(&plan, r->count, room + 4 * n + 1);
    return (struct shard_distinct){plan.unique, plan.row, room + 4 * n + 1};
}

/* ---- reading ---- */

static void gather_some(struct shards *s, const struct shard_command *c, struct named_rows *n,
                        const struct shard_rows_call *call)
{
    size_t cols = (size_t)c->number[1], own = (size_t)n->own * cols;
    size_t all = (size_t)(n->to - n->from) * cols;
    struct rows plan = plan_of(s, n);
    float *mine = shard_memory(s, 5, own * sizeof *mine);
    s->op->gather(s->device, &plan, (int)cols, shard_own(s, c->array[0]), mine);
    const void *sent = shard_to_host(s, 5, mine, own * sizeof *mine);
    float *to = call ? call->to + (size_t)n->from * cols : NULL;
    float *host = !call || s->device->host ? to : shard_host(s, 6, all * sizeof *host);
    row_sizes(s, n, cols * sizeof *mine);
    ranks_gather(s->ranks, sent, (int)(own * sizeof *mine), host, s->sizes);
    if (call && host != to)
        s->op->upload(s->device, to, host, all * sizeof *host);
}

void shard_gather(struct shards *s, const struct shard_command *c, const struct shard_rows_call *r)
{
    each_part(s, c, r, gather_some);
}

/* ---- writing ---- */

/* Sends each rank the numbers [., cols] that belong to its rows; of the device. */
static const float *share_values(struct shards *s, const struct shard_command *c,
                                 const struct named_rows *n, const struct shard_rows_call *call)
{
    size_t cols = (size_t)c->number[1], own = (size_t)n->own * cols;
    size_t all = (size_t)(n->to - n->from) * cols;
    const void *from =
        call ? shard_to_host(s, 6, call->from + (size_t)n->from * cols, all * sizeof(float)) : NULL;
    float *mine = shard_host(s, 5, own * sizeof *mine);
    row_sizes(s, n, cols * sizeof *mine);
    ranks_scatter(s->ranks, from, s->sizes, mine, (int)(own * sizeof *mine));
    return shard_to_device(s, 5, mine, own * sizeof *mine);
}

static void gather_back_some(struct shards *s, const struct shard_command *c, struct named_rows *n,
                             const struct shard_rows_call *call)
{
    const float *g = share_values(s, c, n, call);
    struct rows plan = plan_of(s, n);
    s->op->gather_back(s->device, &plan, (int)c->number[1], g, shard_own(s, c->array[0]));
}

void shard_gather_back(struct shards *s, const struct shard_command *c,
                       const struct shard_rows_call *r)
{
    each_part(s, c, r, gather_back_some);
}

static void rows_update_some(struct shards *s, const struct shard_command *c, struct named_rows *n,
                             const struct shard_rows_call *call)
{
    const float *g = share_values(s, c, n, call);
    struct rows plan = plan_of(s, n);
    s->op->rows_update(s->device, &c->update, &plan, (int)c->number[1], g,
                       shard_own(s, c->array[0]), shard_own(s, c->array[1]),
                       shard_own(s, c->array[2]), shard_own(s, c->array[3]));
}

void shard_rows_update(struct shards *s, const struct shard_command *c,
                       const struct shard_rows_call *r)
{
    each_part(s, c, r, rows_update_some);
}

static void lazy_update_some(struct shards *s, const struct shard_command *c, struct named_rows *n,
                             const struct shard_rows_call *call)
{
    (void)call;
    struct rows plan = plan_of(s, n);
    s->op->rows_lazy_update(s->device, &c->update, &plan, (int)c->number[1],
                            shard_own(s, c->array[0]), shard_own(s, c->array[1]),
                            shard_own(s, c->array[2]), shard_own(s, c->array[3]));
}

void shard_lazy_update(struct shards *s, const struct shard_command *c,
                       const struct shard_rows_call *r)
{
    struct named_rows all = {.own = (int)shard_rows(s, s->arrays.at[c->array[0]].rows)};
    if (c->number[0] >= 0) {
        each_part(s, c, r, lazy_update_some);
        return;
    }
    all.local = shard_host(s, 2, (size_t)all.own * sizeof *all.local);
    for (int i = 0; i < all.own; i++)
        all.local[i] = i;
    lazy_update_some(s, c, &all, NULL);
}
