/* Streams with the hashes put right, so that what lies behind them is reached. */
#include "fuzz.h"
#include "stream/layout.h"
#include "streams.h"

struct mended {
    uint64_t hash; /* of the header */
    XXH3_state_t *end;
};

static size_t mend_header(unsigned char *p, size_t n, struct mended *part)
{
    size_t size = n < LAYOUT_HEADER ? n : LAYOUT_HEADER + layout_get(p + 14, 2);
    if (size > n)
        size = n;
    part->hash = XXH3_64bits(p, size);
    XXH3_64bits_reset(part->end);
    layout_hash_number(part->end, part->hash);
    return size;
}

static size_t mend_block(unsigned char *p, size_t n, struct mended *part)
{
    size_t len = n < LAYOUT_BLOCK ? n : layout_get(p + 27, 4);
    if (n < LAYOUT_BLOCK || len > n - LAYOUT_BLOCK)
        return n;
    uint64_t hash = layout_block_hash(part->hash, layout_get(p + 4, 8),
                                      (uint32_t)layout_get(p + 13, 4), p + LAYOUT_BLOCK, len);
    layout_put(p + 18, 8, hash);
    layout_hash_number(part->end, hash);
    return LAYOUT_BLOCK + len;
}

static size_t mend_end(unsigned char *p, size_t n, struct mended *part)
{
    if (n < LAYOUT_END)
        return n;
    for (int i = 0; i < 3; i++)
        layout_hash_number(part->end, layout_get(p + 4 + 9 * i, 8));
    layout_put(p + 31, 8, XXH3_64bits_digest(part->end));
    return LAYOUT_END;
}

static void mend(unsigned char *p, size_t n)
{
    struct mended part = {.end = mem_aligned(sizeof *part.end)};
    XXH3_64bits_reset(part.end);
    while (n) {
        size_t step = n > 2 && p[2] == 'B'   ? mend_block(p, n, &part)
                      : n > 2 && p[2] == 'E' ? mend_end(p, n, &part)
                                             : mend_header(p, n, &part);
        p += step;
        n -= step;
    }
    mem_free(part.end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = mem_copy(data, size);
    mend((unsigned char *)copy, size);
    read_every_way(copy, size);
    mem_free(copy);
    return 0;
}
