/* lib/data/schedule_in: what a schedule makes, of small streams word by word, of made-up logs as
 * the modules for batches and steps make it of the records one by one. */
#include "data/schedule_in.h"

#include "../tap.h"
#include "schedule.h"

/* ---- small streams, in words ---- */

/* The steps, "|" between them; of each slot "-" where it idles, else item>target behind "=" in a
 * session, "+" where one begins and "*" where a user begins. */
static void tell_steps(const struct steps *s, struct buf *to)
{
    for (size_t i = 0; i < s->reset.len; i++) {
        enum reset reset = column_u8(s->reset)[i];
        if (i && i % (size_t)s->slots == 0)
            buf_byte(to, '|');
        buf_byte(to, "=+*-"[reset]);
        if (reset != RESET_IDLE)
            buf_format(to, "%d>%d", column_i32(s->item)[i], column_i32(s->target)[i]);
    }
}

/* u0 i2 1train b0,3 b1! p*0>1-: a batch that is not learned from has a "!". */
static void tell(const struct schedule_record *r, struct buf *to)
{
    buf_text(to, to->len ? " " : "");
    switch (r->kind) {
    case RECORD_USER:
    case RECORD_ITEM:
        buf_format(to, "%c%d", r->kind == RECORD_USER ? 'u' : 'i', r->named.id);
        break;
    case RECORD_EPOCH:
        buf_format(to, "%d%s", (int)r->epoch.number, part_name[r->epoch.part]);
        break;
    case RECORD_BATCH:
        for (size_t i = 0; i < r->number.len; i++)
            buf_format(to, i ? ",%d" : "b%d", column_i32(r->number)[i]);
        buf_text(to, r->learn && r->batch.learn ? "" : "!");
        break;
    case RECORD_PARALLEL:
        buf_byte(to, 'p');
        tell_steps(&r->steps, to);
        break;
    default:
        buf_text(to, "?");
    }
}

/* Whether the batch is the one that came ahead of it, if one did: `count` sessions, copied. */
static bool came_ahead(const struct schedule_record *r, const int32_t *ahead, size_t count)
{
    return !count || (r->kind == RECORD_BATCH && r->number.len == count &&
                      !memcmp(r->number.at, ahead, count * sizeof *ahead));
}

/* The sessions that are left out; NULL: none. */
static const unsigned char *left_out;

/* All that the stream makes; a status that is not 0 comes as a word.  ahead: looks ahead at every
 * `ahead`-th record; "?" if something else comes then. */
static void tell_all(const struct buf *stream, size_t test_targets, int ahead, struct buf *to)
{
    struct schedule_in s;
    struct schedule_record r;
    struct err e = {0};
    enum read_result got;
    const char *path = stream_file(stream->at, stream->len);
    int32_t next[64];
    size_t count = 0;
    must(schedule_in_open(&s, &path, 1, 0, &e), &e);
    s.test_targets = test_targets;
    s.left_out = left_out;
    for (int n = 0; (got = schedule_in_next(&s, &r, &e)) == READ_RECORD; n++) {
        buf_text(to, came_ahead(&r, next, count) ? "" : "?");
        count = 0;
        const int32_t *at = ahead && n % ahead == 0 ? schedule_in_ahead(&s, &count) : NULL;
        if (count)
            memcpy(next, at, count * sizeof *next);
        tell(&r, to);
    }
    buf_text(to, count ? "?" : "");
    if (got == READ_ERROR)
        buf_format(to, " %d", e.status);
    buf_byte(to, 0);
    schedule_in_close(&s);
}

#define NAMES "u0 u1 i0 i1 i2 "
#define TEXT                                                                                       \
    "[\"user\",0,\"a\"] [\"user\",1,\"b\"] [\"item\",0,\"x\"] [\"item\",1,\"y\"] "                 \
    "[\"item\",2,\"z\"] [\"session\",0,1,l[1,2,3],i[0,1,2]] [\"session\",0,1,l[5,6],i[2,1]] "      \
    "[\"session\",1,1,l[1],i[0]] [\"session\",1,1,l[2,3],i[1,0]] [\"session\",1,3,l[7,8],i[1,2]] "

static void small_streams(void)
{
    static const struct {
        int sample;
        const char *text; /* NULL: the sample itself */
        const char *words;
    } rows[] = {
        {STREAM_BATCHES, NULL, NAMES "1train b0,3 b1! 1test b2,4 2train b0,3 b1! 2test b2,4"},
        {SAMPLE_PARALLEL, NULL,
         NAMES "1train p*0>1*0>1|=1>0=1>2|+2>1=2>0 1test b2,4 "
               "2train p*0>1*0>1|=1>2=1>0|=2>0+2>1 2test b2,4"},
        {SAMPLE_PARALLEL, TEXT, NAMES},
        {STREAM_BATCHES, TEXT "[\"epoch\",1,1] [\"epoch\",2,1]", NAMES "1train 2train"},
        /* A slot idles behind its last session; one of one event makes no step. */
        {SAMPLE_PARALLEL, TEXT "[\"epoch\",1,1] [\"parallel\",i[0,1,1],i[0,2,3]]",
         NAMES "1train p*0>1*1>0|=1>2-"},
        {SAMPLE_PARALLEL, TEXT "[\"epoch\",1,1] [\"parallel\",i[1],i[2]] [\"epoch\",2,1]",
         NAMES "1train 2train"},
        /* A pass comes again, behind one of another part and as the last one. */
        {SAMPLE_PARALLEL,
         TEXT "[\"epoch\",1,1] [\"parallel\",i[1,1],i[0,1]] [\"epoch\",1,3] [\"batch\",i[4]] "
              "[\"epoch\",2,1] [\"again\",1] [\"epoch\",2,3] [\"again\",1] [\"epoch\",3,1] "
              "[\"again\",1]",
         NAMES "1train p-*0>1|-=1>2|-+2>1 1test b4 2train p-*0>1|-=1>2|-+2>1 2test b4 "
               "3train p-*0>1|-=1>2|-+2>1"},
        /* Again is what was written last. */
        {STREAM_BATCHES,
         TEXT "[\"epoch\",1,1] [\"batch\",i[0,2]] [\"epoch\",2,1] [\"batch\",i[3],0] "
              "[\"batch\",i[0]] [\"epoch\",3,1] [\"again\",2] [\"epoch\",4,1] [\"again\",2]",
         NAMES "1train b0,2 2train b3! b0 3train b3! b0 4train b3! b0"},
        {STREAM_BATCHES,
         TEXT "[\"epoch\",1,1] [\"batch\",i[0]] [\"later\",1] [\"epoch\",2,1] [\"epoch\",3,1] "
              "[\"again\",1]",
         NAMES "1train b0 2train 3train b0"},
        /* An error ends what it is in; batches before it came. */
        {SAMPLE_PARALLEL, TEXT "[\"epoch\",1,1] [\"batch\",i[0]] [\"parallel\",i[0],i[1]]",
         NAMES "1train b0 65"},
        {SAMPLE_PARALLEL, TEXT "[\"epoch\",1,1] [\"parallel\",i[0],i[1]] [\"epoch\",0,1]",
         NAMES "1train 65"},
        {STREAM_BATCHES, TEXT "[\"batch\",i[0]]", NAMES "65"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf stream = {0};
        if (rows[i].text)
            stream_of(rows[i].sample, false, notated_records, rows[i].text, &stream);
        else
            stream_make(rows[i].sample, true, &stream);
        const char *wanted = rows[i].words;
        size_t n = strlen(wanted) - (wanted[strlen(wanted) - 1] == ' ');
        for (int ahead = 0; ahead < 3; ahead++) {
            struct buf words = {0};
            tell_all(&stream, 0, ahead, &words);
            tap_ok(strlen(words.at) == n && !strncmp(words.at, wanted, n), "%s%s", words.at,
                   ahead ? ", looking ahead" : "");
            buf_release(&words);
        }
        buf_release(&stream);
    }
}

/* In validation and tests a batch comes in pieces of whole sessions; those of one event cost
 * nothing. */
/* Sessions that are left out come in tests, and where a pass comes again with them. */
static void without_sessions(void)
{
    static const unsigned char second[] = {0, 1, 0, 0, 0}, others[] = {1, 1, 0, 1, 1};
    static const struct {
        int sample;
        const unsigned char *left_out;
        const char *text, *words;
    } rows[] = {
        {STREAM_BATCHES, others,
         TEXT "[\"epoch\",1,1] [\"batch\",i[0,2]] [\"batch\",i[3]] "
              "[\"epoch\",1,3] [\"batch\",i[4]] [\"epoch\",2,1] [\"again\",1]",
         NAMES "1train b2 1test b4 2train b2"},
        {SAMPLE_PARALLEL, second, TEXT "[\"epoch\",1,1] [\"parallel\",i[1,1],i[0,1]]",
         NAMES "1train p-*0>1|-=1>2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int ahead = 0; ahead < 2; ahead++) {
            struct buf stream = {0}, words = {0};
            stream_of(rows[i].sample, false, notated_records, rows[i].text, &stream);
            left_out = rows[i].left_out;
            tell_all(&stream, 0, ahead, &words);
            left_out = NULL;
            tap_ok(!strcmp(words.at, rows[i].words), "left out: %s", words.at);
            buf_release(&words);
            buf_release(&stream);
        }
}

static void pieces(void)
{
    static const char text[] =
        "[\"user\",0,\"a\"] [\"user\",1,\"b\"] [\"user\",2,\"c\"] [\"user\",3,\"d\"] "
        "[\"item\",0,\"x\"] [\"item\",1,\"y\"] [\"session\",0,1,l[1,2],i[0,1]] "
        "[\"session\",0,3,l[3,4,5],i[0,1,0]] [\"session\",1,3,l[6],i[1]] "
        "[\"session\",2,3,l[7,8],i[0,1]] [\"session\",3,3,l[9,10,11],i[0,1,0]] "
        "[\"epoch\",1,1] [\"batch\",i[0]] [\"epoch\",1,3] [\"batch\",i[1,2,3,4]] "
        "[\"epoch\",2,1] [\"batch\",i[0]] [\"epoch\",2,3] [\"again\",1]";
    static const char *const wanted[] = {"b1,2,3,4", "b1 b2,3 b4", "b1,2 b3 b4", "b1,2,3 b4"};
    struct buf stream = {0};
    stream_of(STREAM_BATCHES, false, notated_records, text, &stream);
    for (size_t targets = 0; targets < 4; targets++) {
        struct buf words = {0}, all = {0};
        tell_all(&stream, targets, (int)targets % 3, &words);
        buf_format(&all, "u0 u1 u2 u3 i0 i1 1train b0 1test %s 2train b0 2test %s", wanted[targets],
                   wanted[targets]);
        tap_ok(!strcmp(words.at, all.at), "%d targets: %s", (int)targets, words.at);
        buf_release(&words);
        buf_release(&all);
    }
    buf_release(&stream);
}

/* ---- made-up logs ---- */

/* The schedule that was written, and how far it has been made. */
struct check {
    const struct session_store *store;
    const struct schedule_trace *trace;
    struct batching batching;
    size_t passes, record, end; /* begun; the next record of the pass, and behind its last one */
    i32_vec item, target, user; /* the steps of the pass, end to end */
    VEC(unsigned char) reset;
    bool good;
};

static bool same_column(struct column a, struct column b, size_t size)
{
    return a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len * size));
}

static bool same_batch(const struct batch *a, const struct batch *b)
{
    return a->learn == b->learn && same_column(a->user, b->user, 4) &&
           same_column(a->session, b->session, 4) && same_column(a->start, b->start, 8) &&
           same_column(a->length, b->length, 4) && same_column(a->item, b->item, 4) &&
           same_column(a->history, b->history, 4) &&
           same_column(a->history_delta, b->history_delta, 4) &&
           same_column(a->history_week, b->history_week, 4) &&
           same_column(a->history_session, b->history_session, 4) &&
           same_column(a->history_start, b->history_start, 8) &&
           same_column(a->history_length, b->history_length, 4) &&
           same_column(a->history_item, b->history_item, 4);
}

static size_t record_begin(const struct schedule_trace *t, size_t record)
{
    return record ? t->end.at[record - 1] : 0;
}

/* The records of the pass, or of the one that comes again. */
static void begin_pass(struct check *k, struct epoch epoch)
{
    const struct schedule_trace *t = k->trace;
    size_t pass = k->passes++, from = 0;
    k->good = k->good && pass < t->pass.len && t->pass.at[pass].number == epoch.number &&
              t->pass.at[pass].part == epoch.part;
    if (!k->good)
        return;
    int64_t written = t->again.at[pass] ? t->again.at[pass] : epoch.number;
    while (t->pass.at[from].number != written || t->pass.at[from].part != epoch.part)
        from++;
    k->record = t->begin.at[from];
    k->end = from + 1 < t->begin.len ? t->begin.at[from + 1] : t->end.len;
    k->reset.len = k->item.len = k->target.len = k->user.len = 0;
}

static void check_batch(struct check *k, const struct schedule_record *r)
{
    const struct schedule_trace *t = k->trace;
    k->good = k->good && k->record < k->end;
    if (!k->good)
        return;
    size_t from = record_begin(t, k->record);
    struct column wanted = {t->session.at + from, t->end.at[k->record] - from};
    int learn = t->learn.at[k->record++];
    struct batch batch = batching_make(&k->batching, wanted.at, wanted.len, learn);
    k->good =
        same_column(r->number, wanted, 4) && r->learn == learn && same_batch(&r->batch, &batch);
}

static void keep_steps(struct check *k, const struct steps *s)
{
    vec_append(&k->item, column_i32(s->item), s->item.len);
    vec_append(&k->target, column_i32(s->target), s->target.len);
    vec_append(&k->user, column_i32(s->user), s->user.len);
    vec_append(&k->reset, column_u8(s->reset), s->reset.len);
}

/* All records of the pass came: its batches, or the steps of its parallel mini-batches. */
static void end_pass(struct check *k, int64_t slots)
{
    const struct schedule_trace *t = k->trace;
    if (!k->passes || !k->good || !slots || t->pass.at[k->passes - 1].part != PART_TRAIN) {
        k->good = k->good && k->record == k->end;
        return;
    }
    struct parallel_batches p = {.store = k->store, .slots = slots};
    parallel_batches_begin(&p);
    for (size_t i = record_begin(t, k->record); i < record_begin(t, k->end); i++)
        parallel_batches_give(&p, t->slot.at[i], t->session.at[i]);
    while (parallel_batches_step(&p))
        ;
    struct steps s = parallel_batches_take(&p);
    k->good = same_column(s.item, (struct column){k->item.at, k->item.len}, 4) &&
              same_column(s.target, (struct column){k->target.at, k->target.len}, 4) &&
              same_column(s.user, (struct column){k->user.at, k->user.len}, 4) &&
              same_column(s.reset, (struct column){k->reset.at, k->reset.len}, 1);
    parallel_batches_release(&p);
}

static bool is_made(const struct buf *stream, int64_t memory, const struct session_store *c,
                    const struct schedule_trace *t)
{
    struct schedule_in s;
    struct schedule_record r;
    struct err e = {0};
    const char *path = stream_file(stream->at, stream->len);
    must(schedule_in_open(&s, &path, 1, memory, &e), &e);
    s.batching.history_items = true;
    struct check k = {.store = c, .trace = t, .batching = s.batching, .good = true};
    k.batching.store = c;
    while (schedule_in_next(&s, &r, &e) == READ_RECORD)
        if (r.kind == RECORD_EPOCH) {
            end_pass(&k, s.parallel.slots);
            begin_pass(&k, r.epoch);
        } else if (r.kind == RECORD_BATCH) {
            check_batch(&k, &r);
        } else if (r.kind == RECORD_PARALLEL) {
            keep_steps(&k, &r.steps);
        }
    must(e.status, &e);
    end_pass(&k, s.parallel.slots);
    bool good = k.good && k.passes == t->pass.len &&
                session_store_sessions(&s.store) == session_store_sessions(c) &&
                s.store.item.filed == (memory > 0);
    vec_release(&k.item);
    vec_release(&k.target);
    vec_release(&k.user);
    vec_release(&k.reset);
    batching_release(&k.batching);
    schedule_in_close(&s);
    return good;
}

/* Four epochs, of which the second is written out again and the last two come again. */
static void one_log(uint64_t seed, const struct scheme *scheme)
{
    struct random random = random_of(seed, 5);
    struct session_store c = {0};
    struct log_ids ids =
        log_make(&c, &random, seed % 5 ? 30 : 500); /* some with steps in several runs */
    struct made m;
    struct err e;
    int64_t size = 1 + random_below(&random, 9);
    schedule_open(&m, &c, ids, scheme, size);
    struct schedule_out o = {
        .store = &c, .out = &m.out, .size = size, .min_batch = 3, .seed = seed};
    for (int64_t number = 1; number <= 4; number++)
        for (enum part part = PART_TRAIN; part <= PART_TEST; part++) {
            struct epoch epoch = {number, part};
            if (!session_store_part_count(&c, part))
                continue;
            must(write_epoch(&m.out, epoch, &e), &e);
            if (number <= 2)
                must((part == PART_TRAIN ? scheme : scheme_of_tests())->pass(&o, epoch, &e), &e);
            else
                must(write_again(&m.out, 2, &e), &e);
        }
    struct buf stream = {0};
    struct schedule_trace t;
    schedule_read(&m, &t, &stream);
    for (int64_t memory = 0; memory < 2; memory++)
        tap_ok(is_made(&stream, memory, &c, &t), "log %d, %s%s", (int)seed, scheme->name,
               memory ? ", events in a file" : "");
    schedule_trace_release(&t);
    buf_release(&stream);
    session_store_release(&c);
}

int main(void)
{
    small_streams();
    without_sessions();
    pieces();
    for (uint64_t seed = 0; seed < 20; seed++)
        for (const struct scheme *s = scheme_table; s->name; s++)
            one_log(seed, s);
    return tap_done();
}
