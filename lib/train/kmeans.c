#include "train/kmeans.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/random.h"

enum { ROUNDS = 100 };

void sparse_release(struct sparse *s)
{
    vec_release(&s->start);
    vec_release(&s->column);
    vec_release(&s->value);
}

/* ---- vectors ---- */

/* The items of the events, user after user: start [users + 1], item [events]. */
struct grouped_events {
    size_t *start;
    int32_t *item;
};

static struct grouped_events group_events(const i32_vec *user, const i32_vec *item, int32_t users)
{
    struct grouped_events g = {mem_zero((size_t)users + 1, sizeof *g.start),
                               mem_alloc(item->len * sizeof *g.item)};
    for (size_t i = 0; i < user->len; i++)
        g.start[user->at[i] + 1]++;
    for (int32_t u = 0; u < users; u++)
        g.start[u + 1] += g.start[u];
    for (size_t i = user->len; i-- > 0;) /* from the end, so that start[u + 1] becomes its begin */
        g.item[--g.start[user->at[i] + 1]] = item->at[i];
    memmove(g.start, g.start + 1, (size_t)users * sizeof *g.start);
    g.start[users] = user->len;
    return g;
}

/* Counts the events of each user and item, items in order of their first event. */
static void count_items(struct sparse *to, const struct grouped_events *g, int32_t users,
                        int32_t items)
{
    size_t *place = mem_zero((size_t)items, sizeof *place); /* one past the item's index in `to` */
    vec_push(&to->start, 0);
    for (int32_t u = 0; u < users; u++) {
        size_t first = to->start.at[u];
        for (size_t i = g->start[u]; i < g->start[u + 1]; i++) {
            int32_t item = g->item[i];
            if (place[item] <= first) {
                vec_push(&to->column, item);
                vec_push(&to->value, 0);
                place[item] = to->column.len;
            }
            to->value.at[place[item] - 1] += 1;
        }
        vec_push(&to->start, to->column.len);
    }
    mem_free(place);
}

void clusters_of_items(struct sparse *to, const i32_vec *user, const i32_vec *item, int32_t users,
                       int32_t items)
{
    struct grouped_events g = group_events(user, item, users);
    int32_t *owners = mem_zero((size_t)items, sizeof *owners);
    *to = (struct sparse){.width = items};
    count_items(to, &g, users, items);
    for (size_t i = 0; i < to->column.len; i++)
        owners[to->column.at[i]]++;
    for (int32_t u = 0; u < users; u++) {
        double squares = 0;
        for (size_t i = to->start.at[u]; i < to->start.at[u + 1]; i++) {
            to->value.at[i] *= (float)log((double)users / owners[to->column.at[i]]);
            squares += (double)to->value.at[i] * (double)to->value.at[i];
        }
        for (size_t i = to->start.at[u]; i < to->start.at[u + 1] && squares > 0; i++)
            to->value.at[i] /= (float)sqrt(squares);
    }
    mem_free(owners);
    mem_free(g.start);
    mem_free(g.item);
}

void clusters_of_means(struct sparse *to, const i32_vec *user, const i32_vec *item, int32_t users,
                       const float *table, int32_t width)
{
    struct grouped_events g = group_events(user, item, users);
    *to = (struct sparse){.width = width};
    vec_push(&to->start, 0);
    for (int32_t u = 0; u < users; u++) {
        size_t events = g.start[u + 1] - g.start[u];
        for (int32_t c = 0; c < width && events; c++) {
            double sum = 0;
            for (size_t i = g.start[u]; i < g.start[u + 1]; i++)
                sum += (double)table[(size_t)g.item[i] * (size_t)width + (size_t)c];
            vec_push(&to->column, c);
            vec_push(&to->value, (float)(sum / (double)events));
        }
        vec_push(&to->start, to->column.len);
    }
    mem_free(g.start);
    mem_free(g.item);
}

/* ---- k-means ---- */

struct cluster_means {
    const struct sparse *s;
    int32_t count, k;
    float *centre;    /* [k, width] */
    double *length;   /* [k] squared length of each centre */
    double *own;      /* [count] squared length of each vector */
    double *distance; /* [count] squared distance to the nearest centre */
};

static double distance(const struct cluster_means *m, int32_t i, int32_t k)
{
    const float *centre = m->centre + (size_t)k * (size_t)m->s->width;
    double product = 0;
    for (size_t j = m->s->start.at[i]; j < m->s->start.at[i + 1]; j++)
        product += (double)m->s->value.at[j] * (double)centre[m->s->column.at[j]];
    double d = m->own[i] - 2 * product + m->length[k];
    return d > 0 ? d : 0;
}

static void measure(struct cluster_means *m, int32_t k)
{
    const float *centre = m->centre + (size_t)k * (size_t)m->s->width;
    m->length[k] = 0;
    for (int32_t c = 0; c < m->s->width; c++)
        m->length[k] += (double)centre[c] * (double)centre[c];
}

/* Sets centre k to vector i. */
static void set_centre(struct cluster_means *m, int32_t k, int32_t i)
{
    float *centre = m->centre + (size_t)k * (size_t)m->s->width;
    memset(centre, 0, (size_t)m->s->width * sizeof *centre);
    for (size_t j = m->s->start.at[i]; j < m->s->start.at[i + 1]; j++)
        centre[m->s->column.at[j]] = m->s->value.at[j];
    measure(m, k);
}

/* Draws a vector with probability proportional to its squared distance to the nearest centre. */
static int32_t draw_vector(const struct cluster_means *m, struct random *random)
{
    double sum = 0;
    for (int32_t i = 0; i < m->count; i++)
        sum += m->distance[i];
    double at = sum * (double)random_unit(random_u32(random));
    for (int32_t i = 0; i < m->count; i++) {
        at -= m->distance[i];
        if (m->distance[i] > 0 && at < 0)
            return i;
    }
    return (int32_t)random_below(random, (uint32_t)m->count);
}

static void draw_centres(struct cluster_means *m, uint64_t seed)
{
    struct random random = random_of(seed, 0x636c7573746572ULL);
    for (int32_t k = 0; k < m->k; k++) {
        set_centre(
            m, k, k ? draw_vector(m, &random) : (int32_t)random_below(&random, (uint32_t)m->count));
        for (int32_t i = 0; i < m->count; i++) {
            double d = distance(m, i, k);
            m->distance[i] = k && m->distance[i] < d ? m->distance[i] : d;
        }
    }
}

/* Assigns each vector to its nearest centre, the first of equals; returns whether any changed. */
static bool assign(struct cluster_means *m, int32_t *cluster)
{
    bool moved = false;
    for (int32_t i = 0; i < m->count; i++) {
        int32_t best = 0;
        m->distance[i] = distance(m, i, 0);
        for (int32_t k = 1; k < m->k; k++) {
            double d = distance(m, i, k);
            if (d < m->distance[i])
                m->distance[i] = d, best = k;
        }
        moved |= cluster[i] != best;
        cluster[i] = best;
    }
    return moved;
}

/* Gives each empty cluster the vector that is farthest from its centre, out of clusters with more
 * than one; returns whether any cluster was empty. */
static bool fill_empty(struct cluster_means *m, int32_t *cluster, int32_t *members)
{
    bool any = false;
    for (int32_t k = 0; k < m->k; k++) {
        int32_t far = -1;
        for (int32_t i = 0; i < m->count && !members[k]; i++)
            if (members[cluster[i]] > 1 && (far < 0 || m->distance[i] > m->distance[far]))
                far = i;
        if (far < 0)
            continue;
        members[cluster[far]]--;
        members[k] = 1;
        cluster[far] = k;
        m->distance[far] = 0;
        any = true;
    }
    return any;
}

/* Moves each centre to the mean of its vectors. */
static void centre(struct cluster_means *m, const int32_t *cluster, const int32_t *members)
{
    size_t width = (size_t)m->s->width;
    memset(m->centre, 0, (size_t)m->k * width * sizeof *m->centre);
    for (int32_t i = 0; i < m->count; i++) {
        float *to = m->centre + (size_t)cluster[i] * width;
        for (size_t j = m->s->start.at[i]; j < m->s->start.at[i + 1]; j++)
            to[m->s->column.at[j]] += m->s->value.at[j] / (float)members[cluster[i]];
    }
    for (int32_t k = 0; k < m->k; k++)
        measure(m, k);
}

void clusters_find(const struct sparse *s, int32_t k, uint64_t seed, int32_t *cluster)
{
    int32_t count = sparse_count(s), *members = mem_alloc((size_t)k * sizeof *members);
    struct cluster_means m = {.s = s,
                              .count = count,
                              .k = k,
                              .centre = mem_alloc((size_t)k * (size_t)s->width * sizeof *m.centre),
                              .length = mem_alloc((size_t)k * sizeof *m.length),
                              .own = mem_zero((size_t)count, sizeof *m.own),
                              .distance = mem_alloc((size_t)count * sizeof *m.distance)};
    for (int32_t i = 0; i < count; i++) {
        for (size_t j = s->start.at[i]; j < s->start.at[i + 1]; j++)
            m.own[i] += (double)s->value.at[j] * (double)s->value.at[j];
        cluster[i] = -1;
    }
    draw_centres(&m, seed);
    bool moved = true;
    for (int round = 0; round < ROUNDS && moved; round++) {
        moved = assign(&m, cluster);
        memset(members, 0, (size_t)k * sizeof *members);
        for (int32_t i = 0; i < count; i++)
            members[cluster[i]]++;
        moved |= fill_empty(&m, cluster, members);
        centre(&m, cluster, members);
    }
    mem_free(m.centre);
    mem_free(m.length);
    mem_free(m.own);
    mem_free(m.distance);
    mem_free(members);
}
