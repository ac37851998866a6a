/* What a program dropped, as text and in headers. */
#include "stream/drops.h"

#include "../streams.h"
#include "../tap.h"

static bool says(const struct drops *d, const char *expected)
{
    struct buf text = {0};
    drops_text(d, &text);
    buf_byte(&text, 0);
    bool same = !strcmp(text.at, expected);
    tap_ok(same, "%s", text.at);
    buf_release(&text);
    return same;
}

static void texts(void)
{
    struct drops d = {.events.of = 10, .sessions.of = 4, .users = {1, 2}};
    tap_ok(!drops_any(&d), "nothing is dropped");
    says(&d, "");
    drops_add(&d, bytes_of("bad"), 0, 0);
    tap_ok(!drops_any(&d), "a reason of no events is none");
    d.cut = 1, d.pieces = 2;
    tap_ok(drops_any(&d), "a cut is something to say");
    says(&d, "cut 1 session into 2");
    drops_add(&d, bytes_of("repeats"), 1, 0);
    drops_add(&d, bytes_of("too short"), 2, 1);
    says(&d, "dropped 3 of 10 events (30.0 %): 1 repeats, 2 in 1 session too short; with them 1 of "
             "4 sessions, 1 of 2 users; cut 1 session into 2");
    drops_release(&d);
}

static void headers(void)
{
    struct meta m = {.kind = STREAM_SESSIONS};
    struct buf shown = {0};
    struct err e = {0};
    struct drops none = {.events.of = 10}, one = {.events.of = 10}, other = {.cut = 2, .pieces = 5};
    drops_add(&one, bytes_of("by\x1b[31m"), 4, 0);
    tap_ok(!drops_show(&m, &shown), "no list");
    must(drops_note(&none, "first", &m, &e), &e);
    tap_ok(!meta_find(&m, DROPS_KEY).at, "who drops nothing has no account");
    must(drops_note(&one, "second", &m, &e), &e);
    must(drops_note(&other, "third", &m, &e), &e);
    tap_ok(drops_show(&m, &shown), "a list");
    buf_byte(&shown, 0);
    tap_ok(!strcmp(shown.at, "dropped by second\tdropped 4 of 10 events (40.0 %): 4 by\\u001b[31m\n"
                             "dropped by third\tcut 2 sessions into 5\n"),
           "one account after another");
    shown.len = 0;
    meta_set(&m, DROPS_KEY,
             (struct bytes){"\x91\x92\xa1x\x81\xa6"
                            "events\x01",
                            13});
    tap_ok(!drops_show(&m, &shown) && !shown.len, "an account of another form is not shown");
    meta_set_int(&m, DROPS_KEY, 7);
    tap_ok(drops_note(&one, "fourth", &m, &e) == STATUS_DATA &&
               strstr(e.text, "a list is expected"),
           "%s", e.text);
    drops_release(&one);
    buf_release(&shown);
    meta_release(&m);
}

static void add_account(struct meta *m, const char *program, const char *why, uint64_t events)
{
    struct err e = {0};
    struct drops d = {.events.of = 10, .users = {1, 4}, .items = {2, 5}, .cut = 1, .pieces = 2};
    drops_add(&d, bytes_of(why), events, 1);
    must(drops_note(&d, program, m, &e), &e);
    drops_release(&d);
}

/* Accounts of two parts whose chains agree in the first program alone. */
static void joined(void)
{
    struct meta first = {.kind = STREAM_SESSIONS}, second = {.kind = STREAM_SESSIONS};
    struct meta third = {.kind = STREAM_SESSIONS};
    struct meta none = {.kind = STREAM_SESSIONS}, other = {.kind = STREAM_SESSIONS};
    struct buf shown = {0};
    add_account(&first, "p", "bad", 3);
    add_account(&first, "q", "short", 1);
    add_account(&second, "p", "bad", 1);
    add_account(&second, "r", "long", 2);
    drops_join(&none, &first);
    drops_join(&first, &second);
    drops_show(&first, &shown);
    buf_byte(&shown, 0);
    tap_ok(
        !strcmp(shown.at,
                "dropped by p\tdropped 4 of 20 events (20.0 %): 4 in 2 sessions bad; with them 2 "
                "of 8 users; cut 2 sessions into 4\n"
                "dropped by q\tdropped 1 of 10 events (10.0 %): 1 in 1 session short; with them "
                "1 of 4 users, 2 of 5 items; cut 1 session into 2\n"
                "dropped by r\tdropped 2 of 10 events (20.0 %): 2 in 1 session long; with them 1 "
                "of 4 users; cut 1 session into 2\n"),
        "%s", shown.at);
    shown.len = 0;
    tap_ok(drops_show(&none, &shown) && shown.len, "the first part may have no account");
    shown.len = 0;
    add_account(&third, "p", "strange", 2);
    drops_join(&none, &third);
    drops_show(&none, &shown);
    buf_byte(&shown, 0);
    tap_ok(strstr(shown.at, "dropped 5 of 20 events (25.0 %): 3 in 1 session bad, 2 in 1 session "
                            "strange;") != NULL,
           "another reason: %s", shown.at);
    meta_set_int(&other, DROPS_KEY, 7);
    drops_join(&other, &first);
    int64_t seven = 0;
    struct err e = {0};
    tap_ok(!meta_get_int(&other, DROPS_KEY, &seven, &e) && seven == 7, "what is no list stays");
    buf_clear(&shown);
    drops_show(&second, &shown);
    size_t before = shown.len;
    drops_join(&second, &other);
    drops_show(&second, &shown);
    tap_ok(shown.len == 2 * before && !memcmp(shown.at, shown.at + before, before),
           "and adds nothing");
    struct meta *all[] = {&first, &second, &third, &none, &other};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        meta_release(all[i]);
    buf_release(&shown);
}

/* Of two chains of programs "a | b", a dropped nothing in the first, and nothing in the second. */
static void one_of_two(void)
{
    static const char no_options[] = "\x80";
    struct meta first = {.kind = STREAM_SESSIONS}, second = {.kind = STREAM_SESSIONS};
    struct meta *both[] = {&first, &second};
    struct buf shown = {0};
    for (int i = 0; i < 2; i++) {
        meta_add_program(both[i], "a", "1", (struct bytes){no_options, 1});
        meta_add_program(both[i], "b", "1", (struct bytes){no_options, 1});
        meta_set_int(both[i], "rows", 10);
    }
    add_account(&first, "b", "bad", 3);
    drops_join(&first, &second);
    drops_show(&first, &shown);
    buf_byte(&shown, 0);
    tap_ok(strstr(shown.at, "dropped by b\tdropped 3 of 20 events (15.0 %): 3 in 1 session bad") ==
               shown.at,
           "%s", shown.at);
    meta_release(&first);
    meta_release(&second);
    buf_release(&shown);
}

/* Whether the header's account, packed, is shown. */
static bool is_shown(struct bytes packed, struct buf *shown)
{
    struct meta m = {.kind = STREAM_SESSIONS};
    buf_clear(shown);
    meta_set(&m, DROPS_KEY, packed);
    bool is = drops_show(&m, shown);
    meta_release(&m);
    return is;
}

static void accounts(void)
{
    static const char good[] = "[[\"p\",{\"events\":[3,9],\"later\":[1],\"users\":[1,4],"
                               "\"items\":[0,5],\"by\":[[\"short\",3,2]]}]]";
    static const char *const others[] = {
        "{}",
        "[7]",
        "[[\"p\"]]",
        "[[1,{}]]",
        "[[\"p\",[]]]",
        "[[\"p\",{1:2}]]",
        "[[\"p\",{\"events\":7}]]",
        "[[\"p\",{\"events\":[1]}]]",
        "[[\"p\",{\"events\":[-1,2]}]]",
        "[[\"p\",{\"events\":[1,\"2\"]}]]",
        "[[\"p\",{\"by\":7}]]",
        "[[\"p\",{\"by\":[7]}]]",
        "[[\"p\",{\"by\":[[\"short\",3]]}]]",
        "[[\"p\",{\"by\":[[1,3,2]]}]]",
        "[[\"p\",{\"by\":[[\"short\",-3,2]]}]]",
        "[[\"p\",{\"by\":[[\"short\",3,-2]]}]]",
    };
    struct buf packed = {0}, shown = {0};
    notation_value(good, &packed);
    tap_ok(is_shown((struct bytes){packed.at, packed.len}, &shown), "a good account");
    buf_byte(&shown, 0);
    tap_ok(!strcmp(shown.at, "dropped by p\tdropped 3 of 9 events (33.3 %): 3 in 2 sessions short; "
                             "with them 1 of 4 users\n"),
           "without what it does not know: %s", shown.at);
    bool cut = false;
    for (size_t n = 1; n < packed.len; n++)
        cut = cut || is_shown((struct bytes){packed.at, n}, &shown) || shown.len;
    tap_ok(!cut, "cut off at any byte it is not shown, not even in part");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        buf_clear(&packed);
        notation_value(others[i], &packed);
        tap_ok(!is_shown((struct bytes){packed.at, packed.len}, &shown) && !shown.len,
               "no account: %s", others[i]);
    }
    buf_release(&packed);
    buf_release(&shown);
}

int main(void)
{
    accounts();
    texts();
    headers();
    joined();
    one_of_two();
    return tap_done();
}
