/* Operations on whole spread tables and on parts of them. */
#include "nn/shard_parts.h"

/* ---- bytes to and from rank 0 ---- */

/* The part of the bytes from .. to of a table that rank r has. */
struct byte_span {
    size_t from, to;
};

static struct byte_span part_of(const struct shards *s, const struct shard_array *a, int r,
                                size_t from, size_t to)
{
    size_t first = (size_t)shard_first(s, a->rows, r) * a->row_bytes;
    size_t last = (size_t)shard_first(s, a->rows, r + 1) * a->row_bytes;
    first = from > first ? from : first;
    last = to < last ? to : last;
    return (struct byte_span){first, last > first ? last : first};
}

static int size_of(struct byte_span p)
{
    return (int)(p.to - p.from);
}

static char *own_part(const struct shards *s, const struct shard_array *a, struct byte_span p)
{
    size_t first = (size_t)shard_first(s, a->rows, s->rank) * a->row_bytes;
    return (char *)a->own + (p.to > p.from ? p.from - first : 0);
}

static void upload_some(struct shards *s, const struct shard_array *a, size_t from, size_t to,
                        const void *host)
{
    struct byte_span own = part_of(s, a, s->rank, from, to);
    char *at = own_part(s, a, own);
    void *room = s->device->host ? at : shard_host(s, 0, (size_t)size_of(own));
    for (int r = 0; r < s->count; r++)
        s->sizes[r] = size_of(part_of(s, a, r, from, to));
    ranks_scatter(s->ranks, host, s->sizes, room, size_of(own));
    if (!s->device->host)
        s->op->upload(s->device, at, room, (size_t)size_of(own));
}

void shard_upload(struct shards *s, const struct shard_command *c, const struct shard_bytes *b)
{
    const struct shard_array *a = &s->arrays.at[c->array[0]];
    size_t from = (size_t)c->number[0], to = (size_t)c->number[1];
    for (size_t at = from; at < to; at += RANKS_MOST)
        upload_some(s, a, at, to - at < RANKS_MOST ? to : at + RANKS_MOST,
                    b ? (const char *)b->from + (at - from) : NULL);
}

static void download_some(struct shards *s, const struct shard_array *a, size_t from, size_t to,
                          void *host)
{
    struct byte_span own = part_of(s, a, s->rank, from, to);
    const void *room = shard_to_host(s, 0, own_part(s, a, own), (size_t)size_of(own));
    for (int r = 0; r < s->count; r++)
        s->sizes[r] = size_of(part_of(s, a, r, from, to));
    ranks_gather(s->ranks, room, size_of(own), host, s->sizes);
}

void shard_download(struct shards *s, const struct shard_command *c, const struct shard_bytes *b)
{
    const struct shard_array *a = &s->arrays.at[c->array[0]];
    size_t from = (size_t)c->number[0], to = (size_t)c->number[1];
    for (size_t at = from; at < to; at += RANKS_MOST)
        download_some(s, a, at, to - at < RANKS_MOST ? to : at + RANKS_MOST,
                      b ? (char *)b->to + (at - from) : NULL);
}

/* ---- numbers ---- */

/* Floats of this rank's rows. */
static size_t floats_of(const struct shards *s, int32_t number)
{
    const struct shard_array *a = &s->arrays.at[number];
    return (size_t)shard_rows(s, a->rows) * (a->row_bytes / sizeof(float));
}

void shard_fill(struct shards *s, const struct shard_command *c)
{
    const struct shard_array *a = &s->arrays.at[c->array[0]];
    struct byte_span own = part_of(s, a, s->rank, (size_t)c->number[0] * sizeof(float),
                                   (size_t)c->number[1] * sizeof(float));
    s->op->fill(s->device, (float *)(void *)own_part(s, a, own), c->value,
                (own.to - own.from) / sizeof(float));
}

void shard_copy(struct shards *s, const struct shard_command *c)
{
    s->op->copy(s->device, shard_own(s, c->array[0]), shard_own(s, c->array[1]),
                floats_of(s, c->array[0]));
}

void shard_add(struct shards *s, const struct shard_command *c)
{
    s->op->add(s->device, shard_own(s, c->array[0]), shard_own(s, c->array[1]),
               floats_of(s, c->array[0]));
}

void shard_scaled(struct shards *s, const struct shard_command *c)
{
    int n = (int)floats_of(s, c->array[0]);
    const float *factor = shard_to_device(s, 0, &c->value, sizeof c->value);
    s->op->gemm(s->device, false, true, 1, n, 1, factor, 1, shard_own(s, c->array[1]), 1, 1,
                shard_own(s, c->array[0]), n);
}

/* The sum of a number of each rank, in their order, on rank 0. */
static double sum_of(struct shards *s, double own)
{
    double *all = shard_host(s, 0, (size_t)s->count * sizeof *all), sum = 0;
    for (int r = 0; r < s->count; r++)
        s->sizes[r] = sizeof *all;
    ranks_gather(s->ranks, &own, sizeof own, all, s->sizes);
    for (int r = 0; r < s->count && !s->rank; r++)
        sum += all[r];
    return sum;
}

double shard_product(struct shards *s, const struct shard_command *c)
{
    int n = (int)floats_of(s, c->array[0]);
    float *product = shard_memory(s, 1, sizeof *product);
    s->op->gemm(s->device, false, false, 1, 1, n, shard_own(s, c->array[0]), n,
                shard_own(s, c->array[1]), 1, 0, product, 1);
    return sum_of(s, (double)*(const float *)shard_to_host(s, 1, product, sizeof *product));
}

double shard_squares(struct shards *s, const struct shard_command *c)
{
    return sum_of(
        s, s->op->square_sum(s->device, shard_own(s, c->array[0]), floats_of(s, c->array[0])));
}

void shard_update(struct shards *s, const struct shard_command *c)
{
    s->op->update(s->device, &c->update, floats_of(s, c->array[0]), shard_own(s, c->array[0]),
                  shard_own(s, c->array[1]), shard_own(s, c->array[2]), shard_own(s, c->array[3]));
}
