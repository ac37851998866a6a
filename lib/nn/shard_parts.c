/* What the operations on spread tables share: commands, addresses, memory. */
#include "nn/shard_parts.h"

void shard_begin(struct shards *s, const struct shard_command *c)
{
    char sent[RANKS_COMMAND] = {0};
    memcpy(sent, c, sizeof *c);
    ranks_busy(s->ranks, true);
    ranks_send(s->ranks, sent, sizeof sent);
}

void shard_end(struct shards *s)
{
    ranks_busy(s->ranks, false);
}

int32_t shard_find(const struct shards *s, const void *address, size_t *at)
{
    const char *x = address;
    for (size_t i = 0; x && i < s->arrays.len; i++) {
        const struct shard_array *a = &s->arrays.at[i];
        size_t bytes = (size_t)a->rows * a->row_bytes;
        if (!a->address || x < a->address || x >= a->address + bytes || (!at && x != a->address))
            continue;
        if (at)
            *at = (size_t)(x - a->address);
        return (int32_t)i;
    }
    return -1;
}

bool shard_command_of(const struct shards *s, enum shard_verb verb,
                      const void *const at[SHARD_ARRAYS], struct shard_command *c)
{
    *c = shard_command(verb);
    for (int i = 0; i < SHARD_ARRAYS; i++)
        c->array[i] = shard_find(s, at[i], NULL);
    return c->array[0] >= 0;
}

/* ---- memory ---- */

void *shard_host(struct shards *s, int i, size_t bytes)
{
    struct shard_room *r = &s->host[i];
    if (bytes > r->size || !r->at) {
        mem_free(r->at);
        r->size = bytes + bytes / 4 + 64;
        r->at = mem_aligned(r->size);
    }
    return r->at;
}

void *shard_memory(struct shards *s, int i, size_t bytes)
{
    struct shard_room *r = &s->memory[i];
    if (bytes > r->size || !r->at) {
        if (r->at)
            s->op->release(s->device, r->at);
        r->size = bytes + bytes / 4 + 64;
        r->at = s->op->alloc(s->device, r->size);
    }
    return r->at;
}

void *shard_to_host(struct shards *s, int i, const void *at, size_t bytes)
{
    if (s->device->host)
        return (void *)(uintptr_t)at;
    void *host = shard_host(s, i, bytes);
    s->op->download(s->device, host, at, bytes);
    return host;
}

void *shard_to_device(struct shards *s, int i, const void *host, size_t bytes)
{
    if (s->device->host)
        return (void *)(uintptr_t)host;
    void *at = shard_memory(s, i, bytes);
    s->op->upload(s->device, at, host, bytes);
    return at;
}

void *shard_spread_bytes(struct shards *s, int i, const void *at, size_t bytes)
{
    void *host = s->rank ? shard_host(s, i, bytes) : shard_to_host(s, i, at, bytes);
    ranks_send(s->ranks, host, bytes);
    return host;
}
