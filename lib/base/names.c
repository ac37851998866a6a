#include "base/names.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static size_t slot_of(const struct names *n, struct bytes name, uint64_t hash)
{
    size_t mask = n->slots - 1, at = hash & mask;
    for (; n->slot[at]; at = (at + 1) & mask) {
        int32_t id = n->slot[at] - 1;
        if (n->hash.at[id] == hash && bytes_equal(names_at(n, id), name))
            break;
    }
    return at;
}

static void double_slots(struct names *n)
{
    mem_free(n->slot);
    n->slots = n->slots ? 2 * n->slots : 64;
    n->slot = mem_zero(n->slots, sizeof *n->slot);
    for (size_t id = 0; id < n->hash.len; id++) {
        size_t at = n->hash.at[id] & (n->slots - 1);
        while (n->slot[at])
            at = (at + 1) & (n->slots - 1);
        n->slot[at] = (int32_t)id + 1;
    }
}

int32_t names_add(struct names *n, struct bytes name, bool *is_new)
{
    if (n->start.len >= n->slots / 2)
        double_slots(n);
    uint64_t hash = XXH3_64bits(name.at, name.len);
    size_t at = slot_of(n, name, hash);
    bool new = !n->slot[at];
    if (is_new)
        *is_new = new;
    if (!new)
        return n->slot[at] - 1;
    vec_push(&n->start, n->text.len);
    vec_push(&n->hash, hash);
    buf_append(&n->text, name.at, name.len);
    return (n->slot[at] = (int32_t)n->start.len) - 1;
}

int32_t names_find(const struct names *n, struct bytes name)
{
    return n->slots ? n->slot[slot_of(n, name, XXH3_64bits(name.at, name.len))] - 1 : -1;
}

struct bytes names_at(const struct names *n, int32_t id)
{
    size_t from = n->start.at[id];
    size_t to = (size_t)id + 1 < n->start.len ? n->start.at[id + 1] : n->text.len;
    return (struct bytes){n->text.at + from, to - from};
}

void names_clear(struct names *n)
{
    buf_clear(&n->text);
    vec_clear(&n->start);
    vec_clear(&n->hash);
    if (n->slots)
        memset(n->slot, 0, n->slots * sizeof *n->slot);
}

void names_release(struct names *n)
{
    buf_release(&n->text);
    vec_release(&n->start);
    vec_release(&n->hash);
    mem_free(n->slot);
    n->slot = NULL;
    n->slots = 0;
}
