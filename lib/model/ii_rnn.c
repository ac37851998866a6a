/* The II-RNN family: the inter-session GRU reads the user's last session representations and gives
 * the intra-session GRU its initial state (Ruocco et al. 2017), or an attention over its states
 * does, which may look at their age and their hour of the week:
 *
 *     e_j = aᵀ tanh(B [h_j; Δ_j; w_j] + b),  α = softmax(e),  s_0 = Σ_j α_j h_j
 *
 * A representation is the mean of a session's input embeddings, or the intra GRU's last output. */
#include "model/model.h"

#include <math.h>
#include <string.h>

#include "model/past.h"

enum attended { ATTEND_HIDDEN, ATTEND_DELTA, ATTEND_WEEK, ATTEND_KINDS };
static const char *const attended_name[ATTEND_KINDS] = {"hidden", "delta", "week"};

struct ii_rnn {
    bool last;                  /* representations are last states rather than means */
    bool attends[ATTEND_KINDS]; /* none: the baseline */
    int size;                   /* E = H */
    const struct parameter *item, *delta, *week;
    const struct parameter *attention, *attention_bias, *scale;
    const struct parameter *output, *output_bias;
    struct gru inter, intra;
    /* the stored representations */
    struct past past;
    float *table; /* device [table_rows, H] */
    int32_t table_rows;
    /* of the batch: what its representations are made from */
    const struct ragged *steps;
    struct tensor *input;  /* [T, E] embeddings after dropout */
    struct tensor *states; /* [T, H] intra GRU's outputs before dropout */
};

/* ---- opening ---- */

static int attended_of(const char *word, size_t n)
{
    for (int i = 0; i < ATTEND_KINDS; i++)
        if (strlen(attended_name[i]) == n && !strncmp(attended_name[i], word, n))
            return i;
    return -1;
}

static int read_inter(struct ii_rnn *r, const char *inter, struct err *e)
{
    for (const char *at = inter; at; at = *at ? at + 1 : NULL) {
        size_t n = strcspn(at, ",");
        int kind = attended_of(at, n);
        if (kind < 0 || r->attends[kind])
            return err_set(e, STATUS_USAGE,
                           "--inter %s: give hidden, delta, week, or some of them once each with "
                           "commas between: --inter hidden,delta",
                           inter);
        r->attends[kind] = true;
        at += n;
    }
    return 0;
}

static int read_options(struct ii_rnn *r, const struct model_options *o, struct err *e)
{
    if (strcmp(o->session_rep, "mean") && strcmp(o->session_rep, "last"))
        return err_set(e, STATUS_USAGE, "--session-rep %s: --model ii-rnn has mean and last",
                       o->session_rep);
    if (o->embedding < 1 || o->embedding > 65536)
        return err_set(e, STATUS_USAGE, "--embedding %lld: give a size from 1 to 65536",
                       (long long)o->embedding);
    if (!(o->dropout >= 0 && o->dropout < 1))
        return err_set(e, STATUS_USAGE, "--dropout %g: give a rate from 0 to below 1", o->dropout);
    r->last = !strcmp(o->session_rep, "last");
    r->size = (int)o->embedding;
    return read_inter(r, o->inter, e);
}

static bool has_attention(const struct ii_rnn *r)
{
    return r->attends[ATTEND_HIDDEN] || r->attends[ATTEND_DELTA] || r->attends[ATTEND_WEEK];
}

static void declare_attention(struct ii_rnn *r, struct parameters *p, int32_t delta_buckets)
{
    int size = r->size;
    if (r->attends[ATTEND_DELTA])
        r->delta = parameters_add_matrix(p, "delta_embedding.weight", delta_buckets, size, 1);
    if (r->attends[ATTEND_WEEK])
        r->week = parameters_add_matrix(p, "week_embedding.weight", WEEK_HOURS + 1, size, 1);
    int width = 0;
    for (int i = 0; i < ATTEND_KINDS; i++)
        width += r->attends[i] ? size : 0;
    float bound = 1 / sqrtf((float)width);
    r->attention = parameters_add_matrix(p, "inter_attention.weight", size, width, bound);
    r->attention_bias = parameters_add_vector(p, "inter_attention.bias", size, bound);
    r->scale =
        parameters_add_matrix(p, "inter_attention_scale.weight", 1, size, 1 / sqrtf((float)size));
}

static struct parameter *per_item(struct parameter *p)
{
    p->per_item = true;
    return p;
}

static void declare(struct ii_rnn *r, struct parameters *p, const struct model_data *data,
                    bool reset_before)
{
    int size = r->size;
    float bound = 1 / sqrtf((float)size);
    r->item = per_item(parameters_add_matrix(p, "item_embedding.weight", data->items, size, 1));
    parameters_add_gru(p, &r->inter, "inter_gru", size, size, reset_before);
    if (has_attention(r))
        declare_attention(r, p, data->delta_buckets);
    parameters_add_gru(p, &r->intra, "intra_gru", size, size, reset_before);
    r->output = per_item(parameters_add_matrix(p, "output.weight", data->items, size, bound));
    r->output_bias = per_item(parameters_add_vector(p, "output.bias", data->items, bound));
}

static int ii_rnn_check(const struct model_options *o, struct err *e)
{
    struct ii_rnn unused = {0};
    return read_options(&unused, o, e);
}

static void ii_rnn_open(struct model *m)
{
    struct ii_rnn *r = mem_zero(1, sizeof *r);
    struct err unused;
    m->own = r;
    read_options(r, m->options, &unused);
    declare(r, &m->parameters, &m->data, !strcmp(m->options->gru, "reset-before"));
    past_init(&r->past, m->data.users, m->data.history);
}

static void ii_rnn_restart(struct model *m)
{
    struct ii_rnn *r = m->own;
    past_clear(&r->past);
}

static void ii_rnn_close(struct model *m)
{
    struct ii_rnn *r = m->own;
    if (r->table)
        m->device->op->release(m->device, r->table);
    past_release(&r->past);
    mem_free(r);
}

/* ---- the history of a batch ---- */

/* The earlier sessions whose representations are there; where a session has none, one row of
 * zeros, of the last age bucket and of hour "none". */
struct known {
    int total;
    int32_t *length;       /* host [B], each at least 1 */
    int32_t *slot, *row;   /* host [total] in the table; in the batch's history arrays; -1 */
    int32_t *delta, *week; /* host [total] */
    int32_t *last;         /* host [B] each session's last row */
};

static void push_known(struct known *k, int32_t slot, int32_t row, int32_t delta, int32_t week)
{
    k->slot[k->total] = slot;
    k->row[k->total] = row;
    k->delta[k->total] = delta;
    k->week[k->total++] = week;
}

static struct known find_known(const struct model *m, struct tape *t, const struct batch *b)
{
    const struct ii_rnn *r = m->own;
    size_t count = b->user.len, most = count + b->history_session.len;
    struct known k = {0};
    k.length = tape_host(t, count * sizeof(int32_t));
    k.last = tape_host(t, count * sizeof(int32_t));
    k.slot = tape_host(t, most * sizeof(int32_t));
    k.row = tape_host(t, most * sizeof(int32_t));
    k.delta = tape_host(t, most * sizeof(int32_t));
    k.week = tape_host(t, most * sizeof(int32_t));
    int32_t *slot = tape_host(t, most * sizeof(int32_t));
    const int32_t *session = column_i32(b->history_session);
    for (size_t i = 0, at = 0; i < count; i++) {
        int given = column_i32(b->history)[i], before = k.total;
        past_find(&r->past, column_i32(b->user)[i], session + at, given, slot);
        for (int j = 0; j < given; j++)
            if (slot[j] >= 0)
                push_known(&k, slot[j], (int32_t)at + j,
                           column_i32(b->history_delta)[at + (size_t)j],
                           column_i32(b->history_week)[at + (size_t)j]);
        if (k.total == before)
            push_known(&k, -1, -1, m->data.delta_buckets - 1, WEEK_HOURS);
        k.length[i] = k.total - before;
        k.last[i] = k.total - 1;
        at += (size_t)given;
    }
    return k;
}

/* ---- the forward pass ---- */

/* Σ_j α_j h_j over each session's earlier ones. */
static struct tensor *attend(const struct ii_rnn *r, struct tape *t, struct tensor *h,
                             const struct known *k, const struct ragged *rows, struct forward *f)
{
    struct tensor *part[ATTEND_KINDS];
    int parts = 0;
    if (r->attends[ATTEND_HIDDEN])
        part[parts++] = h;
    if (r->attends[ATTEND_DELTA])
        part[parts++] =
            tape_gather(t, tape_parameter(t, r->delta), tape_rows(t, k->delta, k->total));
    if (r->attends[ATTEND_WEEK])
        part[parts++] = tape_gather(t, tape_parameter(t, r->week), tape_rows(t, k->week, k->total));
    struct tensor *key =
        tape_linear(t, parts > 1 ? tape_concat(t, part, parts) : part[0],
                    tape_parameter(t, r->attention), tape_parameter(t, r->attention_bias));
    float *weight;
    struct tensor *sum = tape_attend(t, key, tape_parameter(t, r->scale), h, rows, &weight);
    f->inter_weight = weight;
    f->inter_length = k->length;
    f->inter_row = k->row;
    f->inter_total = k->total;
    return sum;
}

/* The initial state of the intra GRU, [B, H]. */
static struct tensor *initial_state(const struct model *m, struct tape *t, const struct batch *b,
                                    struct forward *f)
{
    const struct ii_rnn *r = m->own;
    int count = (int)b->user.len;
    float rate = (float)m->options->dropout;
    struct known k = find_known(m, t, b);
    const struct ragged *rows = tape_ragged(t, k.length, count);
    struct tensor *stored = tape_constant(t, r->table, r->table_rows, r->size);
    struct tensor *given = tape_gather(t, stored, tape_rows(t, k.slot, k.total));
    struct tensor *h = tape_gru(t, &r->inter, tape_dropout(t, given, rate), NULL, rows);
    struct tensor *start = has_attention(r) ? attend(r, t, h, &k, rows, f)
                                            : tape_gather(t, h, tape_rows(t, k.last, count));
    return tape_dropout(t, start, rate);
}

/* Inputs are all events but the last, targets all but the first. */
static void split_events(struct tape *t, const struct batch *b, int32_t **steps, int32_t **input,
                         struct forward *f)
{
    size_t count = b->length.len;
    const int32_t *item = column_i32(b->item);
    *steps = tape_host(t, count * sizeof(int32_t));
    *input = tape_host(t, b->item.len * sizeof(int32_t));
    int32_t *target = tape_host(t, b->item.len * sizeof(int32_t));
    f->targets = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t length = column_i32(b->length)[i];
        (*steps)[i] = length ? length - 1 : 0;
        for (int32_t j = 0; j + 1 < length; j++) {
            (*input)[f->targets] = item[j];
            target[f->targets++] = item[j + 1];
        }
        item += length;
    }
    f->target = target;
}

static void ii_rnn_forward(struct model *m, struct tape *t, const struct batch *b,
                           struct forward *f)
{
    struct ii_rnn *r = m->own;
    float rate = (float)m->options->dropout;
    int32_t *steps, *input;
    *f = (struct forward){0};
    split_events(t, b, &steps, &input, f);
    r->steps = tape_ragged(t, steps, (int)b->length.len);
    r->input = tape_dropout(
        t, tape_gather(t, tape_parameter(t, r->item), tape_rows(t, input, f->targets)), rate);
    struct tensor *start = initial_state(m, t, b, f);
    r->states = tape_gru(t, &r->intra, r->input, start, r->steps);
    f->state = tape_dropout(t, r->states, rate);
    f->output_weight = tape_parameter(t, r->output);
    f->output_bias = tape_parameter(t, r->output_bias);
}

/* ---- storing ---- */

static void grow_table(struct model *m, int32_t rows)
{
    struct ii_rnn *r = m->own;
    struct device *d = m->device;
    if (rows <= r->table_rows)
        return;
    int32_t room = rows + rows / 2 + 256;
    size_t width = (size_t)r->size;
    float *table = d->op->alloc(d, (size_t)room * width * sizeof *table);
    if (r->table) {
        d->op->copy(d, table, r->table, (size_t)r->table_rows * width);
        d->op->release(d, r->table);
    }
    r->table = table;
    r->table_rows = room;
}

/* [B, H] what is to be stored of each session of the batch. */
static float *representations(const struct model *m, struct tape *t, const struct batch *b)
{
    const struct ii_rnn *r = m->own;
    struct device *d = m->device;
    int count = (int)b->length.len;
    float *out = tape_memory(t, (size_t)count * (size_t)r->size * sizeof *out);
    if (!r->last) {
        d->op->mean(d, r->steps, r->size, r->input->value, out);
        return out;
    }
    int32_t *last = tape_host(t, (size_t)count * sizeof *last), rows = 0;
    for (int i = 0; i < count; i++) {
        int32_t steps = column_i32(b->length)[i] - 1;
        rows += steps > 0 ? steps : 0;
        last[i] = steps > 0 ? rows - 1 : -1;
    }
    d->op->gather(d, tape_rows(t, last, count), r->size, r->states->value, out);
    return out;
}

static void ii_rnn_finish(struct model *m, struct tape *t, const struct batch *b)
{
    struct ii_rnn *r = m->own;
    int count = (int)b->user.len;
    if (!r->past.capacity)
        return;
    int32_t *slot = tape_host(t, (size_t)count * sizeof *slot);
    for (int i = 0; i < count; i++)
        slot[i] = past_add(&r->past, column_i32(b->user)[i], column_i32(b->session)[i]);
    grow_table(m, r->past.slots);
    m->device->op->store(m->device, tape_rows(t, slot, count), r->size, representations(m, t, b),
                         r->table);
}

static void ii_rnn_state(struct model *m, struct state *s)
{
    struct ii_rnn *r = m->own;
    past_state(&r->past, s);
    if (!state_good(s))
        return;
    grow_table(m, r->past.slots);
    state_floats(s, "representations", 2, (const int64_t[]){r->past.slots, r->size}, m->device,
                 r->table);
}

extern const struct model_class ii_rnn_class;
const struct model_class ii_rnn_class = {
    .name = "ii-rnn",
    .purpose = "inter- and intra-session GRUs over stored session representations",
    .needs_order = true,
    .check = ii_rnn_check,
    .open = ii_rnn_open,
    .forward = ii_rnn_forward,
    .finish = ii_rnn_finish,
    .restart = ii_rnn_restart,
    .state = ii_rnn_state,
    .close = ii_rnn_close,
};
