/* Clusters of users: vectors against plain counting, planted groups, empty clusters, repeatability.
 */
#include "train/kmeans.h"

#include <math.h>

#include "base/random.h"
#include "../tap.h"

enum { USERS = 60, ITEMS = 40, GROUPS = 4, EVENTS = 30 };

struct log {
    i32_vec user, item;
};

/* Users of group g = u % GROUPS have the items of the g-th tenth, but for one event in eight. */
static struct log planted(uint64_t seed)
{
    struct log l = {0};
    struct random r = random_of(seed, 1);
    for (int i = 0; i < EVENTS; i++)
        for (int u = 0; u < USERS; u++) {
            int own = u % GROUPS * (ITEMS / GROUPS) + (int)random_below(&r, ITEMS / GROUPS);
            vec_push(&l.user, u);
            vec_push(&l.item, random_below(&r, 8) ? own : (int)random_below(&r, ITEMS));
        }
    return l;
}

static void log_release(struct log *l)
{
    vec_release(&l->user);
    vec_release(&l->item);
}

/* Whether two users share a cluster where they share a group, and nowhere else. */
static int finds_groups(const int32_t *cluster)
{
    int wrong = 0;
    for (int a = 0; a < USERS; a++)
        for (int b = 0; b < a; b++)
            wrong += (cluster[a] == cluster[b]) != (a % GROUPS == b % GROUPS);
    return !wrong;
}

static double value_at(const struct sparse *s, int user, int column)
{
    double sum = 0;
    for (size_t i = s->start.at[user]; i < s->start.at[user + 1]; i++)
        sum += s->column.at[i] == column ? (double)s->value.at[i] : 0;
    return sum;
}

static double count_of(const struct log *l, int user, int item)
{
    double n = 0;
    for (size_t i = 0; i < l->user.len; i++)
        n += l->user.at[i] == user && l->item.at[i] == item;
    return n;
}

static void check_frequencies(const struct log *l)
{
    static double expected[USERS][ITEMS];
    struct sparse s;
    double worst = 0;
    for (int c = 0; c < ITEMS; c++) {
        int owners = 0;
        for (int u = 0; u < USERS; u++)
            owners += count_of(l, u, c) > 0;
        for (int u = 0; u < USERS; u++)
            expected[u][c] = owners ? count_of(l, u, c) * log((double)USERS / owners) : 0;
    }
    clusters_of_items(&s, &l->user, &l->item, USERS, ITEMS);
    for (int u = 0; u < USERS; u++) {
        double squares = 0;
        for (int c = 0; c < ITEMS; c++)
            squares += expected[u][c] * expected[u][c];
        for (int c = 0; c < ITEMS; c++)
            worst = fmax(worst, fabs(expected[u][c] / sqrt(squares) - value_at(&s, u, c)));
    }
    tap_ok(worst < 1e-6, "frequencies by rarity, of length 1, to %.1e", worst);
    sparse_release(&s);
}

static void check_means(const struct log *l)
{
    float table[ITEMS * 3];
    struct random r = random_of(5, 5);
    struct sparse s;
    double worst = 0;
    for (int i = 0; i < ITEMS * 3; i++)
        table[i] = random_between(&r, -1, 1);
    clusters_of_means(&s, &l->user, &l->item, USERS, table, 3);
    for (int u = 0; u < USERS; u++)
        for (int c = 0; c < 3; c++) {
            double sum = 0;
            for (int i = 0; i < ITEMS; i++)
                sum += count_of(l, u, i) * (double)table[i * 3 + c];
            worst = fmax(worst, fabs(sum / EVENTS - value_at(&s, u, c)));
        }
    tap_ok(worst < 1e-6, "means of embeddings, to %.1e", worst);
    sparse_release(&s);
}

static void check_planted(const struct log *l)
{
    struct sparse s;
    int32_t cluster[USERS], again[USERS];
    int found = 0, same = 1;
    clusters_of_items(&s, &l->user, &l->item, USERS, ITEMS);
    for (uint64_t seed = 1; seed <= 10; seed++) {
        clusters_find(&s, GROUPS, seed, cluster);
        clusters_find(&s, GROUPS, seed, again);
        found += finds_groups(cluster);
        same &= !memcmp(cluster, again, sizeof cluster);
    }
    tap_ok(found >= 7 && same, "planted groups are found by %d of 10 seeds, each the same again",
           found);
    clusters_find(&s, 1, 3, cluster);
    int others = 0;
    for (int u = 0; u < USERS; u++)
        others += cluster[u] != 0;
    tap_ok(!others, "one cluster has all");
    sparse_release(&s);
}

/* As many clusters as users, or users that are all alike: each cluster has somebody. */
static void check_full(int k, int alike)
{
    struct log l = {0};
    struct sparse s;
    int32_t cluster[20];
    int members[20] = {0}, empty = 0;
    for (int u = 0; u < 20 && !alike; u++) {
        vec_push(&l.user, u);
        vec_push(&l.item, u);
    }
    clusters_of_items(&s, &l.user, &l.item, 20, 20);
    clusters_find(&s, k, 1, cluster);
    for (int u = 0; u < 20; u++)
        members[cluster[u]]++;
    for (int i = 0; i < k; i++)
        empty += !members[i];
    tap_ok(!empty, "%d clusters of 20 users%s: none is empty", k, alike ? " without an item" : "");
    sparse_release(&s);
    log_release(&l);
}

int main(void)
{
    struct log l = planted(3);
    check_frequencies(&l);
    check_means(&l);
    check_planted(&l);
    for (int k = 1; k <= 20; k += 1 + k / 3) {
        check_full(k, 0);
        check_full(k, 1);
    }
    check_full(20, 0);
    check_full(20, 1);
    log_release(&l);
    return tap_done();
}
