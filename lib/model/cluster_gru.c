#include "model/cluster_gru.h"

#include <stdlib.h>

#include "base/ascending.h"

/* The sequences of one cluster: host arrays of the tape's step. */
struct members {
    int count, rows;
    int32_t *sequence, *length, *row; /* [count], [count], [rows] */
};

static struct members members_of(struct tape *t, const struct ragged *r, const int32_t *cluster,
                                 int32_t wanted)
{
    struct members m = {.sequence = tape_host_ints(t, (size_t)r->count),
                        .length = tape_host_ints(t, (size_t)r->count),
                        .row = tape_host_ints(t, (size_t)r->total)};
    for (int s = 0, row = 0; s < r->count; row += r->length[s++]) {
        if (cluster[s] != wanted)
            continue;
        m.sequence[m.count] = s;
        m.length[m.count++] = r->length[s];
        for (int j = 0; j < r->length[s]; j++)
            m.row[m.rows++] = row + j;
    }
    return m;
}

/* The different clusters of n sequences, ascending, as the blocks that the step uses are; returns
 * how many. */
static int different(const int32_t *cluster, int n, int32_t *to)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        to[i] = cluster[i];
    if (n)
        qsort(to, (size_t)n, sizeof *to, ascending_i32);
    for (int i = 0; i < n; i++)
        if (!count || to[count - 1] != to[i])
            to[count++] = to[i];
    return count;
}

/* Block number `place` of those that the step uses, as a parameter of its own. */
static const struct parameter *block_of(struct tape *t, const struct parameter *p,
                                        const struct grouped *by, int place)
{
    struct tensor *blocks = tape_blocks(t, p, by->users);
    struct parameter *view = tape_host(t, sizeof *view);
    size_t from = (size_t)place * (size_t)parameter_block(p);
    *view = (struct parameter){.value = blocks->value + from,
                               .grad = blocks->grad ? blocks->grad + from : NULL,
                               .rows = parameter_block(p) / p->cols,
                               .cols = p->cols};
    return view;
}

static struct gru gru_of(const struct gru *g, struct tape *t, const struct grouped *by, int place)
{
    return (struct gru){.ih = block_of(t, g->ih, by, place),
                        .hh = block_of(t, g->hh, by, place),
                        .ih_bias = block_of(t, g->ih_bias, by, place),
                        .hh_bias = block_of(t, g->hh_bias, by, place),
                        .reset_before = g->reset_before};
}

static struct tensor *run_members(const struct gru *g, struct tape *t, struct tensor *x,
                                  struct tensor *h0, const struct members *m)
{
    struct tensor *own = tape_gather(t, x, tape_rows(t, m->row, m->rows));
    struct tensor *start = h0 ? tape_gather(t, h0, tape_rows(t, m->sequence, m->count)) : NULL;
    return tape_gru(t, g, own, start, tape_ragged(t, m->length, m->count));
}

struct tensor *cluster_gru_run(const struct gru *g, struct tape *t, struct tensor *x,
                               struct tensor *h0, const struct ragged *r, const struct grouped *by)
{
    if (!g->hh->table)
        return tape_gru(t, g, x, h0, r);
    int32_t *cluster = tape_host_ints(t, (size_t)r->count),
            *place = tape_host_ints(t, (size_t)r->total);
    int clusters = different(by->of, r->count, cluster), done = 0, parts = 0;
    struct tensor **h = tape_host(t, (size_t)clusters * sizeof(struct tensor *));
    for (int i = 0; i < clusters; i++) {
        struct gru own = gru_of(g, t, by, i);
        if (clusters == 1)
            return tape_gru(t, &own, x, h0, r);
        struct members m = members_of(t, r, by->of, cluster[i]);
        for (int j = 0; j < m.rows; j++)
            place[m.row[j]] = done + j;
        done += m.rows;
        if (m.rows)
            h[parts++] = run_members(&own, t, x, h0, &m);
    }
    if (!parts)
        return tape_zeros(t, 0, g->hh->cols);
    return tape_gather(t, tape_stack(t, h, parts), tape_rows(t, place, r->total));
}
