#include "model/attention.h"

#include <math.h>
#include <string.h>

enum { AGE_FEATURES = 5, HOUR = 3600, DAY = 24 * HOUR, WEEK = 7 * DAY };

/* ---- inputs of the energies ---- */

static const char *const attended_name[ATTEND_KINDS] = {"hidden", "delta", "week", "age"};

static int attended_of(const char *word, size_t n)
{
    for (int i = 0; i < ATTEND_KINDS; i++)
        if (strlen(attended_name[i]) == n && !strncmp(attended_name[i], word, n))
            return i;
    return -1;
}

static int bad_list(const char *list, const bool allowed[ATTEND_KINDS], struct err *e)
{
    struct buf possible = {0}, example = {0};
    for (int i = 0, n = 0; i < ATTEND_KINDS; i++)
        if (allowed[i]) {
            buf_format(&possible, "%s%s", n ? ", " : "", attended_name[i]);
            if (n < 2)
                buf_format(&example, "%s%s", n ? "," : "", attended_name[i]);
            n++;
        }
    err_set(e, STATUS_USAGE,
            "--inter %s: give %.*s, or some of them once each with commas between: --inter %.*s",
            list, (int)possible.len, possible.at, (int)example.len, example.at);
    buf_release(&possible);
    buf_release(&example);
    return e->status;
}

int energies_read(struct energies *n, const char *list, const bool allowed[ATTEND_KINDS],
                  struct err *e)
{
    for (const char *at = list; at; at = *at ? at + 1 : NULL) {
        size_t length = strcspn(at, ",");
        int kind = attended_of(at, length);
        if (kind < 0 || !allowed[kind] || n->on[kind])
            return bad_list(list, allowed, e);
        n->on[kind] = true;
        at += length;
    }
    return 0;
}

bool energies_any(const struct energies *n)
{
    bool any = false;
    for (int i = 0; i < ATTEND_KINDS; i++)
        any |= n->on[i];
    return any;
}

int energies_width(const struct energies *n, int state, int size)
{
    int width = 0;
    for (int i = 0; i < ATTEND_KINDS; i++)
        width += n->on[i] ? i == ATTEND_HIDDEN ? state : size : 0;
    return width;
}

void energies_declare(struct energies *n, struct parameters *p, int size, int32_t delta_buckets)
{
    if (n->on[ATTEND_DELTA])
        n->delta = parameters_add_matrix(p, "delta_embedding.weight", delta_buckets, size, 1);
    if (n->on[ATTEND_WEEK])
        n->week = parameters_add_matrix(p, "week_embedding.weight", WEEK_HOURS + 1, size, 1);
    if (n->on[ATTEND_AGE]) {
        float bound = 1 / sqrtf(AGE_FEATURES);
        n->age = parameters_add_matrix(p, "age_embedding.weight", size, AGE_FEATURES, bound);
        n->age_bias = parameters_add_vector(p, "age_embedding.bias", size, bound);
    }
}

static struct tensor *embedded(struct tape *t, const struct parameter *p, const int32_t *at,
                               int count)
{
    return tape_gather(t, tape_parameter(t, p), tape_rows(t, at, count));
}

static void age_features(int64_t age, float f[AGE_FEATURES])
{
    const double turn = 6.283185307179586;
    double day = turn * (double)(age % DAY) / DAY, week = turn * (double)(age % WEEK) / WEEK;
    f[0] = (float)(log1p((double)age / HOUR) / log1p(WEEK / HOUR));
    f[1] = (float)sin(day);
    f[2] = (float)cos(day);
    f[3] = (float)sin(week);
    f[4] = (float)cos(week);
}

static struct tensor *embedded_ages(const struct energies *n, struct tape *t,
                                    const struct lookback_sessions *h)
{
    struct device *d = tape_device(t);
    size_t bytes = (size_t)h->total * AGE_FEATURES * sizeof(float);
    float *host = tape_host(t, bytes), *f = tape_memory(t, bytes);
    memset(host, 0, bytes);
    for (int i = 0; i < h->total; i++)
        if (h->age[i] >= 0)
            age_features(h->age[i], host + i * AGE_FEATURES);
    d->op->upload(d, f, host, bytes);
    return tape_activate(t, ACTIVATION_TANH,
                         tape_linear(t, tape_constant(t, f, h->total, AGE_FEATURES),
                                     tape_parameter(t, n->age), tape_parameter(t, n->age_bias)));
}

struct tensor *energies_over(const struct energies *n, struct tape *t, struct tensor *states,
                             const struct lookback_sessions *h)
{
    struct tensor *part[ATTEND_KINDS];
    int parts = 0;
    if (n->on[ATTEND_HIDDEN])
        part[parts++] = states;
    if (n->on[ATTEND_DELTA])
        part[parts++] = embedded(t, n->delta, h->delta, h->total);
    if (n->on[ATTEND_WEEK])
        part[parts++] = embedded(t, n->week, h->week, h->total);
    if (n->on[ATTEND_AGE])
        part[parts++] = embedded_ages(n, t, h);
    return tape_concat(t, part, parts);
}

/* ---- groups ---- */

static int bad_levels(const char *option, const char *list, const char *const level[],
                      struct err *e)
{
    struct buf possible = {0};
    for (int i = 0; level[i]; i++)
        buf_format(&possible, "%s%s", i ? ", " : "", level[i]);
    err_set(e, STATUS_USAGE, "--%s %s: give %.*s, or some of them once each with commas between",
            option, list, (int)possible.len, possible.at);
    buf_release(&possible);
    return e->status;
}

int grouped_read(bool on[], const char *option, const char *list, const char *const level[],
                 struct err *e)
{
    for (const char *at = list; at; at = *at ? at + 1 : NULL) {
        size_t length = strcspn(at, ",");
        int i = 0;
        while (level[i] && (strlen(level[i]) != length || strncmp(level[i], at, length)))
            i++;
        if (!level[i] || on[i])
            return bad_levels(option, list, level, e);
        on[i] = true;
        at += length;
    }
    return 0;
}

struct grouped grouped_by(const struct model *m, struct tape *t, const int32_t *user, int count)
{
    struct grouped g = {0};
    int32_t *block = tape_host(t, (size_t)count * sizeof *block);
    for (int i = 0; i < count; i++)
        block[i] = m->data.group ? m->data.group[user[i]] : user[i];
    g.group = tape_groups(t, block, count, &g.users);
    g.of = block;
    return g;
}

struct parameter *grouped_parameter(struct parameters *p, const char *name, const char *suffix,
                                    int groups, int rows, int cols, float bound)
{
    struct buf text = {0};
    int64_t shape[3] = {groups, rows, cols};
    buf_format(&text, "%s%s", name, suffix);
    buf_byte(&text, 0);
    if (!rows)
        shape[1] = cols;
    int dims = rows ? 2 : 1;
    struct parameter *q = groups ? parameters_add_table(p, text.at, dims + 1, shape, bound)
                                 : parameters_add(p, text.at, dims, shape + 1, bound);
    buf_release(&text);
    return q;
}

struct tensor *grouped_tensor(struct tape *t, const struct parameter *p, const struct grouped *g)
{
    return p->table ? tape_blocks(t, p, g->users) : tape_parameter(t, p);
}

struct tensor *grouped_linear(struct tape *t, struct tensor *x, const struct parameter *w, int from,
                              const struct parameter *b, const struct ragged *rows,
                              const struct grouped *g)
{
    struct tensor *weight = grouped_tensor(t, w, g), *bias = b ? grouped_tensor(t, b, g) : NULL;
    return w->table ? tape_group_linear(t, x, weight, from, bias, rows, g->group)
                    : tape_linear_part(t, x, weight, from, bias);
}

/* ---- the layer ---- */

void attention_declare(struct attention_layer *a, struct parameters *p, const char *name, int width,
                       int in, int groups)
{
    float bound = 1 / sqrtf((float)in);
    a->weight = grouped_parameter(p, name, ".weight", groups, width, in, bound);
    a->bias = grouped_parameter(p, name, ".bias", groups, 0, width, bound);
    a->scale =
        grouped_parameter(p, name, "_scale.weight", groups, 1, width, 1 / sqrtf((float)width));
}

struct tensor *attention_over(const struct attention_layer *a, struct tape *t, struct tensor *x,
                              struct tensor *value, const struct ragged *rows,
                              const struct grouped *g, const float **weight)
{
    struct tensor *key = grouped_linear(t, x, a->weight, 0, a->bias, rows, g);
    float *own;
    struct tensor *sum =
        tape_attend(t, key, grouped_tensor(t, a->scale, g), value, rows, g->group, &own);
    *weight = own;
    return sum;
}
