/* Streams one after another: sessions are joined by names, runs of predictions stay apart. */
#include "../streams.h"
#include "../tap.h"

static void append_part(struct buf *s, enum stream_kind kind, const char *text)
{
    struct buf part = {0};
    stream_of(kind, false, notated_records, text, &part);
    buf_append(s, part.at, part.len);
    buf_release(&part);
}

/* What sessions_in gives, one word a record: u0=a i1=x s0:1,2 */
static void tell(const struct sessions_record *r, struct buf *to)
{
    if (r->kind == RECORD_SESSION) {
        buf_format(to, "s%d:", r->session.user);
        for (size_t i = 0; i < r->session.count; i++)
            buf_format(to, i ? ",%d" : "%d", r->session.items[i]);
    } else {
        buf_format(to, "%c%d=%.*s", r->kind == RECORD_USER ? 'u' : 'i', r->named.id,
                   (int)r->named.name.len, r->named.name.at);
    }
    buf_byte(to, ' ');
}

#define FIRST                                                                                      \
    "[\"user\",0,\"a\"] [\"item\",0,\"x\"] [\"item\",1,\"y\"] [\"session\",0,0,l[1,2,3],i[0,1,0]]"
#define SECOND                                                                                     \
    "[\"user\",0,\"b\"] [\"item\",0,\"z\"] [\"item\",1,\"x\"] [\"item\",2,\"y\"] "                 \
    "[\"session\",0,0,l[1,2,3],i[0,1,2]] [\"session\",0,0,l[1],i[1]]"

static void joined(void)
{
    struct buf s = {0}, told = {0};
    struct err e = {0};
    struct sessions_in *in;
    struct sessions_record r;
    append_part(&s, STREAM_SESSIONS, FIRST);
    append_part(&s, STREAM_SESSIONS, "");
    append_part(&s, STREAM_SESSIONS, SECOND);
    const char *path = stream_file(s.at, s.len);
    must(sessions_in_open(&in, &path, 1, &e), &e);
    while (sessions_in_next(in, &r, &e) == READ_RECORD)
        tell(&r, &told);
    must(e.status, &e);
    buf_byte(&told, 0);
    tap_ok(!strcmp(told.at, "u0=a i0=x i1=y s0:0,1,0 u1=b i2=z s1:2,0,1 s1:0 "),
           "ids of the whole input, items joined by name: %s", told.at);
    tap_ok(names_count(sessions_in_users(in)) == 2 && names_count(sessions_in_items(in)) == 3 &&
               names_find(sessions_in_items(in), bytes_of("z")) == 2,
           "the dictionaries hold the whole input");
    sessions_in_close(in);
    buf_release(&s);
    buf_release(&told);
}

static void refused(const char *second, const char *expected)
{
    struct buf s = {0};
    struct err e;
    append_part(&s, STREAM_SESSIONS, FIRST);
    append_part(&s, STREAM_SESSIONS, second);
    tap_ok(stream_check(s.at, s.len, &e) == STATUS_DATA && strstr(e.text, expected), "%s: %s",
           expected, e.text);
    buf_release(&s);
}

/* Another choice of the header's than the first part's. */
static void other_header(const char *key)
{
    struct buf s = {0};
    struct err e = {0};
    struct meta m;
    FILE *file = stream_temporary();
    struct output_file sink = {.fd = fileno(file)};
    struct frame_out out;
    append_part(&s, STREAM_SESSIONS, FIRST);
    stream_meta(&m, STREAM_SESSIONS);
    if (!strcmp(key, "delta_edges"))
        meta_set_i64s(&m, key, (int64_t[]){3600, 7200, 10801}, 3);
    else
        meta_set_int(&m, key, 3600);
    must(frame_out_open(&out, &sink, &m, false, &e), &e);
    must(frame_out_end(&out, &e), &e);
    frame_out_release(&out);
    meta_release(&m);
    stream_bytes(file, &s);
    tap_ok(stream_check(s.at, s.len, &e) == STATUS_DATA &&
               strstr(e.text, "differs from the first") && strstr(e.text, key),
           "another %s: %s", key, e.text);
    buf_release(&s);
}

/* Two files, or one with two parts: the same. */
static void several_inputs(void)
{
    struct buf s = {0};
    struct err e = {0};
    struct predictions_in *in;
    struct predictions_record r;
    int headers = 0, records = 0;
    stream_make(STREAM_PREDICTIONS, false, &s);
    const char *path = stream_file(s.at, s.len);
    const char *const paths[] = {path, path, path};
    must(predictions_in_open(&in, paths, 3, &e), &e);
    for (enum read_result result; (result = predictions_in_next(in, &r, &e)) > READ_END;) {
        headers += result == READ_HEADER;
        records += result == READ_RECORD;
    }
    must(e.status, &e);
    tap_ok(headers == 2 && records == 3 * 14 && names_count(predictions_in_items(in)) == 3,
           "three files of predictions are three runs, with ids of their own");
    predictions_in_close(in);
    const char *const gone[] = {path, "no-such-file"};
    tap_ok(predictions_in_open(&in, gone, 2, &e) == STATUS_NOINPUT && !in,
           "a second file that is not there is told before the first is read");
    buf_release(&s);
}

int main(void)
{
    joined();
    refused(FIRST, "user \"a\" was defined before");
    refused("[\"user\",0,\"b\"] [\"item\",0,\"x\"] [\"item\",1,\"x\"]",
            "item \"x\" is defined twice");
    refused("[\"user\",0,\"b\"] [\"session\",0,0,l[1],i[0]]", "but 0 items are defined so far");
    refused("[\"user\",0,\"b\"]", "1 users are defined that no session");
    refused("[\"session\",0,0,l[5],i[0]]", "the session's user is not the id of one of the 0");
    other_header("delta_edges");
    other_header("week_shift");
    several_inputs();
    return tap_done();
}
