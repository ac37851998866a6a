/* The hierarchical model as a whole: losses and gradients against a plain reference; without any
 * history it is a plain GRU. */
#include "pair.h"

static void check(const char *session, const char *user, const char *inter, const char *attend_to,
                  bool both, const char *gru, int size, double dropout)
{
    check_form("hierarchical", &(struct model_shape){.session_rep = session,
                                                     .user_rep = user,
                                                     .inter = inter,
                                                     .attend_to = attend_to,
                                                     .bidirectional = both,
                                                     .gru = gru,
                                                     .embedding = size,
                                                     .dropout = dropout});
}

static void check_forms(void)
{
    static const char *const form[] = {"mean", "last", "attention"};
    for (int i = 0; i < 9; i++) {
        const char *session = form[i / 3], *user = form[i % 3];
        bool attends = i / 3 == 2 || i % 3 == 2;
        check(session, user, NULL, NULL, false, "reset-after", 5, 0);
        check(session, user, NULL, attends ? "input" : NULL, false, "reset-before", 3, 0.3);
        if (i % 3)
            check(session, user, NULL, NULL, true, "reset-after", 4, 0.3);
        if (i % 3 == 2) {
            check(session, user, "delta", NULL, false, "reset-after", 5, 0.2);
            check(session, user, "delta,week", i ? "input" : "output", false, "reset-after", 4, 0);
            check(session, user, "week", NULL, true, "reset-after", 3, 0.2);
        }
    }
    check("attention", "attention", "delta", NULL, false, "reset-after", 33, 0.2);
    check("mean", "attention", "age", NULL, true, "reset-after", 5, 0.2);
    check("last", "attention", "delta,age", "input", false, "reset-after", 33, 0);
    check("mean", NULL, NULL, NULL, false, "reset-after", 1, 0);
}

/* Tied outputs, with a matrix where states are wider than embeddings and without: the table has
 * gradients from the session's items, from those of earlier ones and from all scores. */
static void check_tied_outputs(void)
{
    struct model_shape o = {.session_rep = "mean",
                            .user_rep = "last",
                            .decoder = "tied",
                            .gru = "reset-after",
                            .embedding = 5,
                            .dropout = 0.3};
    check_form("hierarchical", &o);
    o.session_rep = o.user_rep = "attention", o.inter = "delta", o.embedding = 4;
    check_form("hierarchical", &o);
    o.bidirectional = true, o.dropout = 0, o.gru = "reset-before", o.embedding = 17;
    check_form("hierarchical", &o);
}

static void check_per_user(void)
{
    struct model_shape o = {.session_rep = "attention",
                            .user_rep = "attention",
                            .inter = "delta,week",
                            .per_user = "session,user",
                            .gru = "reset-after",
                            .embedding = 4,
                            .dropout = 0.3};
    check_form("hierarchical", &o);
    o.attend_to = "input", o.per_user = "user", o.session_rep = "mean";
    check_form("hierarchical", &o);
    o.session_rep = "attention", o.user_rep = "last", o.per_user = "session", o.inter = NULL;
    check_form("hierarchical", &o);
    o.attend_to = NULL, o.user_rep = "attention", o.bidirectional = true, o.embedding = 17;
    check_form("hierarchical", &o);
    o.per_user = "session,user", o.embedding = 6;
    for (int shared = 0; shared < 2; shared++)
        check_tied("hierarchical", &o, shared);
}

/* Attention at every step of the session: to the states of the GRU over earlier ones, whatever the
 * user's representation is made of. */
static void check_intra(void)
{
    struct model_shape o = {.session_rep = "mean",
                            .user_rep = "last",
                            .intra = "cat",
                            .gru = "reset-after",
                            .embedding = 5,
                            .dropout = 0.3};
    check_form("hierarchical", &o);
    o.intra = "sum", o.gru = "reset-before", o.bidirectional = true, o.embedding = 4;
    check_form("hierarchical", &o);
    o.session_rep = o.user_rep = "attention", o.inter = "delta", o.dropout = 0;
    check_form("hierarchical", &o);
    o.intra = "cat", o.bidirectional = false, o.attend_to = "input", o.embedding = 33;
    check_form("hierarchical", &o);
    o.attend_to = NULL, o.per_user = "intra", o.embedding = 4, o.decoder = "tied";
    check_form("hierarchical", &o);
    o.intra = "sum", o.per_user = "session,user,intra", o.decoder = NULL, o.dropout = 0.2;
    check_form("hierarchical", &o);
    for (int shared = 0; shared < 2; shared++)
        check_tied("hierarchical", &o, shared);
}

/* GRUs of each cluster's own. */
static void check_cluster_encoders(void)
{
    struct model_shape o = {.session_rep = "last",
                            .user_rep = "last",
                            .cluster_encoders = "session",
                            .gru = "reset-after",
                            .embedding = 4,
                            .dropout = 0.3};
    check_clusters("hierarchical", &o);
    o.cluster_encoders = "user", o.bidirectional = true, o.gru = "reset-before";
    check_clusters("hierarchical", &o);
    o.cluster_encoders = "intra", o.bidirectional = false, o.session_rep = "mean";
    check_clusters("hierarchical", &o);
    o.session_rep = o.user_rep = "attention", o.inter = "delta", o.per_user = "session,user";
    o.cluster_encoders = "session,user,intra", o.embedding = 9, o.dropout = 0;
    check_clusters("hierarchical", &o);
    o.intra = "cat", o.cluster_encoders = "session,user", o.per_user = NULL;
    check_clusters("hierarchical", &o);
    check_tied("hierarchical", &o, true);
    o.cluster_encoders = "session,user,intra";
    check_clusters("hierarchical", &o);
    o.intra = "sum", o.cluster_encoders = "intra", o.bidirectional = true, o.gru = "reset-after";
    check_clusters("hierarchical", &o);
    o.per_user = "user,intra", o.embedding = 5, o.dropout = 0.3;
    check_clusters("hierarchical", &o);
}

/* Losses of a batch of users' first sessions, against the intra GRU from a state of zeros. */
static void check_plain(void)
{
    struct model_shape shape = {.session_rep = "last", .gru = "reset-after", .embedding = 7};
    struct made made = {0};
    struct pair p;
    struct outcome o;
    struct err e;
    int targets = 0;
    double losses = 0;
    drawn = held = random_of(2, 2);
    for (int user = 0; user < REF_USERS; user++)
        add_session(&made, user, 0);
    close_batch(&made);
    pair_open(&p, "hierarchical", &shape);
    learner_begin(&p.learner, (struct epoch){1, PART_TEST});
    int status = learner_batch(&p.learner, &made.batch, &o, &e);
    for (size_t i = 0, at = 0; i < made.user.len; at += (size_t)made.length.at[i++]) {
        double h[REF_STATE] = {0};
        for (int j = 0; j + 1 < made.length.at[i]; j++, targets++) {
            const int32_t *item = made.item.at + at + j;
            ref_step(&p.reference, &p.reference.intra, p.reference.item + item[0] * 7, h);
            losses += ref_loss(&p.reference, h, item[1]);
        }
    }
    tap_ok(status == 0 && o.events == targets && fabs(o.loss - losses) < 1e-5 * losses,
           "last of last, without any history: a plain GRU");
    pair_close(&p);
    made_release(&made);
}

/* ---- options ---- */

static void refused(const char *part, struct model_shape shape)
{
    struct err e = {0};
    const struct model_class *class = class_named("hierarchical");
    struct model_options *o = options_of_shape(class, &shape);
    int status = model_check(class, o, &e);
    tap_ok(status == STATUS_USAGE && strstr(e.text, part), "refused: %s", e.text);
    mem_free(o);
}

static void check_refusals(void)
{
    refused("--user-rep attention", (struct model_shape){.inter = "delta"});
    refused("delta, week, age",
            (struct model_shape){.inter = "hidden,delta", .user_rep = "attention"});
    refused("session, user, intra", (struct model_shape){.per_user = "inter"});
    refused("--intra cat or sum", (struct model_shape){.per_user = "intra"});
    refused("--clusters K or FILE", (struct model_shape){.cluster_encoders = "user"});
    refused("a mean has no GRU",
            (struct model_shape){.cluster_encoders = "session", .clusters = "3"});
    refused("--user-rep mean has none", (struct model_shape){.user_rep = "mean", .intra = "sum"});
    refused("--user-rep attention", (struct model_shape){.per_user = "user"});
    refused("--session-rep attention", (struct model_shape){.attend_to = "input"});
    refused("--user-rep last", (struct model_shape){.bidirectional = true, .user_rep = "mean"});
    refused(
        "--attend-to is output",
        (struct model_shape){.bidirectional = true, .user_rep = "attention", .attend_to = "input"});
}

int main(void)
{
    check_forms();
    check_tied_outputs();
    check_per_user();
    check_intra();
    check_cluster_encoders();
    check_plain();
    check_refusals();
    return tap_done();
}
