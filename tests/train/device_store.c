/* lib/train/device_store: each event of a store, by its place, on a device: items and codes as
 * batches have them. */
#include "train/device_store.h"

#include "base/random.h"

#include "../device.h"
#include "../tap.h"

enum { ITEMS = 50, CODES = 7 };

static void add_session(struct session_store *c, int32_t user, size_t events, struct random *random)
{
    static int64_t times[1000], now = 1000000000;
    static int32_t items[1000], codes[1000];
    struct err e;
    for (size_t i = 0; i < events; i++) {
        times[i] = now += random_below(random, 300);
        items[i] = (int32_t)random_below(random, ITEMS);
        codes[i] = (int32_t)random_below(random, CODES);
    }
    now += 7200;
    struct extra extra = {bytes_of("kind"), COLUMN_I32, {codes, events}, 0};
    struct session s = {user, PART_TRAIN, events, times, items, &extra, 1};
    if (session_store_add(c, &s, &e))
        exit(printf("Bail out! %s\n", e.text) > 0);
}

/* Whether the device has the batch's numbers at their places. */
static bool are_at(const int32_t *there, struct column place, struct column number)
{
    bool good = place.len == number.len;
    for (size_t i = 0; good && i < number.len; i++)
        good = there[column_i32(place)[i]] == column_i32(number)[i];
    return good;
}

/* Each batch of one session, and its earlier ones, is what the device has at its places. */
static void check(const char *what, struct device *d, struct session_store *c, const int32_t *row)
{
    static const int64_t edges[] = {60, 120};
    static const struct context_source source[] = {
        {.kind = CONTEXT_COLUMN}, {CONTEXT_DWELL, 0, edges, 2}, {.kind = CONTEXT_HOUR}};
    struct batching b = {.store = c,
                         .row = row,
                         .history = 3,
                         .history_items = true,
                         .context = source,
                         .contexts = 3};
    struct device_store s = {0};
    size_t sessions = session_store_sessions(c), bytes = c->item.len, left = 0;
    b.stored = device_store_open(&s, d, &b);
    bool good = b.stored != NULL;
    int32_t *item = good ? to_host(d, b.stored->item, bytes) : NULL, *code[3] = {NULL};
    for (int k = 0; k < 3 && good; k++)
        code[k] = to_host(d, b.stored->code[k], bytes);
    for (int32_t n = 0; good && n < (int32_t)sessions; n++) {
        struct batch batch = batching_make(&b, &n, 1, false);
        left += batch.item.len;
        good = are_at(item, batch.place, batch.item) &&
               are_at(item, batch.history_place, batch.history_item);
        for (int k = 0; k < 3; k++)
            good = good && are_at(code[k], batch.place, batch.context[k]);
    }
    tap_ok(good && left && (row != NULL) == (left * sizeof *item < bytes), "%s: %zu events of %zu",
           what, left, bytes / sizeof *item);
    mem_free(item);
    for (int k = 0; k < 3; k++)
        mem_free(code[k]);
    batching_release(&b);
    device_store_close(&s);
    device_store_close(&s);
}

int main(void)
{
    struct device *d = test_device(&(struct device_options){.threads = 1});
    struct session_store c = {.keeps_times = true};
    struct random random = random_of(1, 1);
    struct device_store none = {0};
    struct err e;
    int32_t row[ITEMS];
    vec_push(&c.columns, ((struct stored_column){.key = "kind", .codes = CODES}));
    for (int i = 0; i < 900; i++) /* more than go to the device together */
        add_session(&c, i / 9, 1 + random_below(&random, 1000), &random);
    if (session_store_end(&c, &e))
        exit(printf("Bail out! %s\n", e.text) > 0);
    for (int32_t i = 0; i < ITEMS; i++)
        row[i] = i % 3 ? ITEMS - i : -1;
    struct batching plain = {.store = &c};
    tap_ok(!d->host || !device_store_open(&none, d, &plain), "memory of the host needs no copy");
    device_store_close(&none);
    d->host = false;
    check("all items", d, &c, NULL);
    check("some are left out, the others have other ids", d, &c, row);
    session_store_release(&c);
    device_close(d);
    return tap_done();
}
