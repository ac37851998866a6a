/* Ranks as text: the records that a visitor gets of them, and what is refused. */
#include "eval/ranks_tsv.h"

#include <math.h>

#include "stream/meta.h"

#include "../files.h"
#include "../tap.h"

/* ---- a visitor that writes down what it gets ---- */

static void write_integers(struct buf *to, const char *name, struct column c)
{
    for (size_t i = 0; i < c.len; i++)
        buf_format(to, "%s%s%d", i ? "," : name, i ? "" : " ", column_i32(c)[i]);
}

static void write_ranks_down(struct buf *to, const struct ranks *k)
{
    buf_text(to, "ranks");
    write_integers(to, " user", k->user);
    write_integers(to, " session", k->session);
    write_integers(to, " position", k->position);
    write_integers(to, " target", k->target);
    write_integers(to, " rank", k->rank);
    write_integers(to, " ties", k->ties);
    write_integers(to, " history", k->history);
    write_integers(to, " length", k->length);
    write_integers(to, " day", k->day);
    for (size_t i = 0; i < k->seen.len; i++)
        buf_format(to, "%s%d", i ? "," : " seen ", ((const unsigned char *)k->seen.at)[i]);
    for (size_t i = 0; i < k->loss.len; i++)
        buf_format(to, "%s%g", i ? "," : " loss ", (double)column_f32(k->loss)[i]);
    buf_text(to, "; ");
}

static int begin(void *to, const struct meta *meta, struct err *e)
{
    (void)e;
    buf_format(to, "begin %s %zu; ", stream_kind_name[meta->kind], meta->pipeline.len);
    return 0;
}

static int record(void *to, const struct predictions_record *r, struct err *e)
{
    (void)e;
    if (r->kind == RECORD_USER || r->kind == RECORD_ITEM)
        buf_format(to, "%s %d %.*s; ", r->kind == RECORD_USER ? "user" : "item", r->named.id,
                   (int)r->named.name.len, r->named.name.at);
    else if (r->kind == RECORD_EPOCH)
        buf_format(to, "epoch %d %s; ", (int)r->epoch.number, part_name[r->epoch.part]);
    else if (r->kind == RECORD_RANK)
        write_ranks_down(to, &r->ranks);
    else
        buf_format(to, "pass %d targets, loss %g; ", (int)r->pass.events, r->pass.loss);
    return 0;
}

static int end(void *to, struct err *e)
{
    (void)e;
    buf_text(to, "end");
    return 0;
}

static const struct predictions_visitor visitor = {begin, record, end};

static void gives(const char *text, const char *expected, const char *name)
{
    struct buf got = {0};
    struct err e = {0};
    text_to_file("ranks.tsv", text);
    int status = ranks_tsv_each("ranks.tsv", NULL, &visitor, &got, &e);
    buf_byte(&got, 0);
    tap_ok(!status && !strcmp(got.at, expected), "%s: %s%s", name, got.at, e.text);
    buf_release(&got);
}

static void refused(const char *text, const char *expected)
{
    struct buf got = {0};
    struct err e = {0};
    text_to_file("ranks.tsv", text);
    int status = ranks_tsv_each("ranks.tsv", NULL, &visitor, &got, &e);
    tap_ok(status == STATUS_DATA && strstr(e.text, expected), "refused: %s", e.text);
    buf_release(&got);
}

static void columns(void)
{
    gives("ann\t0\tx\t3\nann\t1\ty\t-\nbob\t0\tx\t1\n",
          "begin predictions 1; epoch 1 test; user 0 ann; item 0 x; item 1 y; user 1 bob; "
          "ranks user 0,0,1 position 0,1,0 target 0,1,0 rank 3,2147483647,1; "
          "pass 3 targets, loss nan; end",
          "four columns, one target not ranked");
    gives("rank\tuser\tmodel\tloss\ttarget\tposition\tseen\tday\thistory\tlength\n"
          "2\tann\tm\t0.5\tx\t4\t1\t6\t7\t8\n"
          "1\tann\tm\t1\tx\t5\t0\t6\t7\t8\n",
          "begin predictions 1; epoch 1 test; user 0 ann; item 0 x; ranks user 0,0 position 4,5 "
          "target 0,0 rank 2,1 history 7,7 length 8,8 day 6,6 seen 1,0 loss 0.5,1; "
          "pass 2 targets, loss 0.75; end",
          "columns by name in any order, another is skipped");
}

static void refusals(void)
{
    refused("", "ranks.tsv: there are no targets");
    refused("user\tposition\ttarget\trank\n", "there are no targets");
    refused("ann\t0\tx\n", "line 1: 3 fields");
    refused("user\trank\ttarget\n", "line 1: there is no column \"position\"");
    refused("user\trank\trank\n", "two columns are named \"rank\"");
    refused("ann\t0\tx\t1\nann\t0\tx\n", "line 2: 3 fields, expected 4");
    refused("ann\t0\tx\t1\n\t0\tx\t1\n", "line 2: the user is empty");
    refused("ann\t0\t\t1\n", "line 1: the target is empty");
    refused("user\tposition\ttarget\trank\tloss\nann\t0\tx\t1\t1e39\n",
            "the loss is \"1e39\", expected a number");
    refused("ann\t0\tx\t0\n", "the rank is \"0\", expected a whole number from 1, or \"-\"");
    refused("ann\t-1\tx\t1\n", "the position is \"-1\", expected a whole number from 0");
    refused("ann\t0\tx\t2147483648\n", "the rank is \"2147483648\"");
    refused("user\tposition\ttarget\trank\tlength\nann\t0\tx\t1\t1\n",
            "line 2: the length is \"1\", expected a whole number from 2");
    refused("user\tposition\ttarget\trank\tseen\nann\t0\tx\t1\t2\n", "the seen is \"2\"");
    refused("user\tposition\ttarget\trank\tloss\nann\t0\tx\t1\tmuch\n",
            "the loss is \"much\", expected a number");
}

/* A file of more targets than a record holds. */
static void many(void)
{
    enum { TARGETS = 5000 };
    struct buf text = {0}, got = {0};
    struct err e = {0};
    for (int i = 0; i < TARGETS; i++)
        buf_format(&text, "ann\t%d\tx\t%d\n", i, i + 1);
    buf_byte(&text, 0);
    text_to_file("ranks.tsv", text.at);
    tap_ok(!ranks_tsv_each("ranks.tsv", NULL, &visitor, &got, &e), "many targets %s", e.text);
    buf_byte(&got, 0);
    const char *first = strstr(got.at, "ranks user"), *second = strstr(first + 1, "ranks user");
    tap_ok(second && !strstr(second + 1, "ranks user") && strstr(second, ",4999,5000; pass 5000"),
           "come in two records");
    buf_release(&text);
    buf_release(&got);
}

/* The program has the file's name without folder and ending. */
static int look_at_name(void *to, const struct meta *meta, struct err *e)
{
    (void)e;
    buf_append(to, meta->pipeline.at[0].at, meta->pipeline.at[0].len);
    return 0;
}

static void name(void)
{
    const struct predictions_visitor named = {look_at_name, record, end};
    struct buf got = {0};
    struct err e = {0};
    text_to_file("our.model.tsv", "ann\t0\tx\t1\n");
    int status = ranks_tsv_each("./our.model.tsv", NULL, &named, &got, &e);
    /* ["our.model", "", {"file": "./our.model.tsv"}] */
    static const char expected[] = "\x93\xa9our.model\xa0\x81\xa4"
                                   "file\xaf./our.model.tsv";
    tap_ok(!status && got.len > sizeof expected && !memcmp(got.at, expected, sizeof expected - 1),
           "the program is named after the file");
    tap_ok(ranks_tsv_each("no-such.tsv", NULL, &visitor, &got, &e) == STATUS_NOINPUT,
           "a file that is not there: %s", e.text);
    buf_release(&got);
}

int main(void)
{
    columns();
    refusals();
    many();
    name();
    return tap_done();
}
