/* What makes the plans of a step on the device, against plain loops: runs, rows in their order, the
 * packed order of sequences, where weights begin; and plans of numbers that a tape shares. */
#include <stdlib.h>

#include "reference.h"

enum { MOST = 6000 };

static int32_t *device_ints(const int32_t *host, size_t n)
{
    return to_device(device, host, n * sizeof *host);
}

/* Whether the device has these numbers; releases them. */
static bool are(int32_t *there, const int32_t *expected, size_t n)
{
    int32_t *found = to_host(device, there, n * sizeof *found);
    bool same = !memcmp(found, expected, n * sizeof *found);
    mem_free(found);
    device->op->release(device, there);
    return same;
}

static int below(int n)
{
    return (int)random_below(&test_random, (uint32_t)n);
}

/* ---- runs ---- */

static void check_runs_of(int count, int longest)
{
    int32_t *start = mem_alloc(((size_t)count + 1) * sizeof *start);
    int32_t *at = mem_alloc((size_t)count * sizeof *at), from[MOST], to[MOST];
    for (int i = 0; i < MOST; i++)
        from[i] = below(1 << 30);
    start[0] = 0;
    for (int i = 0; i < count; i++) {
        int length = below(longest + 1);
        at[i] = below(MOST - longest);
        start[i + 1] = start[i] + length;
        for (int j = 0; j < length; j++)
            to[start[i] + j] = from[at[i] + (i % 3 ? j : 0)];
        at[i] = i % 3 ? at[i] : ~at[i];
    }
    size_t total = (size_t)start[count];
    int32_t *starts = device_ints(start, (size_t)count + 1),
            *places = device_ints(at, (size_t)count);
    int32_t *store = device_ints(from, MOST), *out = device_ints(from, total);
    device->op->runs(device, count, starts, places, store, out);
    tap_ok(are(out, to, total), "runs: %d of at most %d", count, longest);
    device->op->release(device, starts);
    device->op->release(device, places);
    device->op->release(device, store);
    mem_free(start);
    mem_free(at);
}

static void check_runs(void)
{
    check_runs_of(0, 1);
    check_runs_of(1, 300);
    check_runs_of(9, 40);
    check_runs_of(300, 20);
}

/* ---- rows ---- */

/* A plan as plain loops make it. */
struct plain {
    int count, real, unique;
    int32_t at[MOST], place[MOST], row[MOST], start[MOST + 1], order[MOST];
};

static const int32_t *sorted_at;

static int by_row(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    if (sorted_at[x] != sorted_at[y])
        return sorted_at[x] < sorted_at[y] ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void plain_plan(struct plain *p)
{
    p->real = p->unique = 0;
    for (int i = 0; i < p->count; i++) {
        p->place[i] = -1;
        if (p->at[i] >= 0)
            p->order[p->real++] = i;
    }
    sorted_at = p->at;
    qsort(p->order, (size_t)p->real, sizeof *p->order, by_row);
    for (int i = 0; i < p->real; i++) {
        int32_t row = p->at[p->order[i]];
        if (!i || row != p->row[p->unique - 1]) {
            p->row[p->unique] = row;
            p->start[p->unique++] = i;
        }
        p->place[p->order[i]] = p->unique - 1;
    }
    p->start[p->unique] = p->real;
}

/* One in `holes` positions has no row; 0: each has one. */
static void check_plan_of(int count, int rows, int holes)
{
    static struct plain p;
    p.count = count;
    for (int i = 0; i < count; i++)
        p.at[i] = holes && !below(holes) ? -1 : below(rows);
    plain_plan(&p);
    size_t n = (size_t)count, unique = (size_t)p.unique;
    int32_t *at = device_ints(p.at, n), *place = device_ints(p.at, n),
            *row = device_ints(p.at, unique);
    int32_t *start = device_ints(p.start, unique + 1), *order = device_ints(p.at, n);
    device->op->upload(device, start, p.place, (n < unique + 1 ? n : unique + 1) * sizeof *start);
    device->op->plan(device, count, rows, at, place, row, start, order);
    bool good = are(place, p.place, n);
    good &= are(row, p.row, unique);
    good &= are(start, p.start, unique + 1);
    good &= are(order, p.order, (size_t)p.real);
    tap_ok(good, "plan: %d positions of %d rows, %d without", count, rows, count - p.real);
    device->op->release(device, at);
}

static void check_plan(void)
{
    static const int counts[] = {0, 1, 2, 255, 256, 257, 1500, MOST};
    static const int rows[] = {1, 15, 16, 17, 300, 70000, 1 << 24};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
            check_plan_of(counts[i], rows[k], (int)((i + k) % 3) * 2);
    check_plan_of(40, 9, 1);
}

/* ---- sequences ---- */

/* The packed order: every first row, the longest sequences first, and so on. */
static void plain_packed(const int32_t *length, int count, int32_t *owner, int32_t *packed)
{
    int longest = 0, row = 0, n = 0;
    for (int s = 0; s < count; s++) {
        longest = length[s] > longest ? length[s] : longest;
        for (int k = 0; k < length[s]; k++)
            owner[row++] = s;
    }
    for (int k = 0; k < longest; k++)
        for (int wanted = longest; wanted > k; wanted--)
            for (int s = 0, first = 0; s < count; first += length[s++])
                if (length[s] == wanted)
                    packed[n++] = first + k;
}

static const struct ragged *random_sequences(int count, int longest, int32_t *length)
{
    for (int s = 0; s < count; s++)
        length[s] = below(longest + 1);
    return tape_ragged(tape, length, count);
}

static bool device_has(const int32_t *there, const int32_t *expected, size_t n)
{
    int32_t *copy = device->op->alloc(device, n * sizeof *copy);
    device->op->copy(device, (float *)(void *)copy, (const float *)(const void *)there, n);
    return are(copy, expected, n);
}

static void check_pack(void)
{
    static const int shape[][2] = {{1, 1}, {1, 40}, {7, 1}, {7, 9}, {60, 80}, {300, 19}, {9, 0}};
    static int32_t length[300], owner[MOST], packed[MOST], after[301];
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        int count = shape[i][0];
        const struct ragged *r = random_sequences(count, shape[i][1], length);
        size_t total = (size_t)r->total;
        plain_packed(length, count, owner, packed);
        tap_ok(device_has(r->owner, owner, total) && device_has(r->packed, packed, total),
               "a tape's plan of %d sequences of at most %d", count, shape[i][1]);
        int32_t *sequence = to_host(device, r->sequence, (size_t)count * sizeof *sequence);
        for (int k = count - 1; k >= 0; k--)
            after[k] = (k == count - 1 ? 0 : after[k + 1]) + length[sequence[k]];
        after[count] = 0;
        int32_t *there = device_ints(after, (size_t)count + 1);
        int32_t *owners = device->op->alloc(device, total * sizeof *owners);
        int32_t *rows = device->op->alloc(device, total * sizeof *rows);
        device->op->pack(device, count, r->start, r->sequence, there, owners, rows);
        bool good = are(owners, owner, total);
        tap_ok(are(rows, packed, total) && good, "pack: %d sequences of at most %d", count,
               shape[i][1]);
        device->op->release(device, there);
        mem_free(sequence);
    }
}

static void check_weight_places_of(int count, int longest, bool up_to)
{
    static int32_t length[300], first[301], each[300], at[MOST + 1];
    const struct ragged *r = random_sequences(count, longest, length);
    size_t total = (size_t)r->total;
    for (int s = 0, row = 0, n = 0; s <= count; s++) {
        first[s] = at[row] = n;
        if (s == count)
            break;
        each[s] = below(5);
        for (int k = 0; k < length[s]; k++, row++) {
            at[row] = n;
            n += up_to ? k + 1 : each[s];
        }
    }
    at[total] = first[count];
    int32_t *firsts = device_ints(first, (size_t)count + 1),
            *eachs = device_ints(each, (size_t)count);
    int32_t *places = device_ints(at, total + 1);
    device->op->fill(device, (float *)(void *)places, 0, total + 1);
    device->op->weight_places(device, r, firsts, up_to ? NULL : eachs, places);
    tap_ok(are(places, at, total + 1), "weight_places: %d sequences of at most %d, %s", count,
           longest, up_to ? "up to each row" : "as many for each row");
    device->op->release(device, firsts);
    device->op->release(device, eachs);
}

static void check_weight_places(void)
{
    for (int up_to = 0; up_to < 2; up_to++) {
        check_weight_places_of(0, 1, up_to);
        check_weight_places_of(1, 100, up_to);
        check_weight_places_of(300, 19, up_to);
    }
}

static const struct check checks[] = {PLAN_CHECKS(CHECK_ROW)};

/* ---- numbers that a tape shares ---- */

/* Whether the plan is the plain one. */
static bool is_plan(const struct rows *r, const struct plain *p, const int32_t *at,
                    const int32_t *row)
{
    size_t unique = (size_t)p->unique;
    return r->count == p->count && r->unique == p->unique &&
           device_has(r->at, at, (size_t)p->count) && device_has(r->row, row, unique) &&
           device_has(r->start, p->start, unique + 1) &&
           device_has(r->order, p->order, (size_t)p->real) &&
           !memcmp(r->host, p->row, unique * sizeof *row);
}

/* Numbers in runs of `run`, from a store of the device or NULL: from the numbers 0, 1, 2, ...  Part
 * of them, or all, in every form of plan that there is. */
static void check_shared(int count, int run, bool stored)
{
    static struct plain p;
    static int32_t store[MOST], host[MOST], at[MOST], numbers[MOST];
    const int32_t *place;
    const struct rows *users;
    for (int i = 0; i < MOST; i++)
        store[i] = below(300), numbers[i] = i;
    for (int i = 0; i < count; i++) {
        at[i] = i % run ? at[i - 1] + 1 : below(MOST - run);
        host[i] = stored ? store[at[i]] : at[i];
    }
    int32_t *there = stored ? device_ints(store, MOST) : NULL;
    tape_begin(tape, false, 0, 0);
    tape_share(tape, host, count, there, at);
    p.count = count - count / 3;
    memcpy(p.at, host + count / 3, (size_t)p.count * sizeof *p.at);
    plain_plan(&p);
    bool good = is_plan(tape_rows(tape, host + count / 3, p.count), &p, p.at, p.row);
    good = good && device_has(tape_ints(tape, host, (size_t)count), host, (size_t)count);
    const struct rows *groups = tape_groups(tape, host + count / 3, p.count, &users);
    good = good && is_plan(users, &p, p.at, p.row) && is_plan(groups, &p, p.place, numbers);
    struct parameters all = {0};
    struct parameter *table = parameters_add_items(&all, "table", MOST, 3, 1);
    parameters_hold(&all, device);
    struct tensor *rows = tape_different_rows(tape, table, host + count / 3, p.count, &place);
    good =
        good && rows->rows == p.unique && !memcmp(place, p.place, (size_t)p.count * sizeof *place);
    good = good && device_has(tape_ints(tape, place, (size_t)p.count), p.place, (size_t)p.count);
    tap_ok(good, "%d shared numbers in runs of %d%s", count, run, stored ? ", from a store" : "");
    parameters_release(&all);
    if (there)
        device->op->release(device, there);
}

int main(void)
{
    checks_open(9);
    run_checks(checks, sizeof checks / sizeof *checks);
    device->host = false; /* the CPU too makes what other devices make */
    for (int stored = 0; stored < 2; stored++) {
        check_shared(5, 1, stored);
        check_shared(40, 7, stored);
        check_shared(2000, 100, stored);
    }
    return checks_close();
}
