/* Streams to lines of JSON and back: the same bytes; lines that are none are refused. */
#include "stream/from_json.h"
#include "stream/json.h"
#include "stream/to_json.h"

#include "base/random.h"

#include "../streams.h"
#include "../tap.h"

static int keep_text(void *to, struct buf *text, struct err *e)
{
    (void)e;
    buf_append(to, text->at, text->len);
    buf_clear(text);
    return 0;
}

static void lines_of(const struct buf *stream, struct buf *lines)
{
    const char *path = stream_file(stream->at, stream->len);
    struct frame_in *in;
    struct buf text = {0};
    struct err e;
    must(frame_in_open(&in, &path, 1, -1, true, &e), &e);
    must(to_json_lines(in, UINT64_MAX, &text, keep_text, lines, &e), &e);
    frame_in_close(in);
    buf_release(&text);
}

static int build(const void *lines, size_t n, struct buf *stream, struct err *e)
{
    const char *path = stream_file(lines, n);
    FILE *file = stream_temporary();
    struct output_file sink = {.fd = fileno(file)};
    struct from_json b = {.sink = &sink};
    int status = from_json_inputs(&b, &path, 1, e);
    from_json_release(&b);
    stream_bytes(file, stream);
    return status;
}

/* Whether the stream comes back as it is; `lines` keeps its lines. */
static int comes_back(const struct buf *stream, struct buf *lines)
{
    struct buf again = {0};
    struct err e = {0};
    lines_of(stream, lines);
    int status = build(lines->at, lines->len, &again, &e);
    if (status)
        printf("# %s\n", e.text);
    int same = !status && bytes_equal((struct bytes){stream->at, stream->len},
                                      (struct bytes){again.at, again.len});
    buf_release(&again);
    return same;
}

static void samples(void)
{
    for (int sample = 0; sample < SAMPLE_COUNT; sample++)
        for (int parts = 1; parts <= (sample % 2 ? 1 : 3); parts++)
            for (int flush = 0; flush < 2; flush++) {
                struct buf stream = {0}, lines = {0};
                for (int i = 0; i < parts; i++)
                    stream_make(sample, (flush + i) % 2, &stream);
                tap_ok(comes_back(&stream, &lines), "%s, %d parts, flush %d", sample_name[sample],
                       parts, flush);
                buf_release(&stream);
                buf_release(&lines);
            }
}

/* ---- streams of anything that may stand in one ---- */

static void random_text(struct random *r, struct buf *to, size_t most)
{
    static const char *const pieces[] = {
        "a", "\"",           "\\",   "\n",           "\xff",     "\xc3", "\xc3\xa9",        "\x7f",
        "/", "\xe2\x82\xac", "\x01", "\xed\xa0\x80", "\xc2\x9b", "ext",  "\xf0\x9f\x8e\xb5"};
    enum { COUNT = sizeof pieces / sizeof *pieces };
    buf_clear(to);
    buf_reserve(to, 1);
    for (size_t n = random_below(r, (uint32_t)most); n > 0; n--) {
        uint32_t which = random_below(r, COUNT + 1);
        if (which == COUNT)
            buf_byte(to, 0);
        else
            buf_text(to, pieces[which]);
    }
}

static void pack_random_text(struct random *r, msgpack_packer *pk)
{
    struct buf text = {0};
    random_text(r, &text, 12);
    pack_text(pk, (struct bytes){text.at, text.len});
    buf_release(&text);
}

static double random_double(struct random *r)
{
    static const double some[] = {0, -0.0, 1, -17, 0.1, 1e300, 5e-324, 1e15, 123456789012345678.0};
    uint32_t which = random_below(r, 12);
    return which < 9 ? some[which] : (double)random_u32(r) / (random_below(r, 1000) + 1);
}

static int64_t random_integer(struct random *r)
{
    uint64_t bits = (uint64_t)random_u32(r) << 32 | random_u32(r);
    return (int64_t)(bits >> random_below(r, 64)) * (random_below(r, 2) ? 1 : -1);
}

static void pack_random_array(struct random *r, msgpack_packer *pk, enum column_type type, size_t n)
{
    int64_t at[40];
    for (size_t i = 0; i < n; i++) {
        float f = (float)random_double(r);
        int64_t v = random_integer(r);
        int32_t v32 = (int32_t)v;
        if (f > 1e38f) /* infinite */
            f = 3.4028235e38f;
        if (type == COLUMN_F32)
            memcpy((char *)at + 4 * i, &f, 4);
        else if (type == COLUMN_I32)
            memcpy((char *)at + 4 * i, &v32, 4);
        else if (type == COLUMN_I64)
            at[i] = v;
        else
            ((unsigned char *)at)[i] = (unsigned char)v;
    }
    pack_array(pk, type, at, n);
}

static void pack_random(struct random *r, msgpack_packer *pk, int depth)
{
    uint32_t n = random_below(r, 4);
    struct buf text = {0};
    switch (random_below(r, depth ? 10 : 8)) {
    case 0:
        msgpack_pack_int64(pk, random_integer(r));
        break;
    case 1:
        msgpack_pack_uint64(pk, UINT64_MAX - random_u32(r));
        break;
    case 2:
        msgpack_pack_double(pk, random_double(r));
        break;
    case 3:
        random_below(r, 2) ? msgpack_pack_nil(pk) : msgpack_pack_true(pk);
        break;
    case 4:
        pack_random_text(r, pk);
        break;
    case 5:
        pack_random_array(r, pk, 1 + random_below(r, 4), random_below(r, 40));
        break;
    case 6:
        random_text(r, &text, 30);
        msgpack_pack_bin(pk, text.len);
        msgpack_pack_bin_body(pk, text.at, text.len);
        break;
    case 7:
        random_text(r, &text, 30);
        msgpack_pack_ext(pk, text.len, random_below(r, 2) ? -7 : 99);
        msgpack_pack_ext_body(pk, text.at, text.len);
        break;
    case 8:
        msgpack_pack_array(pk, n);
        while (n-- > 0)
            pack_random(r, pk, depth - 1);
        break;
    default:
        msgpack_pack_map(pk, n);
        while (n-- > 0) {
            pack_random_text(r, pk);
            pack_random(r, pk, depth - 1);
        }
    }
    buf_release(&text);
}

static void random_session(struct random *r, struct frame_out *out, struct err *e)
{
    msgpack_packer *pk = frame_out_record(out);
    size_t n = 1 + random_below(r, 30);
    uint32_t extras = random_below(r, 5);
    msgpack_pack_array(pk, extras ? 6 : 5);
    pack_text(pk, bytes_of("session"));
    msgpack_pack_int(pk, (int)random_below(r, 300));
    msgpack_pack_int(pk, (int)random_below(r, 4));
    pack_random_array(r, pk, COLUMN_I64, n);
    pack_random_array(r, pk, COLUMN_I32, n);
    if (extras)
        msgpack_pack_map(pk, extras);
    while (extras-- > 0) {
        pack_random_text(r, pk);
        if (random_below(r, 3))
            pack_random_array(r, pk, 1 + random_below(r, 4), random_below(r, 8) ? n : 0);
        else
            msgpack_pack_int64(pk, random_integer(r));
    }
    must(frame_out_commit(out, e), e);
}

static void random_records(struct frame_out *out, const void *context, struct err *e)
{
    struct random *r = (struct random *)context;
    struct buf name = {0};
    for (uint32_t n = random_below(r, random_below(r, 4) ? 40 : 4000); n > 0; n--) {
        msgpack_packer *pk;
        switch (random_below(r, 5)) {
        case 0:
            random_text(r, &name, random_below(r, 50) ? 20 : 20000);
            must(write_user(out, (int32_t)random_below(r, 70000), (struct bytes){name.at, name.len},
                            (struct attributes){{"\x81\xa3"
                                                 "ext\xa1x",
                                                 7}},
                            e),
                 e);
            break;
        case 1:
            pk = frame_out_record(out);
            msgpack_pack_array(pk, 3);
            pack_text(pk, bytes_of("later"));
            pack_random(r, pk, 6);
            pack_random(r, pk, 6);
            must(frame_out_commit(out, e), e);
            break;
        case 2:
            must(write_pass(out, &(struct pass){{1, PART_TEST}, random_double(r), 1, 0}, e), e);
            break;
        default:
            random_session(r, out, e);
        }
        if (random_below(r, 4) == 0)
            must(frame_out_pause(out, e), e);
    }
    buf_release(&name);
}

/* Of a kind whose ids stay as they are. */
static void random_streams(void)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct random r = random_of(seed, 4);
        struct buf stream = {0}, lines = {0};
        for (uint64_t parts = 1 + seed % 3; parts > 0; parts--)
            stream_of(STREAM_PREDICTIONS, random_below(&r, 2), random_records, &r, &stream);
        tap_ok(comes_back(&stream, &lines), "random stream %d: %zu bytes", (int)seed, stream.len);
        buf_release(&stream);
        buf_release(&lines);
    }
}

/* ---- errors ---- */

#define HEADER                                                                                     \
    "[\"SESSPIPE\\r\\n\",2,{\"kind\":\"sessions\",\"minor\":0,\"pipeline\":[],\"delta_edges\":[1]" \
    "}]\n"
#define OTHER "[\"SESSPIPE\\r\\n\",2,{\"kind\":\"batches\",\"minor\":0,\"pipeline\":[]}]\n"

#define SIXTY "123456789012345678901234567890123456789012345678901234567890"

static void refusals(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {HEADER "[\"E\"]\n", NULL},
        {HEADER "[\"E\",0,0,0]", NULL},
        {HEADER " [ \"later\" , 1 , [ ] , { } , -0.5e+3 ] \r\n[\"B\"]\n[\"E\"]", NULL},
        {HEADER "[\"E\"]\n" HEADER "[\"E\"]\n", NULL},
        {"", ": no line: a stream begins with a header"},
        {HEADER, "input ended early after 0 records: no [\"E\"] ends the part"},
        {HEADER "[\"user\",0,\"a\"]\n", "input ended early after 1 records"},
        {"[\"user\",0,\"a\"]\n", "line 1: character 8: expected a header"},
        {HEADER "\n[\"E\"]\n", "line 2: character 1: expected \"[\": each line is a list"},
        {HEADER "[]\n", "line 2: character 2: expected a string, the tag"},
        {HEADER "[7]\n", "line 2: character 2: expected a string, the tag"},
        {HEADER "{\"E\":1}\n", "line 2: character 1: expected \"[\""},
        {HEADER "[\"user\",0,\"a\"\n", "line 2: character 14: expected \",\" or \"]\""},
        {HEADER "[\"user\",0,\"a\"] x\n", "line 2: character 16: expected the end of the line"},
        {HEADER "[\"user\",0,\"a]\n", "line 2: character 11: expected a value"},
        {HEADER "[\"user\",0,\"\\x\"]\n", "expected a value"},
        {HEADER "[\"user\",0,\"\\ud83d\"]\n", "expected a value"},
        {HEADER "[\"user\",0,\"\xff\"]\n", "line 2: character 12: not UTF-8"},
        {HEADER "[\"later\",01]\n", "line 2: character 11: expected \",\" or \"]\""},
        {HEADER "[\"later\",1.]\n", "line 2: character 10: expected a value"},
        {HEADER "[\"later\",.5]\n", "expected a value"},
        {HEADER "[\"later\",+1]\n", "expected a value"},
        {HEADER "[\"later\",1e]\n", "expected a value"},
        {HEADER "[\"later\",1e999]\n", "character 10: expected a number that is not so large"},
        {HEADER "[\"later\",18446744073709551616]\n", "expected a number that is not so large"},
        {HEADER "[\"later\",-9223372036854775809]\n", "expected a number that is not so large"},
        {HEADER "[\"later\",99999999999999999999]\n", "expected a number that is not so large"},
        {HEADER "[\"later\",999999999999999999999999]\n", "expected a number that is not so large"},
        {HEADER "[\"later\",18446744073709551615,-9223372036854775808]\n[\"E\"]\n", NULL},
        {HEADER "[\"later\",{\"ext\":\"bin\",\"bytes\":\"AA\"}]\n[\"E\"]\n", NULL},
        {HEADER "[\"later\",{\"ext\":\"other\",\"bytes\":\"AA\"}]\n",
         "expected \"bin\" or the type"},
        {HEADER "[\"later\",{\"ext\":1e99,\"bytes\":\"AA\"}]\n", "expected \"bin\" or the type"},
        {HEADER "[\"later\",{\"ext\":-129,\"bytes\":\"AA\"}]\n", "expected \"bin\" or the type"},
        {HEADER "[\"later\",{\"ext\":\"bin\",\"values\":[1]}]\n", "expected \"bytes\" after an"},
        {HEADER "[\"later\",{\"ext\":0,\"values\":[1]}]\n", "expected \"bytes\" after an"},
        {HEADER "[\"later\",{\"ext\":1,\"values\":7}]\n", "expected \"[\", a list of numbers"},
        {HEADER "[\"later\",{\"ext\":1,\"bytes\":7}]\n", "expected"},
        {HEADER "[\"later\",{\"ext\":[1]}]\n[\"E\"]\n", NULL},
        {HEADER "[\"later\",{\"ext\":1}]\n[\"E\"]\n", NULL},
        {HEADER "[\"later\",{\"ext\":1,7:1}]\n", "expected a string, the key"},
        {HEADER "[\"later\",{\"ext\":1,\"values\"}]\n", "expected \":\" after the key"},
        {HEADER "[\"session\",0,1,[9223372036854775808],[1]]\n", "expected an int64"},
        {HEADER "[\"session\",0,1,[1],[-2147483649]]\n", "expected an int32"},
        {HEADER "[\"later\",{\"ext\":4,\"values\":[-1]}]\n", "expected a number from 0 to 255"},
        {HEADER "[\"E\",0 0,0]\n", "expected \",\""},
        {HEADER "[\"E\" 0,0,0]\n", "expected"},
        {"[\"SESSPIPE\\r\\n\" 2,{}]\n", "expected \",\""},
        {HEADER "[\"user\",1,\"a\"]\n[\"user\",1,\"b\"]\n",
         "user 1 comes after user 1: ids have to ascend"},
        {HEADER "[\"item\",1,\"a\"]\n[\"item\",0,\"b\"]\n",
         "item 0 comes after item 1: ids have to ascend"},
        {HEADER "[\"E\",0,\"0\",0]\n", "expected a count"},
        {"[\"SESSPIPE\\r\\n\"]\n", "expected \",\""},
        {"[\"SESSPIPE\\r\\n\",\"2\",{}]\n", "expected the major version"},
        {HEADER "[\"later\",nul]\n", "expected a value"},
        {HEADER "[\"later\",[1,]]\n", "expected a value"},
        {HEADER "[\"later\",[1 2]]\n", "expected \",\" or \"]\""},
        {HEADER "[\"later\",{1:2}]\n", "expected a string, the key"},
        {HEADER "[\"later\",{\"a\" 2}]\n", "expected \":\" after the key"},
        {HEADER "[\"later\",{\"a\":2]\n", "expected \",\" or \"}\""},
        {HEADER "[\"later\",[[[[[[[[1]]]]]]]]]\n", "nested more than 8 deep"},
        {HEADER "[\"later\",[[[[[[[1]]]]]]]]\n[\"E\"]\n", NULL},
        {HEADER "[\"later\",{\"ext\":5,\"values\":[1]}]\n", "expected \"bytes\" after an \"ext\""},
        {HEADER "[\"later\",{\"ext\":500,\"bytes\":\"\"}]\n", "the type of an ext value"},
        {HEADER "[\"later\",{\"ext\":1,\"values\":[1],\"a\":1}]\n", "expected \"}\" after the ext"},
        {HEADER "[\"later\",{\"ext\":4,\"values\":[256]}]\n", "expected a number from 0 to 255"},
        {HEADER "[\"later\",{\"ext\":1,\"b\":[1]}]\n[\"E\"]\n", NULL},
        {HEADER "[\"session\",0,1,[1,2.5],[1,2]]\n", "character 19: expected an int64"},
        {HEADER "[\"session\",0,1,[1,2],[1,2147483648]]\n", "expected an int32"},
        {HEADER "[\"session\",0,1,[1,null],[1,2]]\n", "character 19: expected a number"},
        {HEADER "[\"session\",0,1,[1,2,[1,2]]\n", "expected a number"},
        {HEADER "[\"rank\",{\"loss\":[1e39]}]\n", "expected a float32"},
        {HEADER "[\"rank\",{\"loss\":[0." SIXTY SIXTY SIXTY "]}]\n", "expected a float32"},
        {HEADER "[\"batch\",[0,1.5]]\n", "character 13: expected an int32"},
        {HEADER "[\"batch\",[0,\"1\"],0]\n", "character 13: expected a number"},
        {HEADER "[\"parallel\",[0,2147483648],[0]]\n", "character 16: expected an int32"},
        {HEADER "[\"parallel\",[0],[0,2147483648]]\n", "character 20: expected an int32"},
        {OTHER "[\"E\",1,0,0]\n", "the end counts 1 blocks, 0 records, 0 bytes, but there are 0"},
        {OTHER "[\"later\",1]\n[\"E\",1,2,16]\n",
         "1 blocks, 2 records, 16 bytes, but there are 1, 1"},
        {HEADER "[\"later\",1]\n[\"E\",1,0,0]\n",
         "1 blocks, 0 records, 0 bytes, but there are 1, 1"},
        {HEADER "[\"later\",1]\n[\"E\",1,1,99]\n", NULL},
        {HEADER "[\"later\",1]\n[\"E\",7,3,99]\n", NULL},
        {HEADER "[\"E\",0,0]\n", "expected \",\""},
        {HEADER HEADER, "line 2: character 16: expected [\"E\"], the end of the part, before"},
        {HEADER "[\"E\"]\n[\"E\"]\n", "line 3: character 5: expected a header"},
        {HEADER "[\"E\"]\n" OTHER, "batches after sessions: all parts have to be of one kind"},
        {OTHER "[\"E\"]\n" OTHER, "batches come alone"},
        {"[\"SESSPIPE\\r\\n\",2,{\"kind\":\"other\"}]\n", "kind is not"},
        {"[\"SESSPIPE\\r\\n\",2,[]]\n", "header: not a map"},
        {"\x93\xaaSESSPIPE\r\n", "line 1: a stream, where its lines of JSON are expected"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf stream = {0};
        struct err e = {0};
        int status = build(cases[i].text, strlen(cases[i].text), &stream, &e);
        bool good = cases[i].expected ? status == STATUS_DATA && strstr(e.text, cases[i].expected)
                                      : !status;
        tap_ok(good, "case %zu: %s", i, cases[i].expected ? cases[i].expected : "accepted");
        if (!good)
            printf("# status %d: %s\n", status, e.text);
        buf_release(&stream);
    }
    struct buf stream = {0};
    struct err e;
    static const char later[] = "[\"SESSPIPE\\r\\n\",3,{}]\n";
    tap_ok(build(later, strlen(later), &stream, &e) == STATUS_VERSION, "another version: 76");
    buf_release(&stream);
}

/* Lines with bytes changed are refused, or are lines of another stream, which comes back. */
static void mutations(void)
{
    for (int sample = 0; sample < SAMPLE_COUNT; sample++) {
        struct random r = random_of((uint64_t)sample, 5);
        struct buf stream = {0}, lines = {0};
        int refused = 0, good = 1;
        stream_make(sample, true, &stream);
        lines_of(&stream, &lines);
        for (int i = 0; i < 1500; i++) {
            struct buf changed = {0}, built = {0}, again = {0};
            struct err e = {0};
            buf_append(&changed, lines.at, lines.len);
            for (uint32_t n = 1 + random_below(&r, 3); n > 0; n--)
                changed.at[random_below(&r, (uint32_t)changed.len)] =
                    "[]{},:\"\\0129.eE-ntu x\n\xff"[random_below(&r, 22)];
            if (i % 10 == 0)
                changed.len = random_below(&r, (uint32_t)changed.len);
            int status = build(changed.at, changed.len, &built, &e);
            refused += status != 0;
            good &= status ? (status == STATUS_DATA || status == STATUS_VERSION) &&
                                 strstr(e.text, "/dev/fd/") == e.text
                           : comes_back(&built, &again);
            buf_release(&changed);
            buf_release(&built);
            buf_release(&again);
        }
        tap_ok(good && refused > 700 && refused < 1500, "lines of %s changed: %d of 1500 refused",
               sample_name[sample], refused);
        buf_release(&stream);
        buf_release(&lines);
    }
}

/* Records of almost 8 MiB: a block that ends early because the next record does not fit is no
 * pause. */
static void large_records(struct frame_out *out, const void *context, struct err *e)
{
    static const size_t sizes[] = {60000, BLOCK_LIMIT - 60, 1};
    char *bytes = mem_zero(1, BLOCK_LIMIT);
    (void)context;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        msgpack_packer *pk = frame_out_record(out);
        msgpack_pack_array(pk, 2);
        pack_text(pk, bytes_of("z"));
        pack_text(pk, (struct bytes){memset(bytes, 'x', sizes[i]), sizes[i]});
        must(frame_out_commit(out, e), e);
    }
    mem_free(bytes);
}

static void large(void)
{
    struct buf stream = {0}, lines = {0};
    stream_of(STREAM_PREDICTIONS, false, large_records, NULL, &stream);
    tap_ok(comes_back(&stream, &lines) && lines.len > BLOCK_LIMIT,
           "blocks that a record ends early");
    buf_release(&stream);
    buf_release(&lines);
}

static int refuse_text(void *to, struct buf *text, struct err *e)
{
    (void)to;
    buf_clear(text);
    return err_set(e, STATUS_IO, "full");
}

/* What is shown has nowhere to go: of a whole stream, and of one whose error was told first. */
static void nowhere(void)
{
    struct buf stream = {0}, text = {0};
    stream_make(STREAM_SESSIONS, true, &stream);
    for (int cut = 0; cut < 2; cut++) {
        const char *path = stream_file(stream.at, stream.len - (cut ? 8 : 0));
        struct frame_in *in;
        struct err e = {0};
        must(frame_in_open(&in, &path, 1, -1, true, &e), &e);
        int status = to_json_lines(in, UINT64_MAX, &text, refuse_text, NULL, &e);
        tap_ok(cut ? status == STATUS_DATA && strstr(e.text, "input ended early")
                   : status == STATUS_IO && !strcmp(e.text, "full"),
               "nowhere to write %s: %s", cut ? "what is cut" : "what is whole", e.text);
        frame_in_close(in);
    }
    buf_release(&stream);
    buf_release(&text);
}

/* A record in the notation as a line, exact; and a value, short. */
static void forms(void)
{
    static const struct {
        const char *record, *line;
    } cases[] = {
        {"7", "7\n"},
        {"[]", "[]\n"},
        {"[7]", "[7]\n"},
        {"[\"pass\",1,3,{7:1,\"loss\":2}]", "[\"pass\",1,3,{\"7\":1,\"loss\":2}]\n"},
        {"[\"SESSPIPE\r\n\",{\"delta_edges\":l[1]},{\"dwell_edges\":l[1],\"a\":l[1]}]",
         "[\"SESSPIPE\\r\\n\",{\"delta_edges\":{\"ext\":2,\"values\":[1]}},"
         "{\"dwell_edges\":[1],\"a\":{\"ext\":2,\"values\":[1]}}]\n"},
    };
    static const struct {
        const char *value, *text;
    } shorts[] = {
        {"i[1,2,3,4]", "[1,2,3,4]"},
        {"i[1,2,3,4,5]", "[1,2,3,...,5]"},
        {"u[1,2,3,4,250]", "[1,2,3,...,250]"},
        {"[1,2,3,4,5]", "[1,2,3,4,5]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf packed = {0}, line = {0};
        notation_value(cases[i].record, &packed);
        to_json_record(&line, (struct bytes){packed.at, packed.len});
        tap_ok(bytes_equal((struct bytes){line.at, line.len}, bytes_of(cases[i].line)), "%s: %.*s",
               cases[i].record, (int)line.len - 1, line.at);
        buf_release(&packed);
        buf_release(&line);
    }
    for (size_t i = 0; i < sizeof shorts / sizeof *shorts; i++) {
        struct buf packed = {0}, text = {0};
        notation_value(shorts[i].value, &packed);
        struct cursor c = cursor_of((struct bytes){packed.at, packed.len});
        tap_ok(json_packed_short(&text, &c, 4) &&
                   bytes_equal((struct bytes){text.at, text.len}, bytes_of(shorts[i].text)),
               "%s, short: %.*s", shorts[i].value, (int)text.len, text.at);
        buf_release(&packed);
        buf_release(&text);
    }
}

int main(void)
{
    large();
    nowhere();
    forms();
    samples();
    random_streams();
    refusals();
    mutations();
    return tap_done();
}
