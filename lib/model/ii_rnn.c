/* The II-RNN family: the inter-session GRU reads the user's last session representations.  Its last
 * state is the initial state of the intra-session GRU (Ruocco et al. 2017), or with --inter an
 * attention over its states, which may also read age and hour of the week of each session:
 *
 *     e_j = aᵀ tanh(B [h_j; Δ_j; w_j; g(age_j)] + b),  α = softmax(e),  s_0 = Σ_j α_j h_j
 *
 * With --intra the intra-session GRU also attends to the h_j at each step (intra.h).  A
 * representation is the mean of a session's input embeddings, or the last output of the
 * intra-session GRU; it is stored for the user's later sessions. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "model/attention.h"
#include "model/item_decoder.h"
#include "model/gru_encoder.h"
#include "model/intra.h"
#include "model/session_memory.h"

enum { OF_INTER, OF_INTRA }; /* levels with weights for each user or cluster */

struct ii_rnn {
    bool last;                      /* representations are last states rather than means */
    struct energies energies;       /* none: the initial state is the inter-session GRU's last */
    bool per_user[2], clustered[2]; /* attention; GRUs */
    struct gru_encoder inter;
    struct attention_layer attention;
    struct intra intra;
    const struct parameter *read, *read_bias; /* map stored states of both directions to H */
    struct item_decoder decoder;
    struct session_memory memory;
};

/* ---- options ---- */

struct ii_rnn_options {
    struct model_options shared;
    const char *session_rep; /* "mean", "last" */
    const char *inter;       /* "hidden,delta,week,age": inputs of attention over sessions */
    bool bidirectional;
};

static const struct ii_rnn_options defaults = {
    .shared = {.embedding = 100,
               .dropout = 0.2,
               .decoder = "dense",
               .gru = "reset-after",
               .postings = EVIDENCE_POSTINGS},
    .session_rep = "mean",
};

static const struct option own_rows[] = {
    {OPTION_CHOICE, .name = "session-rep", .choices = "mean|last", .recorded = true,
     .at = offsetof(struct ii_rnn_options, session_rep),
     .help = "representation of an earlier session: mean of its items, or last state"},
    {OPTION_TEXT, .name = "inter", .argument = "LIST", .recorded = true, .labels = LABEL_VALUE,
     .at = offsetof(struct ii_rnn_options, inter),
     .help = "attend to earlier sessions by these inputs: hidden,delta,week,age"},
    {OPTION_FLAG, .name = "bidirectional", .recorded = true,
     .at = offsetof(struct ii_rnn_options, bidirectional),
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

static const struct ii_rnn_options *own_options(const struct model_options *o)
{
    return (const struct ii_rnn_options *)o;
}

static int read_options(struct ii_rnn *r, const struct ii_rnn_options *o, struct err *e)
{
    static const bool kinds[ATTEND_KINDS] = {true, true, true, true};
    static const char *const level[] = {"inter", "intra", NULL};
    const char *per_user = o->shared.per_user;
    r->last = !strcmp(o->session_rep, "last");
    const char *clustered = o->shared.cluster_encoders;
    if (grouped_read(r->per_user, "per-user", per_user, level, e) ||
        grouped_read(r->clustered, "cluster-encoders", clustered, level, e))
        return e->status;
    if ((r->per_user[OF_INTER] && !o->inter) || (r->per_user[OF_INTRA] && !o->shared.intra))
        return err_set(e, STATUS_USAGE, "--per-user %s: attention of that level goes with %s",
                       per_user, o->inter ? "--intra cat or sum" : "--inter hidden");
    return energies_read(&r->energies, o->inter, kinds, e);
}

static int ii_rnn_check(const struct model_options *o, struct err *e)
{
    struct ii_rnn unused = {0};
    return read_options(&unused, own_options(o), e);
}

static bool ii_rnn_attends(const struct model_options *o)
{
    return own_options(o)->inter || o->intra;
}

/* ---- opening ---- */

static void declare(struct ii_rnn *r, struct model *m)
{
    struct parameters *p = &m->parameters;
    const struct ii_rnn_options *o = own_options(m->options);
    const char *intra = o->shared.intra;
    int size = (int)o->shared.embedding, state = o->bidirectional ? 2 * size : size;
    item_decoder_declare_items(&r->decoder, m);
    if (r->last && o->bidirectional) {
        float bound = 1 / sqrtf((float)state);
        r->read = parameters_add_matrix(p, "representation.weight", size, state, bound);
        r->read_bias = parameters_add_vector(p, "representation.bias", size, bound);
    }
    gru_encoder_declare(&r->inter, p, "inter_gru", size, size, o->bidirectional,
                        model_reset_before(m), r->clustered[OF_INTER] ? m->data.groups : 0);
    if (energies_any(&r->energies)) {
        energies_declare(&r->energies, p, size, m->data.delta_buckets);
        attention_declare(&r->attention, p, "inter_attention", state,
                          energies_width(&r->energies, state, size),
                          r->per_user[OF_INTER] ? m->data.groups : 0);
    }
    if (intra)
        intra_declare(&r->intra, p, intra, state, r->per_user[OF_INTRA] ? m->data.groups : 0);
    item_decoder_declare(&r->decoder, m, intra ? size + state : size, state,
                         r->clustered[OF_INTRA] ? m->data.groups : 0);
    session_memory_open(&r->memory, m, r->last ? state : size);
}

static void ii_rnn_open(struct model *m)
{
    struct ii_rnn *r = mem_zero(1, sizeof *r);
    struct err unused;
    m->own = r;
    m->remembers = m->data.history > 0;
    read_options(r, own_options(m->options), &unused);
    declare(r, m);
}

static void ii_rnn_restart(struct model *m)
{
    struct ii_rnn *r = m->own;
    session_memory_clear(&r->memory);
}

static void ii_rnn_forget(struct model *m, int32_t user)
{
    struct ii_rnn *r = m->own;
    memory_slots_forget(&r->memory.kept, user);
}

static void ii_rnn_close(struct model *m)
{
    struct ii_rnn *r = m->own;
    session_memory_release(&r->memory);
    mem_free(r);
}

/* ---- the forward pass ---- */

static const struct grouped global;

/* Stored states of both directions, mapped to [total, E].  A session without earlier ones has a row
 * of zeros, as without this layer: the layer reads only the rows that are there. */
static struct tensor *mapped(const struct ii_rnn *r, struct tape *t, struct tensor *table,
                             const struct lookback_sessions *h)
{
    int32_t *slot = tape_host_ints(t, (size_t)h->total),
            *place = tape_host_ints(t, (size_t)h->total);
    int known = 0;
    for (int i = 0; i < h->total; i++) {
        place[i] = h->slot[i] < 0 ? -1 : known;
        if (h->slot[i] >= 0)
            slot[known++] = h->slot[i];
    }
    struct tensor *x = tape_linear(t, tape_gather(t, table, tape_rows(t, slot, known)),
                                   tape_parameter(t, r->read), tape_parameter(t, r->read_bias));
    return tape_gather(t, x, tape_rows(t, place, h->total));
}

/* The stored representations of the earlier sessions, after dropout: [total, E]. */
static struct tensor *representations(const struct ii_rnn *r, const struct model *m, struct tape *t,
                                      const struct lookback_sessions *h)
{
    const struct session_memory *s = &r->memory;
    struct tensor *table = tape_constant(t, s->table, s->rows, s->width);
    struct tensor *x =
        r->read ? mapped(r, t, table, h) : tape_gather(t, table, tape_rows(t, h->slot, h->total));
    return tape_dropout(t, x, (float)m->options->dropout);
}

/* The initial state of the intra GRU, [B, S]. */
static struct tensor *initial_state(const struct ii_rnn *r, const struct model *m, struct tape *t,
                                    const struct encoded *inter, const struct lookback_sessions *h,
                                    const struct grouped *g, struct forward *f)
{
    struct tensor *start;
    if (energies_any(&r->energies)) {
        struct tensor *x = energies_over(&r->energies, t, inter->states, h);
        start = attention_over(&r->attention, t, x, inter->states, h->ragged,
                               r->per_user[OF_INTER] ? g : &global, &f->weight[LEVEL_INTER]);
        f->weights[LEVEL_INTER] = h->total;
    } else {
        start = gru_encoder_last(&r->inter, t, inter, h->ragged);
    }
    return tape_dropout(t, start, (float)m->options->dropout);
}

static void ii_rnn_forward(struct model *m, struct tape *t, const struct batch *b,
                           struct forward *f)
{
    struct ii_rnn *r = m->own;
    struct item_decoder *d = &r->decoder;
    struct grouped g = {0};
    *f = (struct forward){0};
    item_decoder_read(d, m, t, b, false, f);
    struct lookback_sessions h = lookback_known(t, b, &r->memory.kept, m->data.delta_buckets);
    if (m->options->per_user || m->options->cluster_encoders)
        g = grouped_by(m, t, column_i32(b->user), h.count);
    struct encoded inter =
        gru_encoder_run(&r->inter, t, representations(r, m, t, &h), h.ragged, &g);
    struct tensor *start = initial_state(r, m, t, &inter, &h, &g, f);
    struct tensor *states =
        m->options->intra
            ? intra_run(&r->intra, t, &d->gru, d->input, start, d->steps, inter.states, h.ragged,
                        r->per_user[OF_INTRA] || r->clustered[OF_INTRA] ? &g : &global,
                        &f->weight[LEVEL_INTRA], &f->weights[LEVEL_INTRA])
            : cluster_gru_run(&d->gru, t, d->input, start, d->steps, &g);
    item_decoder_output(d, m, t, states, f);
    f->back = lookback_rows(&h);
}

/* ---- storing ---- */

/* [B, width] the representations of the batch's sessions, to be stored. */
static float *to_store(const struct ii_rnn *r, struct tape *t, int count)
{
    const struct item_decoder *own = &r->decoder;
    struct device *d = r->memory.device;
    int width = r->memory.width;
    if (r->last)
        return item_decoder_last(own, t, own->states, count);
    float *out = tape_memory(t, (size_t)count * (size_t)width * sizeof *out);
    d->op->mean(d, own->steps, width, own->input->value, out);
    return out;
}

static void ii_rnn_finish(struct model *m, struct tape *t, const struct batch *b)
{
    struct ii_rnn *r = m->own;
    if (r->memory.kept.capacity)
        session_memory_put(&r->memory, t, b, to_store(r, t, (int)b->user.len));
}

static void ii_rnn_state(struct model *m, struct state *s)
{
    struct ii_rnn *r = m->own;
    session_memory_state(&r->memory, s);
}

extern const struct model_class ii_rnn_class;
const struct model_class ii_rnn_class = {
    .name = "ii-rnn",
    .purpose = "inter- and intra-session GRUs over stored session representations",
    .options_size = sizeof defaults,
    .defaults = &defaults,
    .options = options,
    .needs_order = true,
    .check = ii_rnn_check,
    .attends = ii_rnn_attends,
    .open = ii_rnn_open,
    .forward = ii_rnn_forward,
    .finish = ii_rnn_finish,
    .restart = ii_rnn_restart,
    .forget = ii_rnn_forget,
    .state = ii_rnn_state,
    .close = ii_rnn_close,
};
