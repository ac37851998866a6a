#include "nn/plan.h"

#include <string.h>

/* ---- rows ---- */

/* Sorts the n indices in `order` by their rows, stably: a radix sort, eight bits at a time from the
 * lowest. */
static void sort_by_row(struct row_order *p, const int32_t *row)
{
    int32_t top = 0;
    for (int i = 0; i < p->real; i++)
        top = row[p->order[i]] > top ? row[p->order[i]] : top;
    for (int shift = 0; shift < 32 && top >> shift; shift += 8) {
        int at[257] = {0};
        for (int i = 0; i < p->real; i++)
            at[(row[p->order[i]] >> shift & 255) + 1]++;
        for (int i = 0; i < 256; i++)
            at[i + 1] += at[i];
        for (int i = 0; i < p->real; i++)
            p->spare[at[row[p->order[i]] >> shift & 255]++] = p->order[i];
        int32_t *swap = p->order;
        p->order = p->spare;
        p->spare = swap;
    }
}

void plan_rows(struct row_order *p, const int32_t *at, int count)
{
    p->real = p->unique = 0;
    for (int i = 0; i < count; i++)
        if (at[i] >= 0)
            p->order[p->real++] = i;
    sort_by_row(p, at);
    for (int i = 0; i < p->real; i++)
        if (i == 0 || at[p->order[i]] != at[p->order[i - 1]]) {
            p->row[p->unique] = at[p->order[i]];
            p->start[p->unique++] = i;
        }
    p->start[p->unique] = p->real;
}

void plan_places(const struct row_order *p, int count, int32_t *place)
{
    for (int i = 0; i < count && p->real < count; i++)
        place[i] = -1;
    for (int u = 0; u < p->unique; u++)
        for (int32_t i = p->start[u]; i < p->start[u + 1]; i++)
            place[p->order[i]] = u;
}

/* ---- sequences ---- */

static int length_of(const int32_t *start, int s)
{
    return start[s + 1] - start[s];
}

void plan_sequences(const int32_t *start, int count, int longest, int32_t *sequence,
                    int32_t *running, int32_t *room)
{
    /* room[l]: the number of sequences longer than l, which is where those of length l begin */
    memset(room, 0, ((size_t)longest + 1) * sizeof *room);
    for (int s = 0; s < count; s++)
        if (length_of(start, s) > 0)
            room[length_of(start, s) - 1]++;
    for (int l = longest - 1; l >= 0; l--)
        room[l] += room[l + 1];
    memcpy(running, room, (size_t)longest * sizeof *running);
    for (int s = 0; s < count; s++)
        sequence[room[length_of(start, s)]++] = s;
}

void plan_packed(const int32_t *start, int count, const int32_t *sequence, int32_t *owner,
                 int32_t *packed)
{
    int position = 0, left = count;
    for (int s = 0; s < count; s++)
        for (int i = start[s]; i < start[s + 1]; i++)
            owner[i] = s;
    for (int step = 0; position < start[count]; step++) {
        while (length_of(start, sequence[left - 1]) <= step)
            left--;
        for (int i = 0; i < left; i++)
            packed[position++] = start[sequence[i]] + step;
    }
}
