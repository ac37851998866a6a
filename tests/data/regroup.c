/* Rows of users in any order, with memory for all, for some, and for hardly any of them. */
#include <stdio.h>

#include "base/random.h"
#include "data/regroup.h"
#include "../tap.h"

enum { ROWS = 20000, USERS = 700 };

struct row {
    uint32_t user, number; /* number among all rows */
};

/* Names of all lengths, of which some begin with others. */
static struct bytes name_of(uint32_t user, char *to)
{
    int n = snprintf(to, 64, "%x", user * 2654435761u >> user % 20);
    for (uint32_t i = 0; i < user % 30; i++)
        to[n++] = (char)(0xff - i * user % 256);
    n += snprintf(to + n, 16, "%u", user);
    return (struct bytes){to, (size_t)n};
}

/* How many rows of a user follow each other: mostly one, at times many. */
static uint32_t run_length(struct random *r)
{
    return random_below(r, 4) ? 1 : 1 + random_below(r, random_below(r, 8) ? 9 : 900);
}

/* Adds rows of the user, wherever there is room for them. */
static bool add_run(struct regroup *g, uint32_t user, uint32_t number, uint32_t count)
{
    char name[128];
    struct err e;
    for (size_t now; count; count -= (uint32_t)now) {
        now = count;
        char *to = regroup_add(g, name_of(user, name), &now, &e);
        if (!to || !now || now > count)
            return false;
        for (size_t i = 0; i < now; i++, number++)
            memcpy(to + i * sizeof(struct row), &(struct row){user, number}, sizeof(struct row));
    }
    return true;
}

static bool fill(struct regroup *g, uint32_t rows)
{
    struct random r = random_of(1, rows);
    struct err e;
    for (uint32_t i = 0, count; i < rows; i += count) {
        uint32_t user = random_below(&r, random_below(&r, 2) ? 3 : USERS);
        count = run_length(&r);
        if (count > rows - i)
            count = rows - i;
        if (!add_run(g, user, i, count))
            return false;
    }
    return !regroup_sort(g, &e);
}

/* Whether users come in order, each once, with all their rows in order. */
static bool drain(struct regroup *g, uint32_t rows)
{
    struct bytes user;
    struct buf before = {0};
    struct err e;
    bool good = true;
    uint32_t count = 0;
    while (good && regroup_user(g, &user)) {
        char name[128];
        struct row row, last = {0, 0};
        const char *at;
        size_t now;
        uint32_t n = 0;
        int got;
        good = bytes_compare((struct bytes){before.at, before.len}, user) < 0;
        buf_clear(&before);
        buf_append(&before, user.at, user.len);
        while ((got = regroup_rows(g, &at, &now, &e)) > 0)
            for (; now; now--, n++, count++, last = row, at += sizeof row) {
                memcpy(&row, at, sizeof row);
                good =
                    good &&
                    bytes_equal(name_of(row.user, name), (struct bytes){before.at, before.len}) &&
                    (!n || row.number > last.number);
            }
        good = good && got == 0;
    }
    buf_release(&before);
    return good && count == rows;
}

static void check(uint32_t rows, size_t memory, bool with_file)
{
    struct regroup g;
    regroup_open(&g, sizeof(struct row), memory);
    bool filled = fill(&g, rows);
    size_t parts = g.parts.len;
    bool drained = filled && drain(&g, rows);
    tap_ok(drained && (parts > 0) == with_file, "%u rows, memory for %zu bytes: %zu parts", rows,
           memory, parts);
    regroup_release(&g);
}

/* While rows are added, the program comes to hold other things: rows get what they leave, and a
 * quarter of the memory in any case. */
static void crowded(void)
{
    enum { MEMORY = 256 << 10 };
    struct regroup g;
    struct err e;
    void *other[8];
    bool good = true;
    regroup_open(&g, sizeof(struct row), MEMORY);
    for (uint32_t i = 0; i < ROWS; i++) {
        if (i % (ROWS / 8) == 0)
            other[i / (ROWS / 8)] = mem_alloc(MEMORY / 8);
        good = good && add_run(&g, i % USERS, i, 1);
    }
    size_t room = g.room * (sizeof(struct row) + sizeof *g.next);
    good = good && !regroup_sort(&g, &e) && drain(&g, ROWS);
    tap_ok(good && room && room < MEMORY / 4, "%zu bytes of rows where others take all of %d", room,
           MEMORY);
    regroup_release(&g);
    for (size_t i = 0; i < 8; i++)
        mem_free(other[i]);
}

int main(void)
{
    crowded();
    check(0, 1 << 20, false);
    check(1, 1 << 20, false);
    check(ROWS, 16 << 20, false);
    check(ROWS, 256 << 10, true);
    check(ROWS, 64 << 10, true);
    check(ROWS, 1 << 10, true);
    check(ROWS, 0, true);
    return tap_done();
}
