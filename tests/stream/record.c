/* The rules of records, each by a stream that breaks it behind hashes that are right. */
#include "../streams.h"
#include "../tap.h"

/* `expected`: a piece of the message; NULL: the stream is good. */
static void check_read(const struct buf *s, const char *name, const char *text,
                       const char *expected)
{
    struct err e;
    int status = stream_check(s->at, s->len, &e);
    bool good = expected ? status == STATUS_DATA && strstr(e.text, expected) : !status;
    tap_ok(good, "%s: %s", name, expected ? expected : "accepted");
    if (!good)
        printf("# %s\n# status %d: %s\n", text, status, e.text);
}

static void check(int sample, const char *text, const char *expected)
{
    struct buf s = {0};
    stream_of(sample, false, notated_records, text, &s);
    check_read(&s, sample_name[sample], text, expected);
    buf_release(&s);
}

#define NAMES "[\"user\",0,\"a\"] [\"user\",1,\"b\"] [\"item\",0,\"x\"] [\"item\",1,\"y\"] "
#define USED  "[\"session\",0,0,l[1],i[0]] [\"session\",1,0,l[1],i[1]] "

static void sessions(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", NULL},
        {NAMES USED, NULL},
        {NAMES USED "[\"later\",{1:2},f[nan]]", NULL},
        {NAMES USED "[\"Later\",1]", "record 6: the tag \"Later\" is unknown"},
        {NAMES USED "[\"\",1]", "the tag \"\" is unknown"},
        {NAMES USED "{\"session\":0}", "not a list that begins with a tag"},
        {NAMES USED "[]", "not a list that begins with a tag"},
        {NAMES USED "[7]", "not a list that begins with a tag"},
        {NAMES USED "7", "not a list that begins with a tag"},
        {NAMES, "2 users are defined that no session"},
        {NAMES "[\"session\",0,0,l[1],i[0]] [\"session\",1,0,l[1],i[0]]",
         "1 items are defined that"},
        {"[\"user\",1,\"a\"]", "user 1 where 0 comes next"},
        {"[\"user\",-1,\"a\"]", "the id of this user is not a number from 0"},
        {"[\"user\",\"0\",\"a\"]", "the id of this user is not a number from 0"},
        {"[\"user\",0]", "\"user\" with 2 elements, expected 3 to 4"},
        {"[\"user\",0,\"a\",{},1]", "\"user\" with 5 elements, expected 3 to 4"},
        {"[\"user\",0,7]", "the name of user 0 is not a string"},
        {"[\"user\",0,\"a\",{\"b\":1}]", "attributes are not a map of strings"},
        {"[\"user\",0,\"a\",{1:\"b\"}]", "attributes are not a map of strings"},
        {"[\"user\",0,\"a\",[]]", "attributes are not a map of strings"},
        {"[\"user\",0,\"a\",x\"81a162\"]", "cut, or nested"},
        {"[\"user\",0,\"a\",{\"b\":\"c\",\"d\":[1]}]", "attributes are not a map of strings"},
        {"[\"user\",0,\"a\x01\x7f\"] [\"user\",1,\"a\x01\x7f\"]",
         "user \"a??\" was defined before"},
        {NAMES "[\"user\",2,\"a\"]", "user \"a\" was defined before"},
        {NAMES "[\"item\",2,\"x\"]", "item \"x\" is defined twice"},
        {NAMES "[\"item\",3,\"z\"]", "item 3 where 2 comes next"},
        {NAMES "[\"session\",2,0,l[1],i[0]]", "the session's user is not the id of one of the 2"},
        {NAMES "[\"session\",-1,0,l[1],i[0]]", "the session's user is not the id of one of the 2"},
        {NAMES "[\"session\",0,4,l[1],i[0]]", "the session's part is not 0, 1, 2 or 3"},
        {NAMES "[\"session\",0,-1,l[1],i[0]]", "the session's part is not 0, 1, 2 or 3"},
        {NAMES "[\"session\",0,0,l[1],i[2]]", "items[0] is 2, but 2 items are defined so far"},
        {NAMES "[\"session\",0,0,l[1],i[-1]]", "items[0] is -1, but 2 items"},
        {NAMES "[\"session\",0,0,l[1,2],i[0]]", "2 times and 1 items"},
        {NAMES "[\"session\",0,0,l[],i[]]",
         "0 times and 0 items, expected equally many, 1 at least"},
        {NAMES "[\"session\",0,0,[1],i[0]]", "\"times\" is not an array of int64 (ext 2)"},
        {NAMES "[\"session\",0,0,i[1],i[0]]", "\"times\" is not an array of int64 (ext 2)"},
        {NAMES "[\"session\",0,0,l[1],l[0]]", "\"items\" is not an array of int32 (ext 1)"},
        {NAMES "[\"session\",0,0,x\"c70402ffffffff\",i[0]]",
         "4 bytes are no whole number of int64"},
        {NAMES "[\"session\",0,0,l[3,1,2],i[0,0,0]]", "times[1] is 1, less than the 3 before it"},
        {NAMES "[\"session\",0,0,l[1,3,2],i[0,0,0]]", "times[2] is 2, less than the 3 before it"},
        {NAMES "[\"session\",0,0,l[-1,2],i[0,0]]", "\"times\"[0] is -1, expected 0 to 68719476735"},
        {NAMES "[\"session\",0,0,l[1,68719476736],i[0,0]]",
         "\"times\"[1] is 68719476736, expected"},
        {NAMES "[\"session\",0,0,l[0,68719476735],i[0,1]] [\"session\",1,0,l[1],i[0]]", NULL},
        {NAMES
         "[\"session\",0,0,l[5],i[0]] [\"session\",1,0,l[1],i[1]] [\"session\",0,0,l[5],i[1]]",
         NULL},
        {NAMES
         "[\"session\",0,0,l[5],i[0]] [\"session\",1,0,l[1],i[1]] [\"session\",0,0,l[4],i[1]]",
         "record 6: the session begins at 4, earlier than the session of the same user before it"},
        {NAMES "[\"session\",0,0,l[1],i[0],[]]", "the extras are not a map"},
        {NAMES "[\"session\",0,0,l[1],i[0],{1:2}]", "a key of the map of extras is not a string"},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"action\":i[1,2]}]", "\"action\" has 2 elements, exp"},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"dwell\":f[nan]}]", "\"dwell\"[0] is not a finite"},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"dwell\":f[-inf]}]", "\"dwell\"[0] is not a finite"},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"dwell\":1.5}]",
         "neither an integer nor a typed array"},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"week\":168}]", "\"week\" is 168, expected 0 to 167"},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"week\":-1}]", "\"week\" is -1, expected 0 to 167"},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"other\":-1,\"week\":167}] "
               "[\"session\",1,0,l[1],i[1]]",
         NULL},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"a\":x\"c70100ff\"}]",
         "neither an integer nor a typed"},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"a\":x\"c70301ffffff\"}]",
         "\"a\": 3 bytes are no whole number of int32"},
        {NAMES "[\"session\",0,0,l[2,1,3],i[0,0,0]]", "times[1] is 1, less than the 2 before it"},
        {NAMES "[\"{later\",1]", "the tag \"{later\" is unknown"},
        {NAMES "[\"\",1]", "the tag \"\" is unknown"},
        {"[\"user\",0,\"a\",[]]", "attributes are not a map of strings"},
        {"[\"user\",0,\"a\",{\"k\":1}]", "attributes are not a map of strings"},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"a\":x\"c70109ff\"}]",
         "neither an integer nor a typed"},
        {"x\"c6ffffffff\"", "cut, or nested more than 8 deep"},
        {"x\"ddffffffff\"", "cut, or nested more than 8 deep"},
        {"[[[[[[[[[0]]]]]]]]]", "cut, or nested more than 8 deep"},
        {"[\"later\",[[[[[[[0]]]]]]]]", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(STREAM_SESSIONS, cases[i].text, cases[i].expected);
}

/* Sessions 0, 1 and 2 of user 0, of which the last is for the test; sessions 3, 4 and 5 of user 1
 * for training, validation and test. */
#define OF(user, part, time, item) "[\"session\"," #user "," #part ",l[" #time "],i[" #item "]] "
#define SIX                                                                                        \
    NAMES OF(0, 1, 1, 0) OF(0, 1, 5, 1) OF(0, 3, 9, 0) OF(1, 1, 1, 0) OF(1, 2, 2, 1) OF(1, 3, 3, 1)
#define PASS(epoch, part) "[\"epoch\"," #epoch "," #part "] "
#define BATCH(sessions)   "[\"batch\",i[" sessions "]] "
#define AGAIN(epoch)      "[\"again\"," #epoch "] "
#define TRAIN             SIX PASS(1, 1)

/* What holds for the sessions of a schedule, all of which come before its passes. */
static void scheduled_sessions(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {SIX, NULL},
        {TRAIN, NULL},
        {SIX "[\"later\",{1:2},f[nan]] " PASS(1, 1) "[\"later\"]", NULL},
        {SIX "[\"Later\",1]", "the tag \"Later\" is unknown"},
        {NAMES OF(0, 1, 1, 0) OF(1, 1, 1, 1) OF(0, 1, 2, 0),
         "record 6: a session of user 0: a user's sessions have to follow each other, in the "
         "order"},
        {NAMES OF(1, 1, 1, 1) OF(0, 1, 1, 0), "record 4: a session of user 1: a user's sessions"},
        {NAMES OF(0, 0, 1, 0), "the session is of no part: tfilter --split makes parts"},
        {NAMES OF(0, 3, 1, 0) OF(0, 1, 2, 1), "a train session after a test session of the same"},
        {NAMES OF(0, 3, 1, 0) OF(0, 2, 2, 1), "a validation session after a test session of"},
        {NAMES OF(0, 2, 1, 0) OF(0, 1, 2, 1), "a train session after a validation session of"},
        {NAMES OF(0, 1, 5, 0) OF(0, 1, 4, 1),
         "the session begins at 4, earlier than the session of"},
        {NAMES OF(0, 1, 5, 0) OF(0, 1, 5, 1) OF(1, 1, 4, 1), NULL},
        {NAMES OF(0, 1, 1, 2), "items[0] is 2, but 2 items are defined so far"},
        {NAMES OF(2, 1, 1, 0), "the session's user is not the id of one of the 2"},
        {NAMES OF(0, 1, 1, 0) OF(0, 1, 1, 1) PASS(1, 1), "1 users are defined that no session"},
        {NAMES OF(0, 1, 1, 0) OF(1, 1, 1, 0) PASS(1, 1), "1 items are defined that no session"},
        {NAMES PASS(1, 1), "2 users are defined that no session"},
        {PASS(1, 1), "the input holds no session"},
        {NAMES OF(0, 1, 1, 0) OF(0, 1, 1, 1), "1 users are defined that no session"},
        {NAMES OF(0, 1, 1, 0) OF(1, 1, 1, 0), "1 items are defined that no session"},
        {"", "the input holds no session"},
        {SIX "[\"item\",2,\"y\"]", "item 2 has the name of 1, \"y\""},
        {SIX "[\"user\",2,\"a\"]", "user 2 has the name of 0, \"a\""},
        {TRAIN "[\"user\",2,\"c\"]", "a user, item or session after the first epoch: all come"},
        {TRAIN "[\"item\",2,\"z\"]", "a user, item or session after the first epoch"},
        {TRAIN OF(1, 3, 4, 0), "a user, item or session after the first epoch"},
        {SIX BATCH("0,3"), "a batch before the first epoch"},
        {SIX "[\"parallel\",i[0],i[0]]", "a batch before the first epoch"},
        {SIX AGAIN(1), "a batch before the first epoch"},
        {SIX PASS(0, 1), "the epoch is not a number from 1"},
        {SIX PASS(1, 0), "the part is not 1 (training), 2 (validation) or 3 (test)"},
        {SIX PASS(1, 4), "the part is not 1"},
        {SIX PASS(2, 1) PASS(1, 3), "epoch 1 after epoch 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(STREAM_BATCHES, cases[i].text, cases[i].expected);
}

static void batches(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {TRAIN BATCH("0,3") BATCH("1"), NULL},
        {TRAIN "[\"batch\",i[0,3],0] " BATCH("1"), NULL},
        {TRAIN "[\"batch\",i[0,3],1]", NULL},
        {TRAIN "[\"batch\",i[0,3],2]", "\"learn\" is neither 0 nor 1"},
        {TRAIN "[\"batch\",i[0,3],-1]", "\"learn\" is neither 0 nor 1"},
        {TRAIN "[\"batch\",i[0,3],\"no\"]", "\"learn\" is neither 0 nor 1"},
        {"[\"user\",7,\"z\"]", "user 7 where 0 comes next"},
        {TRAIN "[\"batch\"]", "\"batch\" with 1 elements, expected 2 to 3"},
        {TRAIN "[\"batch\",i[0],1,1]", "\"batch\" with 4 elements, expected 2 to 3"},
        {TRAIN "[\"batch\",[0]]", "\"session\" is not an array of int32 (ext 1)"},
        {TRAIN "[\"batch\",l[0]]", "\"session\" is not an array of int32 (ext 1)"},
        {TRAIN BATCH(""), "a batch of no sessions"},
        {TRAIN BATCH("6"), "session 6, but there are 6"},
        {TRAIN BATCH("0,-1"), "session -1, but there are 6"},
        {TRAIN BATCH("0,5"), "session 5 is of the test part, the pass is of train"},
        {SIX PASS(1, 2) BATCH("4"), NULL},
        {SIX PASS(1, 2) BATCH("5"), "session 5 is of the test part, the pass is of validation"},
        {SIX PASS(1, 3) BATCH("2,5"), NULL},
        {SIX PASS(1, 3) BATCH("2,3"), "session 3 is of the train part, the pass is of test"},
        {TRAIN BATCH("0,1"), "user 0 is in one batch twice, in a stream that keeps each user's"},
        {TRAIN BATCH("3,3"), "user 1 is in one batch twice"},
        {TRAIN BATCH("1") BATCH("0"), "session 0 of user 0 after session 1 in one pass"},
        {TRAIN BATCH("0,3") BATCH("3"), "session 0 of user 1 after session 0 in one pass"},
        {TRAIN BATCH("1,3") PASS(2, 1) BATCH("0,3"), NULL},
        {TRAIN "[\"parallel\",i[0],i[0]]",
         "a parallel mini-batch, but the header has no \"slots\""},
        {TRAIN BATCH("0") PASS(1, 3) BATCH("2") PASS(2, 1) AGAIN(1) PASS(2, 3) AGAIN(1), NULL},
        {TRAIN BATCH("0") PASS(2, 1) AGAIN(1) PASS(3, 1) AGAIN(1), NULL},
        {TRAIN BATCH("0") PASS(2, 1) AGAIN(1) PASS(3, 1) AGAIN(2),
         "the train pass of epoch 2 again, but the last one written out is 1"},
        {TRAIN BATCH("0") PASS(2, 1) BATCH("0") PASS(3, 1) AGAIN(1),
         "the train pass of epoch 1 again, but the last one written out is 2"},
        {TRAIN BATCH("0") PASS(1, 3) AGAIN(1),
         "the test pass of epoch 1 again, but the last one written out is none: 0"},
        {TRAIN PASS(2, 1) AGAIN(1), "the last one written out is none"},
        {TRAIN BATCH("0") PASS(2, 1) AGAIN(0), "the epoch that comes again is not a number from 1"},
        {TRAIN BATCH("0") PASS(2, 1) "[\"again\",\"1\"]", "that comes again is not a number from"},
        {TRAIN BATCH("0") PASS(2, 1) "[\"again\"]", "\"again\" with 1 elements, expected 2 to 2"},
        {TRAIN BATCH("0") AGAIN(1), "an earlier pass again, in a pass that has begun"},
        {TRAIN BATCH("0") PASS(2, 1) AGAIN(1) AGAIN(1), "again, in a pass that has begun"},
        {TRAIN BATCH("0") PASS(2, 1) AGAIN(1) BATCH("0"),
         "a batch in a pass that is an earlier one again"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(STREAM_BATCHES, cases[i].text, cases[i].expected);
}

#define PARALLEL(slots, sessions) "[\"parallel\",i[" slots "],i[" sessions "]] "

/* A stream of two slots that keeps each user's order. */
static void parallel(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {TRAIN PARALLEL("0,1,0", "0,3,1"), NULL},
        {TRAIN PARALLEL("0,1", "0,3") PARALLEL("1", "1"), NULL},
        {TRAIN PARALLEL("1", "1") PASS(2, 1) PARALLEL("0", "0"), NULL},
        {TRAIN PARALLEL("0", "0") PASS(2, 1) AGAIN(1), NULL},
        {TRAIN PARALLEL("0", "0") PASS(1, 3) BATCH("2,5") PASS(2, 1) PARALLEL("1", "0"), NULL},
        {TRAIN "[\"parallel\",i[0]]", "\"parallel\" with 2 elements, expected 3 to 3"},
        {TRAIN "[\"parallel\",u[0],i[0]]", "\"slot\" is not an array of int32 (ext 1)"},
        {TRAIN "[\"parallel\",i[0],[0]]", "\"session\" is not an array of int32 (ext 1)"},
        {TRAIN PARALLEL("", ""), "a batch of no sessions"},
        {TRAIN PARALLEL("0,1", "0"), "2 slots and 1 sessions, expected equally many"},
        {TRAIN PARALLEL("0,2", "0,3"), "\"slot\"[1] is 2, expected 0 to 1"},
        {TRAIN PARALLEL("-1", "0"), "\"slot\"[0] is -1, expected 0 to 1"},
        {TRAIN PARALLEL("0", "6"), "session 6, but there are 6"},
        {TRAIN PARALLEL("0", "4"), "session 4 is of the validation part, the pass is of train"},
        {TRAIN PARALLEL("0,0", "1,0"), "session 0 of user 0 after session 1 in one pass"},
        {TRAIN PARALLEL("0", "3") PARALLEL("1", "3"), "session 0 of user 1 after session 0 in"},
        {SIX PASS(1, 2) PARALLEL("0", "4"),
         "a parallel mini-batch in a validation pass: only training has them"},
        {SIX PASS(1, 3) PARALLEL("0", "2"), "a parallel mini-batch in a test pass"},
        {TRAIN PARALLEL("0", "0") BATCH("3"), "a batch in a pass that has the other kind"},
        {TRAIN BATCH("3") PARALLEL("0", "0"),
         "a parallel mini-batch in a pass that has the other kind"},
        {TRAIN PARALLEL("0", "0") PASS(2, 1) AGAIN(1) PARALLEL("0", "0"),
         "a parallel mini-batch in a pass that is an earlier one again"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(SAMPLE_PARALLEL, cases[i].text, cases[i].expected);
}

/* The stream's header in the notation, with what is asked for and what differs. */
static void check_header(const char *header, const char *text, const char *expected)
{
    struct buf packed = {0}, s = {0};
    struct meta m;
    struct err e;
    notation_value(header, &packed);
    must(meta_parse(&m, (struct bytes){packed.at, packed.len}, &e), &e);
    stream_with(&m, false, notated_records, text, &s);
    check_read(&s, "header", header, expected);
    meta_release(&m);
    buf_release(&packed);
    buf_release(&s);
}

#define HEADER(keys)                                                                               \
    "{\"kind\":\"batches\",\"minor\":0,\"pipeline\":[],\"delta_edges\":l[1]" keys "}"
#define EDGES(edges)                                                                               \
    "{\"kind\":\"batches\",\"minor\":0,\"pipeline\":[],\"delta_edges\":" edges KEPT "}"
#define ORDER(is) ",\"history\":2,\"keeps_order\":x\"" is "\""
#define KEPT      ORDER("c3")
#define NOT_KEPT  ORDER("c2")

static void headers(void)
{
    static const struct {
        const char *header, *text, *expected;
    } cases[] = {
        {HEADER(KEPT), TRAIN, NULL},
        {HEADER(",\"keeps_order\":x\"c3\""), TRAIN, "header: no \"history\""},
        {HEADER(",\"history\":-1,\"keeps_order\":x\"c3\""), TRAIN, "header: no \"history\""},
        {HEADER(",\"history\":2"), TRAIN, "header: no \"keeps_order\""},
        {"{\"kind\":\"batches\",\"minor\":0,\"pipeline\":[]" KEPT "}", TRAIN,
         "header: no \"delta_edges\""},
        {HEADER(",\"history\":\"2\",\"keeps_order\":x\"c3\""), TRAIN,
         "header: \"history\" is not an integer"},
        {HEADER(",\"history\":2147483648,\"keeps_order\":x\"c3\""), TRAIN,
         "header: no \"history\""},
        {HEADER(",\"history\":2,\"keeps_order\":1"), TRAIN,
         "header: \"keeps_order\" is not true or false"},
        {HEADER(KEPT ",\"slots\":\"2\""), TRAIN, "header: \"slots\" is not an integer"},
        {HEADER(KEPT ",\"week_shift\":0.5"), TRAIN, "header: \"week_shift\" is not an integer"},
        {EDGES("i[1]"), TRAIN, "header: \"delta_edges\" is not an array of int64"},
        {EDGES("7"), TRAIN, "header: \"delta_edges\" is not an array of int64"},
        {EDGES("x\"c70402ffffffff\""), TRAIN, "header: \"delta_edges\" is not an array of int64"},
        {EDGES("l[]"), TRAIN, "header: no \"delta_edges\""},
        {HEADER(KEPT ",\"slots\":0"), TRAIN, "header: \"slots\" is 0, expected 1 to 1048576"},
        {HEADER(KEPT ",\"slots\":1048577"), TRAIN, "header: \"slots\" is 1048577, expected 1 to"},
        {HEADER(KEPT ",\"slots\":1048576"), TRAIN PARALLEL("1048575", "0"), NULL},
        {HEADER(NOT_KEPT), TRAIN BATCH("1,0") BATCH("3"), NULL},
        {HEADER(NOT_KEPT ",\"slots\":2"), TRAIN PARALLEL("0,1", "1,0"), NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_header(cases[i].header, cases[i].text, cases[i].expected);
}

#define TEST NAMES "[\"epoch\",1,3] "
#define DONE "[\"pass\",1,3,{\"loss\":1.5,\"events\":1,\"left_out\":0}]"
#define RANK(target, rank, ties, position, loss)                                                   \
    "[\"rank\",{\"user\":i[1],\"session\":i[0],\"position\":" position ",\"target\":" target       \
    ",\"rank\":" rank ",\"ties\":" ties ",\"history\":i[0],\"length\":i[2],\"loss\":" loss "}]"
#define TOP(k, item, score)                                                                        \
    "[\"top\",{\"user\":i[0],\"session\":i[0],\"position\":i[0],\"k\":" k ",\"item\":" item        \
    ",\"score\":" score "}]"
#define ATTENTION(level, weight, more)                                                             \
    "[\"attention\",{\"model\":\"m\",\"level\":\"" level                                           \
    "\",\"user\":0,\"session\":0,\"position\":-1,"                                                 \
    "\"weight\":" weight more "}]"

#define INTENT(label, score)                                                                       \
    "[\"intent\",{\"user\":i[0],\"session\":i[0],\"position\":i[0],\"label\":" label               \
    ",\"score\":" score "}]"

static void predictions(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {TEST RANK("i[1]", "i[2]", "i[1]", "i[0]", "f[.5]") DONE, NULL},
        {TEST "[\"rank\",[]]", "not a map where one is expected"},
        {TEST "[\"rank\",{1:2}]", "key 0 of the map is not a string"},
        {TEST "[\"rank\",{\"later\":[1,{\"x\":2}],\"user\":i[0],\"user\":i[0]}]",
         "\"user\" is there twice"},
        {TEST "[\"rank\",{\"user\":0}]", "\"user\" is not an array of int32 (ext 1)"},
        {TEST TOP("4611686018427387904", "i[0]", "f[1]"),
         "\"item\" has 1 elements, expected 4611686018427387904"},
        {TEST "[\"top\",{\"user\":i[0,0,0],\"session\":i[0,0,0],\"position\":i[0,0,0],"
              "\"k\":4611686018427387904,\"item\":i[0],\"score\":f[1]}]",
         "\"item\" has 1 elements, expected -1"},
        {TEST "[\"attention\",{\"model\":7}]", "\"model\" is not"},
        {TEST "[\"attention\",{\"user\":\"x\"}]", "\"user\" is not"},
        {TEST "[\"pass\",1,3,{\"loss\":f[1],\"events\":1,\"left_out\":0}]", "\"loss\" is not"},
        {TEST "[\"pass\",1,3,{\"loss\":nan,\"events\":1,\"left_out\":0}]", "\"loss\" is not"},
        {TEST "[\"pass\",1,3,{\"loss\":2,\"events\":-1,\"left_out\":0}]", "\"events\"[0] is -1"},
        {TEST "[\"pass\",1,3,{\"loss\":2,\"events\":1,\"left_out\":0}]", NULL},
        {TEST "[\"pass\",1,4,{}]", "the part is not 1"},
        {TEST "[\"pass\",2,3,{}]", "a pass ends that did not begin"},
        {TEST "[\"pass\",1,2,{}]", "a pass ends that did not begin"},
        {TEST DONE " [\"pass\",1,3,{}]", "a pass ends that did not begin"},
        {TEST DONE " [\"epoch\",0,3]", "the epoch is not a number from 1"},
        {NAMES "[\"epoch\",2,3] [\"pass\",2,3,{\"loss\":1,\"events\":1,\"left_out\":0}] "
               "[\"epoch\",1,3]",
         "epoch 1 after epoch 2"},
        {TEST RANK("i[1]", "i[3]", "i[1]", "i[0]", "f[.5]"), "\"rank\"[0] is 3, expected 1 to 2"},
        {TEST RANK("i[1]", "i[0]", "i[0]", "i[0]", "f[.5]"), "\"rank\"[0] is 0, expected 1 to 2"},
        {TEST RANK("i[1]", "i[1]", "i[1]", "i[0]", "f[.5]"), "\"rank\"[0] is 1 with 1 ties"},
        {TEST RANK("i[2]", "i[1]", "i[0]", "i[0]", "f[.5]"), "\"target\"[0] is 2, expected 0 to 1"},
        {TEST RANK("i[1]", "i[1]", "i[0]", "i[1]", "f[.5]"),
         "\"position\"[0] is 1 in a session of 2"},
        {TEST RANK("i[1]", "i[1]", "i[0]", "i[0]", "f[nan]"), "\"loss\"[0] is not a finite number"},
        {TEST RANK("i[1]", "i[1]", "i[0]", "i[0]", "f[1,2]"),
         "\"loss\" has 2 elements, expected 1"},
        {TEST RANK("i[1]", "i[1]", "i[0]", "i[0]", "f[.5],\"seen\":u[1]") DONE, NULL},
        {TEST RANK("i[1]", "i[1]", "i[0]", "i[0]", "f[.5],\"seen\":u[2]"),
         "\"seen\"[0] is 2, expected 0 to 1"},
        {TEST RANK("i[1]", "i[1]", "i[0]", "i[0]", "f[.5],\"seen\":u[0,1]"),
         "\"seen\" has 2 elements, expected 1"},
        {TEST RANK("i[1]", "i[1]", "i[0]", "i[0]", "f[.5],\"seen\":i[1]"),
         "\"seen\" is not an array of uint8"},
        {NAMES RANK("i[1]", "i[1]", "i[0]", "i[0]", "f[1]"),
         "outside of a validation or test pass"},
        {NAMES "[\"epoch\",1,1]" RANK("i[1]", "i[1]", "i[0]", "i[0]", "f[1]"),
         "outside of a validation or test pass"},
        {TEST DONE TOP("1", "i[0]", "f[1]"), "outside of a validation or test pass"},
        {TEST TOP("2", "i[0,1]", "f[1,0]") DONE, NULL},
        {TEST TOP("2", "i[0]", "f[1,0]"), "\"item\" has 1 elements, expected 2"},
        {TEST TOP("9223372036854775807", "i[0]", "f[1]"),
         "\"item\" has 1 elements, expected 92233"},
        {TEST TOP("0", "i[]", "f[]"), "\"k\"[0] is 0, expected 1"},
        {TEST TOP("1.5", "i[0]", "f[1]"), "\"k\" is not an integer"},
        {TEST TOP("1", "i[0]", "f[inf]"), "\"score\"[0] is not a finite number"},
        {TEST ATTENTION("inter", "f[1,2]", ",\"delta\":i[0,3],\"week\":i[0,168],\"start\":l[0,1]")
             DONE,
         NULL},
        {TEST ATTENTION("inter", "f[1,2]", ",\"delta\":i[0]"),
         "\"delta\" has 1 elements, expected 2"},
        {TEST ATTENTION("inter", "f[1,2]", ",\"week\":i[0]"),
         "\"week\" has 1 elements, expected 2"},
        {TEST ATTENTION("inter", "f[1,2]", ",\"start\":l[0]"),
         "\"start\" has 1 elements, expected 2"},
        {TEST ATTENTION("inter", "f[1,nan]", ""), "\"weight\"[1] is not a finite number"},
        {TEST ATTENTION("user", "f[1,2]", ",\"length\":i[1,2],\"item\":i[0,0,1]") DONE, NULL},
        {TEST ATTENTION("user", "f[1,2]", ",\"length\":i[1,2],\"item\":i[0,0]"),
         "\"item\" has 2 elements, expected 3"},
        {TEST ATTENTION("user", "f[1,2]", ",\"length\":i[1],\"item\":i[0]"),
         "\"length\" has 1 elements, expected 2"},
        {TEST ATTENTION("user", "f[1,2]", ",\"item\":i[0]"), "come together at this level"},
        {TEST ATTENTION("intra", "f[1,2,3,4]", ",\"target\":i[0,1],\"delta\":i[0,1]") DONE, NULL},
        {TEST ATTENTION("intra", "f[1,2,3]", ",\"target\":i[0,1]"), "3 elements for 2 targets"},
        {TEST ATTENTION("intra", "f[1,2,3]", ""), "3 elements for 0 targets"},
        {TEST ATTENTION("intra", "f[1,2]", ",\"target\":i[0,1],\"top\":i[0]"),
         "\"top\" has 1 elements, expected 2"},
        {TEST ATTENTION("session", "f[1,2]", ",\"item\":i[0,1],\"delta\":i[0]") DONE, NULL},
        {TEST ATTENTION("item", "f[1,2]", ",\"item\":i[0]"), "\"item\" has 1 elements, expected 2"},
        {TEST ATTENTION("world", "f[1,2]", ""), "\"level\" is \"world\", expected inter, intra"},
        {TEST RANK("i[1]", "i[2147483647]", "i[1]", "i[0]", "f[.5]") DONE, NULL},
        {TEST INTENT("u[1]", "f[.5]") DONE, NULL},
        {TEST INTENT("u[0]", "f[0]") INTENT("u[0]", "f[1]") DONE, NULL},
        {TEST INTENT("u[2]", "f[.5]"), "\"label\"[0] is 2, expected 0 to 1"},
        {TEST INTENT("u[1]", "f[-.5]"), "\"score\"[0] is -0.5, expected 0 to 1"},
        {TEST INTENT("u[1]", "f[1.5]"), "\"score\"[0] is 1.5, expected 0 to 1"},
        {DONE INTENT("u[1]", "f[1]"), "a pass ends that did not begin"},
        {NAMES INTENT("u[1]", "f[1]"), "outside of a validation or test pass"},
        {TEST ATTENTION("item", "f[1,2]", "") DONE, NULL},
        {TEST ATTENTION("item", "f[1,2]", ",\"began\":l[7]") DONE, NULL},
        {TEST ATTENTION("item", "f[1,2]", ",\"began\":l[7,8]"),
         "\"began\" has 2 elements, expected 1"},
        {TEST, "the stream ends inside a pass"},
        {NAMES DONE, "a pass ends that did not begin"},
        {NAMES "[\"epoch\",1,1]" DONE, "a pass ends that did not begin"},
        {TEST "[\"epoch\",2,1]", "an epoch begins before the pass before it has ended"},
        {TEST "[\"pass\",1,3,{\"loss\":inf,\"events\":1,\"left_out\":0}]",
         "\"loss\" is not a number"},
        {TEST "[\"pass\",1,3,{\"loss\":1,\"events\":-1,\"left_out\":0}]", "\"events\"[0] is -1"},
        {TEST "[\"pass\",1,3,{\"loss\":1,\"events\":1}]", "\"left_out\" is missing"},
        {TEST "[\"pass\",1,3,{\"loss\":1,\"events\":1,\"left_out\":0}]", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(STREAM_PREDICTIONS, cases[i].text, cases[i].expected);
}

/* Names as long as can be, and one byte more. */
static void long_names(void)
{
    for (int more = 0; more < 2; more++) {
        struct buf text = {0};
        buf_text(&text, "[\"user\",0,\"");
        for (int i = 0; i < (64 << 10) + more; i++)
            buf_byte(&text, 'x');
        buf_text(&text, "\"] [\"item\",0,\"x\"] [\"session\",0,0,l[1],i[0]]");
        buf_byte(&text, 0);
        struct buf s = {0};
        stream_of(STREAM_SESSIONS, false, notated_records, text.at, &s);
        check_read(&s, "a name of 64 KiB and more", more ? "one byte more" : "no more",
                   more ? "the name of user 0 has 65537 bytes, the limit is 65536" : NULL);
        buf_release(&s);
        buf_release(&text);
    }
}

/* A visitor that fails at its call of the number `at`. */
struct visit {
    int at, count, status;
};

static int visited(struct visit *v, struct err *e)
{
    return v->count++ == v->at ? err_set(e, v->status, "the visitor") : 0;
}

static int visit_begin(void *to, const struct meta *meta, struct err *e)
{
    (void)meta;
    return visited(to, e);
}

static int visit_record(void *to, const struct predictions_record *r, struct err *e)
{
    (void)r;
    return visited(to, e);
}

static int visit_end(void *to, struct err *e)
{
    return visited(to, e);
}

static int visit_all(const struct buf *s, struct visit *v, struct err *e)
{
    static const struct predictions_visitor visitor = {visit_begin, visit_record, visit_end};
    const char *path = stream_file(s->at, s->len);
    struct predictions_in *in;
    *e = (struct err){0};
    must(predictions_in_open(&in, &path, 1, e), e);
    int status = predictions_in_each(in, &visitor, v, e);
    predictions_in_close(in);
    return status;
}

/* Two runs; a failure anywhere ends the visit with its status, one of a record with its place. */
static void visits(void)
{
    struct buf s = {0}, run = {0};
    struct err e;
    stream_of(STREAM_PREDICTIONS, false, notated_records, TEST DONE, &run);
    buf_append(&s, run.at, run.len);
    buf_append(&s, run.at, run.len);
    struct visit all = {-1, 0, 0};
    tap_ok(!visit_all(&s, &all, &e) && all.count == 2 * 8, "two runs: %d visits", all.count);
    int wrong = 0, placed = 0;
    for (int at = 0; at < all.count; at++)
        for (int i = 0; i < 2; i++) {
            struct visit v = {at, 0, i ? STATUS_DATA : STATUS_IO};
            wrong += visit_all(&s, &v, &e) != v.status || v.count != at + 1 ||
                     !strstr(e.text, "the visitor");
            placed += i && strstr(e.text, ", record ") != NULL;
        }
    tap_ok(!wrong && placed >= 2 * 6, "a failure of any visit ends it; %d with their place",
           placed);
    buf_append(&s, run.at, run.len / 2);
    struct visit cut = {-1, 0, 0};
    tap_ok(visit_all(&s, &cut, &e) == STATUS_DATA && strstr(e.text, "input ended early"),
           "and so does a stream that ends early: %s", e.text);
    buf_release(&s);
    buf_release(&run);
}

/* Streams behind another: the second header is wrong. */
static void second_headers(void)
{
    static const char *const names[] = {"sessions", "predictions"};
    for (int i = 0; i < 2; i++) {
        int kind = i ? STREAM_PREDICTIONS : STREAM_SESSIONS;
        struct buf s = {0}, packed = {0}, header = {0};
        struct meta m;
        struct err e;
        stream_of(kind, false, notated_records, i ? NAMES : "", &s);
        buf_format(&header,
                   "{\"kind\":\"%s\",\"minor\":0,\"pipeline\":[],\"delta_edges\":l[1],"
                   "\"week_shift\":0.5}",
                   names[i]);
        buf_byte(&header, 0);
        notation_value(header.at, &packed);
        must(meta_parse(&m, (struct bytes){packed.at, packed.len}, &e), &e);
        stream_with(&m, false, notated_records, "", &s);
        check_read(&s, names[i], "a second header", "header: \"week_shift\" is not an integer");
        meta_release(&m);
        buf_release(&packed);
        buf_release(&header);
        buf_release(&s);
    }
}

/* The header of sessions has the rows of all parts, as far as they are numbers. */
static void rows_of_parts(void)
{
    static const struct {
        const char *first, *second;
        int64_t rows; /* -1: of no use */
    } cases[] = {
        {"3", "4", 7},     {"9223372036854775807", "1", INT64_MAX},
        {"3", "\"4\"", 3}, {"\"3\"", "4", -1},
        {NULL, "4", 4},    {"3", NULL, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf s = {0};
        for (int part = 0; part < 2; part++) {
            const char *rows = part ? cases[i].second : cases[i].first;
            struct buf header = {0}, packed = {0};
            struct meta m;
            struct err e;
            buf_format(&header, "{\"kind\":\"sessions\",\"minor\":0,\"pipeline\":[],"
                                "\"delta_edges\":l[1],\"week_shift\":0");
            if (rows)
                buf_format(&header, ",\"rows\":%s", rows);
            buf_byte(&header, '}');
            buf_byte(&header, 0);
            notation_value(header.at, &packed);
            must(meta_parse(&m, (struct bytes){packed.at, packed.len}, &e), &e);
            stream_with(&m, false, notated_records, "", &s);
            meta_release(&m);
            buf_release(&packed);
            buf_release(&header);
        }
        const char *path = stream_file(s.at, s.len);
        struct sessions_in *in;
        struct sessions_record record;
        struct err e = {0};
        int64_t rows = 0;
        must(sessions_in_open(&in, &path, 1, &e), &e);
        enum read_result last = sessions_in_next(in, &record, &e);
        int status = meta_get_int(sessions_in_meta(in), "rows", &rows, &e);
        tap_ok(last == READ_END && (cases[i].rows < 0 ? status : !status && rows == cases[i].rows),
               "rows of parts, case %zu: %lld", i, (long long)rows);
        sessions_in_close(in);
        buf_release(&s);
    }
}

static void no_input(void)
{
    static const char *const path = "no/such/file";
    struct sessions_in *in;
    struct err e = {0};
    tap_ok(sessions_in_open(&in, &path, 1, &e) == STATUS_NOINPUT && !in && strstr(e.text, path),
           "no such file: %s", e.text);
    sessions_in_close(in);
}

int main(void)
{
    sessions();
    long_names();
    visits();
    second_headers();
    rows_of_parts();
    no_input();
    scheduled_sessions();
    batches();
    parallel();
    headers();
    predictions();
    return tap_done();
}
