#include "base/names.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The part of a hash that stands beside the id, so that other names are told from afar. */
static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

static size_t slot_of(const struct names *n, struct bytes name, uint64_t hash)
{
    size_t mask = n->slots - 1, at = hash & mask;
    for (; n->slot[at].id; at = (at + 1) & mask)
        if (n->slot[at].tag == tag_of(hash) && bytes_equal(names_at(n, n->slot[at].id - 1), name))
            break;
    return at;
}

/* Whether names that are added would leave less than a quarter of the slots free. */
static bool is_full(const struct names *n, size_t more)
{
    return n->start.len + more > n->slots / 4 * 3;
}

static void double_slots(struct names *n)
{
    mem_free(n->slot);
    n->slots = n->slots ? 2 * n->slots : 64;
    n->slot = mem_zero(n->slots, sizeof *n->slot);
    for (size_t id = 0; id < n->start.len; id++) {
        struct bytes name = names_at(n, (int32_t)id);
        uint64_t hash = XXH3_64bits(name.at, name.len);
        size_t at = hash & (n->slots - 1);
        while (n->slot[at].id)
            at = (at + 1) & (n->slots - 1);
        n->slot[at] = (struct name_slot){tag_of(hash), (int32_t)id + 1};
    }
}

static int32_t add(struct names *n, struct bytes name, uint64_t hash)
{
    if (is_full(n, 1))
        double_slots(n);
    size_t at = slot_of(n, name, hash);
    if (n->slot[at].id)
        return n->slot[at].id - 1;
    if (n->start.len % NAMES_PAGE == 0)
        vec_push(&n->page, n->text.len);
    vec_push(&n->start, (uint32_t)(n->text.len - n->page.at[n->page.len - 1]));
    buf_reserve(&n->text, name.len + 1); /* so that an empty name has an address, too */
    buf_append(&n->text, name.at, name.len);
    n->slot[at] = (struct name_slot){tag_of(hash), (int32_t)n->start.len};
    return n->slot[at].id - 1;
}

int32_t names_add(struct names *n, struct bytes name, bool *is_new)
{
    size_t count = n->start.len;
    int32_t id = add(n, name, XXH3_64bits(name.at, name.len));
    if (is_new)
        *is_new = n->start.len > count;
    return id;
}

/* The id that the name probably has, or -1; memory where its slot is has been asked for. */
static int32_t likely_id(const struct names *n, uint64_t hash)
{
    const struct name_slot *slot = &n->slot[hash & (n->slots - 1)];
    return slot->tag == tag_of(hash) ? slot->id - 1 : -1;
}

/* Each of the four passes asks for the memory that the next one reads, so that the names wait
 * together and not one after the other. */
void names_add_all(struct names *n, const struct bytes *names, size_t count, int32_t *ids)
{
    enum { TOGETHER = 64 };
    uint64_t hash[TOGETHER];
    for (size_t from = 0; from < count; from += TOGETHER) {
        size_t now = count - from < TOGETHER ? count - from : TOGETHER;
        while (is_full(n, now))
            double_slots(n);
        for (size_t i = 0; i < now; i++) {
            hash[i] = XXH3_64bits(names[from + i].at, names[from + i].len);
            __builtin_prefetch(&n->slot[hash[i] & (n->slots - 1)]);
        }
        for (size_t i = 0; i < now; i++) {
            ids[from + i] = likely_id(n, hash[i]);
            if (ids[from + i] >= 0)
                __builtin_prefetch(&n->start.at[ids[from + i]]);
        }
        for (size_t i = 0; i < now; i++) {
            if (ids[from + i] < 0)
                continue;
            const char *text = n->text.at + names_start(n, (size_t)ids[from + i]);
            __builtin_prefetch(text);
            __builtin_prefetch(text + names[from + i].len);
        }
        for (size_t i = 0; i < now; i++) {
            int32_t likely = ids[from + i];
            if (likely < 0 || !bytes_equal(names_at(n, likely), names[from + i]))
                ids[from + i] = add(n, names[from + i], hash[i]);
        }
    }
}

int32_t names_find(const struct names *n, struct bytes name)
{
    return n->slots ? n->slot[slot_of(n, name, XXH3_64bits(name.at, name.len))].id - 1 : -1;
}

void names_fetch(const struct names *n, const int32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(&n->start.at[ids[i]]);
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(n->text.at + names_start(n, (size_t)ids[i]));
}

size_t names_held(const struct names *n)
{
    return n->text.cap + n->page.cap * sizeof *n->page.at + n->start.cap * sizeof *n->start.at +
           n->slots * sizeof *n->slot;
}

void names_clear(struct names *n)
{
    buf_clear(&n->text);
    vec_clear(&n->page);
    vec_clear(&n->start);
    if (n->slots)
        memset(n->slot, 0, n->slots * sizeof *n->slot);
}

void names_release(struct names *n)
{
    buf_release(&n->text);
    vec_release(&n->page);
    vec_release(&n->start);
    mem_free(n->slot);
    n->slot = NULL;
    n->slots = 0;
}
