/* Attention records of a small batch: all of them, a sample, and a sample over a checkpoint. */
#include "train/attention_sample.h"

#include "nn/device_open.h"

#include "../streams.h"
#include "../tap.h"

#undef COLUMN_OF
#define COLUMN_OF(type, ...)                                                                       \
    {                                                                                              \
        (type[]){__VA_ARGS__}, sizeof((type[]){__VA_ARGS__}) / sizeof(type)                        \
    }
#define I32(...) COLUMN_OF(int32_t, __VA_ARGS__)

/* Session 2 of user 0 looks back at two sessions, session 0 of user 1 at none, and session 5 of
 * user 2 at one. */
static const struct batch batch = {
    .user = I32(0, 1, 2),
    .session = I32(2, 0, 5),
    .start = COLUMN_OF(int64_t, 10900, 4000, 7500),
    .length = I32(3, 2, 2),
    .item = I32(0, 1, 2, 3, 4, 5, 6),
    .history_delta = I32(3, 1, 2),
    .history_week = I32(10, 11, 12),
    .history_start = COLUMN_OF(int64_t, 100, 200, 300),
    .history_length = I32(1, 2, 1),
    .history_item = I32(1, 2, 3, 4),
};

static const struct outcome outcome = {
    .ranks = {.rank = I32(1, 1, 1, 1)},
    .tops = {.k = 1, .item = I32(7, 8, 9, 6)},
    .forward = {.targets = 4,
                .target = (const int32_t[]){1, 2, 4, 6},
                .back = {.total = 4,
                         .length = (const int32_t[]){2, 1, 1},
                         .row = (const int32_t[]){0, 1, -1, 2}},
                .item_at = (const int32_t[]){0, 1, 3, 4},
                .item_count = (const int32_t[]){1, 2, 1, 1}},
};
static float inter[] = {0.25f, 0.75f, 0, 1}, events[] = {1, 0.375f, 0.625f, 1},
             items[] = {1, 0.5f, 0.5f, 1, 1};

static const int32_t without_none[] = {2, 0, 1}, only_rows[] = {0, 1, 2};

enum { INTER = 1, SESSION = 2, ITEM = 4 };

/* A model with weights of sessions alone has a row of -1 for a session that looks back at none. */
static struct outcome with(int levels)
{
    struct outcome o = outcome;
    if (levels & INTER)
        o.forward.weight[LEVEL_INTER] = inter, o.forward.weights[LEVEL_INTER] = 4;
    else
        o.forward.back = (struct lookback){.total = 3, .length = without_none, .row = only_rows};
    if (levels & SESSION)
        o.forward.weight[LEVEL_SESSION] = events, o.forward.weights[LEVEL_SESSION] = 4;
    if (levels & ITEM)
        o.forward.weight[LEVEL_ITEM] = items, o.forward.weights[LEVEL_ITEM] = 5;
    return o;
}

/* ---- records as text ---- */

static void put_integers(struct buf *to, const char *name, struct column c)
{
    for (size_t i = 0; i < c.len; i++)
        buf_format(to, "%s%s%d", i ? "," : name, i ? "" : " ", column_i32(c)[i]);
}

static int put_record(void *to, const struct attention *a, struct err *e)
{
    (void)e;
    buf_format(to, "%.*s u%d s%d", (int)a->level.len, a->level.at, (int)a->user, (int)a->session);
    if (a->position >= 0)
        buf_format(to, " p%d", (int)a->position);
    for (size_t i = 0; i < a->weight.len; i++)
        buf_format(to, "%s%g", i ? "," : " w ", (double)column_f32(a->weight)[i]);
    put_integers(to, " of", a->length);
    put_integers(to, " items", a->item);
    put_integers(to, " age", a->delta);
    put_integers(to, " week", a->week);
    for (size_t i = 0; i < a->start.len; i++)
        buf_format(to, "%s%d", i ? "," : " start ", (int)column_i64(a->start)[i]);
    put_integers(to, " target", a->target);
    put_integers(to, " top", a->top);
    buf_byte(to, '\n');
    return 0;
}

struct fixture {
    struct model_class class;
    struct model model;
    struct learner learner;
    struct attention_sample sample;
    struct buf text;
};

static void fixture_open(struct fixture *f, int64_t wanted, uint64_t seed)
{
    *f = (struct fixture){.class = {.name = "gru"}};
    f->model = (struct model){.class = &f->class,
                              .data = {.items = 10, .users = 3},
                              .device = cpu_open(&(struct device_options){.threads = 1})};
    f->learner = (struct learner){.model = &f->model, .stats = {.epoch = {1, PART_TEST}}};
    attention_sample_open(&f->sample, wanted, seed, &f->model);
    attention_sample_begin(&f->sample, f->learner.stats.epoch);
}

static void run(struct fixture *f, int levels, int batches)
{
    const struct attention_sample_to to = {put_record, &f->text};
    struct outcome o = with(levels);
    struct err e;
    for (int i = 0; i < batches; i++)
        must(attention_sample_batch(&f->sample, &f->learner, &batch, &o, to, &e), &e);
}

/* The text of all records; until fixture_close. */
static const char *end(struct fixture *f)
{
    struct err e;
    must(attention_sample_end(&f->sample, (struct attention_sample_to){put_record, &f->text}, &e),
         &e);
    buf_byte(&f->text, 0);
    return f->text.at;
}

static void fixture_close(struct fixture *f)
{
    attention_sample_close(&f->sample);
    device_close(f->model.device);
    buf_release(&f->text);
}

/* ---- all ---- */

static void all_of(int levels, const char *expected, const char *name)
{
    struct fixture f;
    fixture_open(&f, -1, 1);
    run(&f, levels, 1);
    bool same = !strcmp(end(&f), expected);
    tap_ok(same, "%s", name);
    if (!same)
        printf("# %s\n", f.text.at);
    fixture_close(&f);
}

static void levels(void)
{
    all_of(INTER,
           "inter u0 s2 w 0.25,0.75 of 1,2 items 1,2,3 age 3,1 week 10,11 start 100,200 "
           "target 1,2 top 7,8\n"
           "inter u2 s5 w 1 of 1 items 4 age 2 week 12 start 300 target 6 top 6\n",
           "earlier sessions, where there are some");
    all_of(SESSION,
           "session u0 s2 w 1 items 1 age 3 week 10 start 100 target 1,2 top 7,8\n"
           "session u0 s2 w 0.375,0.625 items 2,3 age 1 week 11 start 200 target 1,2 top 7,8\n"
           "session u2 s5 w 1 items 4 age 2 week 12 start 300 target 6 top 6\n",
           "their events, a record for each session");
    all_of(ITEM,
           "item u0 s2 p0 w 1 items 0 target 1 top 7\n"
           "item u0 s2 p1 w 0.5,0.5 items 0,1 target 2 top 8\n"
           "item u1 s0 p0 w 1 items 3 target 4 top 9\n"
           "item u2 s5 p0 w 1 items 5 target 6 top 6\n",
           "the session's own events, a record for each position");
    all_of(0, "", "a model without attention has no records");
}

static void no_test(void)
{
    struct fixture f;
    fixture_open(&f, -1, 1);
    f.learner.stats.epoch.part = PART_TRAIN;
    run(&f, INTER, 1);
    tap_ok(!strcmp(end(&f), ""), "nor has a training pass");
    fixture_close(&f);
    fixture_open(&f, 0, 1);
    run(&f, INTER, 1);
    tap_ok(!strcmp(end(&f), ""), "nor a run that wants none");
    fixture_close(&f);
}

/* ---- a sample ---- */

static size_t lines_in(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* Of the four sessions u0 u2 u0 u2 two are drawn, in the order of the pass: 4 of the 6 pairs begin
 * with user 0. */
static void drawn(void)
{
    int first = 0, right = 0;
    for (uint64_t seed = 0; seed < 600; seed++) {
        struct fixture f;
        fixture_open(&f, 2, seed);
        run(&f, INTER, 2);
        right += lines_in(end(&f)) == 2;
        first += !strncmp(f.text.at, "inter u0", 8);
        fixture_close(&f);
    }
    tap_ok(right == 600, "a sample has so many sessions");
    tap_ok(first > 350 && first < 450, "any of them: %d of 600 samples begin with user 0", first);
}

static void by_seed(void)
{
    struct fixture f, again, later;
    fixture_open(&f, 2, 5);
    fixture_open(&again, 2, 5);
    run(&f, INTER, 9);
    run(&again, INTER, 9);
    tap_ok(!strcmp(end(&f), end(&again)), "the same seed draws the same");
    int others = 0;
    for (int64_t epoch = 2; epoch < 9; epoch++) {
        fixture_open(&later, 1, 5);
        attention_sample_begin(&later.sample, (struct epoch){epoch, PART_TEST});
        run(&later, INTER, 1);
        others += !strncmp(end(&later), "inter u0", 8);
        fixture_close(&later);
    }
    tap_ok(others > 0 && others < 7, "each pass draws anew");
    fixture_close(&f);
    fixture_close(&again);
}

/* ---- checkpoints ---- */

static void list(void *of, struct state *s)
{
    attention_sample_state(of, s);
}

/* A pass that stops behind three batches and goes on for seven is one of ten. */
static void checkpoint(void)
{
    struct fixture whole, first, rest;
    struct output_file file;
    struct safetensors saved;
    struct err e = {0};
    fixture_open(&whole, 4, 3);
    run(&whole, SESSION | ITEM, 10);
    fixture_open(&first, 4, 3);
    run(&first, SESSION | ITEM, 3);
    must(output_file_open(&file, "sample", &e), &e);
    must(state_write(&file, NULL, 0, list, &first.sample, &e), &e);
    must(output_file_commit(&file, &e), &e);
    must(safetensors_open(&saved, "sample", &e), &e);
    fixture_open(&rest, 4, 3);
    tap_ok(!state_read(&saved, list, &rest.sample, &e), "a sample is restored %s", e.text);
    run(&rest, SESSION | ITEM, 7);
    tap_ok(lines_in(end(&rest)) >= 8 && !strcmp(rest.text.at, end(&whole)),
           "and goes on as if the run had not stopped");
    fixture_close(&rest);
    fixture_open(&rest, 4, 3);
    rest.model.data.items = rest.sample.item_count = 5;
    tap_ok(state_read(&saved, list, &rest.sample, &e) == STATUS_DATA, "of other data: %s", e.text);
    safetensors_close(&saved);
    fixture_close(&rest);
    fixture_close(&first);
    fixture_close(&whole);
}

int main(void)
{
    levels();
    no_test();
    drawn();
    by_seed();
    checkpoint();
    return tap_done();
}
