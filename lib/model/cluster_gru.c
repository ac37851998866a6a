#include "model/cluster_gru.h"

#include <stdlib.h>

#include "base/ascending.h"

struct sequences_of cluster_sequences(struct tape *t, const struct ragged *r,
                                      const int32_t *sequence, int count)
{
    int32_t *begin = tape_host_ints(t, (size_t)r->count);
    int32_t *length = tape_host_ints(t, (size_t)count);
    int32_t *row = tape_host_ints(t, (size_t)r->total);
    int rows = 0;
    for (int s = 0, at = 0; s < r->count; at += r->length[s++])
        begin[s] = at;
    for (int i = 0; i < count; i++) {
        length[i] = r->length[sequence[i]];
        for (int j = 0; j < length[i]; j++)
            row[rows++] = begin[sequence[i]] + j;
    }
    return (struct sequences_of){tape_rows(t, row, rows), tape_ragged(t, length, count)};
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

const struct parameter *cluster_block(struct tape *t, const struct parameter *p,
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
    return (struct gru){.ih = cluster_block(t, g->ih, by, place),
                        .hh = cluster_block(t, g->hh, by, place),
                        .ih_bias = cluster_block(t, g->ih_bias, by, place),
                        .hh_bias = cluster_block(t, g->hh_bias, by, place),
                        .reset_before = g->reset_before};
}

/* The sequences of a cluster; returns how many. */
static int members_of(const int32_t *cluster, int count, int32_t wanted, int32_t *to)
{
    int n = 0;
    for (int s = 0; s < count; s++)
        if (cluster[s] == wanted)
            to[n++] = s;
    return n;
}

/* Where the rows of the parts, one after another, are in the order of the sequences. */
struct order {
    int32_t *begin, *place; /* begin [sequences], place [rows] */
    int done;
};

static void put_part(struct order *o, const struct ragged *r, const struct cluster_part *part)
{
    for (int i = 0; i < part->count; i++) {
        int s = part->sequence[i];
        for (int j = 0; j < r->length[s]; j++)
            o->place[o->begin[s] + j] = o->done++;
    }
}

struct tensor *
cluster_gru_parts(const struct gru *g, struct tape *t, struct tensor *x, struct tensor *h0,
                  const struct ragged *r, const struct grouped *by,
                  struct tensor *(*run)(void *of, struct tape *t, const struct cluster_part *part),
                  void *of)
{
    int32_t *cluster = tape_host_ints(t, (size_t)r->count);
    struct order o = {tape_host_ints(t, (size_t)r->count), tape_host_ints(t, (size_t)r->total), 0};
    int clusters = different(by->of, r->count, cluster), parts = 0;
    struct tensor **h = tape_host(t, (size_t)clusters * sizeof(struct tensor *));
    for (int s = 0, at = 0; s < r->count; at += r->length[s++])
        o.begin[s] = at;
    for (int i = 0; i < clusters; i++) {
        int32_t *sequence = tape_host_ints(t, (size_t)r->count);
        struct cluster_part *part = tape_host(t, sizeof *part);
        *part = (struct cluster_part){.gru = gru_of(g, t, by, i), .place = i, .sequence = sequence};
        part->count = members_of(by->of, r->count, cluster[i], sequence);
        if (clusters == 1) {
            part->x = x, part->h0 = h0, part->steps = r;
            return run(of, t, part);
        }
        struct sequences_of own = cluster_sequences(t, r, sequence, part->count);
        if (!own.ragged->total)
            continue;
        part->steps = own.ragged;
        part->x = tape_gather(t, x, own.rows);
        part->h0 = h0 ? tape_gather(t, h0, tape_rows(t, sequence, part->count)) : NULL;
        put_part(&o, r, part);
        h[parts++] = run(of, t, part);
    }
    if (!parts)
        return tape_zeros(t, 0, g->hh->cols);
    return tape_gather(t, tape_stack(t, h, parts), tape_rows(t, o.place, r->total));
}

static struct tensor *run_gru(void *of, struct tape *t, const struct cluster_part *part)
{
    (void)of;
    return tape_gru(t, &part->gru, part->x, part->h0, part->steps);
}

struct tensor *cluster_gru_run(const struct gru *g, struct tape *t, struct tensor *x,
                               struct tensor *h0, const struct ragged *r, const struct grouped *by)
{
    return g->hh->table ? cluster_gru_parts(g, t, x, h0, r, by, run_gru, NULL)
                        : tape_gru(t, g, x, h0, r);
}
