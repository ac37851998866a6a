/* Plans of rows and ragged sequences, made on the host and copied to the device. */
#include <string.h>

#include "nn/tape_nodes.h"

/* Sorts the n indices in `order` by their rows, stably: a radix sort, eight bits at a time from the
 * lowest.  Returns order or spare, whichever holds the result. */
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

/* A plan of rows on the host. */
struct tape_plan {
    int real, unique;
    int32_t *order, *row, *start;
};

static struct tape_plan plan_rows(struct tape *t, const int32_t *at, int count)
{
    size_t n = (size_t)count;
    struct tape_plan p = {.order = tape_host_ints(t, n),
                          .row = tape_host_ints(t, n),
                          .start = tape_host_ints(t, n + 1)};
    for (int i = 0; i < count; i++)
        if (at[i] >= 0)
            p.order[p.real++] = i;
    p.order = sort_by_row(at, p.order, tape_host_ints(t, n), p.real);
    for (int i = 0; i < p.real; i++)
        if (i == 0 || at[p.order[i]] != at[p.order[i - 1]]) {
            p.row[p.unique] = at[p.order[i]];
            p.start[p.unique++] = i;
        }
    p.start[p.unique] = p.real;
    return p;
}

const struct rows *tape_rows(struct tape *t, const int32_t *host, int count)
{
    struct tape_plan p = plan_rows(t, host, count);
    struct rows *r = tape_host(t, sizeof *r);
    *r = (struct rows){.count = count,
                       .at = tape_ints(t, host, (size_t)count),
                       .unique = p.unique,
                       .row = tape_ints(t, p.row, (size_t)p.unique),
                       .start = tape_ints(t, p.start, (size_t)p.unique + 1),
                       .order = tape_ints(t, p.order, (size_t)p.real),
                       .host = p.row};
    return r;
}

/* place [count] = which of the plan's distinct rows each one is. */
static void find_places(const struct tape_plan *p, int32_t *place)
{
    for (int u = 0; u < p->unique; u++)
        for (int32_t i = p->start[u]; i < p->start[u + 1]; i++)
            place[p->order[i]] = u;
}

int tape_places(struct tape *t, const int32_t *host, int count, const int32_t **different,
                const int32_t **place)
{
    struct tape_plan p = plan_rows(t, host, count);
    int32_t *at = tape_host_ints(t, (size_t)count);
    find_places(&p, at);
    *different = p.row;
    *place = at;
    return p.unique;
}

const struct rows *tape_groups(struct tape *t, const int32_t *user, int count,
                               const struct rows **users)
{
    struct tape_plan p = plan_rows(t, user, count);
    struct rows *all = tape_host(t, sizeof *all), *r = tape_host(t, sizeof *r);
    int32_t *place = tape_host_ints(t, (size_t)count), *row = tape_host_ints(t, (size_t)p.unique);
    find_places(&p, place);
    for (int u = 0; u < p.unique; u++)
        row[u] = u;
    *all = (struct rows){.count = count,
                         .at = tape_ints(t, user, (size_t)count),
                         .unique = p.unique,
                         .row = tape_ints(t, p.row, (size_t)p.unique),
                         .start = tape_ints(t, p.start, (size_t)p.unique + 1),
                         .order = tape_ints(t, p.order, (size_t)count),
                         .host = p.row};
    *r = *all;
    r->at = tape_ints(t, place, (size_t)count);
    r->row = tape_ints(t, row, (size_t)p.unique);
    *users = all;
    return r;
}

/* Sets mark[j] to `with` for the candidates whose item is in the ascending list; returns how many.
 * items: the plan of the candidates' items. */
static int mark_items(const struct tape_plan *items, const int32_t *list, int count, int32_t with,
                      int32_t *mark)
{
    int marked = 0;
    for (int u = 0, k = 0; u < items->unique && k < count;) {
        if (items->row[u] == list[k])
            for (int32_t i = items->start[u]; i < items->start[u + 1]; i++, marked++)
                mark[items->order[i]] = with;
        if (items->row[u] < list[k])
            u++;
        else
            k++;
    }
    return marked;
}

const int32_t *tape_spared(struct tape *t, const struct candidates *c, int targets, int32_t *at)
{
    struct tape_plan items = plan_rows(t, c->item, c->count);
    int32_t *mark = tape_host_ints(t, (size_t)c->count);
    memset(mark, 0xff, (size_t)c->count * sizeof *mark);
    at[0] = 0;
    for (int i = 0; i < targets; i++)
        at[i + 1] = at[i] + mark_items(&items, c->spared + c->spared_at[i],
                                       c->spared_at[i + 1] - c->spared_at[i], i, mark);
    int32_t *spared = tape_host_ints(t, (size_t)at[targets]);
    for (int i = 0, n = 0; i < targets; i++) {
        if (at[i + 1] > at[i])
            mark_items(&items, c->spared + c->spared_at[i], c->spared_at[i + 1] - c->spared_at[i],
                       i, mark);
        for (int32_t j = 0; n < at[i + 1]; j++)
            if (mark[j] == i)
                spared[n++] = j;
    }
    return spared;
}

/* sequence [count] = the sequences, longest first, equal ones in their order; running [longest]. */
static void pack_sequences(const int32_t *lengths, int count, int longest, int32_t *at,
                           int32_t *sequence, int32_t *running)
{
    /* at[l]: the number of sequences longer than l, which is where those of length l begin. */
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
    int32_t *start = tape_host_ints(t, (size_t)count + 1);
    for (int s = 0; s < count; s++) {
        start[s] = total;
        total += lengths[s];
        longest = lengths[s] > longest ? lengths[s] : longest;
    }
    start[count] = total;
    int32_t *owner = tape_host_ints(t, (size_t)total), *packed = tape_host_ints(t, (size_t)total);
    int32_t *length = tape_host_ints(t, (size_t)count);
    if (count)
        memcpy(length, lengths, (size_t)count * sizeof *length);
    int32_t *sequence = tape_host_ints(t, (size_t)count),
            *running = tape_host_ints(t, (size_t)longest);
    for (int s = 0; s < count; s++)
        for (int i = start[s]; i < start[s + 1]; i++)
            owner[i] = s;
    pack_sequences(lengths, count, longest, tape_host_ints(t, (size_t)longest + 1), sequence,
                   running);
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
                         .running = running,
                         .length = length};
    return r;
}
