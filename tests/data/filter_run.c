/* A whole run of filters, from stream to stream: ids, attributes, extras, order of users. */
#include "data/filter_run.h"

#include "stream/attributes.h"
#include "../tap.h"
#include "made.h"

/* Runs the filter over the stream; what it wrote is opened in *result where it succeeded. */
static int refined(struct made *from, const char *filter, const char *value,
                   struct sessions_in **result, struct err *e)
{
    struct filter_chain chain = {0};
    struct filter_result report = {0};
    struct made to;
    for (const struct filter *f = filter_rows; f->name; f++)
        if (!strcmp(f->name, filter))
            must(filter_chain_add(&chain, f, value, e), e);
    struct sessions_in *in = made_again(from);
    made_open(&to);
    int status = filter_run(&chain, in, &to.out, (struct filter_begin){0}, 0, &report, e);
    sessions_in_close(in);
    filter_chain_release(&chain);
    drops_release(&report.drops);
    if (!status) {
        *result = made_again(&to);
        return 0;
    }
    frame_out_release(&to.out);
    fclose(to.file);
    return status;
}

static void session(struct frame_out *out, int user, enum part part, int64_t time, int32_t item,
                    const struct extra *extras, size_t count)
{
    struct err e;
    int64_t times[] = {time, time + 10, time + 20};
    int32_t items[] = {item, item + 1, item};
    struct session s = {user, part, 3, times, items, extras, count};
    must(write_session(out, &s, &e), &e);
}

/* Two users, four items of which the first user's first session alone has items 0 and 1. */
static void fill(struct frame_out *out)
{
    unsigned char dwell[] = {7, 8, 9};
    int64_t big[] = {1, INT64_MAX, 3};
    const struct extra extras[] = {
        {.key = bytes_of("dwell"), .type = COLUMN_U8, .column = {dwell, 3}},
        {.key = bytes_of("week"), .value = 17},
        {.key = bytes_of("big"), .type = COLUMN_I64, .column = {big, 3}},
    };
    struct err e;
    stream_names(out, 2, 4, &e);
    session(out, 0, PART_NONE, 100, 0, NULL, 0);
    session(out, 0, PART_NONE, 5000, 2, extras, 3);
    session(out, 1, PART_NONE, 200, 2, NULL, 0);
}

static bool extras_stand(const struct session *s, size_t events)
{
    if (s->extra_count != 3)
        return false;
    const struct extra *x = s->extras;
    return bytes_equal(x[0].key, bytes_of("dwell")) && x[0].type == COLUMN_U8 &&
           x[0].column.len == events && column_u8(x[0].column)[1] == 8 &&
           bytes_equal(x[1].key, bytes_of("week")) && !x[1].column.at && x[1].value == 17 &&
           x[2].type == COLUMN_I64 && x[2].column.len == events &&
           column_i64(x[2].column)[1] == INT64_MAX;
}

static void test_dropping(void)
{
    struct made from;
    struct err e = {0};
    struct sessions_in *in;
    struct sessions_record r;
    int users = 0, items = 0, sessions = 0, wrong = 0;
    made_open(&from);
    fill(&from.out);
    must(refined(&from, "last-sessions", "1", &in, &e), &e);
    while (sessions_in_next(in, &r, &e) == READ_RECORD)
        switch (r.kind) {
        case RECORD_USER:
            wrong += r.named.id != users++;
            if (r.named.id == 0)
                tap_ok(
                    bytes_equal(attributes_find(r.named.attributes, "country"), bytes_of("Norway")),
                    "attributes of a user");
            break;
        case RECORD_ITEM:
            wrong += !bytes_equal(r.named.name, bytes_of(items ? "i3" : "i2"));
            wrong += r.named.id != items++ || r.named.attributes.packed.len;
            break;
        default:
            if (sessions++ == 0)
                tap_ok(r.session.times[0] == 5000 && extras_stand(&r.session, 3), "extras");
            wrong += r.session.items[0] != 0 || r.session.items[1] != 1;
        }
    tap_ok(users == 2 && items == 2 && sessions == 2 && !wrong,
           "items that no session uses any longer are gone, ids count from 0");
    sessions_in_close(in);
}

static void test_cutting(void)
{
    struct made from;
    struct err e = {0};
    struct sessions_in *in;
    struct sessions_record r;
    int cut = 0;
    made_open(&from);
    fill(&from.out);
    must(refined(&from, "first", "4910", &in, &e), &e);
    while (sessions_in_next(in, &r, &e) == READ_RECORD)
        if (r.kind == RECORD_SESSION && r.session.times[0] == 5000)
            cut += r.session.count == 2 && extras_stand(&r.session, 2);
    tap_ok(cut == 1, "extras are cut with their session");
    sessions_in_close(in);
}

static void test_counts(void)
{
    static const char *const train[] = {"2", "1", "0", "0"};
    struct made from;
    struct err e = {0};
    struct sessions_in *in;
    struct sessions_record r;
    int right = 0;
    made_open(&from);
    fill(&from.out);
    must(refined(&from, "split", "user:0.5", &in, &e), &e);
    while (sessions_in_next(in, &r, &e) == READ_RECORD)
        if (r.kind == RECORD_ITEM)
            right += bytes_equal(attributes_find(r.named.attributes, "train"),
                                 bytes_of(train[r.named.id]));
    tap_ok(right == 4, "how often each item stands in the training part");
    sessions_in_close(in);
}

static void test_refused(void)
{
    struct made from;
    struct err e = {0};
    struct sessions_in *in;
    made_open(&from);
    fill(&from.out);
    session(&from.out, 0, PART_NONE, 9000, 0, NULL, 0);
    tap_ok(refined(&from, "min-sessions", "1", &in, &e) == STATUS_DATA &&
               strstr(e.text, "comes back"),
           "a user who comes back: %s", e.text);
    made_open(&from);
    fill(&from.out);
    session(&from.out, 1, PART_TEST, 9000, 0, NULL, 0);
    tap_ok(refined(&from, "min-sessions", "1", &in, &e) == STATUS_DATA &&
               strstr(e.text, "others are not"),
           "a session of a part among others of none: %s", e.text);
}

static void test_attributes(void)
{
    struct buf packed = {0};
    struct attributes none = {{NULL, 0}};
    attributes_set(&packed, none, "train", "1");
    struct attributes a = {{packed.at, packed.len}};
    tap_ok(bytes_equal(attributes_find(a, "train"), bytes_of("1")), "a first attribute");
    struct buf again = {0};
    attributes_set(&again,
                   (struct attributes){bytes_of("\x82\xa1"
                                                "a\xa1"
                                                "b\xa5train\xa1"
                                                "9")},
                   "train", "12");
    a.packed = (struct bytes){again.at, again.len};
    tap_ok(bytes_equal(attributes_find(a, "train"), bytes_of("12")) &&
               bytes_equal(attributes_find(a, "a"), bytes_of("b")) && again.at[0] == '\x82',
           "one that is replaced beside one that stays");
    buf_release(&packed);
    buf_release(&again);
}

int main(void)
{
    test_dropping();
    test_cutting();
    test_counts();
    test_refused();
    test_attributes();
    return tap_done();
}
