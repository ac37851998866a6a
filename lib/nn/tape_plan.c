/* The plans of ragged operations, made on the host and uploaded. */
#include <string.h>

#include "nn/tape.h"

static int32_t *host_ints(struct tape *t, size_t n)
{
    return tape_host(t, n * sizeof(int32_t));
}

/* The n places in `order`, sorted by their rows, equal ones in the order they have: a radix sort,
 * eight bits at a time from the lowest.  Returns order or spare, whichever holds the result. */
static int32_t *sort_by_row(const int32_t *row, int32_t *order, int32_t *spare, int n)
{
    int32_t top = 0;
    for (int i = 0; i < n; i++)
        top = row[order[i]] > top ? row[order[i]] : top;
    for (int shift = 0; shift < 32 && top >> shift; shift += 8) {
        int at[257] = {0};
        for (int i = 0; i < n; i++)
            at[(row[order[i]] >> shift & 255) + 1]++;
        for (int i = 0; i < 256; i++)
            at[i + 1] += at[i];
        for (int i = 0; i < n; i++)
            spare[at[row[order[i]] >> shift & 255]++] = order[i];
        int32_t *swap = order;
        order = spare;
        spare = swap;
    }
    return order;
}

const struct rows *tape_rows(struct tape *t, const int32_t *host, int count)
{
    size_t n = (size_t)count;
    struct rows *r = tape_host(t, sizeof *r);
    int32_t *order = host_ints(t, n), *row = host_ints(t, n), *start = host_ints(t, n + 1);
    int real = 0, unique = 0;
    for (int i = 0; i < count; i++)
        if (host[i] >= 0)
            order[real++] = i;
    order = sort_by_row(host, order, host_ints(t, n), real);
    for (int i = 0; i < real; i++)
        if (i == 0 || host[order[i]] != host[order[i - 1]]) {
            row[unique] = host[order[i]];
            start[unique++] = i;
        }
    start[unique] = real;
    *r = (struct rows){.count = count,
                       .at = tape_ints(t, host, n),
                       .unique = unique,
                       .row = tape_ints(t, row, (size_t)unique),
                       .start = tape_ints(t, start, (size_t)unique + 1),
                       .order = tape_ints(t, order, (size_t)real)};
    return r;
}

/* sequence [count]: longest first, equal ones in their order; running [longest]. */
static void pack_sequences(const int32_t *lengths, int count, int longest, int32_t *at,
                           int32_t *sequence, int32_t *running)
{
    /* at[l]: how many sequences are longer than l, which is where those of length l begin. */
    memset(at, 0, ((size_t)longest + 1) * sizeof *at);
    for (int s = 0; s < count; s++)
        if (lengths[s] > 0)
            at[lengths[s] - 1]++;
    for (int l = longest - 1; l >= 0; l--)
        at[l] += at[l + 1];
    memcpy(running, at, (size_t)longest * sizeof *running);
    for (int s = 0; s < count; s++)
        sequence[at[lengths[s]]++] = s;
}

const struct ragged *tape_ragged(struct tape *t, const int32_t *lengths, int count)
{
    int total = 0, longest = 0, position = 0;
    int32_t *start = host_ints(t, (size_t)count + 1);
    for (int s = 0; s < count; s++) {
        start[s] = total;
        total += lengths[s];
        longest = lengths[s] > longest ? lengths[s] : longest;
    }
    start[count] = total;
    int32_t *owner = host_ints(t, (size_t)total), *packed = host_ints(t, (size_t)total);
    int32_t *sequence = host_ints(t, (size_t)count), *running = host_ints(t, (size_t)longest);
    for (int s = 0; s < count; s++)
        for (int i = start[s]; i < start[s + 1]; i++)
            owner[i] = s;
    pack_sequences(lengths, count, longest, host_ints(t, (size_t)longest + 1), sequence, running);
    for (int step = 0; step < longest; step++)
        for (int i = 0; i < running[step]; i++)
            packed[position++] = start[sequence[i]] + step;

    struct ragged *r = tape_host(t, sizeof *r);
    *r = (struct ragged){.count = count,
                         .total = total,
                         .longest = longest,
                         .start = tape_ints(t, start, (size_t)count + 1),
                         .owner = tape_ints(t, owner, (size_t)total),
                         .sequence = tape_ints(t, sequence, (size_t)count),
                         .packed = tape_ints(t, packed, (size_t)total),
                         .running = running};
    return r;
}
