/* The records of one user or item: of each kind of stream, as lines of JSON. */
#include "data/select.h"

#include "../files.h"
#include "../streams.h"
#include "../tap.h"

/* The lines but the header's of the records `what` of the small stream, at most `head`; and how
 * many were kept.  To be released. */
static struct buf lines_of(int sample, const char *what, uint64_t head, uint64_t *kept)
{
    struct select_options options = {.head = head};
    struct output_file sink;
    struct selection s = {.options = &options, .sink = &sink};
    struct buf stream = {0};
    struct any_in in;
    struct err e = {0};
    stream_make(sample, false, &stream);
    const char *path = stream_file(stream.at, stream.len);
    must(select_grep(&options, what, &e), &e);
    must(any_in_open(&in, &path, 1, &e), &e);
    must(output_file_open(&sink, "lines", &e), &e);
    must(select_run(&s, &in, &e), &e);
    must(output_file_commit(&sink, &e), &e);
    *kept = s.kept;
    select_release(&s);
    any_in_close(&in);
    buf_release(&stream);
    struct buf all = bytes_of_file("lines"), lines = {0};
    const char *first = memchr(all.at, '\n', all.len);
    buf_append(&lines, first + 1, all.len - (size_t)(first + 1 - all.at));
    buf_byte(&lines, 0);
    buf_release(&all);
    return lines;
}

/* `expected` has ' for ". */
static void gives(int sample, const char *what, uint64_t head, const char *expected, uint64_t count)
{
    uint64_t kept;
    struct buf lines = lines_of(sample, what, head, &kept);
    for (char *c = lines.at; *c; c++)
        *c = *c == '"' ? '\'' : *c;
    bool same = !strcmp(lines.at, expected) && kept == count;
    tap_ok(same, "%s of %s: %d records", what, sample_name[sample], (int)kept);
    if (!same)
        printf("# %s\n", lines.at);
    buf_release(&lines);
}

/* Ids begin anew; definitions come where a session first uses them. */
static void sessions(void)
{
    gives(STREAM_SESSIONS, "user=u1", 99,
          "['user',0,'u1']\n['item',0,'i1']\n['item',1,'i3']\n['session',0,2,[100,101],[0,1]]\n",
          2);
    gives(
        STREAM_SESSIONS, "item=i2", 99,
        "['user',0,'u\\udcff0',{'country':'Norway'}]\n['item',0,'i2']\n['item',1,'i1']\n"
        "['session',0,3,[5000,68719476735],[0,1],{'action':[1,0],'dwell':[0.5,2.0],'week':167}]\n",
        2);
    gives(STREAM_SESSIONS, "item=i1", 2,
          "['user',0,'u\\udcff0',{'country':'Norway'}]\n['item',0,'i\\udcff0']\n['item',1,'i1']\n"
          "['session',0,1,[0,10,10],[0,1,0]]\n",
          2);
    gives(STREAM_SESSIONS, "user=nobody", 99, "", 0);
}

/* Sessions keep their numbers; the others leave the batches, and an empty batch is not shown. */
static void schedules(void)
{
#define USER_1                                                                                     \
    "['user',1,'u1']\n['session',1,1,[50,51,52,53],[0,1,2,0]]\n['session',1,3,[53,54],[2,0]]\n"
    gives(STREAM_BATCHES, "user=u1", 99,
          USER_1 "['epoch',1,1]\n['batch',[3]]\n['epoch',1,3]\n['batch',[4]]\n"
                 "['epoch',2,1]\n['again',1]\n['epoch',2,3]\n['again',1]\n",
          5);
    gives(SAMPLE_PARALLEL, "user=u1", 99,
          USER_1 "['epoch',1,1]\n['parallel',[1],[3]]\n['epoch',1,3]\n['batch',[4]]\n"
                 "['epoch',2,1]\n['parallel',[0],[3]]\n['epoch',2,3]\n['again',1]\n",
          6);
}

/* Rows of others leave ranks and lists; the pass has the loss of those that are left. */
static void predictions(void)
{
#define TRAINING "['epoch',1,1]\n['pass',1,1,{'loss':1.5,'events':5,'left_out':1}]\n"
#define ATTENDED                                                                                   \
    "'weight':[0.25,0.75],'length':[2,1],'item':[0,1,2],'delta':[3,0],'week':[168,0],"             \
    "'start':[0,7]}]\n"
#define EVENTS                                                                                     \
    "'weight':[0.25,0.75,1.0,0.0],'length':[2,1],'item':[0,1,2],'delta':[3,0],'week':[168,0],"     \
    "'start':[0,7],'target':[0,2],'top':[0,2]}]\n"
#define ATTENTION                                                                                  \
    "['attention',{'model':'ii-rnn','level':'inter','user':1,'session':4,'position':-1," ATTENDED  \
    "['attention',{'model':'ii-rnn','level':'intra','user':1,'session':4,'position':-1," EVENTS
    gives(STREAM_PREDICTIONS, "user=u1", 99,
          "['user',1,'u1']\n" TRAINING "['epoch',1,3]\n"
          "['rank',{'user':[1],'session':[0],'position':[1],'target':[0],'rank':[3],'ties':[1],"
          "'history':[0],'length':[3],'loss':[7.25]}]\n" ATTENTION
          "['pass',1,3,{'loss':7.25,'events':1,'left_out':0}]\n",
          4);
    gives(STREAM_PREDICTIONS, "item=i2", 99,
          "['item',2,'i2']\n" TRAINING "['epoch',1,3]\n"
          "['rank',{'user':[0],'session':[2],'position':[0],'target':[2],'rank':[1],'ties':[0],"
          "'history':[2],'length':[2],'loss':[0.5]}]\n"
          "['top',{'user':[0],'session':[2],'position':[0],'k':2,'item':[2,1],"
          "'score':[1.5,-0.25]}]\n" ATTENTION
          "['attention',{'model':'narm','level':'item','user':0,'session':0,'position':0,"
          "'weight':[-1.0,2.0],'item':[2,0]}]\n"
          "['pass',1,3,{'loss':0.5,'events':1,'left_out':0}]\n",
          6);
}

static void what(void)
{
    struct select_options o;
    struct err e;
    tap_ok(!select_grep(&o, "item=a=b", &e) && o.item && !o.user &&
               bytes_equal(o.name, bytes_of("a=b")),
           "a name may hold =");
    tap_ok(select_grep(&o, "session=3", &e) == STATUS_USAGE &&
               select_grep(&o, "user", &e) == STATUS_USAGE,
           "neither: %s", e.text);
}

int main(void)
{
    what();
    sessions();
    schedules();
    predictions();
    return tap_done();
}
