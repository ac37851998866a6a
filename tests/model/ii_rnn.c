/* The II-RNN family as a whole: losses, gradients and stored representations against a plain
 * reference; a batch against its sessions one by one. */
#include "pair.h"

static void check(const char *rep, const char *inter, const char *intra, bool both, const char *gru,
                  int size, double dropout)
{
    check_form("ii-rnn", &(struct model_shape){.session_rep = rep,
                                               .inter = inter,
                                               .intra = intra,
                                               .bidirectional = both,
                                               .gru = gru,
                                               .embedding = size,
                                               .dropout = dropout});
}

static void check_forms(void)
{
    static const char *const inter[] = {NULL,         "hidden",           "delta",
                                        "week",       "hidden,delta",     "hidden,week",
                                        "delta,week", "hidden,delta,week"};
    for (int i = 0; i < 8; i++) {
        check("mean", inter[i], NULL, false, "reset-after", 5, 0);
        check("last", inter[i], NULL, false, "reset-after", 5, 0);
        check(i % 2 ? "mean" : "last", inter[i], NULL, false, "reset-before", 3, 0.3);
        check(i % 2 ? "last" : "mean", inter[i], NULL, false, "reset-after", 3, 0.3);
        check(i % 2 ? "last" : "mean", inter[i], NULL, true, "reset-after", 3, 0.3);
    }
    check("mean", "hidden,delta,week", NULL, false, "reset-after", 33, 0.2);
    check("last", "week,hidden", NULL, false, "reset-before", 31, 0);
    check("last", NULL, NULL, false, "reset-after", 1, 0);
    check("last", "hidden,delta", NULL, true, "reset-before", 5, 0);
    check("mean", NULL, NULL, true, "reset-after", 17, 0.2);
    for (int i = 0; i < 8; i++) {
        check(i % 2 ? "mean" : "last", inter[i], "cat", i % 4 > 1, "reset-after", 4, 0.3);
        check(i % 2 ? "last" : "mean", inter[i], "sum", i % 4 > 1, "reset-before", 3, 0.3);
    }
    check("mean", "hidden,age", NULL, false, "reset-after", 4, 0.3);
    check("last", "age", "cat", true, "reset-after", 5, 0);
    check("mean", "age,week", NULL, true, "reset-before", 17, 0.3);
    check("last", "hidden,delta,week,age", NULL, false, "reset-after", 33, 0);
    check("mean", NULL, "cat", false, "reset-after", 33, 0);
    check("last", "hidden", "sum", true, "reset-after", 17, 0);
}

/* Tied outputs, with a matrix where states are wider than embeddings and without. */
static void check_tied_outputs(void)
{
    struct model_shape o = {.session_rep = "mean",
                            .decoder = "tied",
                            .gru = "reset-after",
                            .embedding = 5,
                            .dropout = 0.3};
    check_form("ii-rnn", &o);
    o.inter = "hidden,delta", o.intra = "cat", o.embedding = 4;
    check_form("ii-rnn", &o);
    o.session_rep = "last", o.bidirectional = true, o.gru = "reset-before";
    check_form("ii-rnn", &o);
    o.inter = o.intra = NULL, o.embedding = 17, o.dropout = 0;
    check_form("ii-rnn", &o);
}

/* Embeddings that are also the output layer begin smaller. */
static void check_first_values(const char *decoder, double bound)
{
    struct model_shape shape = {.decoder = decoder, .embedding = 16};
    struct pair p;
    pair_open(&p, "ii-rnn", &shape);
    const struct parameter *item = p.model.parameters.list.at[0];
    const double *w = p.reference.item;
    double largest = 0;
    for (size_t i = 0; i < item->count; i++)
        largest = fmax(largest, fabs(w[i]));
    tap_ok(largest <= bound && largest > 0.9 * bound, "%s: the first embeddings are up to %.3f",
           decoder, largest);
    pair_close(&p);
}

static void check_per_user(void)
{
    struct model_shape o = {.session_rep = "mean",
                            .inter = "hidden,delta",
                            .intra = "cat",
                            .per_user = "inter,intra",
                            .gru = "reset-after",
                            .embedding = 4,
                            .dropout = 0.3};
    check_form("ii-rnn", &o);
    o.bidirectional = true, o.intra = "sum", o.session_rep = "last";
    check_form("ii-rnn", &o);
    o.per_user = "inter", o.intra = NULL, o.embedding = 17;
    check_form("ii-rnn", &o);
    o.per_user = "intra", o.inter = NULL, o.intra = "sum", o.bidirectional = false;
    check_form("ii-rnn", &o);
    o.intra = "cat", o.inter = "week", o.dropout = 0;
    check_form("ii-rnn", &o);
    for (int shared = 0; shared < 2; shared++) {
        o.inter = "hidden,age", o.intra = "cat", o.per_user = "inter,intra", o.dropout = 0.2;
        check_tied("ii-rnn", &o, shared);
        o.intra = "sum", o.per_user = "intra";
        check_tied("ii-rnn", &o, shared);
    }
}

/* GRUs of each cluster's own. */
static void check_cluster_encoders(void)
{
    struct model_shape o = {.session_rep = "mean",
                            .cluster_encoders = "inter,intra",
                            .gru = "reset-after",
                            .embedding = 4,
                            .dropout = 0.3};
    check_clusters("ii-rnn", &o);
    o.bidirectional = true, o.session_rep = "last", o.gru = "reset-before";
    o.inter = "hidden,delta", o.cluster_encoders = "inter", o.per_user = "inter";
    check_clusters("ii-rnn", &o);
    o.intra = "sum", o.bidirectional = false, o.dropout = 0, o.embedding = 9;
    check_clusters("ii-rnn", &o);
    o.cluster_encoders = "inter,intra";
    check_clusters("ii-rnn", &o);
    o.per_user = "intra";
    check_clusters("ii-rnn", &o);
    o.intra = o.per_user = NULL, o.cluster_encoders = "intra";
    check_clusters("ii-rnn", &o);
    check_tied("ii-rnn", &o, true);
}

/* ---- stored representations ---- */

/* Through training and test, a batch left out among them: every loss agrees, so every stored
 * representation that it was made from does. */
static void check_passes(const char *rep)
{
    struct made made[PAIR_BATCHES];
    struct pair p;
    struct outcome o;
    struct err e;
    make_batches(made);
    pair_open(&p, "ii-rnn",
              &(struct model_shape){.session_rep = rep,
                                    .inter = "hidden,delta",
                                    .gru = "reset-after",
                                    .embedding = 7,
                                    .dropout = 0.4});
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    double trained = loss_difference(&p, made, 2);
    made[2].batch.learn = 0;
    int status = learner_batch(&p.learner, &made[2].batch, &o, &e);
    p.reference.rate = 0; /* no dropout where nothing is learned */
    ref_batch(&p.reference, &made[2].batch, true);
    tap_ok(status == 0 && o.events == 0 && p.learner.steps == 2 &&
               p.learner.stats.left_out == (int64_t)made[2].batch.user.len,
           "%s: a batch to leave out is no step and has no loss", rep);
    learner_begin(&p.learner, (struct epoch){1, PART_TEST});
    double tested = loss_difference(&p, made + 3, 2);
    tap_ok(trained < 1e-5 && tested < 1e-5,
           "%s: representations are carried from training into the test: %.1e, %.1e", rep, trained,
           tested);
    learner_begin(&p.learner, (struct epoch){2, PART_TRAIN});
    memset(p.reference.known, 0, sizeof p.reference.known);
    p.reference.rate = p.options->dropout;
    made[2].batch.learn = 1;
    tap_ok(loss_difference(&p, made + 2, 3) < 1e-5,
           "%s: a training pass begins with none, and unseen sessions are left out", rep);
    pair_close(&p);
    for (int b = 0; b < PAIR_BATCHES; b++)
        made_release(&made[b]);
}

/* ---- a batch is its sessions ---- */

static struct batch single(const struct batch *b, int i)
{
    struct batch s = *b;
    int event = 0, row = 0;
    for (int j = 0; j < i; j++) {
        event += column_i32(b->length)[j];
        row += column_i32(b->history)[j];
    }
    size_t length = (size_t)column_i32(b->length)[i], rows = (size_t)column_i32(b->history)[i];
    s.user = (struct column){column_i32(b->user) + i, 1};
    s.session = (struct column){column_i32(b->session) + i, 1};
    s.start = (struct column){column_i64(b->start) + i, 1};
    s.length = (struct column){column_i32(b->length) + i, 1};
    s.history = (struct column){column_i32(b->history) + i, 1};
    s.item = (struct column){column_i32(b->item) + event, length};
    s.history_delta = (struct column){column_i32(b->history_delta) + row, rows};
    s.history_week = (struct column){column_i32(b->history_week) + row, rows};
    s.history_session = (struct column){column_i32(b->history_session) + row, rows};
    s.history_start = (struct column){column_i64(b->history_start) + row, rows};
    return s;
}

static float *gradients_now(struct pair *p)
{
    float *g = all_gradients(p);
    clear_gradients(p);
    return g;
}

/* Ranks and losses of the last batch, whole and session by session; and its gradients, which are
 * the mean over its targets of theirs. */
static void check_single(const char *rep, const char *inter)
{
    struct made made[PAIR_BATCHES];
    struct pair p;
    struct outcome o;
    struct err e;
    make_batches(made);
    const struct batch *whole = &made[PAIR_BATCHES - 1].batch;
    pair_open(&p, "ii-rnn",
              &(struct model_shape){
                  .session_rep = rep, .inter = inter, .gru = "reset-after", .embedding = 31});
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    loss_difference(&p, made, PAIR_BATCHES - 1);
    const struct parameters *q = &p.model.parameters;
    clear_gradients(&p);
    add_gradients(&p, whole, 1);
    float *expected = gradients_now(&p);
    double *sum = mem_zero(q->count, sizeof *sum), worst = 0;
    int targets = 0;
    for (int i = 0; i < (int)whole->user.len; i++) {
        struct batch s = single(whole, i);
        int own = column_i32(s.length)[0] - 1;
        add_gradients(&p, &s, 1);
        float *g = gradients_now(&p);
        for (size_t k = 0; k < q->count; k++)
            sum[k] += own * (double)g[k];
        targets += own;
        mem_free(g);
    }
    for (size_t k = 0; k < q->count; k++)
        worst = fmax(worst, fabs(sum[k] / targets - (double)expected[k]));
    learner_begin(&p.learner, (struct epoch){1, PART_TEST});
    i32_vec ranks = {0};
    double losses = 0;
    for (int i = 0; i < (int)whole->user.len; i++) {
        struct batch s = single(whole, i);
        if (learner_batch(&p.learner, &s, &o, &e) == 0)
            vec_append(&ranks, column_i32(o.ranks.rank), o.ranks.rank.len);
        losses += o.loss;
    }
    learner_begin(&p.learner, (struct epoch){2, PART_TRAIN}); /* the same histories once more */
    memset(p.reference.known, 0, sizeof p.reference.known);
    loss_difference(&p, made, PAIR_BATCHES - 1);
    learner_begin(&p.learner, (struct epoch){2, PART_TEST});
    int status = learner_batch(&p.learner, whole, &o, &e);
    tap_ok(status == 0 && worst < 1e-6 && fabs(losses - o.loss) < 1e-4 &&
               ranks.len == o.ranks.rank.len && ranks.len == (size_t)targets &&
               !memcmp(ranks.at, o.ranks.rank.at, ranks.len * sizeof *ranks.at),
           "%s, inter %s: a batch is its sessions one by one, gradients to %.1e", rep,
           inter ? inter : "none", worst);
    vec_release(&ranks);
    mem_free(sum);
    mem_free(expected);
    pair_close(&p);
    for (int b = 0; b < PAIR_BATCHES; b++)
        made_release(&made[b]);
}

/* ---- sessions of one event: nothing to predict, nothing to learn ---- */

static void check_no_targets(const char *rep)
{
    struct made made = {0};
    struct pair p;
    struct outcome o;
    struct err e;
    drawn = held = random_of(1, 1);
    for (int user = 0; user < 3; user++)
        add_session(&made, user, 2);
    for (int user = 0; user < 3; user++)
        made.length.at[user] = 1;
    made.item.len = 3;
    close_batch(&made);
    pair_open(&p, "ii-rnn",
              &(struct model_shape){.session_rep = rep,
                                    .inter = "hidden",
                                    .gru = "reset-after",
                                    .embedding = 3,
                                    .dropout = 0.2});
    learner_begin(&p.learner, (struct epoch){1, PART_TRAIN});
    int status = learner_batch(&p.learner, &made.batch, &o, &e);
    tap_ok(status == 0 && o.events == 0 && p.learner.steps == 0, "%s: no target, no step", rep);
    learner_begin(&p.learner, (struct epoch){1, PART_TEST});
    status = learner_batch(&p.learner, &made.batch, &o, &e);
    tap_ok(status == 0 && o.events == 0 && o.ranks.rank.len == 0 &&
               pass_stats_pass(&p.learner.stats).loss == 0,
           "%s: no target, no rank", rep);
    pair_close(&p);
    made_release(&made);
}

/* ---- options ---- */

static void check_refusals(void)
{
    struct err e;
    const struct model_class *class = class_named("ii-rnn"), *none;
    struct model_options *good = options_of_shape(class, &(struct model_shape){0});
    struct model_options *bad =
        options_of_shape(class, &(struct model_shape){.inter = "delta,hidden,delta"});
    tap_ok(model_find("gru", &none, &e) == STATUS_USAGE && strstr(e.text, "ii-rnn"),
           "an unknown model is refused, and those that there are named");
    tap_ok(model_check(class, bad, &e) == STATUS_USAGE && !model_check(class, good, &e),
           "a list with a word twice is refused");
    mem_free(good);
    mem_free(bad);
}

int main(void)
{
    check_forms();
    check_tied_outputs();
    check_first_values("tied", 0.25);
    check_first_values("dense", 1);
    check_per_user();
    check_cluster_encoders();
    check_passes("mean");
    check_passes("last");
    check_single("mean", "hidden,delta,week");
    check_single("last", NULL);
    check_no_targets("mean");
    check_no_targets("last");
    check_refusals();
    return tap_done();
}
