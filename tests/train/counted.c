/* What a saved model counts in: sessions of its file, of a stream, of a store, and those that come
 * in. */
#include "train/counted.h"

#include "../tap.h"
#include "tiny_model.h"

static bool counts_are(const struct counted *c, const int32_t *expected, size_t n)
{
    bool same = c->count.len == n && !memcmp(c->count.at, expected, n * sizeof *expected);
    for (size_t i = 0; !same && i < c->count.len; i++)
        printf("# %zu: %d\n", i, (int)c->count.at[i]);
    return same;
}
#define COUNTS_ARE(c, ...)                                                                         \
    counts_are(c, (const int32_t[]){__VA_ARGS__},                                                  \
               sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t))

static bool names_are(const struct names *names, const char *letters)
{
    bool same = names_count(names) == (int32_t)strlen(letters);
    for (int32_t i = 0; same && i < names_count(names); i++)
        same = names_at(names, i).len == 1 && *names_at(names, i).at == letters[i];
    return same;
}

/* ---- a saved model of the items x and y ---- */

/* Its file holds one session, of x, y and x; `indexed`: else none. */
static void open_saved(struct saved_model *saved, bool indexed)
{
    struct tiny t;
    struct err e = {0};
    const struct session_index x = {.items = 2,
                                    .sessions = 1,
                                    .start = (int64_t[]){10},
                                    .last = (int64_t[]){12},
                                    .event = (int64_t[]){0, 3},
                                    .item = (int32_t[]){0, 1, 0}};
    tiny_usual(&t, "xy", "a", 1);
    tiny_save(&t, indexed ? &x : NULL, "model");
    tiny_close(&t);
    *saved = (struct saved_model){.path = "model"};
    must(safetensors_open(&saved->file, "model", &e), &e);
    must(model_file_items(&saved->file, &saved->items, NULL, &e), &e);
}

static void close_saved(struct saved_model *saved)
{
    safetensors_close(&saved->file);
    names_release(&saved->items);
}

static void of_the_file(void)
{
    struct saved_model saved;
    struct counted c;
    struct err e = {0};
    open_saved(&saved, true);
    tap_ok(!counted_open(&c, &saved, NULL, NULL, 0, &e) && names_are(&c.items, "xy") &&
               COUNTS_ARE(&c, 2, 1),
           "the sessions of the model's file %s", e.text);
    counted_release(&c);
    close_saved(&saved);
    open_saved(&saved, false);
    tap_ok(counted_open(&c, &saved, NULL, NULL, 0, &e) == STATUS_DATA, "a file without: %s",
           e.text);
    counted_release(&c);
    close_saved(&saved);
}

/* A stream with sessions of all parts, whose items are z, x and w. */
static void of_a_stream(void)
{
    static const char text[] =
        "[\"user\",0,\"a\"] [\"item\",0,\"z\"] [\"item\",1,\"x\"] [\"item\",2,\"w\"] "
        "[\"session\",0,1,l[5,6],i[0,1]] [\"session\",0,3,l[7,8],i[0,2]]";
    struct saved_model saved;
    struct counted c;
    struct names first;
    struct buf stream = {0};
    struct err e = {0};
    stream_of(STREAM_SESSIONS, false, notated_records, text, &stream);
    const char *path = stream_file(stream.at, stream.len);
    open_saved(&saved, true);
    tiny_names(&first, "vx");
    tap_ok(!counted_open(&c, &saved, &first, path, 0, &e) && names_are(&c.items, "vxyzw") &&
               COUNTS_ARE(&c, 0, 1, 0, 2, 1),
           "another stream's in their place, of all parts and all items %s", e.text);
    counted_release(&c);
    names_release(&first);
    close_saved(&saved);
    buf_release(&stream);
}

/* ---- sessions that come in ---- */

static void come(struct counted *c, int32_t user, int64_t start, int64_t last, int32_t item)
{
    counted_come(c, &(struct session){.user = user,
                                      .count = 2,
                                      .times = (int64_t[]){start, last},
                                      .items = (int32_t[]){item, 0}});
}

/* One session of items 0 and 1, which ended at 12. */
static void take_one(struct counted *c, struct session_store *sessions, struct names *items)
{
    struct err e;
    *sessions = (struct session_store){.keeps_times = true};
    tiny_names(items, "xy");
    struct session s = {
        .part = PART_TRAIN, .count = 2, .times = (int64_t[]){10, 12}, .items = (int32_t[]){0, 1}};
    must(session_store_add(sessions, &s, &e), &e);
    must(session_store_end(sessions, &e), &e);
    counted_take(c, sessions, items);
}

static void coming_in(void)
{
    struct session_store sessions;
    struct names items;
    struct counted c;
    take_one(&c, &sessions, &items);
    tap_ok(COUNTS_ARE(&c, 1, 1), "those of a store");
    tap_ok(counted_item(&c, bytes_of("y")) == 1 && counted_item(&c, bytes_of("z")) == 2 &&
               COUNTS_ARE(&c, 1, 1, 0) && c.changed.len == 1 && c.changed.at[0] == 2 &&
               c.index.items == 3,
           "a new item has no count yet");
    vec_clear(&c.changed);
    counted_come(&c, &(struct session){
                         .count = 2, .times = (int64_t[]){10, 12}, .items = (int32_t[]){0, 1}});
    counted_until(&c, 13);
    tap_ok(c.index.sessions == 1 && !c.changed.len, "one that was given does not count again");
    come(&c, 4, 10, 12, 1);
    counted_until(&c, 13);
    tap_ok(c.index.sessions == 2 && COUNTS_ARE(&c, 2, 2, 0), "another of the same time does");
    vec_clear(&c.changed);
    come(&c, 2, 20, 30, 1);
    come(&c, 1, 25, 30, 2);
    come(&c, 3, 14, 20, 2);
    counted_until(&c, 20);
    tap_ok(COUNTS_ARE(&c, 2, 2, 0), "a session that has not ended does not count");
    counted_until(&c, 30);
    tap_ok(COUNTS_ARE(&c, 3, 2, 1) && c.changed.len == 2, "it counts from its end on");
    counted_until(&c, 31);
    tap_ok(COUNTS_ARE(&c, 5, 3, 2) && c.index.sessions == 5, "and so do the others");
    tap_ok(session_index_items(&c.index, 3)[0] == 2 && session_index_items(&c.index, 4)[0] == 1,
           "of equal ends the user who came first is the first");
    come(&c, 1, 1, 11, 0);
    counted_until(&c, 99);
    tap_ok(c.index.sessions == 5 && !c.awaited.len, "one that ended before those is left out");
    come(&c, 1, 100, 200, 0); /* is released while it waits */
    counted_release(&c);
    names_release(&items);
    session_store_release(&sessions);
}

/* Behind a session that never ends others still count when they have. */
static void behind_an_endless_one(void)
{
    struct session_store sessions = {.keeps_times = true};
    struct names items;
    struct counted c;
    struct err e;
    tiny_names(&items, "xy");
    struct session s = {.part = PART_TRAIN,
                        .count = 2,
                        .times = (int64_t[]){0, 1400000000},
                        .items = (int32_t[]){0, 1}};
    must(session_store_add(&sessions, &s, &e), &e);
    must(session_store_end(&sessions, &e), &e);
    counted_take(&c, &sessions, &items);
    come(&c, 0, 20, 30, 1);
    counted_until(&c, 31);
    tap_ok(COUNTS_ARE(&c, 2, 2) && c.index.sessions == 1 &&
               session_index_postings(&c.index, 1, 1) == 1,
           "a session that comes in counts, whatever never ends");
    counted_release(&c);
    names_release(&items);
    session_store_release(&sessions);
}

int main(void)
{
    of_the_file();
    of_a_stream();
    coming_in();
    behind_an_endless_one();
    return tap_done();
}
