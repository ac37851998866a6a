/* How far back the earlier sessions of a session lie: what a model has to remember of a user. */
#include "data/batch.h"

#include "../tap.h"

/* A session of two events of user 0, from start to last. */
static void add(struct session_store *c, int64_t start, int64_t last, int32_t item)
{
    int64_t times[] = {start, last};
    int32_t items[] = {item, item};
    struct session s = {.part = PART_TRAIN, .count = 2, .times = times, .items = items};
    struct err e;
    session_store_add(c, &s, &e);
}

int main(void)
{
    static const int32_t row[] = {0, -1};
    static const int64_t edges[] = {3600};
    struct session_store c = {0};
    struct batching b = {.store = &c, .history = 2, .edges = edges, .edge_count = 1};
    struct err e;
    for (int i = 0; i < 6; i++)
        add(&c, 100 * i, 100 * i + 50, i == 1);
    session_store_end(&c, &e);
    tap_ok(batching_reach(&b) == 2, "sessions that follow each other: as many as are given");
    b.row = row;
    tap_ok(batching_reach(&b) == 3, "further, where one between has no item that is known");
    b.row = NULL;
    session_store_release(&c);
    for (int i = 0; i < 4; i++)
        add(&c, 100 * i, 100 * i + 50, 0);
    add(&c, 400, 5000, 0);
    add(&c, 500, 5000, 0);
    add(&c, 600, 650, 0);
    session_store_end(&c, &e);
    tap_ok(batching_reach(&b) == 4, "further by the sessions that have not ended");
    b.history = 0;
    tap_ok(batching_reach(&b) == 0, "nothing, where no session is given");
    batching_release(&b);
    session_store_release(&c);
    return tap_done();
}
