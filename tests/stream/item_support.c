/* How often training has each item, and the most supported items. */
#include "stream/item_support.h"

#include "../streams.h"
#include "../tap.h"

/* Notes an item whose attribute "train" is the text; NULL: it has none. */
static void note(struct item_support *s, const char *train)
{
    struct buf packed = {0}, text = {0};
    struct attributes a = {{NULL, 0}};
    if (train) {
        buf_format(&text, "{\"train\":\"%s\"}", train);
        buf_byte(&text, 0);
        notation_value(text.at, &packed);
        a.packed = (struct bytes){packed.at, packed.len};
    }
    item_support_note(s, a);
    buf_release(&packed);
    buf_release(&text);
}

static void counts(void)
{
    static const struct {
        const char *train;
        int32_t count;
        bool known;
    } rows[] = {{"0", 0, true},           {"7", 7, true},   {"2147483646", INT32_MAX - 1, true},
                {"2147483647", 0, false}, {"-1", 0, false}, {"many", 0, false},
                {"", 0, false},           {NULL, 0, false}, {"1.5", 0, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct item_support s = {.unknown = 0};
        note(&s, rows[i].train);
        tap_ok(s.count.len == 1 && s.count.at[0] == rows[i].count && s.unknown == !rows[i].known,
               "train %s", rows[i].train ? rows[i].train : "is not there");
        item_support_release(&s);
    }
}

static void most(void)
{
    static const char *const train[] = {"3", "9", "3", "0", "9"};
    struct item_support s = {.unknown = 0};
    struct err e = {0};
    unsigned char *chosen;
    for (size_t i = 0; i < sizeof train / sizeof *train; i++)
        note(&s, train[i]);
    must(item_support_most(&s, 3, 6, &chosen, &e), &e);
    tap_ok(chosen && !memcmp(chosen, (unsigned char[]){1, 1, 0, 0, 1, 0}, 6),
           "of equal counts the lower id");
    mem_free(chosen);
    must(item_support_most(&s, 6, 6, &chosen, &e), &e);
    tap_ok(!chosen, "as many as there are: all");
    must(item_support_most(&s, 0, 6, &chosen, &e), &e);
    tap_ok(!chosen, "0: all");
    must(item_support_most(&s, 5, 6, &chosen, &e), &e);
    tap_ok(chosen && !memcmp(chosen, (unsigned char[]){1, 1, 1, 1, 1, 0}, 6),
           "an item that was not noted has a count of 0, and comes last");
    mem_free(chosen);
    note(&s, NULL);
    tap_ok(item_support_most(&s, 2, 6, &chosen, &e) == STATUS_DATA && !chosen &&
               strstr(e.text, "--rank-among 2: the input does not say"),
           "%s", e.text);
    item_support_release(&s);
}

static void header(void)
{
    struct meta m = {.kind = STREAM_PREDICTIONS};
    struct err e = {0};
    int64_t among = 5;
    item_support_describe(&m, 0);
    tap_ok(!item_support_read(&m, &among, &e) && among == 0, "all items: the header says nothing");
    item_support_describe(&m, 12);
    tap_ok(!item_support_read(&m, &among, &e) && among == 12, "the header says how many");
    meta_set_int(&m, "rank_among", 0);
    tap_ok(item_support_read(&m, &among, &e) == STATUS_DATA &&
               strstr(e.text, "is 0, not from 1 on"),
           "%s", e.text);
    meta_set_text(&m, "rank_among", "all");
    tap_ok(item_support_read(&m, &among, &e) == STATUS_DATA && strstr(e.text, "rank_among"), "%s",
           e.text);
    meta_release(&m);
}

int main(void)
{
    counts();
    most();
    header();
    return tap_done();
}
