/* The hierarchical model (Yang et al. 2016, for sessions of users): the items of the user's last
 * sessions make session representations, these a user representation, and that is the initial state
 * of the intra-session GRU.  All is computed anew each time, with gradient into the embeddings.
 *
 *     r = mean s_j | last h_j of the session GRU | Σ_j α_j h_j, e_j = aᵀ tanh(B h_j + b)
 *     u = mean r_i | last h_i of the user GRU | Σ_i α_i h_i, e_i = cᵀ tanh(D [h_i; Δ_i; w_i;
 * g(age_i)] + d)
 *
 * With --attend-to input the weights average what went into the GRU: s_j and r_i. */
#include <string.h>

#include "model/attention.h"
#include "model/item_decoder.h"
#include "model/gru_encoder.h"

/* How a sequence becomes one vector. */
enum rep_form { FORM_MEAN, FORM_LAST, FORM_ATTENTION, FORMS };
static const char *const form_name[FORMS] = {"mean", "last", "attention"};

struct level_of {
    enum rep_form form;
    bool input; /* attention averages the input */
    bool per_user;
    struct gru_encoder gru;
    struct attention_layer attention;
};

struct hierarchical {
    struct level_of session, user;
    struct energies energies; /* of the user level, the state among them */
    struct item_decoder decoder;
};

/* ---- opening ---- */

static int read_form(enum rep_form *to, const char *option, const char *name, struct err *e)
{
    for (int i = 0; i < FORMS; i++)
        if (!strcmp(name, form_name[i])) {
            *to = (enum rep_form)i;
            return 0;
        }
    return err_set(e, STATUS_USAGE, "%s %s: --model hierarchical has mean, last and attention",
                   option, name);
}

/* What goes with what. */
static int check_together(const struct hierarchical *r, const struct model_options *o,
                          struct err *e)
{
    bool attends = r->session.form == FORM_ATTENTION || r->user.form == FORM_ATTENTION;
    if (o->inter && r->user.form != FORM_ATTENTION)
        return err_set(e, STATUS_USAGE,
                       "--inter %s: with --model hierarchical it goes with --user-rep attention",
                       o->inter);
    if (o->attend_to && !attends)
        return err_set(e, STATUS_USAGE,
                       "--attend-to: nothing attends here: it goes with --session-rep attention or "
                       "--user-rep attention");
    if ((r->session.per_user && r->session.form != FORM_ATTENTION) ||
        (r->user.per_user && r->user.form != FORM_ATTENTION))
        return err_set(
            e, STATUS_USAGE,
            "--per-user %s: each level goes with its attention: --session-rep attention, "
            "--user-rep attention",
            o->per_user);
    if (o->bidirectional && (r->user.form == FORM_MEAN || r->user.input))
        return err_set(e, STATUS_USAGE,
                       "--bidirectional is of the GRU over sessions: it goes with --user-rep last, "
                       "and with attention where --attend-to is output");
    return 0;
}

static int read_options(struct hierarchical *r, const struct model_options *o, struct err *e)
{
    static const bool kinds[ATTEND_KINDS] = {false, true, true, true};
    if (read_form(&r->session.form, "--session-rep", o->session_rep, e) ||
        read_form(&r->user.form, "--user-rep", o->user_rep ? o->user_rep : "last", e))
        return e->status;
    if (o->attend_to && strcmp(o->attend_to, "output") && strcmp(o->attend_to, "input"))
        return err_set(e, STATUS_USAGE, "--attend-to %s: give output or input", o->attend_to);
    bool input = o->attend_to && !strcmp(o->attend_to, "input");
    r->session.input = input && r->session.form == FORM_ATTENTION;
    r->user.input = input && r->user.form == FORM_ATTENTION;
    bool per_user[2] = {false, false};
    if (energies_read(&r->energies, o->inter, kinds, e) ||
        grouped_read(per_user, o->per_user, "session", "user", e))
        return e->status;
    r->session.per_user = per_user[0];
    r->user.per_user = per_user[1];
    r->energies.on[ATTEND_HIDDEN] = true;
    return check_together(r, o, e);
}

static int hierarchical_check(const struct model_options *o, struct err *e)
{
    struct hierarchical unused = {0};
    return read_options(&unused, o, e);
}

static bool hierarchical_attends(const struct model_options *o)
{
    return !strcmp(o->session_rep, "attention") ||
           (o->user_rep && !strcmp(o->user_rep, "attention"));
}

static void declare(struct hierarchical *r, struct model *m)
{
    struct parameters *p = &m->parameters;
    const struct model_options *o = m->options;
    int size = (int)o->embedding, state = o->bidirectional ? 2 * size : size;
    bool reset_before = model_reset_before(m);
    item_decoder_declare_items(&r->decoder, m);
    if (r->session.form != FORM_MEAN)
        gru_encoder_declare(&r->session.gru, p, "session_gru", size, size, false, reset_before);
    if (r->session.form == FORM_ATTENTION)
        attention_declare(&r->session.attention, p, "session_attention", size, size,
                          r->session.per_user ? m->data.groups : 0);
    if (r->user.form != FORM_MEAN)
        gru_encoder_declare(&r->user.gru, p, "user_gru", size, size, o->bidirectional,
                            reset_before);
    if (r->user.form == FORM_ATTENTION) {
        int width = energies_width(&r->energies, state, size);
        energies_declare(&r->energies, p, size, m->data.delta_buckets);
        attention_declare(&r->user.attention, p, "user_attention", width, width,
                          r->user.per_user ? m->data.groups : 0);
    }
    item_decoder_declare(&r->decoder, m, size, state);
}

static void hierarchical_open(struct model *m)
{
    struct hierarchical *r = mem_zero(1, sizeof *r);
    struct err unused;
    m->own = r;
    read_options(r, m->options, &unused);
    declare(r, m);
}

static void hierarchical_close(struct model *m)
{
    mem_free(m->own);
}

/* ---- the forward pass ---- */

/* The sequences of a level, with what stands on them. */
struct sequences {
    const struct ragged *rows;
    const int32_t *user;             /* host: whose each sequence is */
    const struct energies *energies; /* NULL: they stand on the states alone */
    const struct lookback_sessions *history;
};

/* One vector of each sequence of x. */
static struct tensor *represent(const struct level_of *l, const struct model *m, struct tape *t,
                                struct tensor *x, const struct sequences *s, const float **weight)
{
    struct grouped g = {0};
    if (l->form == FORM_MEAN)
        return tape_mean(t, x, s->rows);
    struct encoded run = gru_encoder_run(&l->gru, t, x, s->rows);
    if (l->form == FORM_LAST)
        return gru_encoder_last(&l->gru, t, &run, s->rows);
    if (l->per_user)
        g = grouped_by(m, t, s->user, s->rows->count);
    struct tensor *on =
        s->energies ? energies_over(s->energies, t, run.states, s->history) : run.states;
    return attention_over(&l->attention, t, on, l->input ? x : run.states, s->rows, &g, weight);
}

/* The user representation, which is the initial state of the intra GRU, [B, S]; item [events, E]:
 * the embeddings of the earlier sessions' items. */
static struct tensor *user_representation(const struct hierarchical *r, const struct model *m,
                                          struct tape *t, const struct batch *b,
                                          struct tensor *item, struct forward *f)
{
    float rate = (float)m->options->dropout;
    struct lookback_sessions h = lookback_all(t, b);
    const struct sequences sessions = {
        .rows = tape_ragged(t, column_i32(b->history_length), h.total), .user = h.user};
    const struct sequences users = {h.ragged, column_i32(b->user), &r->energies, &h};
    struct tensor *rep = represent(&r->session, m, t, tape_dropout(t, item, rate), &sessions,
                                   &f->weight[LEVEL_SESSION]);
    struct tensor *user = represent(&r->user, m, t, rep, &users, &f->weight[LEVEL_USER]);
    f->weights[LEVEL_SESSION] = f->weight[LEVEL_SESSION] ? item->rows : 0;
    f->weights[LEVEL_USER] = f->weight[LEVEL_USER] ? h.total : 0;
    f->back = lookback_rows(&h);
    return tape_dropout(t, user, rate);
}

static void hierarchical_forward(struct model *m, struct tape *t, const struct batch *b,
                                 struct forward *f)
{
    struct hierarchical *r = m->own;
    *f = (struct forward){0};
    struct tensor *item = item_decoder_read(&r->decoder, m, t, b, b->history_item, f);
    struct tensor *start = user_representation(r, m, t, b, item, f);
    const struct item_decoder *d = &r->decoder;
    item_decoder_output(&r->decoder, m, t, tape_gru(t, &d->gru, d->input, start, d->steps), f);
}

extern const struct model_class hierarchical_class;
const struct model_class hierarchical_class = {
    .name = "hierarchical",
    .purpose = "user from sessions from items, computed anew from the items of earlier sessions",
    .takes = "gru session-rep user-rep inter attend-to per-user clusters bidirectional",
    .needs_items = true,
    .check = hierarchical_check,
    .attends = hierarchical_attends,
    .open = hierarchical_open,
    .forward = hierarchical_forward,
    .close = hierarchical_close,
};
