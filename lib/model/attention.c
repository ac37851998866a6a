#include "model/attention.h"

#include <math.h>
#include <string.h>

/* ---- what energies stand on ---- */

static const char *const attended_name[ATTEND_KINDS] = {"hidden", "delta", "week"};

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
}

static struct tensor *embedded(struct tape *t, const struct parameter *p, const int32_t *at,
                               int count)
{
    return tape_gather(t, tape_parameter(t, p), tape_rows(t, at, count));
}

struct tensor *energies_over(const struct energies *n, struct tape *t, struct tensor *states,
                             const struct history *h)
{
    struct tensor *part[ATTEND_KINDS];
    int parts = 0;
    if (n->on[ATTEND_HIDDEN])
        part[parts++] = states;
    if (n->on[ATTEND_DELTA])
        part[parts++] = embedded(t, n->delta, h->delta, h->total);
    if (n->on[ATTEND_WEEK])
        part[parts++] = embedded(t, n->week, h->week, h->total);
    return tape_concat(t, part, parts);
}

/* ---- the layer ---- */

void attention_declare(struct attention_layer *a, struct parameters *p, const char *name, int width,
                       int in)
{
    struct buf text = {0};
    float bound = 1 / sqrtf((float)in);
    const char *const suffix[] = {".weight", ".bias", "_scale.weight"};
    const struct parameter **const to[] = {&a->weight, &a->bias, &a->scale};
    for (int i = 0; i < 3; i++) {
        buf_clear(&text);
        buf_format(&text, "%s%s", name, suffix[i]);
        buf_byte(&text, 0);
        *to[i] = i == 0   ? parameters_add_matrix(p, text.at, width, in, bound)
                 : i == 1 ? parameters_add_vector(p, text.at, width, bound)
                          : parameters_add_matrix(p, text.at, 1, width, 1 / sqrtf((float)width));
    }
    buf_release(&text);
}

struct tensor *attention_over(const struct attention_layer *a, struct tape *t, struct tensor *x,
                              struct tensor *value, const struct ragged *rows, const float **weight)
{
    struct tensor *key =
        tape_linear(t, x, tape_parameter(t, a->weight), tape_parameter(t, a->bias));
    float *own;
    struct tensor *sum = tape_attend(t, key, tape_parameter(t, a->scale), value, rows, NULL, &own);
    *weight = own;
    return sum;
}
