/* Plans of rows and ragged sequences, made on the host and copied to the device, or made there. */
#include <string.h>

#include "nn/plan.h"
#include "nn/tape_nodes.h"

/* ---- rows ---- */

static struct row_order order_rows(struct tape *t, const int32_t *at, int count)
{
    size_t n = (size_t)count;
    struct row_order p = {.order = tape_host_ints(t, n),
                          .row = tape_host_ints(t, n),
                          .start = tape_host_ints(t, n + 1),
                          .spare = tape_host_ints(t, n)};
    plan_rows(&p, at, count);
    return p;
}

/* The same on the device, of its own copy of the rows; *place (NULL: not wanted) as in
 * plan_places. */
static struct rows make_rows(struct tape *t, const struct row_order *p, int count,
                             const int32_t *own, const int32_t **place)
{
    int32_t *row = tape_memory(t, (size_t)p->unique * sizeof *row);
    int32_t *start = tape_memory(t, ((size_t)p->unique + 1) * sizeof *start);
    int32_t *order = tape_memory(t, (size_t)count * sizeof *order);
    int32_t *to = place ? tape_memory(t, (size_t)count * sizeof *to) : NULL;
    t->op->plan(t->device, count, p->unique ? p->row[p->unique - 1] + 1 : 0, own, to, row, start,
                order);
    if (place)
        *place = to;
    tape_share_made(t, p->row, p->unique, row);
    return (struct rows){count, own, p->unique, row, start, order, p->row};
}

/* The plan as it was made on the host. */
static struct rows send_rows(struct tape *t, const struct row_order *p, const int32_t *at,
                             int count)
{
    return (struct rows){.count = count,
                         .at = tape_ints(t, at, (size_t)count),
                         .unique = p->unique,
                         .row = tape_ints(t, p->row, (size_t)p->unique),
                         .start = tape_ints(t, p->start, (size_t)p->unique + 1),
                         .order = tape_ints(t, p->order, (size_t)p->real),
                         .host = p->row};
}

/* Rows that are all different and ascend are their own plan. */
static struct rows ascending_rows(struct tape *t, const struct row_order *p, const int32_t *own)
{
    struct rows r = *tape_all_rows(t, p->unique);
    r.at = r.row = own;
    r.host = p->row;
    tape_share_made(t, p->row, p->unique, own);
    return r;
}

const struct rows *tape_rows(struct tape *t, const int32_t *host, int count)
{
    struct row_order p = order_rows(t, host, count);
    const int32_t *own = tape_shared(t, host, count);
    bool ascend = p.unique == count && !memcmp(p.row, host, (size_t)count * sizeof *host);
    struct rows *r = tape_host(t, sizeof *r);
    *r = !own     ? send_rows(t, &p, host, count)
         : ascend ? ascending_rows(t, &p, own)
                  : make_rows(t, &p, count, own, NULL);
    return r;
}

const struct rows *tape_rows_before(struct tape *t, const struct ragged *r, int back)
{
    int32_t *host = tape_host_ints(t, (size_t)r->total), *at = tape_host_ints(t, (size_t)r->total);
    for (int s = 0, row = 0; s < r->count; s++)
        for (int i = 0; i < r->length[s]; i++, row++) {
            host[row] = i < back ? -1 : row - back;
            at[row] = host[row] + 1;
        }
    tape_share(t, host, r->total, tape_all_rows(t, r->total)->at - 1, at);
    return tape_rows(t, host, r->total);
}

int tape_places(struct tape *t, const int32_t *host, int count, const int32_t **different,
                const int32_t **place)
{
    struct row_order p = order_rows(t, host, count);
    const int32_t *own = tape_shared(t, host, count), *made;
    int32_t *at = tape_host_ints(t, (size_t)count);
    plan_places(&p, count, at);
    if (own) {
        make_rows(t, &p, count, own, &made);
        tape_share_made(t, at, count, made);
    }
    *different = p.row;
    *place = at;
    return p.unique;
}

/* The places among the different rows, as rows of what has these rows alone. */
static struct rows place_rows(struct tape *t, const struct row_order *p, const struct rows *all)
{
    struct rows r = *all;
    int32_t *place = tape_host_ints(t, (size_t)r.count),
            *row = tape_host_ints(t, (size_t)p->unique);
    plan_places(p, r.count, place);
    for (int u = 0; u < p->unique; u++)
        row[u] = u;
    r.at = tape_ints(t, place, (size_t)r.count);
    r.row = tape_ints(t, row, (size_t)p->unique);
    return r;
}

const struct rows *tape_groups(struct tape *t, const int32_t *user, int count,
                               const struct rows **users)
{
    struct row_order p = order_rows(t, user, count);
    const int32_t *own = tape_shared(t, user, count), *place;
    struct rows *all = tape_host(t, sizeof *all), *r = tape_host(t, sizeof *r);
    if (own) {
        *r = *all = make_rows(t, &p, count, own, &place);
        r->at = place;
        r->row = tape_all_rows(t, p.unique)->at;
    } else {
        *all = send_rows(t, &p, user, count);
        *r = place_rows(t, &p, all);
    }
    *users = all;
    return r;
}

/* Sets mark[j] to `with` for the candidates whose item is in the ascending list; returns how many.
 * items: the plan of the candidates' items. */
static int mark_items(const struct row_order *items, const int32_t *list, int count, int32_t with,
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
    struct row_order items = order_rows(t, c->item, c->count);
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

/* ---- sequences ---- */

/* Rows of the sequences from each place of the packed order on: host [count + 1]. */
static const int32_t *rows_after(struct tape *t, const int32_t *start, int count,
                                 const int32_t *sequence)
{
    int32_t *after = tape_host_ints(t, (size_t)count + 1);
    after[count] = 0;
    for (int i = count - 1; i >= 0; i--)
        after[i] = after[i + 1] + start[sequence[i] + 1] - start[sequence[i]];
    return after;
}

/* Sets owner and packed. */
static void pack_rows(struct tape *t, const int32_t *start, const int32_t *sequence,
                      struct ragged *r)
{
    size_t total = (size_t)r->total;
    if (tape_makes(t, r->longest)) {
        const int32_t *after = rows_after(t, start, r->count, sequence);
        int32_t *owner = tape_memory(t, total * sizeof *owner);
        int32_t *packed = tape_memory(t, total * sizeof *packed);
        t->op->pack(t->device, r->count, r->start, r->sequence,
                    tape_ints(t, after, (size_t)r->count + 1), owner, packed);
        r->owner = owner;
        r->packed = packed;
        return;
    }
    int32_t *owner = tape_host_ints(t, total), *packed = tape_host_ints(t, total);
    plan_packed(start, r->count, sequence, owner, packed);
    r->owner = tape_ints(t, owner, total);
    r->packed = tape_ints(t, packed, total);
}

const struct ragged *tape_ragged(struct tape *t, const int32_t *lengths, int count)
{
    int total = 0, longest = 0;
    size_t n = (size_t)count;
    int32_t *start = tape_host_ints(t, n + 1), *length = tape_host_ints(t, n);
    for (int s = 0; s < count; s++) {
        start[s] = total;
        length[s] = lengths[s];
        total += lengths[s];
        longest = lengths[s] > longest ? lengths[s] : longest;
    }
    start[count] = total;
    int32_t *sequence = tape_host_ints(t, n), *running = tape_host_ints(t, (size_t)longest);
    plan_sequences(start, count, longest, sequence, running,
                   tape_host_ints(t, (size_t)longest + 1));
    struct ragged *r = tape_host(t, sizeof *r);
    *r = (struct ragged){.count = count,
                         .total = total,
                         .longest = longest,
                         .start = tape_ints(t, start, n + 1),
                         .sequence = tape_ints(t, sequence, n),
                         .running = running,
                         .length = length};
    pack_rows(t, start, sequence, r);
    return r;
}

const int32_t *tape_weight_places(struct tape *t, const struct ragged *r, const int32_t *host,
                                  const int32_t *each)
{
    size_t n = (size_t)r->count, rows = (size_t)r->total + 1;
    if (!tape_makes(t, r->longest))
        return tape_ints(t, host, rows);
    int32_t *first = tape_host_ints(t, n + 1), *at = tape_memory(t, rows * sizeof *at);
    for (int s = 0, row = 0; s <= r->count; row += s < r->count ? r->length[s] : 0, s++)
        first[s] = host[row];
    t->op->weight_places(t->device, r, tape_ints(t, first, n + 1),
                         each ? tape_ints(t, each, n) : NULL, at);
    return at;
}
