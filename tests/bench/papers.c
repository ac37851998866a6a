/* Training steps of HRNN, its RNN, NARM, RIB, the contextual RNN, ASARS, YouTube DNN, session
 * embedding, the intent encoder-decoder, WaveNet, SASRec, STAMP, BPR-MF and the hierarchical model
 * at the shapes of papers, and ranking at HRNN's: time over the floor, and targets a second: rows
 * "name<TAB>value<TAB>unit".
 *
 * The floor of a step (floor.h) is its matrix products at the mean number of rows, forward and
 * backward, and its memory: what the optimizer moves, of all weights, or where the loss is over
 * some of the items, of the rows that the step must read and update; and what recurrent layers
 * write for their backward pass, once, and read there.  It has neither the exponentials of gates
 * nor random numbers of dropout, nor what other layers keep.  Passes over the same sessions and
 * floors alternate; the result is the least time over the rounds.  Arguments are prefixes of the
 * names of rows to measure. */
#include <unistd.h>

#include "base/threads.h"
#include "data/epochs.h"
#include "data/schedule_in.h"
#include "nn/blas.h"
#include "running.h"
#include "session_floors.h"
#include "stream.h"
#include "train/teacher.h"

enum { ROUNDS = 5, CHUNK = 880 /* rows of scores at once in the floor */ };
enum { CLUSTERS = 8, CODES = 6 /* of a context */ };

struct paper {
    int32_t items, users, sessions; /* sessions: of each user */
    double events;                  /* events of a session, on average */
    int64_t embedding, hidden, batch;
    struct train_options t;
};

static const struct paper xing = {
    .items = 60000,
    .users = 2000,
    .sessions = 8,
    .events = 6.1,
    .embedding = 100,
    .hidden = 100,
    .batch = 100,
    .t = {.optimizer = {.update = {.kind = OPTIMIZER_ADAGRAD, .rate = 0.1f, .momentum = 0.2f}},
          .loss = LOSS_TOP1,
          .sampled = true}};

static const struct paper yoochoose = {
    .items = 37483,
    .users = 3 * 512,
    .sessions = 1,
    .events = 6.16,
    .embedding = 50,
    .hidden = 100,
    .batch = 512,
    .t = {.optimizer = {.update = {.kind = OPTIMIZER_ADAM, .rate = 0.001f}}}};

/* RIB, SASRec and STAMP on the same clicks. */
static const struct paper yoochoose_attention = {
    .items = 37483,
    .users = 3 * 512,
    .sessions = 1,
    .events = 6.16,
    .embedding = 100,
    .batch = 512,
    .t = {.optimizer = {.update = {.kind = OPTIMIZER_ADAM, .rate = 0.001f}}}};

/* BPR-MF as NARM's paper compares it: batches of 160 sessions (pipelines/narm.mk). */
static const struct paper yoochoose_factors = {
    .items = 37483,
    .users = 6 * 160,
    .sessions = 1,
    .events = 6.16,
    .embedding = 100,
    .batch = 160,
    .t = {.optimizer = {.update = {.kind = OPTIMIZER_ADAGRAD, .rate = 0.5f}},
          .loss = LOSS_BPR,
          .sampled = true}};

/* The sessions of Reddit's users, as in the thesis. */
static const struct paper reddit_users = {
    .items = 27452,
    .users = 400,
    .sessions = 16,
    .events = 4,
    .embedding = 50,
    .batch = 100,
    .t = {.optimizer = {.update = {.kind = OPTIMIZER_ADAM, .rate = 0.001f}}}};

struct row {
    const struct paper *paper;
    struct variant v;
    const char *scheme;
    int negatives; /* drawn, with cross-entropy; 0: the paper's loss */
    int32_t users; /* 0: as many as in the paper */
    enum part part;
    int window;    /* inputs that a prediction sees at most; 0: all */
    bool prefixes; /* each beginning of a session is read for itself */
    bool taught;   /* by a teacher of the same form */
};

static const struct row rows[] = {
    {&xing,
     {"hrnn_init", "hrnn", {.propagate = "init", .dropout = 0.1}},
     "user-parallel",
     .part = PART_TRAIN},
    {&xing,
     {"hrnn_all",
      "hrnn",
      {.propagate = "all", .dropout = 0.1, .user_dropout = 0.1, .start_dropout = 0.2}},
     "user-parallel",
     .part = PART_TRAIN},
    {&xing, {"rnn", "rnn", {.dropout = 0.1}}, "session-parallel", .part = PART_TRAIN},
    {&xing,
     {"rnn_layers", "rnn", {.dropout = 0.1, .layers = 2, .feed_forward = 100}},
     "session-parallel",
     .part = PART_TRAIN},
    {&xing,
     {"rnn_one_hot", "rnn", {.dropout = 0.1, .input = "one-hot"}},
     "session-parallel",
     .part = PART_TRAIN},
    {&xing,
     {"rnn_lstm", "rnn", {.dropout = 0.1, .cell = "lstm"}},
     "session-parallel",
     .part = PART_TRAIN},
    {&xing,
     {"rnn_negatives", "rnn", {.dropout = 0.1}},
     "session-parallel",
     .negatives = 2000,
     .users = 400,
     .part = PART_TRAIN},
    {&yoochoose,
     {"narm", "narm", {.gru = "reset-before", .dropout = 0.25, .feature_dropout = 0.5}},
     "sessions",
     .part = PART_TRAIN,
     .window = 19},
    {&yoochoose_attention,
     {"rib", "rib", {.decoder = "tied", .dropout = 0.2}},
     "sessions",
     .part = PART_TRAIN},
    {&yoochoose_attention,
     {"context_rnn", "context-rnn", {.decoder = "tied", .dropout = 0.2}},
     "sessions",
     .part = PART_TRAIN},
    {&yoochoose, {"improved", "improved", {.dropout = 0.25}}, "sessions", .part = PART_TRAIN},
    {&yoochoose,
     {"improved_taught", "improved", {.dropout = 0.25}},
     "sessions",
     .part = PART_TRAIN,
     .taught = true},
    {&yoochoose,
     {"improved_embedding", "improved", {.decoder = "embedding", .dropout = 0.25}},
     "sessions",
     .users = 24 * 512, /* three steps last too short beside what a floor leaves in the caches */
     .part = PART_TRAIN},
    {&yoochoose_attention,
     {"asars", "asars", {.variant = "user-att", .dropout = 0.2}},
     "sessions",
     .part = PART_TRAIN},
    {&yoochoose_attention,
     {"asars_user_cat", "asars", {.variant = "user-cat", .dropout = 0.2}},
     "sessions",
     .part = PART_TRAIN},
    {&yoochoose_attention,
     {"asars_time_att", "asars", {.variant = "time-att", .dropout = 0.2, .context = "dwell"}},
     "sessions",
     .part = PART_TRAIN},
    {&yoochoose_attention,
     {"asars_time_cat", "asars", {.variant = "time-cat", .dropout = 0.2, .context = "dwell"}},
     "sessions",
     .part = PART_TRAIN},
    {&yoochoose_attention,
     {"asars_time_user", "asars", {.variant = "time-user", .dropout = 0.2, .context = "dwell"}},
     "sessions",
     .part = PART_TRAIN},
    {&yoochoose_attention,
     {"youtube_dnn", "youtube-dnn", {.dropout = 0.2}},
     "sessions",
     .part = PART_TRAIN},
    {&yoochoose_attention,
     {"session_embedding", "session-embedding", {.dropout = 0.2}},
     "sessions",
     .part = PART_TRAIN},
    {&yoochoose_attention,
     {"intent", "intent", {.dropout = 0.2}},
     "sessions",
     .part = PART_TRAIN,
     .window = 19,
     .prefixes = true},
    {&yoochoose_attention,
     {"intent_forward", "intent", {.encoder = "forward", .dropout = 0.2}},
     "sessions",
     .part = PART_TRAIN,
     .window = 19,
     .prefixes = true},
    {&yoochoose_attention,
     {"wavenet", "wavenet", {.dropout = 0.2, .layers = 2, .gated = true}},
     "sessions",
     .part = PART_TRAIN},
    {&yoochoose_attention,
     {"sasrec", "sasrec", {.dropout = 0.3, .blocks = BLOCKS, .heads = 2, .positions = 50}},
     "sessions",
     .part = PART_TRAIN,
     .window = 50},
    {&yoochoose_attention,
     {"stamp", "stamp", {.positions = 50}},
     "sessions",
     .part = PART_TRAIN,
     .window = 50},
    {&yoochoose_attention,
     {"stmp", "stmp", {.positions = 50}},
     "sessions",
     .part = PART_TRAIN,
     .window = 50},
    {&yoochoose_attention, {"stmo", "stmo", {0}}, "sessions", .part = PART_TRAIN},
    {&reddit_users,
     {"hierarchical_intra",
      "hierarchical",
      {.session_rep = "attention", .user_rep = "attention", .intra = "cat"}},
     "longest-first",
     .part = PART_TRAIN},
    {&reddit_users,
     {"hierarchical_clusters",
      "hierarchical",
      {.session_rep = "attention",
       .user_rep = "attention",
       .clusters = "8",
       .cluster_encoders = "session,user,intra"}},
     "longest-first",
     .part = PART_TRAIN},
    {&yoochoose_factors, {"bpr_mf", "bpr-mf", {0}}, "sessions", .part = PART_TRAIN},
    {&xing,
     {"hrnn_rank", "hrnn", {.propagate = "init"}},
     "longest-first",
     .users = 100,
     .part = PART_TEST},
};

/* ---- sessions ---- */

/* Two events, and more with a probability that gives the paper's mean. */
static size_t some_events(struct random *r, double mean, size_t most)
{
    size_t n = 2;
    while (n < most && random_between(r, 0, 1) < (mean - 2) / (mean - 1))
        n++;
    return n;
}

/* A random item; the first ones are more frequent than the last. */
static int32_t some_item(struct random *r, int32_t items)
{
    float x = random_between(r, 0, 1);
    return (int32_t)(x * x * (float)items);
}

static int32_t users_of(const struct row *row)
{
    return row->users ? row->users : row->paper->users;
}

/* The most earlier sessions that the model reads. */
static int history_of(const struct row *row)
{
    return class_named(row->v.model)->needs_items ? HISTORY : 0;
}

static int write_sessions(struct frame_out *out, struct session_store *c, const struct row *row,
                          struct err *e)
{
    enum { MOST = 200 };
    int64_t times[MOST];
    int32_t item[MOST];
    struct random r = random_of(1, 1);
    for (int32_t u = 0; u < users_of(row); u++)
        for (int32_t s = 0; s < row->paper->sessions; s++) {
            size_t n = some_events(&r, row->paper->events, MOST);
            for (size_t i = 0; i < n; i++) {
                item[i] = some_item(&r, row->paper->items);
                times[i] = (int64_t)s * 86400;
            }
            struct session x = {
                .user = u, .part = row->part, .count = n, .times = times, .items = item};
            if (write_session(out, &x, e) || session_store_add(c, &x, e))
                return e->status;
        }
    return session_store_end(c, e)
               ? e->status
               : bench_all_items(out, users_of(row),
                                 row->part == PART_TEST ? PART_TRAIN : PART_TEST, row->paper->items,
                                 e);
}

/* Passes over the same sessions, as batcher makes them: training learns from all of its part. */
static int write_passes(struct frame_out *out, const struct session_store *c, const struct row *row,
                        struct err *e)
{
    const struct learned_share all = {.of = {1, 1}}, both[] = {all, all};
    unsigned char *learned;
    struct schedule_out to = {
        .store = c, .out = out, .size = row->paper->batch, .min_batch = 1, .seed = 1};
    int status = learned_choose(c, NULL, both, &learned, e);
    to.learned = learned;
    for (int number = 1; number <= 1 + ROUNDS && !status; number++) {
        struct epoch epoch = {number, row->part};
        status = write_epoch(out, epoch, e);
        if (!status)
            status = scheme_find(row->scheme)->pass(&to, epoch, e);
    }
    mem_free(learned);
    return status;
}

static void write_stream(const char *path, const struct row *row)
{
    const struct epochs_options o = {.scheme = scheme_find(row->scheme),
                                     .size = row->paper->batch,
                                     .history = history_of(row),
                                     .epochs = 1 + ROUNDS};
    struct err e = {0};
    struct output stage = {0};
    struct session_store c = {0};
    struct meta m = {0};
    epochs_meta(&m, &o);
    if (bench_stream_open(&stage, path, &m, &e) ||
        bench_names(&stage.out, users_of(row) + 1, row->paper->items, &e) ||
        write_sessions(&stage.out, &c, row, &e) || write_passes(&stage.out, &c, row, &e) ||
        output_finish(&stage, &e))
        bench_fail(&e);
    session_store_release(&c);
    meta_release(&m);
}

/* Opens a stream of the row's passes, and reads up to the first. */
static void open_passes(struct schedule_in *in, const struct row *row)
{
    const char *folder = getenv("TMPDIR");
    char name[300];
    struct err e = {0};
    struct schedule_record r = {.kind = RECORD_USER};
    snprintf(name, sizeof name, "%s/papers.%ld.mp", folder ? folder : "/tmp", (long)getpid());
    const char *path = name;
    write_stream(path, row);
    if (schedule_in_open(in, &path, 1, 0, &e))
        bench_fail(&e);
    unlink(path);
    in->batching.history_items = history_of(row) > 0;
    while (r.kind != RECORD_EPOCH)
        if (schedule_in_next(in, &r, &e) != READ_RECORD)
            bench_fail(&e);
}

/* ---- passes ---- */

struct passing {
    struct learner learner;
    double took;
    const struct row *row;
    double steps, targets, begun, read; /* begun: sessions; read: input rows; both with windows */
    double earlier, events;             /* sessions before these, and what they hold */
    i32_vec code;                       /* of the context of each event */
};

/* Adds the input rows of a session with so many inputs, and how many sequences they are. */
static void count_inputs(struct passing *p, int inputs)
{
    int window = p->row->window, windows = 1;
    if (p->row->prefixes)
        windows = inputs;
    else if (window && inputs > window)
        windows = 1 + inputs - window;
    p->begun += windows;
    for (int i = inputs - windows + 1; i <= inputs; i++)
        p->read += window && i > window ? window : i;
}

/* Gives each event a made-up code of the context. */
static struct batch with_codes(struct passing *p, const struct batch *b, struct column *context)
{
    struct batch with = *b;
    for (int32_t i = (int32_t)p->code.len; i < (int32_t)b->item.len; i++)
        vec_push(&p->code, i % CODES);
    *context = (struct column){p->code.at, b->item.len};
    with.context = p->row->v.o.context ? context : NULL;
    return with;
}

static int take_batch(struct passing *p, const struct batch *b, struct err *e)
{
    struct outcome o;
    struct column context;
    struct batch with = with_codes(p, b, &context);
    double begin = now();
    int status = learner_batch(&p->learner, &with, &o, e);
    p->took += now() - begin;
    p->steps++;
    p->targets += o.events;
    for (size_t i = 0; i < b->length.len; i++)
        count_inputs(p, column_i32(b->length)[i] - 1);
    p->earlier += (double)b->history_length.len;
    p->events += (double)b->history_item.len;
    return status;
}

static int take_steps(struct passing *p, const struct steps *s, struct err *e)
{
    struct outcome o;
    double begin = now();
    int status = learner_steps(&p->learner, s, &o, e);
    p->took += now() - begin;
    p->steps += (double)s->reset.len / (double)s->slots;
    p->targets += o.events;
    for (size_t i = 0; i < s->reset.len; i++)
        p->begun += column_u8(s->reset)[i] == RESET_SESSION || column_u8(s->reset)[i] == RESET_USER;
    return status;
}

/* ---- floors ---- */

static void parallel_floor(struct floor *f, const struct row *row, const struct passing *p)
{
    const char *propagate = row->v.o.propagate;
    int H = (int)row->paper->hidden, items = row->paper->items;
    bool all = propagate && !strcmp(propagate, "all"), one_hot = row->v.o.input;
    double slots = p->targets / p->steps, begun = propagate ? p->begun / p->steps : 0;
    double candidates = slots + row->negatives;
    (row->v.o.cell ? floor_lstm : floor_gru)(f, slots, slots, one_hot ? 0 : H, H, slots, begun);
    for (int i = 1; i < row->v.o.layers; i++)
        floor_gru(f, slots, slots, H, H, slots, begun);
    if (row->v.o.feed_forward)
        floor_linear(f, slots, (int)row->v.o.feed_forward, H, slots);
    if (all)
        floor_linear(f, slots, 3 * H, H, begun);
    if (propagate) {
        floor_gru(f, begun, begun, H, H, 0, 0);
        floor_linear(f, begun, H, H, begun);
    }
    floor_linear(f, slots, (int)candidates, H, slots);
    floor_rows(f, slots, one_hot ? 3 * H : H, items, false);
    floor_rows(f, candidates, H, items, false);
    floor_rows(f, slots, one_hot ? 3 * H : H, items, true);
    floor_rows(f, candidates, H, items, true);
    floor_rows(f, candidates, 1, items, true);
}

static bool predicts_embedding(const struct row *row)
{
    return row->v.o.decoder && !strcmp(row->v.o.decoder, "embedding");
}

/* Sets the width of its output layer, 0: it has none, and predicts embeddings. */
static void improved_floor(struct floor *f, const struct row *row, double read, double going,
                           double targets, int *width)
{
    int E = (int)row->paper->embedding, H = (int)row->paper->hidden, items = row->paper->items;
    bool aims = predicts_embedding(row);
    floor_gru(f, read, going, E, H, aims ? 0 : read, going); /* embeddings are frozen then */
    *width = aims ? 0 : H;
    if (aims) {
        floor_linear(f, targets, E, H, targets);
        floor_rows(f, targets, E, items, false);
    }
    if (row->taught) {
        floor_product(f, false, true, (int)read, 3 * H, E);
        floor_product(f, false, true, (int)going, 3 * H, H);
        for (int i = (int)targets / CHUNK; i >= 0; i--)
            floor_product(f, false, true, (int)targets / ((int)targets / CHUNK + 1), items, H);
    }
}

static void session_floor(struct floor *f, const struct row *row, const struct passing *p)
{
    int E = (int)row->paper->embedding, items = row->paper->items;
    int H = (int)row->paper->hidden, width = E; /* width: of the output layer */
    double read = p->read / p->steps, targets = p->targets / p->steps;
    double sessions = (double)row->paper->batch;
    int chunks = (int)targets / CHUNK + 1;
    if (!strcmp(row->v.model, "narm"))
        narm_floor(f, read, read - p->begun / p->steps, targets, E, H);
    else if (!strcmp(row->v.model, "rib"))
        rib_floor(f, read, read - p->begun / p->steps, E);
    else if (!strcmp(row->v.model, "context-rnn"))
        context_rnn_floor(f, read, read - p->begun / p->steps, E);
    else if (!strcmp(row->v.model, "improved"))
        improved_floor(f, row, read, read - p->begun / p->steps, targets, &width);
    else if (!strcmp(row->v.model, "asars"))
        asars_floor(f, row->v.o.variant, read, read - p->begun / p->steps, E);
    else if (!strcmp(row->v.model, "youtube-dnn"))
        youtube_dnn_floor(f, read, E);
    else if (!strcmp(row->v.model, "session-embedding"))
        session_embedding_floor(f, read, E, items);
    else if (!strcmp(row->v.model, "intent"))
        intent_floor(f, !row->v.o.encoder, &(struct prefixes){read, p->begun / p->steps, targets},
                     sessions, E);
    else if (!strcmp(row->v.model, "hierarchical"))
        hierarchical_floor(f, &row->v.o, p->events / p->steps, p->earlier / p->steps, sessions,
                           read, E);
    else if (!strcmp(row->v.model, "wavenet"))
        wavenet_floor(f, read, E, (int)row->v.o.layers);
    else if (!strcmp(row->v.model, "sasrec"))
        attention_floor(f, read, E);
    else
        stamp_floor(f, row->v.model, read, targets, E);
    for (int i = 0; i < chunks && width; i++)
        floor_linear(f, targets / chunks, items, width, targets / chunks);
    floor_rows(f, (row->prefixes ? targets : read) + p->events / p->steps, E, items, false);
}

/* Every event of a session is a target of its user, and a negative for all other targets. */
static void factors_floor(struct floor *f, const struct row *row, const struct passing *p)
{
    int E = (int)row->paper->embedding, items = row->paper->items;
    double targets = p->targets / p->steps, users = p->begun / p->steps;
    floor_linear(f, targets, (int)targets, E, targets);
    floor_rows(f, users, E, row->paper->users, false);
    floor_rows(f, targets, E, items, false);
    floor_rows(f, users, E, row->paper->users, true);
    floor_rows(f, targets, E, items, true);
    floor_rows(f, targets, 1, items, true);
}

/* The scores of a batch. */
static void rank_floor(struct floor *f, const struct row *row, const struct passing *p)
{
    int H = (int)row->paper->hidden, items = row->paper->items;
    floor_product(f, false, true, (int)(p->targets / p->steps), items, H);
}

/* ---- measurements ---- */

static bool learns_from_slots(const struct row *row)
{
    return row->part == PART_TRAIN && class_named(row->v.model)->steps;
}

static void open_teacher(struct teacher *t, const struct model *like)
{
    *t = (struct teacher){.weight = 0.5f, .temperature = 1};
    model_open(&t->model, like->class, like->options, &like->data, like->device);
    parameters_allocate(&t->model.parameters, like->device, OPTIMIZER_SGD, 0, 2);
}

static struct teacher teacher; /* of a row that is taught */

/* The cluster of each of so many users. */
static const int32_t *clusters_of(int32_t users)
{
    static i32_vec cluster;
    for (int32_t u = (int32_t)cluster.len; u < users; u++)
        vec_push(&cluster, u % CLUSTERS);
    return cluster.at;
}

static void open_learner(struct passing *p, struct model *m, struct model_options **o,
                         const struct row *row, struct device *d)
{
    const struct paper *paper = row->paper;
    struct train_options t = paper->t;
    const struct model_class *class = class_named(row->v.model);
    static const int32_t codes[] = {CODES};
    struct model_data data = {.users = users_of(row),
                              .items = paper->items,
                              .history = history_of(row),
                              .delta_buckets = 1,
                              .context_codes = codes,
                              .groups = row->v.o.clusters ? CLUSTERS : 0,
                              .group = row->v.o.clusters ? clusters_of(users_of(row)) : NULL,
                              .slots = learns_from_slots(row) ? (int32_t)paper->batch : 0};
    struct model_shape shape = row->v.o;
    shape.embedding = paper->embedding;
    shape.hidden = paper->hidden;
    *o = options_of_shape(class, &shape);
    t.seed = 1, t.max_steps = -1, t.top = 20;
    if (row->negatives)
        t.loss = LOSS_CROSS_ENTROPY, t.negatives = row->negatives;
    model_open(m, class, *o, &data, d);
    if (predicts_embedding(row))
        parameters_find(&m->parameters, "item_embedding.weight")->frozen = true;
    parameters_allocate(&m->parameters, d, t.optimizer.update.kind, t.optimizer.update.momentum, 1);
    if (row->taught)
        open_teacher(&teacher, m);
    t.teacher = row->taught ? &teacher : NULL;
    learner_open(&p->learner, m, &t);
}

/* Runs the pass at which `in` is, and reads up to the next. */
static void run_pass(struct passing *p, struct schedule_in *in)
{
    struct err e = {0};
    struct schedule_record r;
    enum read_result got;
    p->took = p->steps = p->targets = p->begun = p->read = p->earlier = p->events = 0;
    learner_begin(&p->learner, in->epoch);
    while ((got = schedule_in_next(in, &r, &e)) == READ_RECORD && r.kind != RECORD_EPOCH)
        if (r.kind == RECORD_BATCH ? take_batch(p, &r.batch, &e) : take_steps(p, &r.steps, &e))
            bench_fail(&e);
    if (got == READ_ERROR || learner_flush(&p->learner, &e))
        bench_fail(&e);
}

static void open_floor(struct floor *f, const struct row *row, const struct passing *p)
{
    *f = (struct floor){0};
    if (row->part == PART_TEST)
        rank_floor(f, row, p);
    else if (learns_from_slots(row))
        parallel_floor(f, row, p);
    else
        (row->paper->t.sampled ? factors_floor : session_floor)(f, row, p);
    f->dense = row->part == PART_TEST ? 0 : dense_floats(&p->learner.model->parameters);
    floor_open(f);
}

static void measure(const struct row *row)
{
    struct schedule_in in;
    struct passing p = {.row = row};
    struct model m;
    struct model_options *o;
    struct floor f;
    double took[ROUNDS], least_of[ROUNDS];
    struct device *d = cpu_open(&(struct device_options){0});
    open_passes(&in, row);
    open_learner(&p, &m, &o, row, d);
    run_pass(&p, &in); /* warms up and counts what a pass contains */
    open_floor(&f, row, &p);
    for (int round = 0; round < ROUNDS; round++) {
        run_pass(&p, &in);
        took[round] = p.took;
        least_of[round] = floor_seconds(&f, p.steps > 100 ? 100 : 2) * p.steps;
    }
    double step = least(took, ROUNDS);
    printf("%s_events\t%.0f\tevents/s\n", row->v.name, p.targets / step);
    printf("%s_over_floor\t%.3f\tratio\n", row->v.name, step / least(least_of, ROUNDS));
    fflush(stdout);
    floor_close(&f);
    learner_close(&p.learner);
    vec_release(&p.code);
    teacher_close(&teacher);
    model_close(&m);
    mem_free(o);
    device_close(d);
    schedule_in_close(&in);
}

int main(int argc, char **argv)
{
    (void)argc;
    threads_wait_asleep(argv, blas_fit_processor()); /* as in trainer */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (is_wanted((const char *const *)argv + 1, rows[i].v.name))
            measure(&rows[i]);
    return 0;
}
