/* The rules of records, each by a stream that breaks it behind hashes that are right. */
#include "../streams.h"
#include "../tap.h"

/* `expected`: a piece of the message; NULL: the stream is good. */
static void check(int sample, const char *text, const char *expected)
{
    struct buf s = {0};
    struct err e;
    stream_of(sample, false, notated_records, text, &s);
    int status = stream_check(s.at, s.len, &e);
    bool good = expected ? status == STATUS_DATA && strstr(e.text, expected) : !status;
    tap_ok(good, "%s: %s", sample_name[sample], expected ? expected : "accepted");
    if (!good)
        printf("# %s\n# status %d: %s\n", text, status, e.text);
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
        {NAMES "[\"session\",0,0,l[3,1,2],i[0,0,0]]", "times[1] is 1, before the 3 ahead of it"},
        {NAMES "[\"session\",0,0,l[-1,2],i[0,0]]", "\"times\"[0] is -1, expected 0 to 68719476735"},
        {NAMES "[\"session\",0,0,l[1,68719476736],i[0,0]]",
         "\"times\"[1] is 68719476736, expected"},
        {NAMES "[\"session\",0,0,l[0,68719476735],i[0,1]] [\"session\",1,0,l[1],i[0]]", NULL},
        {NAMES
         "[\"session\",0,0,l[5],i[0]] [\"session\",1,0,l[1],i[1]] [\"session\",0,0,l[5],i[1]]",
         NULL},
        {NAMES
         "[\"session\",0,0,l[5],i[0]] [\"session\",1,0,l[1],i[1]] [\"session\",0,0,l[4],i[1]]",
         "record 6: the session begins at 4, before the session ahead of it of the same user"},
        {NAMES "[\"session\",0,0,l[1],i[0],[]]", "the extras are not a map"},
        {NAMES "[\"session\",0,0,l[1],i[0],{1:2}]", "a key of the map of extras is not a string"},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"action\":i[1,2]}]", "\"action\" has 2 elements, exp"},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"dwell\":f[nan]}]", "\"dwell\"[0] is not a finite"},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"dwell\":f[-inf]}]", "\"dwell\"[0] is not a finite"},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"dwell\":1.5}]",
         "neither an integer nor a typed array"},
        {NAMES "[\"session\",0,0,l[1],i[0],{\"week\":168}]", "\"week\" is 168, expected 0 to 167"},
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

/* A batch of one session by its parts; the stream gives histories of 2 at most, 4 buckets. */
#define BATCH_OF(user, session, start, length, item, history, delta, week, number, begin, more)    \
    "[\"batch\",{\"user\":" user ",\"session\":" session ",\"start\":" start ",\"length\":" length \
    ",\"item\":" item ",\"history\":" history ",\"history_delta\":" delta                          \
    ",\"history_week\":" week ",\"history_session\":" number ",\"history_start\":" begin more "}]"
#define ONE(start, length, item, history, delta, week, number, begin, more)                        \
    BATCH_OF("i[0]", "i[2]", start, length, item, history, delta, week, number, begin, more)
#define WITH(more) ONE("l[9]", "i[2]", "i[0,1]", "i[0]", "i[]", "i[]", "i[]", "l[]", more)
#define PAST(delta, week, number, begin)                                                           \
    ONE("l[9]", "i[2]", "i[0,1]", "i[2]", delta, week, number, begin, "")
#define TWO(users, sessions)                                                                       \
    BATCH_OF(users, sessions, "l[9,9]", "i[1,1]", "i[0,1]", "i[0,0]", "i[]", "i[]", "i[]", "l[]",  \
             "")
#define TRAIN NAMES "[\"epoch\",1,1] "

static void batches(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {TRAIN WITH(""), NULL},
        {TRAIN WITH(",\"unknown\":[nan]"), NULL},
        {TRAIN WITH(",\"learn\":0"), NULL},
        {TRAIN WITH(",\"learn\":2"), "\"learn\" is not 0 or 1"},
        {TRAIN WITH(",\"learn\":\"no\""), "\"learn\" is not 0 or 1"},
        {TRAIN WITH(",\"user\":i[0]"), "\"user\" is there twice"},
        {TRAIN WITH(",7:8"), "is not a string"},
        {TRAIN "[\"batch\",[]]", "not a map where one is expected"},
        {TRAIN "[\"batch\",{}]", "\"user\" is missing"},
        {NAMES WITH(""), "a batch before the first epoch"},
        {TRAIN "[\"item\",2,\"z\"]", "a user or item behind the first epoch"},
        {NAMES "[\"item\",2,\"y\"]", "item 2 has the name of 1, \"y\""},
        {"[\"epoch\",0,1]", "the epoch is not a number from 1"},
        {"[\"epoch\",1,0]", "the part is not 1 (training), 2 (validation) or 3 (test)"},
        {"[\"epoch\",1,4]", "the part is not 1"},
        {"[\"epoch\",2,1] [\"epoch\",1,3]", "epoch 1 behind epoch 2"},
        {TRAIN ONE("l[]", "i[2]", "i[0,1]", "i[0]", "i[]", "i[]", "i[]", "l[]", ""),
         "\"start\" has 0 elements, expected 1"},
        {TRAIN ONE("l[9]", "i[3]", "i[0,1]", "i[0]", "i[]", "i[]", "i[]", "l[]", ""),
         "\"item\" has 2 elements, expected 3"},
        {TRAIN ONE("l[9]", "i[2]", "i[0,2]", "i[0]", "i[]", "i[]", "i[]", "l[]", ""),
         "\"item\"[1] is 2, expected 0 to 1"},
        {TRAIN ONE("l[9]", "i[0]", "i[]", "i[0]", "i[]", "i[]", "i[]", "l[]", ""),
         "\"length\"[0] is 0, expected 1 to"},
        {TRAIN ONE("l[-9]", "i[2]", "i[0,1]", "i[0]", "i[]", "i[]", "i[]", "l[]", ""),
         "\"start\"[0] is -9, expected 0"},
        {TRAIN ONE("f[1]", "i[2]", "i[0,1]", "i[0]", "i[]", "i[]", "i[]", "l[]", ""),
         "\"start\" is not an array of int64 (ext 2)"},
        {TRAIN BATCH_OF("i[]", "i[]", "l[]", "i[]", "i[]", "i[]", "i[]", "i[]", "i[]", "l[]", ""),
         "a batch of no sessions"},
        {TRAIN PAST("i[4,0]", "i[0,1]", "i[0,1]", "l[1,9]"),
         "\"history_delta\"[0] is 4, expected 0"},
        {TRAIN PAST("i[3,0]", "i[0,1]", "i[0,1]", "l[1,9]"), NULL},
        {TRAIN PAST("i[3,0]", "i[0,168]", "i[0,1]", "l[1,2]"),
         "\"history_week\"[1] is 168, expected"},
        {TRAIN PAST("i[3,0]", "i[0,1]", "i[1,1]", "l[1,2]"),
         "the history of session 0 of the batch is"},
        {TRAIN PAST("i[3,0]", "i[0,1]", "i[0,1]", "l[2,1]"), "is not in order"},
        {TRAIN PAST("i[3,0]", "i[0,1]", "i[1,2]", "l[1,2]"), "is not earlier than it"},
        {TRAIN PAST("i[3,0]", "i[0,1]", "i[0,1]", "l[1,10]"), "is not earlier than it"},
        {TRAIN PAST("i[3]", "i[0,1]", "i[0,1]", "l[1,2]"),
         "\"history_delta\" has 1 elements, expected 2"},
        {TRAIN ONE("l[9]", "i[1]", "i[0]", "i[3]", "i[0,0,0]", "i[0,0,0]", "i[0,1,1]", "l[0,0,0]",
                   ""),
         "\"history\"[0] is 3, expected 0 to 2"},
        {TRAIN WITH(",\"history_length\":i[]"), "come together or not at all"},
        {TRAIN WITH(",\"history_item\":i[]"), "come together or not at all"},
        {TRAIN WITH(",\"history_length\":i[],\"history_item\":i[]"), NULL},
        {TRAIN WITH(",\"history_length\":i[],\"history_item\":i[0]"),
         "\"history_item\" has 1 elements"},
        {TRAIN TWO("i[0,1]", "i[0,0]"), NULL},
        {TRAIN TWO("i[0,0]", "i[0,1]"), "user 0 is in one batch twice"},
        {TRAIN TWO("i[0,1]", "i[0,0]") TWO("i[0,1]", "i[1,0]"),
         "session 0 of user 1 behind session 0 in one pass"},
        {TRAIN TWO("i[0,1]", "i[0,0]") "[\"epoch\",2,1]" TWO("i[0,1]", "i[0,0]"), NULL},
        {TRAIN "[\"steps\",{}]", "steps in a stream of batches, whose header has no \"lanes\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(STREAM_BATCHES, cases[i].text, cases[i].expected);
}

#define STEPS(lanes, item, target, user, session, position, reset)                                 \
    "[\"steps\",{\"lanes\":" lanes ",\"item\":i[" item "],\"target\":i[" target                    \
    "],\"user\":i[" user "],\"session\":i[" session "],\"position\":i[" position                   \
    "],\"reset\":u[" reset "]}]"
/* Lane 0: session 4 of user 0; lane 1: idle. */
#define BEGUN STEPS("2", "0,0", "1,0", "0,0", "4,0", "0,0", "2,3")
/* One step of lane 0. */
#define NEXT(item, target, user, session, position, reset)                                         \
    STEPS("2", item ",0", target ",0", user ",0", session ",0", position ",0", reset ",3")

/* A stream of two lanes that keeps each user's order. */
static void steps(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {TRAIN BEGUN, NULL},
        {TRAIN BEGUN NEXT("1", "0", "0", "4", "1", "0"), NULL},
        {TRAIN BEGUN NEXT("1", "0", "0", "5", "0", "1"), NULL},
        {TRAIN BEGUN NEXT("1", "0", "1", "0", "0", "2"), NULL},
        {TRAIN STEPS("2", "0,1,1,0", "1,0,0,1", "0,1,0,1", "4,0,4,1", "0,0,1,0", "2,2,0,1"), NULL},
        {TRAIN "[\"batch\",{}]", "a batch in a stream of steps, whose header has \"lanes\""},
        {NAMES BEGUN, "a batch before the first epoch"},
        {TRAIN STEPS("2", "0", "1", "0", "0", "0", "2"),
         "1 elements are no whole number of steps of 2 slots"},
        {TRAIN STEPS("2", "", "", "", "", "", ""),
         "0 elements are no whole number of steps of 2 slots"},
        {TRAIN STEPS("1", "0", "1", "0", "0", "0", "2"), "steps of 1 slots, the header says 2"},
        {TRAIN STEPS("0", "0", "1", "0", "0", "0", "2"), "\"lanes\"[0] is 0, expected 1"},
        {TRAIN STEPS("2", "0,0", "1,0", "0,0", "4,0", "0,0", "2,4"),
         "\"reset\"[1] is 4, expected 0 to 3"},
        {TRAIN STEPS("2", "0,0", "1,0", "0,0", "4,0", "0,0", "2"),
         "\"reset\" has 1 elements, expected 2"},
        {TRAIN STEPS("2", "0,0", "1,2", "0,0", "4,0", "0,0", "2,3"),
         "\"target\"[1] is 2, expected 0 to 1"},
        {TRAIN STEPS("2", "0,0", "1,0", "0,2", "4,0", "0,0", "2,3"),
         "\"user\"[1] is 2, expected 0 to 1"},
        {TRAIN NEXT("0", "1", "0", "4", "0", "0"), "step 0, slot 0: position 0 of session 4 of "
                                                   "user 0 does not continue the step before"},
        {TRAIN NEXT("0", "1", "0", "4", "1", "2"), "session 4 of user 0 begins at position 1"},
        {TRAIN NEXT("0", "1", "0", "4", "0", "1"), "reset 1 where the slot's user is another"},
        {TRAIN BEGUN NEXT("1", "0", "0", "5", "0", "2"), "reset 2 where the slot's user stays"},
        {TRAIN BEGUN NEXT("1", "0", "1", "0", "0", "1"),
         "reset 1 where the slot's user is another"},
        {TRAIN BEGUN NEXT("1", "0", "0", "4", "2", "0"), "does not continue"},
        {TRAIN BEGUN NEXT("1", "0", "0", "5", "1", "0"), "does not continue"},
        {TRAIN BEGUN NEXT("1", "0", "1", "4", "1", "0"), "does not continue"},
        {TRAIN BEGUN NEXT("0", "0", "0", "4", "1", "0"), "does not continue"},
        {TRAIN BEGUN STEPS("2", "0,0", "0,0", "0,0", "0,0", "0,0", "3,3")
             NEXT("1", "0", "0", "4", "1", "0"),
         "does not continue"},
        {TRAIN BEGUN NEXT("1", "0", "0", "4", "0", "1"),
         "session 4 of user 0 behind session 4 in one pass"},
        {TRAIN BEGUN STEPS("2", "0,0", "0,1", "0,0", "0,3", "0,0", "3,2"),
         "step 0, slot 1: session 3 of user 0 behind session 4"},
        {TRAIN BEGUN "[\"epoch\",2,1] " BEGUN, NULL},
        {TRAIN BEGUN "[\"epoch\",2,1] " NEXT("1", "0", "0", "4", "1", "0"), "does not continue"},
        {TRAIN BEGUN "[\"epoch\",2,1] " NEXT("1", "0", "0", "5", "0", "1"),
         "reset 1 where the slot's user is another"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(SAMPLE_STEPS, cases[i].text, cases[i].expected);
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

static void predictions(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {TEST RANK("i[1]", "i[2]", "i[1]", "i[0]", "f[.5]") DONE, NULL},
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

int main(void)
{
    sessions();
    batches();
    steps();
    predictions();
    return tap_done();
}
