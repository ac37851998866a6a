/* The hierarchical model (Yang et al. 2016, applied to sessions of users).  Session representations
 * are computed from the items of the user's last sessions, a user representation from these, and
 * the latter is the initial state of the intra-session GRU.  Nothing is stored: all of this is
 * computed for each batch, and gradients flow into the embeddings.
 *
 *     r = mean s_j | last h_j of the session GRU | Σ_j α_j h_j, e_j = aᵀ tanh(B h_j + b)
 *     u = mean r_i | last h_i of the user GRU | Σ_i α_i h_i, e_i = cᵀ tanh(D [h_i; Δ_i; w_i;
 * g(age_i)] + d)
 *
 * With --attend-to input the weights average the inputs of the GRU: s_j and r_i.  With --intra the
 * intra-session GRU also attends to the states h_i of the user GRU at each step (intra.h). */
#include <stddef.h>
#include <string.h>

#include "model/attention.h"
#include "model/item_decoder.h"
#include "model/gru_encoder.h"
#include "model/intra.h"

/* How a sequence becomes one vector. */
enum rep_form { FORM_MEAN, FORM_LAST, FORM_ATTENTION, FORMS };
static const char *const form_name[FORMS] = {"mean", "last", "attention"};

struct level_of {
    enum rep_form form;
    bool input;               /* attention averages the input */
    bool per_user, clustered; /* its attention for each user or cluster; its GRU for each cluster */
    struct gru_encoder gru;
    struct attention_layer attention;
};

struct hierarchical {
    struct level_of session, user;
    struct energies energies; /* of the user level, including the state */
    struct intra intra;
    bool intra_per_user, intra_clustered;
    struct item_decoder decoder;
};

/* ---- options ---- */

struct hierarchical_options {
    struct model_options shared;
    const char *session_rep, *user_rep; /* "mean", "last", "attention" */
    const char *inter;                  /* "delta,week,age": inputs of attention besides states */
    const char *attend_to;              /* "output", "input"; NULL: output */
    bool bidirectional;
};

static const struct hierarchical_options defaults = {
    .shared = {.embedding = 100,
               .dropout = 0.2,
               .decoder = "dense",
               .gru = "reset-after",
               .postings = EVIDENCE_POSTINGS},
    .session_rep = "mean",
    .user_rep = "last",
};

static const struct option own_rows[] = {
    {OPTION_CHOICE, .name = "session-rep", .choices = "mean|last|attention", .recorded = true,
     .at = offsetof(struct hierarchical_options, session_rep),
     .help = "how items become the representation of an earlier session"},
    {OPTION_CHOICE, .name = "user-rep", .choices = "mean|last|attention", .recorded = true,
     .at = offsetof(struct hierarchical_options, user_rep),
     .help = "how sessions become the user's representation"},
    {OPTION_TEXT, .name = "inter", .argument = "LIST", .recorded = true, .labels = LABEL_VALUE,
     .at = offsetof(struct hierarchical_options, inter),
     .help = "inputs of attention over sessions besides states: delta,week,age"},
    {OPTION_CHOICE, .name = "attend-to", .choices = "output|input", .recorded = true,
     .at = offsetof(struct hierarchical_options, attend_to),
     .help = "whether attention averages outputs or inputs of the GRUs [output]"},
    {OPTION_FLAG, .name = "bidirectional", .recorded = true,
     .at = offsetof(struct hierarchical_options, bidirectional),
     .help = "read earlier sessions in both directions"},
    {0},
};

static const struct option *const options[] = {model_size_rows,
                                               own_rows,
                                               model_intra_rows,
                                               model_user_weight_rows,
                                               model_gru_rows,
                                               model_decoder_rows,
                                               model_wide_rows,
                                               model_evidence_rows,
                                               NULL};

static const struct hierarchical_options *own_options(const struct model_options *o)
{
    return (const struct hierarchical_options *)o;
}

static enum rep_form form_of(const char *name)
{
    int i = 0;
    while (i < FORMS - 1 && strcmp(name, form_name[i]))
        i++;
    return (enum rep_form)i;
}

/* Checks which options need others. */
static int check_together(const struct hierarchical *r, const struct hierarchical_options *o,
                          struct err *e)
{
    bool attends = r->session.form == FORM_ATTENTION || r->user.form == FORM_ATTENTION;
    if (o->inter && r->user.form != FORM_ATTENTION)
        return err_set(e, STATUS_USAGE,
                       "--inter %s: --model hierarchical needs --user-rep attention for it",
                       o->inter);
    if (o->attend_to && !attends)
        return err_set(e, STATUS_USAGE,
                       "--attend-to: nothing attends here: it goes with --session-rep attention or "
                       "--user-rep attention");
    if ((r->session.per_user && r->session.form != FORM_ATTENTION) ||
        (r->user.per_user && r->user.form != FORM_ATTENTION) ||
        (r->intra_per_user && !o->shared.intra))
        return err_set(
            e, STATUS_USAGE,
            "--per-user %s: each level goes with its attention: --session-rep attention, "
            "--user-rep attention, --intra cat or sum",
            o->shared.per_user);
    if ((r->session.clustered && r->session.form == FORM_MEAN) ||
        (r->user.clustered && r->user.form == FORM_MEAN))
        return err_set(
            e, STATUS_USAGE,
            "--cluster-encoders %s: a mean has no GRU: --session-rep and --user-rep last "
            "or attention have",
            o->shared.cluster_encoders);
    if (o->shared.intra && r->user.form == FORM_MEAN)
        return err_set(e, STATUS_USAGE,
                       "--intra %s attends to states of the GRU over sessions: --user-rep mean has "
                       "none, give --user-rep last or attention",
                       o->shared.intra);
    if (o->bidirectional && (r->user.form == FORM_MEAN || r->user.input))
        return err_set(e, STATUS_USAGE,
                       "--bidirectional is of the GRU over sessions: it goes with --user-rep last, "
                       "and with attention where --attend-to is output");
    return 0;
}

static int read_options(struct hierarchical *r, const struct hierarchical_options *o, struct err *e)
{
    static const bool kinds[ATTEND_KINDS] = {false, true, true, true};
    bool input = o->attend_to && !strcmp(o->attend_to, "input");
    static const char *const level[] = {"session", "user", "intra", NULL};
    bool per_user[3] = {false, false, false}, clustered[3] = {false, false, false};
    r->session.form = form_of(o->session_rep);
    r->user.form = form_of(o->user_rep);
    r->session.input = input && r->session.form == FORM_ATTENTION;
    r->user.input = input && r->user.form == FORM_ATTENTION;
    if (energies_read(&r->energies, o->inter, kinds, e) ||
        grouped_read(per_user, "per-user", o->shared.per_user, level, e) ||
        grouped_read(clustered, "cluster-encoders", o->shared.cluster_encoders, level, e))
        return e->status;
    r->session.per_user = per_user[0];
    r->user.per_user = per_user[1];
    r->intra_per_user = per_user[2];
    r->session.clustered = clustered[0];
    r->user.clustered = clustered[1];
    r->intra_clustered = clustered[2];
    r->energies.on[ATTEND_HIDDEN] = true;
    return check_together(r, o, e);
}

static int hierarchical_check(const struct model_options *o, struct err *e)
{
    struct hierarchical unused = {0};
    return read_options(&unused, own_options(o), e);
}

static bool hierarchical_attends(const struct model_options *o)
{
    return o->intra || form_of(own_options(o)->session_rep) == FORM_ATTENTION ||
           form_of(own_options(o)->user_rep) == FORM_ATTENTION;
}

/* ---- opening ---- */

static void declare(struct hierarchical *r, struct model *m)
{
    struct parameters *p = &m->parameters;
    const struct hierarchical_options *o = own_options(m->options);
    int size = (int)o->shared.embedding, state = o->bidirectional ? 2 * size : size;
    bool reset_before = model_reset_before(m);
    item_decoder_declare_items(&r->decoder, m);
    if (r->session.form != FORM_MEAN)
        gru_encoder_declare(&r->session.gru, p, "session_gru", size, size, false, reset_before,
                            r->session.clustered ? m->data.groups : 0);
    if (r->session.form == FORM_ATTENTION)
        attention_declare(&r->session.attention, p, "session_attention", size, size,
                          r->session.per_user ? m->data.groups : 0);
    if (r->user.form != FORM_MEAN)
        gru_encoder_declare(&r->user.gru, p, "user_gru", size, size, o->bidirectional, reset_before,
                            r->user.clustered ? m->data.groups : 0);
    if (r->user.form == FORM_ATTENTION) {
        int width = energies_width(&r->energies, state, size);
        energies_declare(&r->energies, p, size, m->data.delta_buckets);
        attention_declare(&r->user.attention, p, "user_attention", width, width,
                          r->user.per_user ? m->data.groups : 0);
    }
    if (o->shared.intra)
        intra_declare(&r->intra, p, o->shared.intra, state, r->intra_per_user ? m->data.groups : 0);
    item_decoder_declare(&r->decoder, m, o->shared.intra ? size + state : size, state,
                         r->intra_clustered ? m->data.groups : 0);
}

static void hierarchical_open(struct model *m)
{
    struct hierarchical *r = mem_zero(1, sizeof *r);
    struct err unused;
    m->own = r;
    read_options(r, own_options(m->options), &unused);
    declare(r, m);
}

static void hierarchical_close(struct model *m)
{
    mem_free(m->own);
}

/* ---- the forward pass ---- */

/* The sequences of a level, and what its attention reads. */
struct sequences {
    const struct ragged *rows;
    const int32_t *user;             /* host: the user of each sequence */
    const struct energies *energies; /* NULL: the states only */
    const struct lookback_sessions *history;
};

/* Makes one vector of each sequence of x; *states: those of the GRU, where there is one. */
static struct tensor *represent(const struct level_of *l, const struct model *m, struct tape *t,
                                struct tensor *x, const struct sequences *s, const float **weight,
                                struct tensor **states)
{
    struct grouped g = {0};
    if (l->form == FORM_MEAN)
        return tape_mean(t, x, s->rows);
    if (l->per_user || l->clustered)
        g = grouped_by(m, t, s->user, s->rows->count);
    struct encoded run = gru_encoder_run(&l->gru, t, x, s->rows, &g);
    *states = run.states;
    if (l->form == FORM_LAST)
        return gru_encoder_last(&l->gru, t, &run, s->rows);
    if (!l->per_user)
        g = (struct grouped){0};
    struct tensor *on =
        s->energies ? energies_over(s->energies, t, run.states, s->history) : run.states;
    return attention_over(&l->attention, t, on, l->input ? x : run.states, s->rows, &g, weight);
}

/* What the batch's sessions begin with. */
struct user_level {
    struct tensor *start;  /* the user representation: the initial state of the intra GRU, [B, S] */
    struct tensor *states; /* h_i of the earlier sessions; NULL: there is no GRU over them */
    struct lookback_sessions history;
};

/* item [events, E]: the embeddings of the earlier sessions' items. */
static struct user_level user_level(const struct hierarchical *r, const struct model *m,
                                    struct tape *t, const struct batch *b, struct tensor *item,
                                    struct forward *f)
{
    float rate = (float)m->options->dropout;
    struct user_level u = {.history = lookback_all(t, b)};
    const struct lookback_sessions *h = &u.history;
    const struct sequences sessions = {
        .rows = tape_ragged(t, column_i32(b->history_length), h->total), .user = h->user};
    const struct sequences users = {h->ragged, column_i32(b->user), &r->energies, h};
    struct tensor *unused;
    struct tensor *rep = represent(&r->session, m, t, tape_dropout(t, item, rate), &sessions,
                                   &f->weight[LEVEL_SESSION], &unused);
    struct tensor *user = represent(&r->user, m, t, rep, &users, &f->weight[LEVEL_USER], &u.states);
    f->weights[LEVEL_SESSION] = f->weight[LEVEL_SESSION] ? item->rows : 0;
    f->weights[LEVEL_USER] = f->weight[LEVEL_USER] ? h->total : 0;
    f->back = lookback_rows(h);
    u.start = tape_dropout(t, user, rate);
    return u;
}

/* The states of the session at hand. */
static struct tensor *read_session(const struct hierarchical *r, const struct model *m,
                                   struct tape *t, const struct batch *b,
                                   const struct user_level *u, struct forward *f)
{
    const struct item_decoder *d = &r->decoder;
    struct grouped g = {0};
    if (r->intra_per_user || r->intra_clustered)
        g = grouped_by(m, t, column_i32(b->user), (int)b->user.len);
    if (!m->options->intra)
        return cluster_gru_run(&d->gru, t, d->input, u->start, d->steps, &g);
    return intra_run(&r->intra, t, &d->gru, d->input, u->start, d->steps, u->states,
                     u->history.ragged, &g, &f->weight[LEVEL_INTRA], &f->weights[LEVEL_INTRA]);
}

static void hierarchical_forward(struct model *m, struct tape *t, const struct batch *b,
                                 struct forward *f)
{
    struct hierarchical *r = m->own;
    *f = (struct forward){0};
    struct tensor *item = item_decoder_read(&r->decoder, m, t, b, true, f);
    struct user_level u = user_level(r, m, t, b, item, f);
    item_decoder_output(&r->decoder, m, t, read_session(r, m, t, b, &u, f), f);
}

extern const struct model_class hierarchical_class;
const struct model_class hierarchical_class = {
    .name = "hierarchical",
    .purpose = "a user representation from session representations, computed from items",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .needs_items = true,
    .check = hierarchical_check,
    .attends = hierarchical_attends,
    .open = hierarchical_open,
    .forward = hierarchical_forward,
    .close = hierarchical_close,
};
